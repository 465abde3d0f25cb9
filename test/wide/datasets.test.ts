/**
 * What a snapshot holds besides daily bars, from real files through the command line to real pandas: each value is
 * worked out again there from the file it came from.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Database } from "#data/duckdb/database";
import { sqlText } from "#data/duckdb/sql";
import { alphaloom, answerOf, done, type Refusal } from "./testing/program.ts";

const root = resolve(import.meta.dirname, "../..");
const shared = resolve(root, process.env["SHARED_DATA_DIR"] ?? "../shared/data");
const fixtures = join(root, "fixtures/a-share-daily");
const flows = join(shared, "reference/moneyflow/data/raw");
const concepts = join(fixtures, "a-share-concepts-2019.csv");
const minutes = join(shared, "shippable/minute-000001-201801.csv.gz");
const basics = (code: string): string =>
  join(shared, `reference/fundamentals-chip/data/stock/raw/${code}_indiv_din.csv`);
let folder: string;

interface Meta {
  readonly datasets: Readonly<
    Record<
      string,
      readonly {
        readonly file: string;
        readonly method?: string;
        readonly rows: number;
        readonly columns: readonly { readonly name: string; readonly unit: string }[];
      }[]
    >
  >;
  readonly files: Readonly<Record<string, { readonly sha256: string }>>;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "datasets-"));
  const old = ["--workspace", join(folder, "old")];
  await done(folder, ["import", `parquet:${join(fixtures, "a-share-daily-2017-2019.parquet")}`, ...old]);
  await done(folder, ["import", `csv:${minutes}`, ...old]);
  await done(folder, ["import", `csv:${concepts}`, "--known-at", "2018-06-01", ...old]);
  const recent = ["--workspace", join(folder, "recent")];
  await done(folder, ["import", `parquet:${join(flows, "market_data.parquet")}`, ...recent]);
  await done(folder, ["import", `parquet:${join(flows, "moneyflow.parquet")}`, ...recent]);
  await done(folder, ["import", `parquet:${join(flows, "daily_basic.parquet")}`, ...recent]);
  await done(folder, ["import", `csv:${basics("600519.SH")}`, ...recent]);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function exported(workspace: string, id: string, ...flags: string[]): Promise<Meta> {
  const place = ["--workspace", join(folder, workspace)];
  await done(folder, [
    "snapshot",
    "export",
    "--id",
    id,
    "--source",
    "store:XSHG/day",
    "--root",
    join(folder, "out"),
    ...flags,
    ...place,
  ]);
  return JSON.parse(readFileSync(join(folder, "out", id, "meta.json"), "utf8")) as Meta;
}

/** Runs a script of assertions in the folder of a snapshot; what it prints. */
function pandas(id: string, script: string, values: Readonly<Record<string, string>> = {}): string {
  const head = `import numpy as np, pandas as pd\nfrom pandas.testing import assert_frame_equal\n${Object.entries(
    values,
  )
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join("\n")}\n`;
  return execFileSync("/usr/bin/python3", ["-W", "ignore", "-c", head + script], {
    cwd: join(folder, "out", id),
    encoding: "utf8",
  }).trim();
}

const checkIndex = `
def check(df, names):
    assert list(df.index.names) == names, df.index.names
    assert df.index.levels[0].dtype == "datetime64[ns]" and df.index.is_unique and df.index.is_monotonic_increasing
    return df
`;

test("minute bars are the file's, and the calendar lists every slot of the sessions", async () => {
  const meta = await exported(
    "old",
    "minute",
    "--with",
    "minute",
    "--start",
    "2018-01-10",
    "--end",
    "2018-01-19",
  );
  const told = pandas(
    "minute",
    `${checkIndex}
found = check(pd.read_hdf("minute_1min.h5"), ["datetime", "instrument"])
raw = pd.read_csv(source, dtype={"symbol": str})
raw["datetime"] = pd.to_datetime(raw["date"].astype(str) + (raw["time"] // 1000).astype(str).str.zfill(6), format="%Y%m%d%H%M%S")
raw = raw[(raw["datetime"] >= "2018-01-10") & (raw["datetime"] < "2018-01-20")]
wanted = raw.rename(columns={"turnover": "amount"}).assign(instrument="000001.SZ").set_index(["datetime", "instrument"])[list(found.columns)].astype("float64").sort_index()
assert_frame_equal(found, wanted, check_exact=True)
slots = open("calendars/1min.txt").read().splitlines()
assert slots == sorted(set(slots)) and len(slots) == 240 * 8, len(slots)
assert [str(t) for t in found.index.get_level_values(0)] == slots
print(len(found))
`,
    { source: minutes },
  );
  expect(told).toBe(String(240 * 8));
  expect(meta.datasets["minute"]![0]).toMatchObject({ file: "minute_1min.h5", rows: 1920 });
  expect(Object.keys(meta.files)).toEqual(expect.arrayContaining(["minute_1min.h5", "calendars/1min.txt"]));
});

