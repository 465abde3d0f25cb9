/**
 * What adjusts the prices of a server's tables: refused where nothing does, part of what a snapshot was made from, and
 * looked at again where rows come late. With the table of exports in the server, kept by every command.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { PostgresSession } from "#data/sources/postgres/session";
import { dayOf } from "#market/day";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import type { ExportResult } from "#pipelines/snapshot/export-result";
import { exportSnapshot } from "#pipelines/snapshot/export-snapshot";
import { postgresLedger } from "#pipelines/snapshot/postgres-ledger";
import { openPostgresSnapshotSource } from "#pipelines/snapshot/postgres-snapshot-source";
import { showSnapshot } from "#pipelines/snapshot/snapshot-catalogue";
import type { SnapshotRequest } from "#pipelines/snapshot/plan-snapshot";
import { readExportState } from "#pipelines/snapshot/update/export-state";
import { updateSnapshot } from "#pipelines/snapshot/update/update-snapshot";
import { makeBarTable } from "./testing/bar-table.ts";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";
import { answerOf, done } from "./testing/program.ts";

const SOURCE = "postgres:market.bars";
const days = [...calendarNamed("XSHG").sessionsBetween(dayOf("2023-01-01"), dayOf("2023-12-31"))];
const codes = ["000001.SZ", "000002.SZ", "600000.SH", "600519.SH"];

let server: PostgresServer;
let folder: string;
let root: string;
let admin: PostgresSession;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "adjustment-"));
  server = await startPostgres();
  admin = await PostgresSession.open(server.url, { mode: "write" });
}, 120_000);
afterAll(async () => {
  await admin[Symbol.asyncDispose]();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A year of prices as traded, and factors that double at its middle. */
beforeEach(async () => {
  root = mkdtempSync(join(folder, "root-"));
  await makeBarTable(admin, codes, days);
  await admin.query(
    `CREATE TABLE market.adj_factor AS SELECT ts_code, trade_date,
       CASE WHEN trade_date < '2023-07-03' THEN 1.5 ELSE 3 END::float8 AS adj_factor FROM market.bars`,
  );
});

async function exported(request: SnapshotRequest = {}, id = "kept"): Promise<ExportResult> {
  await using source = await openPostgresSnapshotSource(SOURCE, { url: server.url });
  return await exportSnapshot({ root, id, source, request, engine: "test", now: () => 0 });
}

async function updated(locator?: string): Promise<ExportResult> {
  const { meta } = await showSnapshot(root, "kept");
  await using source = await openPostgresSnapshotSource(locator ?? meta.source, { url: server.url });
  return await updateSnapshot({ root, id: "kept", source, engine: "test", now: () => 0 });
}

const coded = (code: string, message?: RegExp): unknown =>
  expect.objectContaining({
    code,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) as unknown }),
  });

test("prices as traded that nothing adjusts are exported as such only", async () => {
  await admin.query("DROP TABLE market.adj_factor");
  for (const request of [{}, { adjustment: "qlib" }, { profile: "rdagent" }] as const)
    await expect(exported(request)).rejects.toThrow(coded("SNAPSHOT_ADJUSTMENT", /no adjustment factor/));
  expect(await exported({ adjustment: "raw" })).toMatchObject({ status: "completed" });
});

test("factors that are all unknown are none", async () => {
  await admin.query("UPDATE market.adj_factor SET adj_factor = NULL");
  await expect(exported()).rejects.toThrow(coded("SNAPSHOT_ADJUSTMENT"));
});

test("instruments whose last bar has no factor are noted", async () => {
  expect((await exported({}, "all")).notes.join()).not.toContain("last bar");
  await admin.query(
    "DELETE FROM market.adj_factor WHERE ts_code = '600000.SH' AND trade_date > '2023-12-20'",
  );
  expect((await exported()).notes).toContainEqual(
    expect.stringMatching(/market\.adj_factor has no .* last bar of 1 instruments \(600000\.SH\)/),
  );
  expect((await exported({ adjustment: "raw" }, "raw")).notes.join()).not.toContain("last bar");
});

