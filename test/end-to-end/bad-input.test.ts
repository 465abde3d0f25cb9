/** Whatever is wrong with the input: a code, the place, the remedy, an exit code ≠ 0, and the store as it was. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { alphaloom, aShares, contentOf, jsonOf, newFolder, prepare } from "./command-line.ts";

interface BadInput {
  readonly title: string;
  readonly argv: readonly string[];
  readonly exit: number;
  readonly code: string;
  /** Found in what is said. */
  readonly says: readonly string[];
  readonly place?: Readonly<Record<string, string | number>>;
}

const head = "ts_code,trade_date,open,high,low,close,volume,amount";
const bar = "600000.SH,2018-01-02,12.6,12.8,12.5,12.7,313230000,3972100000";
const files: Readonly<Record<string, string | Uint8Array>> = {
  "header-only.csv": `${head}\n`,
  "wrong.csv": "a,b,c\n1,2,3\n",
  "date.csv": `${head}\n${bar}\n${bar.replace("2018-01-02", "2018-13-45")}\n`,
  "two-markets.csv": `code,date,open,high,low,close,volume
000001.SZ,2018-01-02,10,11,9,10.5,100
AAPL.US,2018-01-02,170,172,169,171,100
000001.SZ,2018-01-03,10,11,9,10.5,100
AAPL.US,2018-01-03,170,172,169,171,100
`,
  "number.csv": `${head}\n${bar}\n${bar.replace("2018-01-02", "2018-01-03").replace("12.7", "twelve")}\n`,
  "twice.csv": `${head}\n${bar}\n${bar.replace("12.7", "12.75")}\n`,
  "two/a.csv": `${head}\n${bar}\n`,
  "two/b.csv": `${head}\n${bar.replace("12.7", "12.75")}\n`,
  "bars.csv": `${head}\n${bar}\n`,
  "half.yaml": "kind: bars\ncolumns: {close: nope}\n",
  "broken.yaml": "kind: [\n",
  "absent-column.yaml":
    "kind: bars\ncalendar: XSHG\ninstrument: {column: ts_code}\ndate: {column: trade_date, format: YYYY-MM-DD}\ncolumns: {close: settlement}\n",
  "cut.parquet": readFileSync(aShares).subarray(0, 100_000),
  "not.json": '[{"ts_code": "600000.SH", ',
  file: "not a folder\n",
};

const cases: readonly BadInput[] = [
  {
    title: "a file that is not there",
    argv: ["import", "csv:nowhere.csv"],
    exit: 1,
    code: "DATA_FILE_MISSING",
    says: ["nowhere.csv"],
    place: { file: "nowhere.csv" },
  },
  {
    title: "columns of no known shape",
    argv: ["import", "csv:wrong.csv"],
    exit: 1,
    code: "DATA_SHAPE_UNKNOWN",
    says: ["a, b, c", "mapping"],
    place: { file: "wrong.csv" },
  },
  {
    title: "a date that is none",
    argv: ["import", "csv:date.csv"],
    exit: 1,
    code: "DATA_DATE_INVALID",
    says: ["2018-13-45"],
    place: { file: "date.csv", row: 2, column: "trade_date" },
  },
  {
    title: "a price that is no number",
    argv: ["import", "csv:number.csv"],
    exit: 1,
    code: "DATA_VALUE_INVALID",
    says: ["twelve"],
    place: { file: "number.csv", row: 2, column: "close" },
  },
  {
    title: "bars of two markets in one file, which no calendar fits",
    argv: ["import", "csv:two-markets.csv"],
    exit: 1,
    code: "DATA_SHAPE_UNKNOWN",
    says: ["several calendars"],
    place: { file: "csv:two-markets.csv" },
  },
  {
    title: "a file with a header and no row",
    argv: ["import", "csv:header-only.csv"],
    exit: 1,
    code: "DATA_FILE_EMPTY",
    says: ["no row"],
    place: { file: "header-only.csv" },
  },
  {
    title: "an empty folder",
    argv: ["import", "csv:empty"],
    exit: 1,
    code: "DATA_FOLDER_EMPTY",
    says: ["empty"],
    place: { file: "empty" },
  },
  {
    title: "a truncated Parquet file",
    argv: ["import", "parquet:cut.parquet"],
    exit: 1,
    code: "DATA_FILE_DAMAGED",
    says: ["cut.parquet"],
    place: { file: "cut.parquet" },
  },
  {
    title: "JSON that ends in the middle",
    argv: ["import", "json:not.json"],
    exit: 1,
    code: "DATA_FILE_DAMAGED",
    says: ["not.json"],
    place: { file: "not.json" },
  },
  {
    title: "a mapping file that lacks keys",
    argv: ["import", "csv:bars.csv", "--mapping", "half.yaml"],
    exit: 1,
    code: "DATA_MAPPING_INVALID",
    says: ["calendar", "instrument", "date"],
    place: { file: "half.yaml" },
  },
  {
    title: "a mapping file that is not YAML",
    argv: ["import", "csv:bars.csv", "--mapping", "broken.yaml"],
    exit: 1,
    code: "DATA_MAPPING_INVALID",
    says: ["broken.yaml"],
    place: { file: "broken.yaml", row: 2 },
  },
  {
    title: "a mapping of a column that is not there",
    argv: ["import", "csv:bars.csv", "--mapping", "absent-column.yaml"],
    exit: 1,
    code: "DATA_COLUMN_MISSING",
    says: ["settlement"],
    place: { file: "bars.csv", column: "settlement" },
  },
  {
    title: "a start after the end",
    argv: ["import", `parquet:${aShares}`, "--start", "2019-01-02", "--end", "2018-01-02"],
    exit: 2,
    code: "CLI_USAGE",
    says: ["2019-01-02", "after"],
  },
  {
    title: "a code of no known form",
    argv: ["import", `parquet:${aShares}`, "--codes", "600000.SH,what?"],
    exit: 1,
    code: "MARKET_INSTRUMENT_FORM",
    says: ["what?", "600519.SH"],
  },
  {
    title: "an expression that breaks off",
    argv: ["factors", "eval", "--expr", "Mean($close,", "--out", "x.parquet"],
    exit: 1,
    code: "EXPRESSION_SYNTAX",
    says: ["column 13", "expected"],
  },
  {
    title: "a field that nobody has",
    argv: ["factors", "eval", "--expr", "Mean($clse,5)", "--out", "x.parquet"],
    exit: 1,
    code: "EXPRESSION_FIELD_UNKNOWN",
    says: ["$clse", "did you mean $close"],
  },
  {
    title: "a factor to be evaluated that looks ahead",
    argv: ["factors", "report", "--expr", "Ref($close,-1)", "--out", "x.html"],
    exit: 1,
    code: "EXPRESSION_LOOKS_AHEAD",
    says: ["Ref($close,-1)"],
  },
  {
    title: "a factor set that nobody has",
    argv: ["factors", "eval", "--set", "alpha159", "--out", "x.parquet"],
    exit: 1,
    code: "EXPRESSION_SET_UNKNOWN",
    says: ["alpha159", "alpha158"],
  },
  {
    title: "an instrument that the store has not",
    argv: ["factors", "eval", "--expr", "$close", "--codes", "999999.SH", "--out", "x.parquet"],
    exit: 1,
    code: "STORE_INSTRUMENT_MISSING",
    says: ["999999.SH"],
    place: { instrument: "999999.SH" },
  },
  {
    title: "a Qlib directory that is not there",
    argv: ["factors", "eval", "--expr", "$close", "--source", "qlib:nowhere", "--out", "x.parquet"],
    exit: 1,
    code: "DATA_FILE_MISSING",
    says: ["nowhere"],
    place: { file: "nowhere" },
  },
  {
    title: "an output file below a file",
    argv: ["factors", "eval", "--expr", "$close", "--out", "file/x.parquet"],
    exit: 1,
    code: "DATA_NOT_PERMITTED",
    says: ["file/x.parquet", "not a folder"],
  },
  {
    title: "an output file that is a folder",
    argv: ["data", "dump", "--fields", "all", "--out", "empty"],
    exit: 1,
    code: "DATA_NOT_PERMITTED",
    says: ["empty is a folder"],
    place: { file: "empty" },
  },
  {
    title: "a field that the store has not",
    argv: ["data", "dump", "--fields", "close,settlement", "--out", "x.parquet"],
    exit: 1,
    code: "STORE_FIELD_MISSING",
    says: ["settlement", "bars.close"],
  },
  {
    title: "a workspace that is a file",
    argv: ["import", "csv:bars.csv", "--workspace", "file"],
    exit: 1,
    code: "DATA_NOT_PERMITTED",
    says: ["not a folder"],
  },
];

