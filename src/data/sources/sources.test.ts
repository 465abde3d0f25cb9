import { strToU8, zipSync } from "fflate";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dayOf, isoOf } from "#market/day";
import { writeParquet } from "../export/parquet/parquet-file.ts";
import { checkMapping } from "../mapping/mapping-file.ts";
import type { BarMapping } from "../mapping/mapping.ts";
import type { BarBatch, BarRequest, BarSource } from "../source.ts";
import type { ReferenceBatch } from "./reference/reference-source.ts";
import { openBarSource, openReferenceSource } from "./open-source.ts";
import { workbook } from "./testing/workbook.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "alphaloom-sources-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const mapping = (extra: object = {}): BarMapping =>
  checkMapping({
    kind: "bars",
    calendar: "XSHG",
    instrument: { column: "code" },
    date: "day",
    columns: { open: "o", high: "h", low: "l", close: "c", volume: "v", amount: "a" },
    units: { volume: "hand", amount: "千元" },
    ...extra,
  }) as BarMapping;

const rows = [
  ["000001.SZ", "2024-01-02", 9.39, 9.42, 9.21, 9.21, 1158366.45, 1075742.252],
  ["000001.SZ", "2024-01-03", 9.19, 9.22, 9.15, 9.2, 733610.31, 673673.613],
  ["600000.SH", "2024-01-02", 6.62, 6.68, 6.6, 6.6, 231428.58, 153605.124],
  ["600000.SH", "2024-01-03", 6.6, 6.63, null, 6.62, 158430.05, 104690.78],
] as const;
const names = ["code", "day", "o", "h", "l", "c", "v", "a"];
const csv = `${names.join(",")}\n${rows.map((row) => row.map((cell) => cell ?? "").join(",")).join("\n")}\n`;

/** Everything a source delivers, as `[instrument, day, column values…]`. */
async function read(source: BarSource, request?: BarRequest): Promise<unknown[][]> {
  const found: unknown[][] = [];
  for await (const batch of source.bars(request)) {
    for (let row = 0; row < batch.days.length; row++) found.push(rowOf(batch, row));
  }
  return found;
}

function rowOf(batch: BarBatch, row: number): unknown[] {
  const head = [batch.instruments[batch.instrument[row]!], isoOf(batch.days[row]!)];
  const minute = batch.minutes === undefined ? [] : [batch.minutes[row]];
  return [...head, ...minute, ...[...batch.columns.values()].map((values) => values[row])];
}

const expected = rows.map(([code, day, o, h, l, c, v, a]) => [
  code,
  day,
  o,
  h,
  l ?? Number.NaN,
  c,
  Math.round(v * 100),
  Math.round(a * 1e6) / 1000,
]);

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe("every file kind gives the same bars", () => {
  const objects = rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])));
  const columns = Object.fromEntries(names.map((name, at) => [name, rows.map((row) => row[at] ?? null)]));
  test.each([
    ["csv", () => write("bars.csv", csv)],
    ["csv", () => write("bars-bom.csv", `\uFEFF${csv}`)],
    ["csv", () => write("bars-crlf.csv", csv.replaceAll("\n", "\r\n"))],
    ["csv", () => write("bars.tsv", csv.replaceAll(",", "\t"))],
    ["csv", () => write("bars.csv.gz", gzipSync(csv))],
    ["csv", () => write("bars.zip", zipSync({ "inner/bars.csv": strToU8(csv) }))],
    [
      "csv",
      () => write("bars-utf16.csv", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(csv, "utf16le")])),
    ],
    ["json", () => write("array.json", JSON.stringify(objects))],
    ["json", () => write("lines.jsonl", objects.map((each) => JSON.stringify(each)).join("\n"))],
    ["json", () => write("columns.json", JSON.stringify(columns))],
    [
      "json",
      () => write("lines.ndjson.gz", gzipSync(objects.map((each) => JSON.stringify(each)).join("\n"))),
    ],
    ["excel", () => write("bars.xlsx", workbook([names, ...rows]))],
  ])("%s %#", async (kind, make) => {
    const source = await openBarSource(`${kind}:${make()}`, { mapping: mapping() });
    expect(await read(source)).toEqual(expected);
    expect(await read(source, { instruments: new Set(["600000.SH"]), start: dayOf("2024-01-03") })).toEqual([
      expected[3],
    ]);
  });

  test("parquet", async () => {
    const path = join(folder, "bars.parquet");
    const numbers = (at: number): Float64Array =>
      Float64Array.from(rows, (row) => (row[at] as number | null) ?? Number.NaN);
    await writeParquet(
      path,
      [
        { name: "code", type: "VARCHAR" },
        { name: "day", type: "DATE" },
        ...names.slice(2).map((name) => ({ name, type: "DOUBLE" as const, nanAsNull: true })),
      ],
      [
        {
          rows: 4,
          columns: [
            rows.map(([code]) => code),
            Int32Array.from(rows, ([, day]) => dayOf(day)),
            ...[2, 3, 4, 5, 6, 7].map(numbers),
          ],
        },
      ],
    );
    const source = await openBarSource(`parquet:${path}`, { mapping: mapping() });
    expect(await read(source)).toEqual(expected);
    expect(await read(source, { end: dayOf("2024-01-02") })).toEqual([expected[0], expected[2]]);
    expect(await read(source, { instruments: new Set(["000002.SZ"]) })).toEqual([]);
    expect((await source.describe()).fields.map(({ name, unit }) => [name, unit])).toEqual([
      ["open", "CNY"],
      ["high", "CNY"],
      ["low", "CNY"],
      ["close", "CNY"],
      ["volume", "shares"],
      ["amount", "CNY"],
    ]);
  });
});

