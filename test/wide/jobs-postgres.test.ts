/** Jobs on a real PostgreSQL server: the suite, several processes with one killed, and a server that goes away. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../src/database/open-database.ts";
import type { StateDatabase } from "../../src/database/state-database.ts";
import { testProcesses } from "../../src/database/testing/test-processes.ts";
import { openJobs, type OpenedJobs } from "../../src/jobs/open-jobs.ts";
import { effectsKind, type EffectsPayload } from "../../src/jobs/testing/effects.ts";
import { describeCrashes } from "../../src/jobs/testing/crash-suite.ts";
import { describeJobs } from "../../src/jobs/testing/jobs-suite.ts";
import { checkEffects, seeded, startChild, type Child } from "../../src/jobs/testing/killed.ts";
import type { JobView } from "../../src/jobs/jobs.ts";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";

const ROUNDS = process.env["DEPTH"] === "full" ? 30 : 3;
let server: PostgresServer;
let home: string;
const open = (): Promise<StateDatabase> =>
  openDatabase({ directory: "", url: server.url, processes: testProcesses });

beforeAll(async () => {
  server = await startPostgres();
  home = mkdtempSync(join(tmpdir(), "jobs-postgres-"));
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true });
});

describeJobs("PostgreSQL", open);
describeCrashes("PostgreSQL", open);

test("processes that come to a new server together all open their jobs", async () => {
  for (let round = 0; round < 5; round++) {
    const fresh = await open();
    await fresh.query("drop schema alphaloom cascade; drop schema if exists alphaloom_queue cascade");
    await fresh.close();
    const databases = await Promise.all(Array.from({ length: 6 }, open));
    const opened = await Promise.all(databases.map((database) => openJobs(database, [effectsKind])));
    expect(await Promise.all(opened.map((jobs) => jobs.list()))).toEqual(opened.map(() => []));
    await Promise.all(opened.map((jobs) => jobs.close()));
    await Promise.all(databases.map((database) => database.close()));
  }
});

describe("worker processes on PostgreSQL", () => {
  let database: StateDatabase;
  let jobs: OpenedJobs;
  let folder: string;
  let round = 0;
  const children: Child[] = [];

  beforeEach(async () => {
    folder = join(home, `round-${round++}`);
    mkdirSync(folder);
    const fresh = await open();
    await fresh.query("drop schema alphaloom cascade; drop schema if exists alphaloom_queue cascade");
    await fresh.close();
    database = await open();
    jobs = await openJobs(database, [effectsKind], { report: () => {} });
    return async () => {
      for (const child of children.splice(0)) child.kill("SIGKILL");
      await jobs.close();
      await database.close();
    };
  });

  const start = async (count: number, leaseMs?: number): Promise<Child[]> => {
    const lease = leaseMs === undefined ? {} : { leaseMs };
    const workers = Array.from({ length: count }, () =>
      startChild({ action: "worker", place: server.url, folder, ...lease }),
    );
    children.push(...workers);
    await Promise.all(workers.map(({ ready }) => ready));
    return workers;
  };
  const stop = async (workers: readonly Child[]): Promise<void> => {
    for (const worker of workers) worker.kill("SIGTERM");
    await Promise.all(workers.map(({ ended }) => ended));
  };
  const submit = async (payload: Partial<EffectsPayload>): Promise<string> =>
    (await jobs.submit("effects", { folder, shards: 24, ms: 200, ...payload })).id;
  const reach = async (id: string, completed: number): Promise<JobView> => {
    for (;;) {
      const view = await jobs.show(id);
      if (view.progress.shards.completed >= completed) return view;
      await sleep(10);
    }
  };

  test(`of three processes one is killed, ${ROUNDS} times: the others do its shards, each once`, async () => {
    const random = seeded(7);
    let workers = await start(3);
    for (let kill = 0; kill < ROUNDS; kill++) {
      const id = await submit({});
      await reach(id, Math.floor(12 * random()));
      const [victim, ...others] = workers;
      victim!.kill("SIGKILL");
      expect((await jobs.wait(id)).state).toBe("completed");
      expect(await victim!.ended).toBe("SIGKILL");
      workers = [...others, ...(await start(1))];
    }
    expect(await checkEffects(database, folder)).toBe(ROUNDS);
    await stop(workers);
    expect(await jobs.workers()).toEqual([]);
  });

  test("the shards of a silent worker go to another when its lease is over", async () => {
    const [victim] = await start(1, 1000);
    const id = await submit({ shards: 6, ms: 400 });
    await reach(id, 1);
    victim!.kill("SIGSTOP");
    const others = await start(1, 1000);
    expect((await jobs.wait(id)).state).toBe("completed");
    // It wakes up with results in hand that nobody takes any more.
    victim!.kill("SIGCONT");
    expect(await checkEffects(database, folder)).toBe(1);
    await stop([victim!, ...others]);
    expect(await checkEffects(database, folder)).toBe(1);
  });

  test("a schedule of every minute queues its job when the minute comes, once for all workers", async () => {
    const workers = await start(2);
    await jobs.schedule({
      id: "minutely",
      kind: "effects",
      payload: { folder, shards: 1 },
      cron: "* * * * *",
      timeZone: "Asia/Shanghai",
    });
    const due = Date.parse((await jobs.schedules())[0]!.nextAt!);
    while ((await jobs.schedules())[0]!.lastJob === null) await sleep(200);
    await jobs.unschedule("minutely");
    const fired = await jobs.list();
    expect(fired).toHaveLength(1);
    expect(Date.parse(fired[0]!.createdAt)).toBeGreaterThanOrEqual(due);
    console.log(`fired ${Date.parse(fired[0]!.createdAt) - due} ms after the minute`);
    expect((await jobs.wait(fired[0]!.id)).state).toBe("completed");
    await stop(workers);
  });

  for (const how of ["fast", "immediate"] as const) {
    test(`a server that is restarted (${how}) in the middle of a job loses nothing`, async () => {
      const workers = await start(2);
      const id = await submit({ shards: 16 });
      const waited = jobs.wait(id);
      await reach(id, 3);
      await server.restart(how);
      expect((await waited).state).toBe("completed");
      expect(await checkEffects(database, folder)).toBe(1);
      await stop(workers);
    });
  }

  test("a server that stays away for a while is waited for, and no worker takes another for dead", async () => {
    const workers = await start(2, 2000);
    const id = await submit({ shards: 12 });
    const waited = jobs.wait(id);
    await reach(id, 2);
    await server.halt();
    await sleep(4000);
    await server.start();
    expect((await waited).state).toBe("completed");
    expect(await checkEffects(database, folder)).toBe(1);
    const { rows } = await database.query("select sum(deaths)::int as deaths from alphaloom.step");
    expect(rows).toEqual([{ deaths: 0 }]);
    await stop(workers);
  });
});
