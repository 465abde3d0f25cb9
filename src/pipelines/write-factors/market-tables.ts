/**
 * Tables as users have them, filled from a source of bars: unadjusted with an adjustment factor beside, front-adjusted in
 * li and hands, and a table of factors and a label. For demonstrations and tests: the whole market is kept in memory.
 */
import type { Frame } from "#data/export/frame";
import type { WrittenRows } from "#data/sources/postgres/copy-in";
import { textOfTable } from "#data/sources/postgres/identifier";
import { PostgresSession } from "#data/sources/postgres/session";
import { type FilledRows, marketTable, replaceTables } from "#data/sources/postgres/market-table";
import type { SnapshotSource } from "../snapshot/snapshot-source.ts";

export interface FilledTable {
  readonly table: string;
  readonly rows: number;
}

const MS_PER_DAY = 86_400_000;
const MOMENTUM_DAYS = 20;
const RAW = ["open", "high", "low", "close", "volume", "amount"] as const;

/**
 * Fills the tables of a schema, all in one transaction. What was in them before is replaced when this made them; other
 * tables of these names are left alone: SOURCE_TABLE_TAKEN. Throws SOURCE_….
 */
export async function fillMarketTables(
  source: SnapshotSource,
  options: { readonly url: string; readonly schema: string; readonly signal?: AbortSignal },
): Promise<readonly FilledTable[]> {
  const { url, schema, signal } = options;
  const last = (await source.sessions({})).at(-1)!;
  const names = RAW.filter((name) => source.columns.some((column) => column.name === name));
  const raw = await source.frame({}, { columns: [...names, "factor"], adjustment: { kind: "raw" } });
  const adjusted = await source.frame({}, { columns: names, adjustment: { kind: "qfq", baseDay: last } });
  const rows = await collected(raw, signal);
  const front = await collected(adjusted, signal);
  const at = (name: string, from = rows): Float64Array =>
    from.columns.get(name) ?? new Float64Array(rows.times.length).fill(Number.NaN);
  // Days without a row in the source have no row in the tables either.
  const kept = [...rows.times.keys()].filter((row) => !Number.isNaN(at("volume")[row]!));
  const keys = [
    { codes: Int32Array.from(kept, (row) => rows.keys[row]!), texts: raw.keys },
    Float64Array.from(kept, (row) => rows.times[row]! / MS_PER_DAY),
  ] as const;
  const pick = (values: Float64Array): Float64Array => Float64Array.from(kept, (row) => values[row]!);
  const whole = (values: Float64Array, times: number): Float64Array =>
    Float64Array.from(kept, (row) => Math.round(values[row]! * times));
  const { momentum, label } = returnsOf(rows, front.columns.get("close")!);
  const tables: readonly [string, readonly Float64Array[]][] = [
    ["kline_daily_raw", RAW.map((name) => pick(at(name)))],
    ["adj_factor", [pick(at("factor"))]],
    [
      "kline_daily_qfq",
      [
        ...(["open", "high", "low", "close"] as const).map((name) => whole(at(name, front), 1000)),
        // Vendors adjust prices only: hands and money are those that were traded.
        whole(at("volume"), 0.01),
        whole(at("amount"), 1000),
      ],
    ],
    ["factor_daily", [pick(momentum), pick(label)]],
  ];
  signal?.throwIfAborted();
  const filled = tables.map(([name, values]): FilledRows => {
    const batch: WrittenRows = { rows: kept.length, values: [...keys, ...values] };
    return { table: { schema, table: name }, ...marketTable(name), batches: [batch] };
  });
  await using session = await PostgresSession.open(url, { mode: "write" });
  await replaceTables(session, filled);
  return filled.map(({ table }) => ({ table: textOfTable(table), rows: kept.length }));
}

interface Collected {
  readonly times: Float64Array;
  readonly keys: Int32Array;
  readonly columns: ReadonlyMap<string, Float64Array>;
}

async function collected(frame: Frame, signal?: AbortSignal): Promise<Collected> {
  const batches = await Array.fromAsync(frame.batches(signal));
  const length = batches.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(length);
  const keys = new Int32Array(length);
  const columns = new Map(frame.columns.map(({ name }) => [name, new Float64Array(length)]));
  let at = 0;
  for (const batch of batches) {
    times.set(batch.times, at);
    keys.set(batch.keys, at);
    for (const [index, values] of [...columns.values()].entries())
      values.set(batch.values[index] as Float64Array, at);
    at += batch.times.length;
  }
  return { times, keys, columns };
}

/** Return over the last 20 sessions, and over the next one, of each instrument's adjusted closes. */
function returnsOf(
  { keys }: Collected,
  close: Float64Array,
): { readonly momentum: Float64Array; readonly label: Float64Array } {
  const momentum = new Float64Array(close.length).fill(Number.NaN);
  const label = new Float64Array(close.length).fill(Number.NaN);
  for (const own of Map.groupBy(keys.keys(), (row) => keys[row]!).values()) {
    for (const [at, row] of own.entries()) {
      const before = own[at - MOMENTUM_DAYS];
      const after = own[at + 1];
      if (before !== undefined) momentum[row] = close[row]! / close[before]! - 1;
      if (after !== undefined) label[row] = close[after]! / close[row]! - 1;
    }
  }
  return { momentum, label };
}
