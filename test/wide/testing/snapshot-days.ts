/** Twenty days of the real market as generations of one store, and snapshots of each of them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Database } from "../../../src/data/duckdb/database.ts";
import { sqlText } from "../../../src/data/duckdb/sql.ts";
import { importBars } from "../../../src/data/ingest/import-bars.ts";
import { openBarSource } from "../../../src/data/sources/open-source.ts";
import { openStore, type OpenedStore } from "../../../src/data/store/open-store.ts";
import { calendarNamed } from "../../../src/market/calendar/exchange-calendars.ts";
import { dayOf } from "../../../src/market/day.ts";
import type { ExportResult } from "../../../src/pipelines/snapshot/export-result.ts";
import { exportSnapshot } from "../../../src/pipelines/snapshot/export-snapshot.ts";
import type { SnapshotProfile } from "../../../src/pipelines/snapshot/snapshot-plan.ts";
import { StoreSnapshotSource } from "../../../src/pipelines/snapshot/store-snapshot-source.ts";
import { updateSnapshot } from "../../../src/pipelines/snapshot/update/update-snapshot.ts";
import { sharedData } from "../../golden/shared-data.ts";
import { sessions, writeMarket, type MarketPart } from "./real-market.ts";

/** High summer: most companies pay their dividends then. */
const LAST_DAY = "2021-07-16";
export const DAYS = 20;
export const ID = "market";
const calendar = calendarNamed("XSHG");

export interface MarketDays {
  readonly root: string;
  /** The generation with only the days before, then one for each day. */
  readonly generations: readonly number[];
  readonly lastDays: readonly string[];
  /** What happens in those days, counted in the source. */
  readonly exDates: number;
  readonly suspensions: number;
  readonly codes: readonly string[];
}

/** The store of a workspace, which keeps all of its generations. */
export function daysStore(root: string): OpenedStore {
  const sessionsBetween = (start: number, end: number): Int32Array => calendar.sessionsBetween(start, end);
  return openStore(join(root, "store"), { calendar: "XSHG", freq: "day" }, { sessionsBetween, keep: 40 });
}

/**
 * Imports the market day by day. On the way one stock is listed, another comes with all of its history, a close of three
 * days before is corrected, and later a volume of half a year before.
 */
export async function importDays(root: string, stocks: number): Promise<MarketDays> {
  const all = (await sessions()).filter((day) => day <= LAST_DAY);
  const first = all.length - DAYS;
  const { codes, exDates, suspensions } = await stocksWithEvents(all[first]!, LAST_DAY, stocks);
  const [listed, late, corrected, old, ...others] = codes as [string, string, string, string, ...string[]];
  mkdirSync(root, { recursive: true });
  const store = daysStore(root);
  const generations: number[] = [];
  const lastDays: string[] = [];
  for (let step = 0; step <= DAYS; step++) {
    const to = all[first - 1 + step]!;
    const parts: MarketPart[] = [{ codes: [...others, corrected, old], to }];
    if (step >= 7) parts.push({ codes: [listed], from: all[first + 6]!, to });
    if (step >= 10) parts.push({ codes: [late], to });
    const revised = (day: string): { from: string; to: string } => ({ from: day, to: day });
    if (step >= 12)
      parts.push({ codes: [corrected], ...revised(all[first + 8]!), changed: { high: "high * 1.003" } });
    if (step >= 15)
      parts.push({ codes: [old], ...revised(all[first - 120]!), changed: { volume: "volume + 100" } });
    const file = join(root, "market.parquet");
    await writeMarket(file, parts);
    await using writer = await store.writer();
    const source = await openBarSource(`parquet:${file}`, {});
    generations.push((await importBars(source, writer, { calendar, engine: "test" })).generation);
    lastDays.push(to);
  }
  return { root, generations, lastDays, exDates, suspensions, codes };
}

/** Stocks that were suspended or paid a dividend within a range, half of them each if there are so many. */
async function stocksWithEvents(
  from: string,
  to: string,
  count: number,
): Promise<{ readonly codes: string[]; readonly exDates: number; readonly suspensions: number }> {
  using database = await Database.open();
  const source = `read_parquet(${sqlText(sharedData("reference", "csi300-daily-2020-2025.parquet"))})`;
  const rows = await database.rows(
    `WITH rows AS (
       SELECT *, lag(close) OVER (PARTITION BY ts_code ORDER BY trade_date) AS before FROM ${source}
     ), events AS (
       SELECT ts_code, count(*) FILTER (abs(preclose - before) > 0.005) AS ex, count(*) FILTER (volume = 0) AS suspended
       FROM rows WHERE trade_date BETWEEN DATE ${sqlText(from)} AND DATE ${sqlText(to)} GROUP BY 1
     )
     SELECT ts_code, ex, suspended FROM events
     ORDER BY row_number() OVER (PARTITION BY suspended > 0 ORDER BY ex DESC, ts_code), ts_code LIMIT ${count}`,
  );
  const sum = (name: string): number => rows.reduce((total, row) => total + Number(row[name]), 0);
  return {
    codes: rows.map((row) => String(row["ts_code"])),
    exDates: sum("ex"),
    suspensions: sum("suspended"),
  };
}

export interface DayOfMarket {
  /** Workspace of the store. */
  readonly root: string;
  readonly generation: number;
  /** Folder of the snapshots. */
  readonly snapshots: string;
}

/** A full export of a generation, with prices of a stated base day. */
export async function exportDay(
  { root, generation, snapshots }: DayOfMarket,
  options: { readonly profile: SnapshotProfile; readonly baseDay: string },
): Promise<ExportResult> {
  const { profile, baseDay } = options;
  await using source = await StoreSnapshotSource.open(daysStore(root), { generation });
  return await exportSnapshot({
    root: snapshots,
    id: ID,
    source,
    request: { profile, ...(profile === "rdagent" ? {} : { baseDay: dayOf(baseDay) }) },
    engine: "test",
    now: () => generation,
  });
}

/** Brings the snapshot to a generation. */
export async function updateDay({ root, generation, snapshots }: DayOfMarket): Promise<ExportResult> {
  await using source = await StoreSnapshotSource.open(daysStore(root), { generation });
  return await updateSnapshot({ root: snapshots, id: ID, source, engine: "test", now: () => generation });
}