let folder: string;
let before: ReadonlyMap<string, string>;
beforeAll(async () => {
  folder = newFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  mkdirSync(join(folder, "empty"));
  await prepare(folder, ["import", `parquet:${aShares}`, "--codes", "600000.SH,000001.SZ"]);
  before = contentOf(join(folder, "workspace", "store"));
});

describe("is refused with its place and a remedy, and leaves the store byte for byte:", () => {
  test.each(cases)("$title", async ({ argv, exit, code, says, place }) => {
    const answer = await alphaloom(folder, [...argv, "--json"]);
    const { ok, error } = jsonOf(answer) as {
      ok: boolean;
      error: { code: string; message: string; remedy: string; place?: object };
    };
    expect({ ok, code: error.code, exit: answer.code }, answer.err).toEqual({ ok: false, code, exit });
    const told = `${error.message}\n${error.remedy}`;
    for (const part of says) expect(told).toContain(part);
    expect(error.remedy.length).toBeGreaterThan(10);
    expect(error.place).toMatchObject(place ?? {});
    expect(answer.err).toContain(`error ${code}: `);
    expect(answer.err).toContain("do: ");
    expect(answer.err).not.toMatch(/^\s+at /m);
    expect(contentOf(join(folder, "workspace", "store"))).toEqual(before);
    expect(before.size).toBeGreaterThan(1);
  });

  test.each([
    ["one file", "csv:twice.csv", ["twice.csv row 1", "twice.csv row 2"]],
    ["two files", "csv:two", ["a.csv row 1", "b.csv row 1"]],
  ])(
    "an instrument twice on one day in %s, as a failure of that instrument",
    async (_title, locator, rows) => {
      const answer = await alphaloom(folder, ["import", locator]);
      expect(answer.code).toBe(3);
      expect(answer.out).toContain("600000.SH: DATA_ROW_CONFLICT");
      for (const row of rows) expect(answer.out).toContain(row);
      expect(answer.out).toContain("2018-01-02");
      expect(answer.out).toContain("do: ");
      expect(contentOf(join(folder, "workspace", "store"))).toEqual(before);
    },
  );

  test("a code that the source has no row of, with what was asked for", async () => {
    const answer = await alphaloom(folder, [
      "import",
      `parquet:${aShares}`,
      "--codes",
      "600000.SH,999999.SH",
    ]);
    expect(answer.code).toBe(3);
    expect(answer.err).toContain("has no row of 999999.SH");
    expect(answer.err).not.toContain("has no row of 600000.SH");
    expect(contentOf(join(folder, "workspace", "store"))).toEqual(before);
  });
});
