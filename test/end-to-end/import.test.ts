import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/data/duckdb/database.ts";
import { sqlText } from "../../src/data/duckdb/sql.ts";
import { alphaloom, aShares, contentOf, jsonOf, newFolder, type Answer } from "./command-line.ts";

interface Imported {
  readonly ok: boolean;
  readonly generation: number;
  readonly previousGeneration: number | null;
  readonly rows: Readonly<
    Record<"read" | "added" | "identical" | "corrected" | "keptOut" | "failed", number>
  >;
  readonly instruments: { readonly read: number };
  readonly span: { readonly first: number; readonly last: number } | null;
  readonly absent: readonly string[];
  readonly corrections: readonly {
    readonly field: string;
    readonly before: number;
    readonly after: number;
  }[];
  readonly failures: readonly {
    readonly instrument: string;
    readonly code: string;
    readonly remedy: string;
  }[];
  readonly findings: readonly { readonly rule: string; readonly instrument: string; readonly day: number }[];
  readonly store: string;
}

/** Days since 1970. */
const day = (iso: string): number => Date.parse(iso) / 86_400_000;

let folder: string;
let first: Answer;
beforeAll(async () => {
  folder = newFolder();
  first = await alphaloom(folder, ["import", `parquet:${aShares}`, "--json"]);
});

describe("the shipped A-shares", () => {
  test("are imported whole but for the 12 bars of a holiday, which are named", () => {
    expect(first.code, first.err).toBe(0);
    const result = jsonOf(first) as Imported;
    expect(result).toMatchObject({
      ok: true,
      store: "XSHG/day",
      generation: 1,
      previousGeneration: null,
      rows: { read: 104_211, added: 104_199, identical: 0, corrected: 0, keptOut: 12, failed: 0 },
      instruments: { read: 175 },
      span: { first: day("2017-05-31"), last: day("2019-11-28") },
      failures: [],
    });
    const holidays = result.findings.filter(({ rule }) => rule === "holiday-bar");
    expect(holidays).toHaveLength(12);
    expect(new Set(holidays.map((each) => each.day))).toEqual(new Set([day("2017-05-30")]));
    expect(new Set(holidays.map((each) => each.instrument)).size).toBe(12);
  });

  test("imported again are identical, and the store keeps its generation and every byte", async () => {
    const before = contentOf(join(folder, "workspace", "store"));
    const again = await alphaloom(folder, ["import", `parquet:${aShares}`, "--json"]);
    expect(again.code).toBe(0);
    expect(jsonOf(again)).toMatchObject({
      generation: 1,
      previousGeneration: 1,
      rows: { read: 104_211, added: 0, identical: 104_199, corrected: 0, keptOut: 12 },
    });
    expect(contentOf(join(folder, "workspace", "store"))).toEqual(before);
  });

  test("are listed, shown and verified", async () => {
    const [list, show, one, verify] = await Promise.all([
      alphaloom(folder, ["data", "list", "--json"]),
      alphaloom(folder, ["data", "show", "--json"]),
      alphaloom(folder, ["data", "show", "sh600000"]),
      alphaloom(folder, ["data", "verify", "--json"]),
    ]);
    expect([list.code, show.code, one.code, verify.code]).toEqual([0, 0, 0, 0]);
    expect(jsonOf(list)).toMatchObject({
      stores: [
        {
          store: "XSHG/day",
          generation: 1,
          instruments: 175,
          rows: 612,
          first: "2017-05-31",
          last: "2019-11-28",
        },
      ],
    });
    const shown = jsonOf(show) as {
      generations: unknown[];
      fieldSets: { name: string; fields: { name: string }[] }[];
    };
    expect(shown.generations).toEqual([
      expect.objectContaining({ generation: 1, parent: null, current: true }),
    ]);
    expect(shown.fieldSets.map((set) => [set.name, set.fields.map((field) => field.name)])).toEqual([
      ["bars", ["open", "high", "low", "close", "preclose", "volume", "factor"]],
    ]);
    expect(one.out).toContain("600000.SH in XSHG/day generation 1");
    expect(one.out).toContain("2017-05-31 … 2019-11-28 (612 sessions)");
    expect(jsonOf(verify)).toMatchObject({ generations: [1], findings: [] });
  });

  test("come back from a dump as the file has them, with suspended days as rows", async () => {
    const out = join(folder, "out", "all.parquet");
    const dump = await alphaloom(folder, ["data", "dump", "--fields", "all", "--out", out, "--json"]);
    expect(dump.code, dump.err).toBe(0);
    const { rows } = jsonOf(dump) as { rows: number };
    using database = await Database.open();
    const [dumped, given] = [sqlText(out), sqlText(aShares)];
    const [counted] = await database.rows(`SELECT count(*)::INTEGER AS rows, count(close)::INTEGER AS bars,
      count(*) FILTER (isnan(close))::INTEGER AS suspended, count(DISTINCT instrument)::INTEGER AS codes,
      count(*) FILTER (datetime = DATE '2017-05-30')::INTEGER AS holiday FROM ${dumped}`);
    expect(counted).toMatchObject({ rows, codes: 175, holiday: 0 });
    const [differing] = await database.rows(`SELECT count(*)::INTEGER AS n FROM (
      (SELECT ts_code, trade_date::DATE, open::DOUBLE, high::DOUBLE, low::DOUBLE, close::DOUBLE, volume::DOUBLE
         FROM ${given} WHERE trade_date::DATE <> DATE '2017-05-30'
       EXCEPT ALL SELECT instrument, datetime, open, high, low, close, volume FROM ${dumped})
      UNION ALL
      (SELECT instrument, datetime, open, high, low, close, volume FROM ${dumped} WHERE NOT isnan(close)
       EXCEPT ALL SELECT ts_code, trade_date::DATE, open::DOUBLE, high::DOUBLE, low::DOUBLE, close::DOUBLE, volume::DOUBLE
         FROM ${given}))`);
    expect(differing).toEqual({ n: 0 });
  });
});

