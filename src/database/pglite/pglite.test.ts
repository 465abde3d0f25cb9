import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../open-database.ts";
import { testProcesses } from "../testing/test-processes.ts";
import { PGliteBackend } from "./pglite-backend.ts";
import { cacheFolder } from "./template.ts";
import { postgresMajor } from "./version.ts";

const root = mkdtempSync(join(tmpdir(), "pglite-"));
afterAll(() => rmSync(root, { recursive: true }));
const place = (name: string): string => join(root, name);
const open = (directory: string): Promise<PGliteBackend> =>
  PGliteBackend.open(directory, { processes: testProcesses, cache: cacheFolder() });
const codeOf = (failed: unknown): unknown => (failed as { readonly code: unknown }).code;

test("every commit reaches the disk before it is confirmed", async () => {
  const backend = await open(place("synced"));
  try {
    await backend.query("create table public.kept (id int)");
    const before = await backend.syncs();
    for (let id = 0; id < 20; id++) await backend.query("insert into public.kept values ($1)", [id]);
    expect(await backend.syncs()).toBeGreaterThanOrEqual(before + 20);
    const between = await backend.syncs();
    await backend.query("select * from public.kept");
    expect(await backend.syncs()).toBe(between);
    const settings = await backend.query(
      "select current_setting('fsync') f, current_setting('wal_sync_method') m",
    );
    expect(settings.rows).toEqual([{ f: "on", m: "fsync" }]);
    expect(readFileSync(place("synced/pgdata/PG_VERSION"), "utf8").trim()).toBe(postgresMajor);
  } finally {
    await backend.close();
  }
});

test("a thread that dies fails what was asked of it, and the next is up with all that was committed", async () => {
  const backend = await open(place("dies"));
  try {
    await backend.query("create table public.kept (id int); insert into public.kept values (1)");
    const heard: string[] = [];
    let subscribed = 0;
    await backend.listen(
      "news",
      (payload) => heard.push(payload),
      () => (subscribed += 1),
    );
    const connection = await backend.connect();
    await connection.query("begin; insert into public.kept values (2)");
    // A disk that goes away: PostgreSQL stops at once when it cannot log.
    renameSync(place("dies/pgdata/pg_wal"), place("dies/wal"));
    const stopped: unknown = await connection
      .query("select pg_switch_wal(); insert into public.kept values (3); commit")
      .catch((error: unknown) => error);
    expect(stopped).toMatchObject({
      code: "DATABASE_DOWN",
      message: expect.stringContaining("pg_wal") as string,
    });
    await connection.release();
    renameSync(place("dies/wal"), place("dies/pgdata/pg_wal"));
    expect(codeOf(await backend.query("select 1").catch((error: unknown) => error))).toBe("DATABASE_DOWN");
    await Promise.all([backend.revive(), backend.revive()]);
    expect((await backend.query("select * from public.kept")).rows).toEqual([{ id: 1 }]);
    await backend.query("notify news, 'again'");
    await expect.poll(() => heard).toEqual(["again"]);
    expect(subscribed).toBe(2);
  } finally {
    await backend.close();
  }
});

test("the log of changes and the dead rows stay bounded, though nothing runs in the background", async () => {
  const backend = await open(place("busy"));
  try {
    await backend.query(
      "create table public.busy (id int primary key, v text); insert into public.busy select g, repeat('x', 500) from generate_series(1, 1000) g",
    );
    let written = 0;
    for (let round = 0; round < 1_200; round++) {
      const to = (round % 10) * 100;
      const text = "update public.busy set v = repeat($1, 500) where id > $2 and id <= $2 + 100";
      const values = [String(round % 10), to];
      const connection = round % 2 === 0 ? null : await backend.connect();
      if (connection !== null) await connection.query("begin");
      written += (await (connection ?? backend).query(text, values)).rowCount;
      if (connection !== null) await connection.query("commit");
      await connection?.release();
    }
    expect(written).toBe(120_000);
    const { rows } = await backend.query<{ table: number; log: number }>(
      `select pg_total_relation_size('public.busy') as table,
         pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as log from pg_control_checkpoint()`,
    );
    // All rows ever written are 70 MB, the live ones 0.6 MB.
    expect(rows[0]!.table).toBeLessThan(45e6);
    expect(rows[0]!.log).toBeLessThan(60e6);
  } finally {
    await backend.close();
  }
}, 120_000);

test("one process at a time: a second opening is refused by name, a dead holder's lock is taken over", async () => {
  const directory = place("locked");
  const database = await openDatabase({ directory, processes: testProcesses });
  const refused: unknown = await openDatabase({ directory, processes: testProcesses }).catch(
    (e: unknown) => e,
  );
  expect(refused).toMatchObject({ code: "DATABASE_LOCKED", place: { pid: process.pid } });
  expect((refused as { remedy: string }).remedy).toContain("DATABASE_URL");
  await database.close();
  writeFileSync(join(directory, "holder", "here~boot~999999999~0~x"), "");
  await (await openDatabase({ directory, processes: testProcesses })).close();
  expect(readdirSync(join(directory, "holder"))).toEqual([]);
});

test("damaged files, another version's files and a place that is no folder are coded and free the lock", async () => {
  const directory = place("damaged");
  await (await openDatabase({ directory, processes: testProcesses })).close();
  const failureOf = async (): Promise<unknown> =>
    await openDatabase({ directory, processes: testProcesses }).catch((error: unknown) => error);
  const control = join(directory, "pgdata", "global", "pg_control");
  const whole = readFileSync(control);
  truncateSync(control, 100);
  expect(await failureOf()).toMatchObject({ code: "DATABASE_DAMAGED" });
  writeFileSync(control, Buffer.from(whole).fill(7, 100, 200));
  expect(await failureOf()).toMatchObject({ code: "DATABASE_DAMAGED" });
  writeFileSync(control, whole);
  writeFileSync(join(directory, "pgdata", "PG_VERSION"), "17\n");
  expect(await failureOf()).toMatchObject({ code: "DATABASE_FORMAT" });
  writeFileSync(join(directory, "pgdata", "PG_VERSION"), `${postgresMajor}\n`);
  await (await openDatabase({ directory, processes: testProcesses })).close();
  expect(readdirSync(join(directory, "holder"))).toEqual([]);
  writeFileSync(place("file"), "");
  await expect(
    openDatabase({ directory: place("file/state"), processes: testProcesses }),
  ).rejects.toMatchObject({
    code: "DATABASE_NOT_PERMITTED",
  });
});