test("two factors of one instrument and day are refused, whichever comes first", async () => {
  await admin.query("INSERT INTO market.adj_factor VALUES ('600519.SH', '2023-05-10', 2)");
  await expect(exported()).rejects.toThrow(coded("SOURCE_ROW_TWICE", /600519\.SH on 2023-05-10/));
  await admin.query("UPDATE market.adj_factor SET adj_factor = 1.5 WHERE trade_date = '2023-05-10'");
  await expect(exported()).rejects.toThrow(coded("SOURCE_ROW_TWICE", /600519\.SH on 2023-05-10/));
});

test("a table of factors found beside the bars belongs to what a snapshot was made from", async () => {
  const { folder: place } = await exported();
  const { meta } = await showSnapshot(root, "kept");
  expect(meta.source).toBe("postgres:market.bars?adjustment=market.adj_factor");
  expect(await updated(SOURCE)).toMatchObject({ changed: false });
  await admin.query("ALTER TABLE market.adj_factor RENAME TO elsewhere");
  await expect(updated()).rejects.toThrow(coded("SOURCE_TABLE_MISSING"));
  await expect(updated(SOURCE)).rejects.toThrow(coded("SNAPSHOT_SOURCE_OTHER"));
  await admin.query("ALTER TABLE market.elsewhere RENAME TO adj_factor");
  expect(await updated()).toMatchObject({ changed: false });
  await admin.query("ALTER TABLE market.bars RENAME volume TO vol");
  await expect(updated()).rejects.toThrow(coded("SNAPSHOT_SOURCE_OTHER", /^volume .* market\.bars\.vol /));
  expect((await readExportState(place))?.source).toBe(meta.source);
});

test("rows that come late, or go, inside a long history are found", async () => {
  await admin.query("CREATE TABLE market.later AS SELECT * FROM market.bars WHERE trade_date = '2023-03-15'");
  await admin.query("DELETE FROM market.bars WHERE ts_code = '000002.SZ' AND trade_date = '2023-03-15'");
  await exported();
  expect(await updated()).toMatchObject({ changed: false });
  await admin.query("INSERT INTO market.bars SELECT * FROM market.later WHERE ts_code = '000002.SZ'");
  const changed = async (): Promise<unknown> =>
    (await updated()).instruments.filter((each) => each.changed !== undefined);
  expect(await changed()).toMatchObject([{ instrument: "000002.SZ", changed: 1 }]);
  await admin.query("DELETE FROM market.bars WHERE ts_code = '600519.SH' AND trade_date = '2023-02-14'");
  expect(await changed()).toMatchObject([{ instrument: "600519.SH", changed: 1 }]);
  expect(await updated()).toMatchObject({ changed: false });
});

test("the table of exports is kept when a snapshot is exported and when it is removed", async () => {
  const run = async (argv: readonly string[], url = server.url): Promise<unknown> =>
    answerOf(
      await done(folder, ["snapshot", ...argv, "--root", root, "--json"], {
        environment: { ALPHALOOM_SOURCE_URL: url },
      }),
    );
  const noted = async (snapshotId: string): Promise<unknown> =>
    await postgresLedger(server.url).read({ snapshotId, dataType: "daily_pv", freq: "day" });
  for (const id of ["one", "two"]) {
    const answer = await run(["export", "--id", id, "--source", SOURCE]);
    const state = await readExportState((answer as ExportResult).folder);
    expect(await noted(id)).toEqual(state!.instruments);
  }
  await run(["delete", "--id", "one", "--yes"]);
  expect(await noted("one")).toEqual([]);
  await run(["delete", "--id", "two", "--yes"], "");
  expect(await noted("two")).toHaveLength(codes.length);
}, 60_000);
