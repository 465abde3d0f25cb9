/** Tables of a real PostgreSQL server as a source: the CSI 300 from 2020 on, as Parquet has it and as users' tables do. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "#data/export/frame";
import { DataError } from "#data/errors";
import { parseTableMapping } from "#data/mapping/table-mapping";
import { copyOut } from "#data/sources/postgres/copy-out";
import { openPostgresBars } from "#data/sources/postgres/postgres-bars";
import { PostgresSession } from "#data/sources/postgres/session";
import { dayOf } from "#market/day";
import { refreshData, openSource } from "#pipelines/refresh-data";
import { openPostgresSnapshotSource } from "#pipelines/snapshot/postgres-snapshot-source";
import { postgresLedger } from "#pipelines/snapshot/postgres-ledger";
import type { SnapshotAdjustment, SnapshotSource } from "#pipelines/snapshot/snapshot-source";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { storeOf, workspaceAt, type Workspace } from "#pipelines/workspace";
import { fillMarketTables } from "#pipelines/write-factors/market-tables";
import { writeFactors } from "#pipelines/write-factors/write-factors";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const parquet = join(
  root,
  process.env["SHARED_DATA_DIR"] ?? "../shared/data",
  "reference/csi300-daily-2020-2025.parquet",
);
const key = { calendar: "XSHG", freq: "day" } as const;
const RAW = "postgres:market.kline_daily_raw";
const QFQ = "postgres:market.kline_daily_qfq";
const FIELDS = ["open", "high", "low", "close", "volume", "amount", "factor"];

let folder: string;
let server: PostgresServer;
let fromParquet: Workspace;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "source-"));
  server = await startPostgres();
  fromParquet = workspaceAt(join(folder, "parquet"));
  await refreshData(fromParquet, await openSource(`parquet:${parquet}`), { engine: "test" });
  await using source = await storeSource(fromParquet);
  await fillMarketTables(source, { url: server.url, schema: "market" });
}, 300_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const storeSource = (workspace: Workspace): Promise<StoreSnapshotSource> =>
  StoreSnapshotSource.open(storeOf(workspace, key));

async function imported(locator: string, mapping?: string): Promise<Workspace> {
  const workspace = workspaceAt(mkdtempSync(join(folder, "ws-")));
  const source = await openPostgresBars(locator, {
    url: server.url,
    ...(mapping === undefined ? {} : { mapping: parseTableMapping(mapping) }),
  });
  const { result } = await refreshData(workspace, source, { engine: "test" });
  expect(result.failures).toEqual([]);
  return workspace;
}

interface Rows {
  readonly keys: readonly string[];
  readonly times: Float64Array;
  readonly places: Int32Array;
  readonly columns: Map<string, Float64Array>;
}

async function collect(frame: Frame): Promise<Rows> {
  const batches = await Array.fromAsync(frame.batches());
  const flat = (parts: readonly ArrayLike<number>[]): Float64Array =>
    Float64Array.from(parts.flatMap((part) => [...(part as Float64Array)]));
  return {
    keys: frame.keys,
    times: flat(batches.map(({ times }) => times)),
    places: Int32Array.from(flat(batches.map(({ keys }) => keys))),
    columns: new Map(
      frame.columns.map(({ name }, at) => [
        name,
        flat(batches.map(({ values }) => values[at] as Float64Array)),
      ]),
    ),
  };
}

async function rowsOf(
  source: SnapshotSource,
  adjustment: SnapshotAdjustment,
  columns: readonly string[] = FIELDS,
  scope: Parameters<SnapshotSource["frame"]>[0] = {},
): Promise<Rows> {
  return collect(await source.frame(scope, { columns, adjustment }));
}

/** Every value, to the bit; NaN equals NaN. Names the first difference. */
function expectSame(found: Rows, wanted: Rows): void {
  expect(found.keys).toEqual(wanted.keys);
  expect(found.times.length).toBe(wanted.times.length);
  const differs = (left: ArrayLike<number>, right: ArrayLike<number>): number => {
    for (let row = 0; row < right.length; row++) if (!Object.is(left[row]! + 0, right[row]! + 0)) return row;
    return -1;
  };
  expect(differs(found.times, wanted.times)).toBe(-1);
  expect(differs(found.places, wanted.places)).toBe(-1);
  for (const [name, values] of wanted.columns) {
    const row = differs(found.columns.get(name)!, values);
    const where =
      row < 0
        ? ""
        : `${wanted.keys[wanted.places[row]!]!} ${new Date(wanted.times[row]!).toISOString()}: ${found.columns.get(name)![row]!}, not ${values[row]!}`;
    expect(`${name} ${where}`).toBe(`${name} `);
  }
}