test("money flow is in yuan and shares, daily basics in yuan, shares and percent, under the chosen spelling", async () => {
  const meta = await exported("recent", "tables", "--with", "moneyflow", "daily_basic", "--codes-as", "qlib");
  const told = pandas(
    "tables",
    `${checkIndex}
found = check(pd.read_hdf("moneyflow.h5"), ["datetime", "instrument"])
assert len(found.columns) == 18 and all(c.startswith("mf_") for c in found.columns)
import json
raw = pd.DataFrame(json.load(open(flow)))
raw["datetime"] = pd.to_datetime(raw["trade_date"]); raw["instrument"] = "SH688333"
raw = raw.set_index(["datetime", "instrument"]).sort_index()
for column in found.columns:
    wanted = raw[column[3:]].astype("float64") * (100 if column.endswith("_vol") else 10000)
    assert np.allclose(found[column], wanted, rtol=1e-15, atol=0), column
basic = check(pd.read_hdf("daily_basic.h5"), ["datetime", "instrument"])
assert set(basic.index.get_level_values(1)) <= {"SH688333", "SH600519"}
one = basic.xs("SH688333", level=1)
raw = pd.DataFrame(json.load(open(basics))); raw.index = pd.to_datetime(raw["trade_date"]); raw = raw.sort_index().loc[one.index[0]:one.index[-1]]
for column, scale in [("total_mv", 1e4), ("circ_mv", 1e4), ("free_share", 1e4), ("pe_ttm", 1), ("turnover_rate", 1)]:
    assert np.allclose(one["db_" + column], raw[column].astype("float64") * scale, rtol=1e-15, atol=0, equal_nan=True), column
print(len(found), len(one) == len(raw))
`,
    { flow: await jsonOf("moneyflow"), basics: await jsonOf("daily_basic") },
  );
  expect(told).toBe("37 True");
  const unitOf = (name: string) =>
    Object.values(meta.datasets)
      .flat()
      .flatMap(({ columns }) => columns)
      .find((column) => column.name === name)?.unit;
  expect(
    ["mf_net_mf_amount", "mf_buy_lg_vol", "db_total_mv", "db_turnover_rate", "db_free_share"].map(unitOf),
  ).toEqual(["CNY", "shares", "CNY", "percent", "shares"]);
});

describe("boards without a table of their own", () => {
  const script = `${checkIndex}
found = check(pd.read_hdf("boards/board_daily.h5"), ["datetime", "board"])
index = check(pd.read_hdf("boards/board_index.h5"), ["datetime", "board"])
member = check(pd.read_hdf("boards/board_member.h5"), ["datetime", "member"])
bars = pd.read_csv(bars_file, parse_dates=["datetime"])
links = pd.read_csv(links_file)[["ts_code", "concept_name"]].drop_duplicates()
bars["adjusted"] = bars["close"] * bars["factor"]
traded = bars[bars["adjusted"] > 0].copy()
traded["ratio"] = traded["adjusted"] / traded.groupby("instrument")["adjusted"].shift()
rows = traded.merge(links, left_on="instrument", right_on="ts_code")
rows = rows[(rows["datetime"] > since) & (rows["datetime"] >= start) & rows["ratio"].notna()]
group = rows.groupby(["datetime", "concept_name"])
mean = group["ratio"].mean()
assert len(mean) == len(found) == len(index), (len(mean), len(found))
mean.index.names = found.index.names
mean = mean.sort_index()
assert np.allclose(found["pct_chg"], (mean.reindex(found.index) - 1) * 100, rtol=1e-9, atol=1e-9)
assert np.allclose(found["close"], mean.reindex(found.index).groupby(level=1).cumprod() * 1000, rtol=1e-9)
assert (found["high"] >= found["close"] - 1e-9).all() and (found["low"] <= found["open"] + 1e-9).all()
assert found["amount"].isna().all() and np.allclose(found["volume"], group["volume"].sum().reindex(found.index), rtol=1e-12)
assert (index["traded"] == group.size().reindex(index.index)).all() and (index["idx_count"] >= index["traded"]).all()
pairs = member.index.get_level_values(1).str.split("|", expand=True).to_frame(index=False)
assert (member["member"] == 1).all() and set(map(tuple, pairs.values)) == set(map(tuple, links[["concept_name", "ts_code"]].values))
print(member.index.get_level_values(0).unique()[0].date(), found.index.get_level_values(0)[0].date())
`;

  async function barsOf(): Promise<string> {
    const out = join(folder, "bars.csv");
    await done(folder, [
      "data",
      "dump",
      "--store",
      "XSHG/day",
      "--fields",
      "close,factor,volume",
      "--out",
      out,
      "--workspace",
      join(folder, "old"),
    ]);
    return out;
  }

  test("are built from the members known the day before", async () => {
    const meta = await exported(
      "old",
      "boards",
      "--with",
      "boards",
      "--start",
      "2018-01-02",
      "--end",
      "2018-12-28",
    );
    const values = {
      bars_file: await barsOf(),
      links_file: concepts,
      since: "2018-06-01",
      start: "2018-01-02",
    };
    // The list is known at the end of June 1st, a Friday: June 4th is the first day it says anything about.
    const bounded = script.replace("> since)", '> since) & (rows["datetime"] <= "2018-12-28")');
    expect(pandas("boards", bounded, values)).toBe("2018-06-01 2018-06-04");
    const method = meta.datasets["boards"]!.map((file) => file.method).join();
    expect(method).toMatch(/equal-weight.*known/s);
    expect(method).not.toMatch(/future/);
  });

  test("take the first known members for earlier days only when asked, and say so", async () => {
    const meta = await exported("old", "static", "--with", "boards:concepts:static", "--start", "2018-01-02");
    const values = {
      bars_file: await barsOf(),
      links_file: concepts,
      since: "2017-01-01",
      start: "2018-01-02",
    };
    expect(pandas("static", script, values)).toBe("2018-01-02 2018-01-02");
    expect(
      meta.datasets["boards"]!.every(({ method }) => /knowledge from the future/.test(method ?? "")),
    ).toBe(true);
  });

  test("are refused for days before anything was known", async () => {
    const refused = await refusalOf("boards", "--start", "2018-01-02", "--end", "2018-05-31");
    expect(refused.error).toMatchObject({
      code: "DATA_DATE_INVALID",
      remedy: expect.stringContaining("static"),
    });
  });
});

