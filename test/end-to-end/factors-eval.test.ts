/** `factors eval` on a store and on the Qlib directory made from it: the same numbers, in the documented columns. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { factorSet } from "../../src/factors/catalogue.ts";
import { alphaloom, aShares, jsonOf, newFolder, prepare } from "./command-line.ts";
import { readFactors as read, type WrittenFactors as Written } from "./written-factors.ts";

const codes = ["000001.SZ", "000333.SZ", "600000.SH", "600519.SH", "601318.SH"];

async function evaluate(name: string, argv: readonly string[]): Promise<Written> {
  const out = join(folder, "factors", `${name}.parquet`);
  const answer = await alphaloom(folder, ["factors", "eval", ...argv, "--out", out, "--json"]);
  expect(answer.code, answer.err).toBe(0);
  const written = await read(out);
  expect(jsonOf(answer)).toMatchObject({ ok: true, rows: written.days.length, failures: [] });
  return written;
}

const bytesOf = (values: Float64Array): Buffer => Buffer.from(values.buffer);

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await prepare(folder, ["import", `parquet:${aShares}`, "--codes", codes.join(",")]);
  await prepare(folder, ["qlib", "dump", "qlib", "--vwap", "typical"]);
});

test.each(["f32", "f64"])(
  "store and Qlib directory give the same Alpha158 bit for bit as %s",
  async (precision) => {
    const argv = ["--set", "alpha158", "--precision", precision];
    const stored = await evaluate(`store-${precision}`, [...argv, "--vwap", "typical"]);
    const qlib = await evaluate(`qlib-${precision}`, [...argv, "--source", "qlib:qlib"]);
    const type = precision === "f32" ? "FLOAT" : "DOUBLE";
    const names = factorSet("alpha158").factors.map((factor) => factor.name);
    for (const { columns } of [stored, qlib]) {
      expect(columns).toEqual([
        { name: "instrument", type: "VARCHAR" },
        { name: "datetime", type: "DATE" },
        ...names.map((name) => ({ name, type })),
      ]);
    }
    expect([...new Set(stored.instruments)]).toEqual(codes);
    expect([...new Set(qlib.instruments)]).toEqual(
      codes.map((code) => code.slice(7) + code.slice(0, 6)).sort(),
    );
    expect(stored.days.length).toBeGreaterThan(2000);
    const inStoreOrder = orderOf(qlib, (code) => `${code.slice(2)}.${code.slice(0, 2)}`);
    expect(inStoreOrder.map((index) => qlib.days[index])).toEqual([...stored.days]);
    let numbers = 0;
    for (const name of names) {
      const ours = stored.values.get(name)!;
      const theirs = Float64Array.from(inStoreOrder, (index) => qlib.values.get(name)![index]!);
      expect(bytesOf(theirs).equals(bytesOf(ours)), name).toBe(true);
      numbers += ours.reduce((sum, value) => sum + (Number.isFinite(value) ? 1 : 0), 0);
    }
    expect(numbers).toBeGreaterThan(0.8 * names.length * stored.days.length);
  },
);

/** Indices of the rows by canonical instrument, then day. */
function orderOf(written: Written, canonical: (code: string) => string): number[] {
  const ids = written.instruments.map(canonical);
  return ids
    .map((_, index) => index)
    .sort((a, b) => (ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : written.days[a]! - written.days[b]!));
}

test("an expression that looks ahead is computed and said to be a label", async () => {
  const argv = [
    "factors",
    "eval",
    "--expr",
    "Ref($close,-1)/$close-1",
    "--expr",
    "$close",
    "--out",
    "label.parquet",
  ];
  const answer = await alphaloom(folder, [...argv, "--json"]);
  expect(answer.code, answer.err).toBe(0);
  expect(answer.err).toContain("sees 1 rows ahead: a label, not a factor");
  expect(jsonOf(answer)).toMatchObject({ ok: true, lookAhead: { "Ref($close,-1)/$close-1": 1 } });
  const { instruments, values } = await read(join(folder, "label.parquet"));
  const label = values.get("Ref($close,-1)/$close-1")!;
  const close = values.get("$close")!;
  for (let row = 0; row + 1 < label.length; row++) {
    const expected =
      instruments[row] === instruments[row + 1] ? Math.fround(close[row + 1]! / close[row]!) - 1 : Number.NaN;
    if (Number.isNaN(expected)) expect(label[row]).toBeNaN();
    else expect(label[row]).toBeCloseTo(expected, 6);
  }
});

test("several sets have namespaced columns, sorted rows, and the range cuts without changing a value", async () => {
  const sets = ["--set", "alpha158", "alpha360", "--vwap", "typical"];
  const few = ["--codes", "600000.SH,000001.SZ", "--start", "2018-03-01", "--end", "2018-06-29"];
  const two = await evaluate("two-sets", [...sets, ...few]);
  expect(two.columns.slice(2).map(({ name }) => name)).toEqual(
    ["alpha158", "alpha360"].flatMap((set) => factorSet(set).factors.map((each) => `${set}.${each.name}`)),
  );
  const keys = two.instruments.map((id, index) => `${id} ${two.days[index]! + 100_000}`);
  expect(keys).toEqual([...keys].sort());
  expect(new Set(two.instruments)).toEqual(new Set(["000001.SZ", "600000.SH"]));
  expect([Math.min(...two.days), Math.max(...two.days)]).toEqual([day("2018-03-01"), day("2018-06-29")]);
  const whole = await evaluate("one-set", ["--set", "alpha158", "--vwap", "typical", "--codes", "600000.SH"]);
  const from = whole.days.indexOf(day("2018-03-01"));
  const own = two.instruments.indexOf("600000.SH");
  const rows = two.days.length - own;
  for (const name of ["KMID", "MA60", "RSQR20", "CORD30", "VSUMD5"]) {
    expect([...two.values.get(`alpha158.${name}`)!.subarray(own)], name).toEqual([
      ...whole.values.get(name)!.subarray(from, from + rows),
    ]);
  }
});

const day = (iso: string): number => Date.parse(iso) / 86_400_000;

test("a file of expressions gives a column for each text; one bad line costs exit code 3 and that column only", async () => {
  const lines = [
    "# momentum",
    "$close/Ref($close,5)-1",
    "",
    "Mean($close, 5)/$close",
    "Corr($close,Log($volume+1),10)",
  ];
  writeFileSync(join(folder, "good.txt"), lines.join("\n"));
  const good = await evaluate("lines", ["--expr-file", "good.txt", "--codes", "600519.SH"]);
  expect(good.columns.slice(2)).toEqual([
    { name: "$close/Ref($close,5)-1", type: "FLOAT" },
    { name: "Mean($close, 5)/$close", type: "FLOAT" },
    { name: "Corr($close,Log($volume+1),10)", type: "FLOAT" },
  ]);
  writeFileSync(join(folder, "bad.txt"), [...lines, "Mean($close"].join("\n"));
  const out = join(folder, "bad.parquet");
  const answer = await alphaloom(folder, [
    "factors",
    "eval",
    "--expr-file",
    "bad.txt",
    "--out",
    out,
    "--json",
  ]);
  expect(answer.code).toBe(3);
  expect(jsonOf(answer)).toMatchObject({
    ok: false,
    factors: good.columns.slice(2).map(({ name }) => name),
    failures: [{ name: "Mean($close", code: "EXPRESSION_SYNTAX" }],
  });
  expect((await read(out)).columns).toHaveLength(5);
});
