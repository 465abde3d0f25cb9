/**
 * Snapshots of a real PostgreSQL server as the system's pandas opens them: both profiles, of prices as traded with factors
 * beside and of front-adjusted ones in li and hands. Every value is computed anew from what the tables hold.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PostgresSession } from "#data/sources/postgres/session";
import { openSource, refreshData } from "#pipelines/refresh-data";
import { exportSnapshot } from "#pipelines/snapshot/export-snapshot";
import { openPostgresSnapshotSource } from "#pipelines/snapshot/postgres-snapshot-source";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { storeOf, workspaceAt } from "#pipelines/workspace";
import { fillMarketTables } from "#pipelines/write-factors/market-tables";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";
import { wholeStocks, writeMarket } from "./testing/real-market.ts";

const STOCKS = 40;
let folder: string;
let server: PostgresServer;

/** The real market of 2020 and 2021, with a stock that is listed later, one that goes, and days without a row. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "postgres-pandas-"));
  server = await startPostgres();
  const codes = await wholeStocks(STOCKS);
  await writeMarket(join(folder, "market.parquet"), [{ codes, to: "2021-12-31" }]);
  const workspace = workspaceAt(join(folder, "workspace"));
  await refreshData(workspace, await openSource(`parquet:${join(folder, "market.parquet")}`), {
    engine: "test",
  });
  await using source = await StoreSnapshotSource.open(storeOf(workspace, { calendar: "XSHG", freq: "day" }));
  await fillMarketTables(source, { url: server.url, schema: "market" });
  await using session = await PostgresSession.open(server.url, { mode: "write" });
  for (const table of ["kline_daily_raw", "adj_factor", "kline_daily_qfq"]) {
    for (const [at, where] of [
      "trade_date < '2020-09-01'",
      "trade_date > '2021-06-30'",
      "trade_date BETWEEN '2021-03-01' AND '2021-03-12'",
    ].entries())
      await session.query(`DELETE FROM market.${table} WHERE ts_code = $1 AND ${where}`, [codes[at]!]);
  }
  // As the vendor has them: factors of any scale, given only where there is a row.
  await session.query("UPDATE market.adj_factor SET adj_factor = adj_factor * 7.3");
  await csv(
    session,
    "raw",
    "SELECT b.*, a.adj_factor FROM market.kline_daily_raw b NATURAL JOIN market.adj_factor a",
  );
  await csv(session, "qfq", "SELECT * FROM market.kline_daily_qfq");
}, 120_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The rows of a query as a file that pandas reads; numbers in the fewest digits that give them back. */
async function csv(session: PostgresSession, name: string, query: string): Promise<void> {
  const rows = await session.query(`SELECT row_to_json(r)::text AS row FROM (${query}) r`);
  writeFileSync(join(folder, `${name}.jsonl`), rows.map(({ row }) => String(row)).join("\n"));
}

