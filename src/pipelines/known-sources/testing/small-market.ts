/** A folder with bars of a few shares as CSV or Parquet, its mapping, and a workspace to import them into. */
import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Database } from "#data/duckdb/database";
import { sqlText } from "#data/duckdb/sql";
import type { BarRequest } from "#data/source";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf, isoOf } from "#market/day";
import { openSource, type RefreshedData, refreshData } from "../../refresh-data.ts";
import { storeOf, type Workspace, workspaceAt } from "../../workspace.ts";
import {
  type RefreshedSources,
  refreshKnownSources,
  type RefreshSourcesOptions,
} from "../refresh-known-sources.ts";
import { originOf } from "../remember-import.ts";

export const market = { calendar: "XSHG", freq: "day" } as const;

/** Close by instrument and session; the other prices lie around it. */
export type Closes = Readonly<Record<string, readonly number[]>>;

/** Sessions from 2024-01-02 on. */
export function sessions(count: number): string[] {
  const days = calendarNamed("XSHG").sessionsBetween(dayOf("2024-01-02"), dayOf("2024-12-31"));
  return [...days.subarray(0, count)].map(isoOf);
}

const COLUMNS = "date,code,open,high,low,close,volume";

/** Rows by day, then instrument; `from` is the number of the first session. */
export function csvOf(closes: Closes, from = 0): string {
  const longest = Math.max(...Object.values(closes).map((each) => each.length));
  const lines = [COLUMNS];
  for (const [row, day] of sessions(from + longest)
    .slice(from)
    .entries()) {
    for (const [code, values] of Object.entries(closes)) {
      const close = values[row];
      if (close === undefined || Number.isNaN(close)) continue;
      lines.push([day, code, close, close + 1, close - 1, close, 1000 + row].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The same rows as Parquet, a row group for every `groupRows` (a multiple of 2,048) of them. */
export async function writeParquet(file: string, closes: Closes, groupRows = 2048): Promise<void> {
  const text = `${file}.csv`;
  writeFileSync(text, csvOf(closes));
  using database = await Database.open({ threads: 1 });
  await database.run(
    `COPY (SELECT * FROM read_csv(${sqlText(text)}, header = true)) TO ${sqlText(file)}
     (FORMAT parquet, ROW_GROUP_SIZE ${groupRows})`,
  );
}

export const mappingText = `kind: bars
freq: day
calendar: XSHG
instrument: { column: code }
date: { column: date, format: auto }
columns: { open: open, high: high, low: low, close: close, volume: volume }
adjustment: raw
`;

export interface SmallMarket {
  readonly root: string;
  readonly workspace: Workspace;
  /** Path of a file in the folder, made with this text if there is one. */
  readonly file: (name: string, text?: string) => string;
  /** Imports and remembers, as the command line does. */
  readonly import: (
    locator: string,
    options?: { readonly mapping?: string; readonly request?: BarRequest },
  ) => Promise<RefreshedData>;
  readonly refresh: (options?: Partial<RefreshSourcesOptions>) => Promise<RefreshedSources>;
  /** All closes of the store: `600000.SH 2024-01-02` → value. */
  readonly closes: () => Promise<Record<string, number>>;
}

/** Late enough for every timestamp of a test to be trusted. */
export const later = (): number => Date.now() + 60_000;

export function smallMarket(): SmallMarket {
  const root = mkdtempSync(path.join(os.tmpdir(), "known-"));
  const workspace = workspaceAt(path.join(root, "ws"));
  const file = (name: string, text?: string): string => {
    const place = path.join(root, name);
    if (text !== undefined) writeFileSync(place, text);
    return place;
  };
  return {
    root,
    workspace,
    file,
    import: async (locator, { mapping = file("map.yaml", mappingText), request = {} } = {}) => {
      const source = await openSource(locator, mapping);
      const remember = originOf(source, { locator, mapping, folder: root });
      return refreshData(workspace, source, { engine: "test", remember, request, now: later });
    },
    refresh: (options) => refreshKnownSources(workspace, market, { engine: "test", now: later, ...options }),
    closes: () => storedCloses(workspace),
  };
}

async function storedCloses(workspace: Workspace): Promise<Record<string, number>> {
  await using snapshot = await storeOf(workspace, market).snapshot();
  const { time, instruments } = snapshot;
  const panel = await snapshot.readPanel({ set: "bars", role: "market", fields: ["close"] });
  const { values } = panel.columns.get("close")!;
  const found: Record<string, number> = {};
  for (const [row, day] of time.days.entries()) {
    for (const [lane, { id }] of instruments.entries()) {
      const value = values[row * instruments.length + lane]!;
      if (!Number.isNaN(value)) found[`${id} ${isoOf(day)}`] = value;
    }
  }
  return found;
}
