/** RD-Agent's results as pandas writes them, taken into the store of real bars, and used from there. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Database } from "#data/duckdb/database";
import { sqlText } from "#data/duckdb/sql";
import { alphaloom, answerOf, done, type Refusal } from "./testing/program.ts";

const bars = resolve(import.meta.dirname, "../../fixtures/a-share-daily/a-share-daily-2017-2019.parquet");
const codes = ["000001.SZ", "600000.SH", "600519.SH"];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "import-factors-"));
  await done(folder, ["import", `parquet:${bars}`]);
  await done(folder, ["data", "dump", "--fields", "close", "--codes", codes.join(","), "--out", "close.csv"]);
  pandas(`
df = pd.read_csv("close.csv", parse_dates=["datetime"])
df["instrument"] = df["instrument"].str[7:] + df["instrument"].str[:6]
df = df.set_index(["datetime", "instrument"]).sort_index()
mom = (df["close"].groupby(level=1).pct_change(5)).astype("float32").to_frame("mom_5")
mom.to_hdf("result.h5", key="data")
off = mom.copy()
extra = pd.DataFrame({"mom_5": np.float32([1, 2, 3, 4])}, index=pd.MultiIndex.from_tuples(
  [(pd.Timestamp("2019-01-05"), "SH600000"), (pd.Timestamp("2019-01-04"), "SZ399999"), (pd.Timestamp("2019-01-04"), "??"), (pd.Timestamp("2025-01-02"), "SH600000")],
  names=off.index.names))
pd.concat([off, extra]).swaplevel().to_hdf("off.h5", key="data")
changed = mom.copy()
changed.loc[(pd.Timestamp("2019-03-01"), "SH600519"), "mom_5"] = 9
changed.to_hdf("changed.h5", key="data")
pd.concat([mom, changed]).to_hdf("twice.h5", key="data")
mom.rename(columns={"mom_5": "LABEL0"}).to_hdf("label.h5", key="data")
mom.assign(note="x").to_hdf("objects.h5", key="data")
mom[:0].to_hdf("empty.h5", key="data")
shifted = mom.copy()
shifted.index = shifted.index.set_levels(shifted.index.levels[0] + pd.Timedelta(hours=9), level=0)
shifted.to_hdf("hours.h5", key="data")
mom.reset_index().to_csv("mom.csv", index=False)
`);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pandas(script: string): void {
  const head = "import numpy as np, pandas as pd\n";
  execFileSync("/usr/bin/python3", ["-W", "ignore", "-c", head + script], { cwd: folder });
}

interface Answer {
  readonly ok: boolean;
  readonly generation: number;
  readonly changed: boolean;
  readonly rows: number;
  readonly stored: number;
  readonly factors: readonly string[];
  readonly leftOut: readonly {
    readonly instrument: string;
    readonly reason: string;
    readonly rows: number;
  }[];
}

async function take(file: string, ...flags: string[]): Promise<Answer> {
  return answerOf(await alphaloom(folder, ["factors", "import", file, "--json", ...flags])) as Answer;
}

/** Rows at which the dumped field and the column of the CSV file differ, and rows compared. */
async function differences(field: string, column: string): Promise<{ wrong: number; rows: number }> {
  await done(folder, [
    "data",
    "dump",
    "--fields",
    field,
    "--codes",
    codes.join(","),
    "--out",
    "dumped.parquet",
  ]);
  using database = await Database.open();
  const [dumped, csv] = [join(folder, "dumped.parquet"), join(folder, "mom.csv")];
  const name = (await database.describe(`read_parquet(${sqlText(dumped)})`)).at(-1)!.name;
  const [found] = await database.rows(`
    SELECT count(*) AS rows, count(*) FILTER (a IS DISTINCT FROM b) AS wrong FROM (
      SELECT CASE WHEN isnan(d."${name}") THEN NULL ELSE d."${name}" END AS a, CAST(c."${column}" AS FLOAT) AS b
      FROM read_parquet(${sqlText(dumped)}) d LEFT JOIN read_csv(${sqlText(csv)}) c
        ON d.datetime = CAST(c.datetime AS DATE) AND d.instrument = substr(c.instrument, 3) || '.' || substr(c.instrument, 1, 2))`);
  return { wrong: Number(found!["wrong"]), rows: Number(found!["rows"]) };
}