/** What a snapshot has to hold, from the rows of its table; `scale` is what a traded price is multiplied by. */
const SCRIPT = `
import json, sys, numpy as np, pandas as pd
place, rows, table, profile = sys.argv[1:]
given = pd.DataFrame([json.loads(line) for line in open(rows)])
given["trade_date"] = pd.to_datetime(given["trade_date"])
given = given.set_index(["trade_date", "ts_code"]).astype("float64").sort_index()
assert given.index.is_unique
days = given.index.levels[0]
want = []
for code, own in given.groupby(level=1):
    own = own.droplevel(1)
    span = days[(days >= own.index[0]) & (days <= own.index[-1])]
    own = own.reindex(span)
    if table == "raw":
        factor = (own["adj_factor"] / own["adj_factor"].iloc[0]).ffill()
        scale = factor / factor.iloc[-1] if profile == "aistock" else factor
        price, money, shares = lambda name: own[name] * scale, own["amount"], own["volume"] / scale
    else:
        scale = pd.Series(1.0, index=span)
        price, money, shares = lambda name: own[name + "_li"] / 1000, own["amount_li"] / 1000, own["volume_hand"] * 100
    frame = pd.DataFrame({name: price(name) for name in ["open", "high", "low", "close"]})
    frame["volume"], frame["amount"], frame["factor"] = shares, money, scale
    frame.loc[~(own["volume" if table == "raw" else "volume_hand"] > 0), ["open", "high", "low", "close"]] = np.nan
    name = code if profile == "aistock" else code[7:] + code[:6]
    frame.index = pd.MultiIndex.from_product([span, [name]], names=["datetime", "instrument"])
    want.append(frame)
want = pd.concat(want).sort_index()
meta = json.load(open(place + "/meta.json"))
money = {"open": "yuan", "high": "yuan", "low": "yuan", "close": "yuan", "amount": "yuan", "volume": "shares", "factor": "ratio"}
if profile == "aistock":
    names = ["open", "high", "low", "close", "volume", "amount", "factor"]
    want, kind, units = want[names], "float64", money
else:
    names = ["open", "close", "high", "low", "volume", "factor"]
    want = want[names].astype("float32").rename(columns=lambda name: "$" + name)
    kind, units = "float32", {"$" + name: money[name] for name in names}
files = ["daily_pv.h5"] + (["factor_implementation_source_data/daily_pv.h5"] if profile == "rdagent" else [])
for file in files:
    df = pd.read_hdf(place + "/" + file)
    assert list(df.index.names) == ["datetime", "instrument"], df.index.names
    assert df.index.levels[0].dtype == "datetime64[ns]" and df.index.levels[1].dtype == object
    assert df.index.is_monotonic_increasing and df.index.is_unique
    assert (df.dtypes == kind).all() and list(df.columns) == list(want.columns), df.dtypes
    pd.testing.assert_index_equal(df.index.remove_unused_levels(), want.index.remove_unused_levels(), exact=True)
    for name in want.columns:
        found, wanted = df[name].to_numpy(), want[name].to_numpy()
        other = ~((found == wanted) | (np.isnan(found) & np.isnan(wanted)))
        assert not other.any(), (file, name, int(other.sum()), want.index[other.argmax()], found[other.argmax()], wanted[other.argmax()])
assert meta["units"] == units, meta["units"]
prices = want[want.columns[0]]
json.dump({"rows": len(df), "missing": int(prices.isna().sum()), "keys": len(df.index.levels[1]),
  "scales": int(want[want.columns[-1]].round(6).nunique()), "adjustment": meta["adjustment"], "base": meta["base_date"]}, sys.stdout)
`;

test.each([
  ["raw", "aistock", "qfq", "2021-12-31"],
  ["raw", "rdagent", "qlib", null],
  ["qfq", "aistock", "qfq", "2021-12-31"],
  ["qfq", "rdagent", "qfq", "2021-12-31"],
] as const)(
  "of kline_daily_%s in the profile %s, every value is the table's",
  async (table, profile, adjustment, base) => {
    await using source = await openPostgresSnapshotSource(`postgres:market.kline_daily_${table}`, {
      url: server.url,
    });
    const columns = ["open", "high", "low", "close", "volume", "amount", "factor"];
    const result = await exportSnapshot({
      root: join(folder, "snapshots"),
      id: `${table}_${profile}`,
      source,
      request: { profile, ...(profile === "aistock" ? { columns } : {}) },
      engine: "test",
      now: () => 0,
    });
    expect(result).toMatchObject({ status: "completed", errors: [] });
    const said = execFileSync(
      "/usr/bin/python3",
      ["-W", "ignore", "-c", SCRIPT, result.folder, join(folder, `${table}.jsonl`), table, profile],
      { encoding: "utf8" },
    );
    const { scales, missing, rows, ...rest } = JSON.parse(said) as Record<string, number>;
    expect(rest).toEqual({ keys: STOCKS, adjustment, base });
    expect(rows).toBe(result.rows);
    expect(rows).toBeGreaterThan(18_000);
    expect(missing).toBeGreaterThanOrEqual(10);
    // Of traded prices there are ex-dates; what is adjusted already stays as it is.
    if (table === "raw") expect(scales).toBeGreaterThan(STOCKS);
    else expect(scales).toBe(1);
  },
  60_000,
);