describe("folders and names", () => {
  const bare = "day,o,h,l,c,v,a\n2024-01-02,1,1,1,1,1,0.1\n";

  test("a folder of one file per instrument takes the instrument from the name, a glob some of them", async () => {
    for (const name of ["000001_SZ", "600000_SH", "688981_SH"]) write(`each/${name}.csv`, bare);
    write("each/notes.pdf", "not data");
    const byName = mapping({ instrument: { fileName: "^(?<code>\\d{6}_[A-Z]{2})" } });
    const all = await openBarSource(`csv:${join(folder, "each")}`, { mapping: byName });
    expect((await read(all)).map(([id]) => id)).toEqual(["000001.SZ", "600000.SH", "688981.SH"]);
    expect((await read(all, { instruments: new Set(["688981.SH"]) })).map(([id]) => id)).toEqual([
      "688981.SH",
    ]);
    const some = await openBarSource(`csv:${join(folder, "each", "6*.csv")}`, { mapping: byName });
    expect((await read(some)).map(([id]) => id)).toEqual(["600000.SH", "688981.SH"]);
  });

  test("GB18030 text is found out and read", async () => {
    const bytes = Buffer.concat([
      Buffer.from("code,day,o,h,l,c,v,a,"),
      Buffer.from([0xc3, 0xfb, 0xb3, 0xc6]),
      Buffer.from("\n000001.SZ,2024-01-02,1,1,1,1,1,0.1,"),
      Buffer.from([0xc6, 0xbd, 0xb0, 0xb2]),
      Buffer.from("\n"),
    ]);
    const source = await openBarSource(`csv:${write("gbk.csv", bytes)}`, { mapping: mapping() });
    expect(await read(source)).toEqual([["000001.SZ", "2024-01-02", 1, 1, 1, 1, 100, 100]]);
  });

  test("codes that lost their leading zeros get them back", async () => {
    const path = write("numbers.json", JSON.stringify([{ code: 1, day: "2024-01-02", c: 9 }]));
    const source = await openBarSource(`json:${path}`, {
      mapping: mapping({ columns: { close: "c" }, units: {} }),
    });
    expect(await read(source)).toEqual([["000001.SZ", "2024-01-02", 9]]);
  });
});

const intraday = (stamp: string) =>
  mapping({
    freq: "1min",
    stamp,
    date: { column: "day", format: "YYYYMMDD" },
    time: { column: "t", format: "HHmmssSSS" },
    columns: { close: "c" },
    units: {},
  });