describe("result.h5", () => {
  test("becomes a stored factor, once, and is dumped with every value", async () => {
    const first = await take("result.h5");
    expect(first).toMatchObject({ ok: true, changed: true, factors: ["mom_5"], leftOut: [] });
    expect(first.stored).toBe(first.rows);
    expect(await take("result.h5")).toMatchObject({ changed: false, generation: first.generation });
    const compared = await differences("user.mom_5", "mom_5");
    expect(compared.wrong).toBe(0);
    expect(compared.rows).toBe(first.rows);
  });

  test("with other values makes a new generation, and the old values come back with the old file", async () => {
    const before = await take("result.h5", "--set", "again");
    const changed = await take("changed.h5", "--set", "again");
    expect(changed).toMatchObject({ changed: true, generation: before.generation + 1 });
    expect((await differences("again.mom_5", "mom_5")).wrong).toBe(1);
    await take("result.h5", "--set", "again");
    expect((await differences("again.mom_5", "mom_5")).wrong).toBe(0);
  });

  test("tells what it could not place, by instrument, in either order of the index", async () => {
    const told = await take("off.h5", "--set", "off");
    expect(told.ok).toBe(false);
    expect(told.rows - told.stored).toBe(4);
    expect(told.leftOut).toEqual([
      expect.objectContaining({
        instrument: "600000.SH",
        reason: expect.stringContaining("no sessions"),
        rows: 2,
      }),
      expect.objectContaining({ instrument: "??", reason: expect.stringContaining("no known form") }),
      expect.objectContaining({
        instrument: "SZ399999",
        reason: expect.stringContaining("not in the store"),
      }),
    ]);
    expect((await differences("off.mom_5", "mom_5")).wrong).toBe(0);
  });

  test("is in a store that verifies, and precompute leaves it alone", async () => {
    const { generation } = await take("result.h5");
    await done(folder, ["data", "verify"]);
    await done(folder, ["precompute", "run", "--set", "fund", "--no-validate"]);
    const compared = await differences("user.mom_5", "mom_5");
    expect(compared.wrong).toBe(0);
    const again = await take("result.h5");
    expect(again.changed).toBe(false);
    expect(again.generation).toBeGreaterThan(generation);
  });
});

test("combined_factors_df.parquet with columns of two levels gives each its factor", async () => {
  using database = await Database.open();
  const csv = sqlText(join(folder, "mom.csv"));
  const out = sqlText(join(folder, "combined_factors_df.parquet"));
  await database.run(`COPY (SELECT CAST(mom_5 AS FLOAT) AS "('feature', 'mom_5')", CAST(mom_5 * 2 AS DOUBLE) AS "('feature', '动量 2')",
    CAST(datetime AS TIMESTAMP_NS) AS datetime, instrument FROM read_csv(${csv})) TO ${out} (FORMAT parquet)`);
  expect(
    answerOf(await alphaloom(folder, ["factors", "import", "combined_factors_df.parquet", "--json"])),
  ).toMatchObject({
    error: { code: "DATA_COLUMN_MISSING" },
  });
  await database.run(`COPY (SELECT CAST(mom_5 AS FLOAT) AS "('feature', 'mom_5')", CAST(mom_5 * 2 AS DOUBLE) AS "('feature', '动量2')",
    CAST(datetime AS TIMESTAMP_NS) AS datetime, instrument FROM read_csv(${csv})) TO ${out} (FORMAT parquet)`);
  const taken = await take("combined_factors_df.parquet", "--set", "rdagent");
  expect(taken).toMatchObject({ ok: true, factors: ["mom_5", "动量2"], leftOut: [] });
  expect((await differences("rdagent.mom_5", "mom_5")).wrong).toBe(0);
});

describe("a file that is no factors", () => {
  test.each([
    ["nowhere.h5", "DATA_FILE_MISSING"],
    ["nowhere.parquet", "DATA_FILE_MISSING"],
    ["mom.csv", "DATA_KIND_OTHER"],
    ["twice.h5", "DATA_ROW_CONFLICT"],
    ["label.h5", "DATA_KIND_OTHER"],
    ["objects.h5", "DATA_VALUE_INVALID"],
    ["empty.h5", "DATA_INSTRUMENT_INVALID"],
    ["hours.h5", "DATA_DATE_INVALID"],
  ])("%s is refused with %s and nothing is written", async (file, code) => {
    const before = await done(folder, ["data", "list", "--json"]);
    const refused = answerOf(
      await alphaloom(folder, ["factors", "import", file, "--set", "wrong", "--json"]),
    ) as Refusal;
    expect(refused.error.code).toBe(code);
    expect((await done(folder, ["data", "list", "--json"])).out).toBe(before.out);
  });

  test.each(["alpha158", "bars", "a.b", "x.state", "../x", ""])("the set %j is refused", async (set) => {
    const refused = answerOf(
      await alphaloom(folder, ["factors", "import", "result.h5", "--set", set, "--json"]),
    ) as Refusal;
    expect(refused.error.code).toBe("DATA_KIND_OTHER");
  });
});
