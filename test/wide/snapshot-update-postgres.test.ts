/**
 * Snapshots of PostgreSQL tables, brought up as the tables grow: traded prices with adjustment factors, and a
 * front-adjusted table whose histories are rewritten at every ex-date. A server keeps no generations: what was corrected
 * before the overlap is found when everything is compared.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PostgresSession } from "#data/sources/postgres/session";
import { dayOf } from "#market/day";
import type { ExportResult } from "#pipelines/snapshot/export-result";
import { exportSnapshot } from "#pipelines/snapshot/export-snapshot";
import { postgresLedger } from "#pipelines/snapshot/postgres-ledger";
import { openPostgresSnapshotSource } from "#pipelines/snapshot/postgres-snapshot-source";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { readExportState } from "#pipelines/snapshot/update/export-state";
import { contentOf } from "#pipelines/snapshot/update/testing/snapshot-content";
import { updateSnapshot } from "#pipelines/snapshot/update/update-snapshot";
import { fillMarketTables } from "#pipelines/write-factors/market-tables";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";
import { DAYS, daysStore, importDays, type MarketDays } from "./testing/snapshot-days.ts";

const TABLES = { raw: "postgres:market.kline_daily_raw", qfq: "postgres:market.kline_daily_qfq" } as const;
type Table = keyof typeof TABLES;
const tables = ["raw", "qfq"] as const;

let folder: string;
let server: PostgresServer;
let market: MarketDays;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "snapshot-update-postgres-"));
  server = await startPostgres();
  market = await importDays(join(folder, "workspace"), 24);
}, 600_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The tables as they are after a day. */
async function fill(day: number): Promise<void> {
  const generation = market.generations[day]!;
  await using source = await StoreSnapshotSource.open(daysStore(market.root), { generation });
  await using session = await PostgresSession.open(server.url, { mode: "write" });
  for (const table of ["kline_daily_raw", "adj_factor", "kline_daily_qfq"])
    await session.query(`DROP TABLE IF EXISTS market.${table}`, [], "making tables anew");
  await fillMarketTables(source, { url: server.url, schema: "market" });
}

const rootOf = (table: Table, name = "kept"): string => join(folder, name, table);

async function exported(table: Table, day: number, name?: string): Promise<string> {
  const root = rootOf(table, name);
  rmSync(root, { recursive: true, force: true });
  await using source = await openPostgresSnapshotSource(TABLES[table], { url: server.url });
  const baseDay = dayOf(market.lastDays[table === "raw" ? 0 : day]!);
  const { folder: place } = await exportSnapshot({
    root,
    id: "market",
    source,
    request: { baseDay },
    engine: "test",
    now: () => day,
  });
  return place;
}

async function updated(table: Table, day: number, compare: "changed" | "all"): Promise<ExportResult> {
  await using source = await openPostgresSnapshotSource(TABLES[table], { url: server.url });
  const ledger = postgresLedger(server.url);
  const root = rootOf(table);
  return await updateSnapshot({
    root,
    id: "market",
    source,
    ledger,
    compare,
    engine: "test",
    now: () => day,
  });
}

test("as tables grow, are rewritten and corrected, updates give what a full export gives", async () => {
  await fill(0);
  for (const table of tables) await exported(table, 0);
  for (const day of [3, 8, 13, DAYS]) {
    await fill(day);
    for (const table of tables) {
      const full = await exported(table, day, "full");
      let result = await updated(table, day, "changed");
      expect(result, `${table}, day ${day}`).toMatchObject({ changed: true, status: "completed", notes: [] });
      const rewritten = result.instruments.filter(({ changed = 0 }) => changed > 100);
      if (table === "qfq") expect(rewritten.length).toBeGreaterThan(0);
      else expect(rewritten).toEqual([]);
      if (day === DAYS) {
        // The volume of half a year before.
        result = await updated(table, day, "all");
        expect(result.instruments.filter(({ changed }) => changed !== undefined)).toMatchObject([
          { instrument: market.codes[3], changed: 1, reason: "corrected" },
        ]);
      }
      expect(await contentOf(result.folder), `${table}, day ${day}`).toEqual(await contentOf(full));
      expect(await updated(table, day, "changed")).toMatchObject({ changed: false });
      const state = await readExportState(result.folder);
      const scope = { snapshotId: "market", dataType: "daily_pv", freq: "day" };
      expect(await postgresLedger(server.url).read(scope)).toEqual(state!.instruments);
    }
  }
});
