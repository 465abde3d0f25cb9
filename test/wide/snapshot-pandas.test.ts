/** Snapshots of the real CSI 300 market as pandas opens them: both profiles, every value against the source's Parquet file. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Database } from "../../src/data/duckdb/database.ts";
import { sqlText } from "../../src/data/duckdb/sql.ts";
import { answerOf, done } from "./testing/program.ts";
import { wholeStocks, writeMarket } from "./testing/real-market.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "snapshot-pandas-"));
  await writeMarket(join(folder, "market.parquet"), [{ codes: await wholeStocks(40), to: "2021-12-31" }]);
  using database = await Database.open();
  await database.run(
    `COPY (SELECT * FROM read_parquet(${sqlText(join(folder, "market.parquet"))}) ORDER BY trade_date, ts_code)
       TO ${sqlText(join(folder, "market.csv"))} (HEADER)`,
  );
  await done(folder, ["import", "parquet:market.parquet"]);
  await done(folder, ["precompute", "run", "--set", "tech", "--no-validate"]);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script of assertions in the system's pandas; `place` is the snapshot's folder. */
function pandas(script: string, place: string): unknown {
  const head = `import json, sys, numpy as np, pandas as pd
place, market = sys.argv[1], pd.read_csv(sys.argv[2], parse_dates=["trade_date"])
market = market.rename(columns={"trade_date": "datetime", "ts_code": "instrument"})
market = market.set_index(["datetime", "instrument"]).sort_index()
df = pd.read_hdf(place + "/daily_pv.h5")
meta = json.load(open(place + "/meta.json"))
assert list(df.index.names) == ["datetime", "instrument"], df.index.names
assert df.index.levels[0].dtype == "datetime64[ns]" and df.index.levels[1].dtype == object
assert df.index.is_monotonic_increasing and df.index.is_unique
assert len(df) == meta["rows"] and list(df.columns) == [c["name"] for c in meta["columns"]]
listed = pd.read_csv(place + "/instruments/all.txt", sep="\\t", header=None, index_col=0)
assert set(listed.index) == set(df.index.get_level_values(1)) and listed.shape[1] == 2
days = [line.strip() for line in open(place + "/calendars/day.txt")]
assert [str(d)[:10] for d in sorted(df.index.get_level_values(0).unique())] == days
kinds = {"f32": "float32", "f64": "float64", "i64": "int64"}
assert [str(t) for t in df.dtypes] == [kinds[c["dtype"]] for c in meta["columns"]]
`;
  const text = execFileSync(
    "/usr/bin/python3",
    ["-W", "ignore", "-c", head + script, place, join(folder, "market.csv")],
    { encoding: "utf8" },
  );
  return JSON.parse(text.trim() === "" ? "null" : text) as unknown;
}

async function exported(id: string, ...argv: string[]): Promise<string> {
  const answer = answerOf(await done(folder, ["snapshot", "export", "--id", id, ...argv, "--json"]));
  return (answer as { folder: string }).folder;
}

test("the aistock profile opens without a key; prices as traded are the source's, value for value", async () => {
  const place = await exported("raw", "--adjust", "raw", "--set", "tech");
  const compared = pandas(
    `
both = df.join(market, rsuffix="_given", how="inner")
for name in ["open", "high", "low", "close"]:
    given = both[name + "_given"].where(both["volume_given"] > 0)
    traded = both[name].notna()
    assert traded.sum() > 10000
    assert (both.loc[traded, name] == both.loc[traded, name + "_given"]).all(), name
assert (both["volume"] >= 0).all()
assert df["close"].dtype == "float64" and df["RSI14"].dtype == "float32"
json.dump(int(len(both)), sys.stdout)
`,
    place,
  );
  expect(compared).toBeGreaterThan(15_000);
  const verified = answerOf(await done(folder, ["snapshot", "verify", "--id", "raw", "--all", "--json"]));
  expect(verified).toMatchObject({ ok: true, score: 100 });
});

test("front-adjusted prices are as traded on the base day, and their returns are those of Qlib's", async () => {
  const place = await exported("qfq");
  const qlib = await exported("qlib", "--adjust", "qlib");
  const script = `
other = pd.read_hdf(${JSON.stringify(join(qlib, "daily_pv.h5"))})
last = df.index.get_level_values(0).max()
assert meta["base_date"] == str(last)[:10]
both = df.join(market["close"], rsuffix="_given").xs(last, level=0)
traded = both["close"].notna()
assert np.allclose(both.loc[traded, "close"], both.loc[traded, "close_given"], rtol=0, atol=1e-12)
one, two = [f["close"].unstack().ffill().pct_change() for f in (df, other)]
assert np.nanmax(np.abs(one - two)) < 1e-12
ratio = (df["close"] * df["volume"]) / (other["close"] * other["volume"])
assert abs(ratio - 1).max() < 1e-12
json.dump(int(traded.sum()), sys.stdout)
`;
  expect(pandas(script, place)).toBeGreaterThan(30);
});

test("RD-Agent's profile has its columns in its order, in both folders, from 2018 on where there is 2018", async () => {
  const place = await exported("rd", "--profile", "rdagent");
  const script = `
assert list(df.columns) == ["$open", "$close", "$high", "$low", "$volume", "$factor"]
assert (df.dtypes == "float32").all()
assert all(code[:2] in ("SH", "SZ") and code[2:].isdigit() for code in df.index.levels[1])
full = pd.read_hdf(place + "/factor_implementation_source_data/daily_pv.h5", key="data")
pd.testing.assert_frame_equal(full, df, check_exact=True)
debug = pd.read_hdf(place + "/factor_implementation_source_data_debug/daily_pv.h5", key="data")
assert len(debug.index.get_level_values(0).unique()) == min(500, len(df.index.get_level_values(0).unique()))
pd.testing.assert_frame_equal(debug, df.loc[debug.index], check_exact=True)
codes = df.index.levels[1].map(lambda code: code[2:] + "." + code[:2])
plain = df.copy(); plain.index = plain.index.set_levels(codes, level=1)
both = plain.join(market, how="inner")
traded = both["$close"].notna()
assert np.allclose(both.loc[traded, "$close"] / both.loc[traded, "$factor"], both.loc[traded, "close"], rtol=3e-7)
json.dump(int(traded.sum()), sys.stdout)
`;
  expect(pandas(script, place)).toBeGreaterThan(15_000);
});