describe("dates and times", () => {
  test.each([
    ["YYYYMMDD", "20240102"],
    ["YYYY/MM/DD", "2024/1/2"],
    ["YYYY.MM.DD", "2024.01.02"],
    ["YYYY年MM月DD日", "2024年1月2日"],
    ["DD/MM/YYYY", "02/01/2024"],
    ["MM/DD/YYYY", "01/02/2024"],
    ["YYYY-MM-DD HH:mm:ss", "2024-01-02 15:00:00"],
    ["auto", "2024-01-02T00:00:00"],
    ["excel-serial", "45293"],
  ])("the form %s reads %s", async (format, written) => {
    const path = write("dates.csv", `code,day,c\n000001.SZ,${written},9\n`);
    const source = await openBarSource(path, {
      mapping: mapping({ date: { column: "day", format }, columns: { close: "c" }, units: {} }),
    });
    expect((await read(source))[0]![1]).toBe("2024-01-02");
  });

  test("an epoch is a date of the exchange's zone, not of UTC", async () => {
    const milliseconds = Date.UTC(2024, 0, 1, 16, 30);
    const path = write("epoch.csv", `code,day,c\n000001.SZ,${milliseconds},9\n`);
    const at = async (timeZone: string): Promise<unknown> =>
      (
        await read(
          await openBarSource(path, {
            mapping: mapping({
              timeZone,
              date: { column: "day", format: "epoch-ms" },
              columns: { close: "c" },
              units: {},
            }),
          }),
        )
      )[0]![1];
    expect(await at("Asia/Shanghai")).toBe("2024-01-02");
    expect(await at("America/New_York")).toBe("2024-01-01");
  });

  test("minute bars that are stamped at their start are moved to their end", async () => {
    const path = write(
      "minutes.csv",
      "code,day,t,c\n000001.SZ,20240102,093000000,9\n000001.SZ,20240102,145900000,9\n",
    );
    const start = await read(await openBarSource(path, { mapping: intraday("start") }));
    const end = await read(await openBarSource(path, { mapping: intraday("end") }));
    expect(start.map((row) => row[2])).toEqual([571, 900]);
    expect(end.map((row) => row[2])).toEqual([570, 899]);
  });
});

const line = (day: string, close: number) => `${day} 00:00,${close},${close},${close},${close},100\n`;

test("rows of a ticker's former owner are left out and factor files become a running factor", async () => {
  const bars = line("20091230", 10_000) + line("20100104", 20_000) + line("20100105", 10_000);
  write("lean/abc.zip", zipSync({ "abc.csv": strToU8(bars) }));
  write("lean/map_files/abc.csv", "20100101,abc,N\n20501231,abc,N\n");
  write("lean/factor_files/abc.csv", "20100101,1,0.5,0\n20100104,1,0.5,2\n20501231,1,1,0\n");
  const source = await openBarSource(join(folder, "lean"));
  const description = await source.describe();
  expect(description).toMatchObject({ shape: "quantconnect-daily", calendar: "XNYS" });
  expect(await read(source)).toEqual([
    ["ABC.US", "2010-01-04", 2, 2, 2, 2, 100, 0.5],
    ["ABC.US", "2010-01-05", 1, 1, 1, 1, 100, 1],
  ]);
});

test("small batches give the rows of large ones", async () => {
  const many = Array.from({ length: 9000 }, (_, i) => `00000${i % 3}.SZ,2024-01-02,1,1,1,${i},1,0.1`).join(
    "\n",
  );
  const path = write("many.csv", `${names.join(",")}\n${many}\n`);
  const small = await openBarSource(path, { mapping: mapping(), batchRows: 2048 });
  const large = await openBarSource(path, { mapping: mapping() });
  let batches = 0;
  for await (const { days } of small.bars()) batches += days.length > 0 ? 1 : 0;
  expect(batches).toBeGreaterThan(3);
  expect(await read(small)).toEqual(await read(large));
});

describe("reference tables", () => {
  test("come with canonical ids, days and their own columns, numbers as numbers and codes as text", async () => {
    const path = write(
      "names-2019.csv",
      "ts_code,name,industry,list_date,concept,employees\n000001.SZ,平安银行,银行,1991-04-03,007,35\n600000.SH,浦发银行,银行,1999-11-10,012,\n",
    );
    const source = await openReferenceSource(path);
    const description = await source.describe();
    expect(description).toMatchObject({ table: "instruments", undated: true });
    expect(Object.fromEntries(description.columns.map(({ name, kind }) => [name, kind]))).toEqual({
      instrument: "text",
      valid_from: "day",
      known_at: "day",
      name: "text",
      industry: "text",
      concept: "text",
      employees: "number",
    });
    const { value } = await source.rows()[Symbol.asyncIterator]().next();
    const column = (name: string) => (value as ReferenceBatch).columns.get(name)!;
    expect(column("known_at")).toMatchObject({
      values: Int32Array.of(dayOf("2019-12-31"), dayOf("2019-12-31")),
    });
    expect(column("employees")).toMatchObject({ values: Float64Array.of(35, Number.NaN) });
    expect(column("instrument")).toMatchObject({ dictionary: ["000001.SZ", "600000.SH"] });
  });
});