test("boards with a table of their own are the table's, with the change from close to close", async () => {
  execFileSync(
    "/usr/bin/python3",
    [
      "-W",
      "ignore",
      "-c",
      `
import pandas as pd
pd.DataFrame({"date": ["2018-01-02", "2018-01-03", "2018-01-04"] * 2, "board": ["银行"] * 3 + ["白酒"] * 3,
  "open": [9., 10, 11, 5, 5, 5], "close": [10., 11, 12.1, 5, 4, 5], "volume": [1., 2, 3, 4, 5, 6]}).to_csv("boards.csv", index=False)`,
    ],
    { cwd: folder },
  );
  const place = ["--workspace", join(folder, "old")];
  await done(folder, ["import", "csv:boards.csv", "--table", "board_daily", ...place]);
  await exported(
    "old",
    "table",
    "--with",
    "boards:concepts:static",
    "--start",
    "2018-01-03",
    "--end",
    "2018-01-10",
  );
  const told = pandas(
    "table",
    `${checkIndex}
found = check(pd.read_hdf("boards/board_daily.h5"), ["datetime", "board"])
print(found["pct_chg"].round(9).tolist(), found.loc[(pd.Timestamp("2018-01-03"), "银行"), "open"])`,
  );
  expect(told).toBe("[-20.0, 10.0, 25.0, 10.0] 10.0");
  rmSync(join(folder, "old", "reference", "board_daily"), { recursive: true });
});

describe("a data set that is not there", () => {
  test.each([
    ["moneyflow", "DATA_FILE_MISSING"],
    ["boards:nothing", "DATA_FILE_MISSING"],
    ["daily", "CLI_USAGE"],
    ["minute:x", "CLI_USAGE"],
    ["boards:concepts:dynamic", "CLI_USAGE"],
  ])("%s is refused with %s, and no snapshot is left", async (name, code) => {
    expect((await refusalOf(name)).error.code).toBe(code);
    const listed = answerOf(
      await alphaloom(folder, ["snapshot", "list", "--root", join(folder, "out"), "--json"]),
    );
    expect(JSON.stringify(listed)).not.toContain("refused");
  });
});

async function refusalOf(name: string, ...flags: string[]): Promise<Refusal> {
  const place = ["--workspace", join(folder, "old"), "--root", join(folder, "out"), "--json"];
  return answerOf(
    await alphaloom(folder, [
      "snapshot",
      "export",
      "--id",
      "refused",
      "--source",
      "store:XSHG/day",
      "--with",
      name,
      ...flags,
      ...place,
    ]),
  ) as Refusal;
}

/** A Parquet file of the shared data as JSON, which pandas reads without further libraries. */
async function jsonOf(name: string): Promise<string> {
  using database = await Database.open();
  const rows = await database.rows(`SELECT * FROM read_parquet(${sqlText(join(flows, `${name}.parquet`))})`);
  const place = join(folder, `${name}.json`);
  writeFileSync(place, JSON.stringify(rows));
  return place;
}