describe("unadjusted bars with a table of adjustment factors", () => {
  test("import as the Parquet file does, cell by cell", async () => {
    const workspace = await imported(RAW);
    await using found = await storeSource(workspace);
    await using wanted = await storeSource(fromParquet);
    expectSame(await rowsOf(found, { kind: "raw" }), await rowsOf(wanted, { kind: "raw" }));
  }, 300_000);

  test.each([
    { kind: "raw" },
    { kind: "qlib" },
    { kind: "qfq", baseDay: dayOf("2025-04-07") },
    { kind: "qfq", baseDay: dayOf("2022-06-30") },
  ] as const)(
    "deliver the frame that the store delivers, %o",
    async (adjustment) => {
      await using found = await openPostgresSnapshotSource(RAW, { url: server.url });
      await using wanted = await storeSource(fromParquet);
      const columns = [...FIELDS, "vwap"];
      expectSame(await rowsOf(found, adjustment, columns), await rowsOf(wanted, adjustment, columns));
    },
    300_000,
  );

  test("deliver some instruments and days with the scale of the whole history", async () => {
    await using found = await openPostgresSnapshotSource(RAW, { url: server.url });
    await using wanted = await storeSource(fromParquet);
    const scope = {
      start: dayOf("2021-03-03"),
      end: dayOf("2021-09-30"),
      instruments: new Set(["000792.SZ", "600519.SH", "688981.SH"]),
    };
    const adjustment = { kind: "qlib" } as const;
    expectSame(
      await rowsOf(found, adjustment, FIELDS, scope),
      await rowsOf(wanted, adjustment, FIELDS, scope),
    );
    const [own, other] = [await found.coverage(scope), await wanted.coverage(scope)];
    const spans = (all: typeof own): unknown =>
      all.map(({ instrument, first, last, rows }) => [instrument, first, last, rows]);
    expect(spans(own)).toEqual(spans(other));
    expect(await found.sessions(scope)).toEqual(await wanted.sessions(scope));
  }, 120_000);
});

describe("front-adjusted bars in li and hands", () => {
  test("are recognised by names and numbers, marked, and import in yuan and shares", async () => {
    const source = await openPostgresBars(QFQ, { url: server.url });
    const { adjustment, fields, freq, calendar } = await source.describe();
    expect({ adjustment, freq, calendar }).toEqual({
      adjustment: { kind: "qfq", baseDay: dayOf("2025-04-07") },
      freq: "day",
      calendar: "XSHG",
    });
    expect(fields.map(({ name, from }) => `${name}: ${from}`)).toEqual([
      "open: market.kline_daily_qfq.open_li in li × 10^-3",
      "high: market.kline_daily_qfq.high_li in li × 10^-3",
      "low: market.kline_daily_qfq.low_li in li × 10^-3",
      "close: market.kline_daily_qfq.close_li in li × 10^-3",
      "volume: market.kline_daily_qfq.volume_hand in hand × 10^2",
      "amount: market.kline_daily_qfq.amount_li in li × 10^-3",
    ]);
    const workspace = await imported(QFQ);
    await using found = await storeSource(workspace);
    await using store = await storeSource(fromParquet);
    const columns = ["open", "high", "low", "close", "volume", "amount"];
    const front = await rowsOf(store, { kind: "qfq", baseDay: dayOf("2025-04-07") }, columns);
    const raw = await rowsOf(store, { kind: "raw" }, columns);
    const rounded = (values: Float64Array, times: number): Float64Array =>
      values.map((value) => Math.round(value * times) / times);
    const wanted = new Map(
      columns.map((name) => {
        if (name === "volume") return [name, rounded(raw.columns.get(name)!, 0.01)];
        return [name, rounded((name === "amount" ? raw : front).columns.get(name)!, 1000)];
      }),
    );
    expectSame(await rowsOf(found, { kind: "raw" }, columns), { ...front, columns: wanted });
    await using table = await openPostgresSnapshotSource(QFQ, { url: server.url });
    expect(table.adjustment).toBe("qfq");
    const base = { kind: "qfq", baseDay: dayOf("2025-04-07") } as const;
    expectSame(
      await rowsOf(table, base, [...columns, "factor"]),
      await rowsOf(found, base, [...columns, "factor"]),
    );
  }, 300_000);
});