const barsWith = (close: string): string =>
  `ts_code,trade_date,open,high,low,close,volume\n` +
  `600000.SH,2018-01-02,12.6,12.8,12.5,12.7,31300\n600000.SH,2018-01-03,12.7,12.8,12.5,${close},37200\n`;

describe("a part of the source", () => {
  test("is chosen by codes and dates; the rest joins later as new rows", async () => {
    const place = newFolder();
    const range = ["--codes", "SH600000,000001.sz", "--start", "2018-01-02", "--end", "2018-06-29"];
    const part = await alphaloom(place, ["import", `parquet:${aShares}`, ...range, "--json"]);
    expect(part.code, part.err).toBe(0);
    const partial = jsonOf(part) as Imported;
    expect(partial.instruments.read).toBe(2);
    expect(partial.span).toEqual({ first: day("2018-01-02"), last: day("2018-06-29") });
    const whole = await alphaloom(place, ["import", `parquet:${aShares}`, "--json"]);
    const joined = jsonOf(whole) as Imported;
    expect(joined.generation).toBe(2);
    expect(joined.rows.identical).toBe(partial.rows.added);
    expect(joined.rows.added).toBe(104_199 - partial.rows.added);
  });

  test("that changes one price is a correction in a new generation, and rollback brings the old one back", async () => {
    const place = newFolder();
    writeFileSync(join(place, "bars.csv"), barsWith("12.66"));
    await alphaloom(place, ["import", "csv:bars.csv", "--json"]);
    writeFileSync(join(place, "bars.csv"), barsWith("12.67"));
    const corrected = await alphaloom(place, ["import", "csv:bars.csv", "--json"]);
    expect(corrected.code, corrected.err).toBe(0);
    expect(jsonOf(corrected) as Imported).toMatchObject({
      generation: 2,
      rows: { added: 0, identical: 1, corrected: 1 },
      corrections: [{ field: "close", before: 12.66, after: 12.67 }],
    });
    const back = await alphaloom(place, ["data", "rollback", "1", "--json"]);
    expect(jsonOf(back)).toEqual({ ok: true, generation: 3 });
    const out = join(place, "back.csv");
    await alphaloom(place, ["data", "dump", "--fields", "close", "--out", out]);
    expect(readFileSync(out, "utf8").trim().split(/\r?\n/).at(-1)).toContain("12.66");
  });
});

describe("what the exit code says", () => {
  test("3 when some instruments failed and the others were imported", async () => {
    const place = newFolder();
    mkdirSync(join(place, "bars"));
    const head = "ts_code,trade_date,open,high,low,close,volume\n";
    writeFileSync(
      join(place, "bars", "good.csv"),
      `${head}600001.SH,2018-01-02,1,1.2,1,1.1,300\n600000.SH,2018-01-02,12.6,12.8,12.5,12.7,31300\n`,
    );
    writeFileSync(
      join(place, "bars", "twice.csv"),
      `${head}600000.SH,2018-01-02,12.6,12.8,12.5,12.8,31300\n`,
    );
    const answer = await alphaloom(place, ["import", "csv:bars", "--json"]);
    expect(answer.code).toBe(3);
    const result = jsonOf(answer) as Imported;
    expect(result).toMatchObject({ ok: false, generation: 1, rows: { added: 1, failed: 2 } });
    expect(result.failures).toEqual([
      expect.objectContaining({ instrument: "600000.SH", code: "DATA_ROW_CONFLICT" }),
    ]);
    expect(result.failures[0]!.remedy.length).toBeGreaterThan(10);
  });

  test("2 for usage, with one JSON value on stdout when asked for", async () => {
    const place = newFolder();
    const option = await alphaloom(place, ["import", "csv:x.csv", "--bogus", "--json"]);
    expect(option.code).toBe(2);
    expect(jsonOf(option)).toMatchObject({ ok: false, error: { code: "CLI_USAGE" } });
    expect(option.err).toContain("--bogus");
    expect((await alphaloom(place, ["factors"])).code).toBe(2);
  });
});
