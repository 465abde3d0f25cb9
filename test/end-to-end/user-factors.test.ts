/** A user's own factors on the command line: added as files, listed, shown, computed; what is wrong with one is told. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { alphaloom, aShares, jsonOf, newFolder, prepare } from "./command-line.ts";
import { readFactors } from "./written-factors.ts";

const MINE = `namespace: mine
version: 3
factors:
  - name: reversal
    expression: Ref($close, 5)/$close - 1
    title: { zh: 五日反转, en: five-day reversal }
    alias: rev5
  - name: same
    expression: "Ref($close,5)/$close-1"
`;

const FAMILY = `import type { Buffer } from "node:buffer";
interface Gap { readonly days: number }
const gaps: readonly Gap[] = [{ days: 3 }, { days: 7 }];
type Unused = Buffer;
export default {
  name: "gaps",
  title: { zh: "跳空", en: "gaps" },
  source: "own research",
  factors: gaps.map(({ days }) => ({ name: \`gap\${days}\`, expression: \`$open/Ref($close, \${days}) - 1\` })),
};
`;

let folder: string;
const own = (name: string): string => join(folder, "workspace", "factors", name);

beforeAll(async () => {
  folder = newFolder();
  await prepare(folder, ["import", `parquet:${aShares}`, "--codes", "600000.SH,000001.SZ"]);
  mkdirSync(own(""));
  writeFileSync(own("mine.yaml"), MINE);
  writeFileSync(own("gaps.ts"), FAMILY);
});

interface Listed {
  readonly ok: boolean;
  readonly factors: readonly { readonly id: string; readonly version: string; readonly lookBack: number }[];
  readonly problems: readonly {
    readonly code: string;
    readonly message: string;
    readonly place: { readonly file: string; readonly row?: number; readonly factor?: string };
  }[];
}

test("own factors stand in the list beside the shipped ones, with what the compiler knows", async () => {
  const sets = await alphaloom(folder, ["factors", "list", "--json"]);
  expect(sets.code, sets.err).toBe(0);
  expect(jsonOf(sets)).toMatchObject({
    ok: true,
    sets: expect.arrayContaining([
      expect.objectContaining({ name: "fund", factors: 17, file: null }),
      expect.objectContaining({ name: "gaps", factors: 2, file: own("gaps.ts"), source: "own research" }),
      expect.objectContaining({ name: "mine", factors: 2, file: own("mine.yaml") }),
    ]),
    problems: [],
  });
  const found = await alphaloom(folder, ["factors", "list", "--search", "五日反转", "--json"]);
  expect((jsonOf(found) as Listed).factors).toMatchObject([
    { id: "mine.reversal", version: "3", lookBack: 5 },
  ]);
});

test("a factor is shown by its alias, with its twin, and its text in both languages", async () => {
  const { code, out, err } = await alphaloom(folder, ["factors", "show", "rev5"]);
  expect(code, err).toBe(0);
  expect(out).toMatch(/^name +mine\.reversal \(rev5\)$/m);
  expect(out).toMatch(/^title +五日反转 · five-day reversal$/m);
  expect(out).toMatch(/^same as +mine\.same$/m);
  expect(out).toMatch(/^look-back +5 rows$/m);
});

test("sets, factors by name and expressions are computed together under names that tell them apart", async () => {
  const argv = ["--set", "gaps,fund", "--factor", "rev5", "MA5", "--expr", "$close", "--out", "own.parquet"];
  const answer = await alphaloom(folder, ["factors", "eval", ...argv, "--json"]);
  expect(answer.code, answer.err).toBe(0);
  const { columns, values } = await readFactors(join(folder, "own.parquet"));
  const names = columns.slice(2).map(({ name }) => name);
  expect(names.slice(0, 3)).toEqual(["gaps.gap3", "gaps.gap7", "fund.price_change"]);
  expect(names.slice(-3)).toEqual(["rev5", "MA5", "$close"]);
  expect(names).toHaveLength(2 + 17 + 3);
  const [closes, averages] = [values.get("$close")!, values.get("MA5")!];
  const fifth = closes.subarray(0, 5).reduce((sum, close) => sum + close, 0) / 5;
  expect(Number.isNaN(averages[3]!)).toBe(true);
  expect(averages[4]! / fifth).toBeCloseTo(1, 6);
});

const broken: Readonly<Record<string, string>> = {
  "a-throws.ts": "const x: number = 1;\n\nthrow new RangeError('no data');\n",
  "b-no-typescript.ts": "export default {\n  name: 'x',\n  factors: [\n",
  "c-enum.ts": "enum Color { Red }\nexport default {};\n",
  "d-nothing.ts": "const x = 1;\n",
  "e-ahead.ts": "export default { name: 'e', factors: [{ name: 'late', expression: 'Ref($close, -2)' }] };\n",
  "f-clash.ts":
    "export default { name: 'f', factors: [{ name: 'y', expression: '$close', alias: 'RSI14' }] };\n",
};

test("modules that throw, are malformed, export nothing, look ahead or clash are named, and the others compute", async () => {
  for (const [name, text] of Object.entries(broken)) writeFileSync(own(name), text);
  const listed = await alphaloom(folder, ["factors", "list", "--set", "mine", "--json"]);
  const computed = await alphaloom(folder, ["factors", "eval", "--set", "mine", "--out", "mine.parquet"]);
  for (const name of Object.keys(broken)) rmSync(own(name));
  const { ok, factors, problems } = jsonOf(listed) as Listed;
  expect([listed.code, ok, factors.length]).toEqual([3, false, 2]);
  expect(
    problems.map(({ code, place: { file, row, factor } }) => [basename(file), code, row ?? factor]),
  ).toEqual([
    ["a-throws.ts", "FACTOR_MODULE_THREW", 3],
    ["b-no-typescript.ts", "FACTOR_FILE_SYNTAX", 3],
    ["c-enum.ts", "FACTOR_FILE_SYNTAX", 1],
    ["d-nothing.ts", "FACTOR_FILE_CONTENT", undefined],
    ["e-ahead.ts", "EXPRESSION_LOOKS_AHEAD", "late"],
    ["f-clash.ts", "FACTOR_CLASH", "y"],
  ]);
  expect(problems[0]!.message).toContain("RangeError: no data");
  expect(problems[5]!.message).toContain("tech.RSI14");
  expect(computed.code, computed.err).toBe(0);
  for (const { code } of problems) expect(computed.err).toContain(code);
  expect(computed.err).toContain(`${join("workspace", "factors", "a-throws.ts")}:3: `);
  expect(computed.err).not.toMatch(/^\s+at /m);
});

test("a set of which a factor is refused computes the others, and the command says that it is not whole", async () => {
  writeFileSync(
    own("half.yaml"),
    "namespace: half\nfactors:\n  - { name: good, expression: $close }\n  - { name: long, expression: 'Mean($close,10001)' }\n",
  );
  const answer = await alphaloom(folder, [
    "factors",
    "eval",
    "--set",
    "half",
    "--out",
    "half.parquet",
    "--json",
  ]);
  rmSync(own("half.yaml"));
  expect(answer.code).toBe(3);
  expect(jsonOf(answer)).toMatchObject({
    ok: false,
    factors: ["good"],
    failures: [{ name: "long", code: "EXPRESSION_WINDOW", place: { file: own("half.yaml"), row: 4 } }],
  });
});

test("a set of which no factor stands is refused with what is wrong", async () => {
  writeFileSync(
    own("empty.yaml"),
    "namespace: none\nfactors:\n  - { name: late, expression: 'Ref($close,-1)' }\n",
  );
  const answer = await alphaloom(folder, [
    "factors",
    "eval",
    "--set",
    "none",
    "--out",
    "x.parquet",
    "--json",
  ]);
  rmSync(own("empty.yaml"));
  expect(answer.code).toBe(2);
  expect(jsonOf(answer)).toMatchObject({ ok: false, error: { code: "CLI_USAGE" } });
  expect(answer.err).toContain("EXPRESSION_LOOKS_AHEAD");
});

test("a name that nobody has is answered with the nearest one", async () => {
  const answer = await alphaloom(folder, [
    "factors",
    "eval",
    "--factor",
    "tech.RSI15",
    "--out",
    "x.parquet",
    "--json",
  ]);
  expect(answer.code).toBe(1);
  expect(jsonOf(answer)).toMatchObject({
    error: { code: "FACTOR_UNKNOWN", remedy: expect.stringContaining("did you mean tech.RSI14?") },
  });
});
