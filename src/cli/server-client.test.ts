/** One suite over both ways to a workspace's jobs: in this process, and through a server. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpJobs } from "#api/client/http-jobs";
import { startServer, type RunningServer } from "#api/server";
import { hostProcesses } from "#data/store/holder";
import { openDatabase } from "#database/open-database";
import type { StateDatabase } from "#database/state-database";
import type { AnyJobKind } from "#jobs/job-kind";
import type { Jobs } from "#jobs/jobs";
import { openJobs, type OpenedJobs } from "#jobs/open-jobs";
import { startWorker, type Worker } from "#jobs/worker";
import { liveServer, serverState } from "./server-client.ts";
import { readServerFile, writeServerFile } from "./server-file.ts";

const folder = mkdtempSync(join(tmpdir(), "server-client-"));
const token = "token-of-the-test";

/** Adds numbers, a shard each; `stuck` goes on until it is cancelled, a negative number fails. */
const sums: AnyJobKind = {
  name: "sums",
  title: { zh: "求和", en: "Sums" },
  tries: 1,
  exclusive: (payload) => (payload as { key?: string }).key ?? null,
  check: (payload) => {
    if (Array.isArray((payload as { numbers?: unknown }).numbers)) return payload;
    throw Object.assign(new Error("no numbers"), { code: "SUMS_EMPTY", remedy: "give numbers" });
  },
  plan: (payload) => {
    const { numbers } = payload as { numbers: number[] };
    return Promise.resolve({
      shards: numbers.map((input) => ({ work: 1, input })),
      totals: { numbers: numbers.length },
    });
  },
  run: async (input, context) => {
    const number = input as number;
    if (number < 0) throw new Error(`${number} is negative`);
    if (number === 0)
      await new Promise((_, fail) =>
        context.signal.addEventListener("abort", () => fail(context.signal.reason as Error)),
      );
    context.log({ level: "info", subject: `n${number}`, message: "added" });
    context.took("adding", number);
    return { result: number, done: { numbers: 1 }, failures: 0 };
  },
  finish: (shards) => {
    const results = shards.flatMap(({ result }) => (result === null ? [] : [result as number]));
    return Promise.resolve({
      summary: { sum: results.reduce((total, each) => total + each, 0) },
      partial: results.length < shards.length,
    });
  },
};

let database: StateDatabase;
let opened: OpenedJobs;
let worker: Worker;
let server: RunningServer;
const ports: Record<"direct" | "http", () => Jobs> = {
  direct: () => opened,
  http: () => httpJobs({ address: server.address, token }),
};

beforeAll(async () => {
  database = await openDatabase({ directory: join(folder, "state"), processes: hostProcesses });
  opened = await openJobs(database, [sums]);
  worker = await startWorker(database, [sums], { slots: 2 });
  server = await startServer(
    {
      version: "0",
      jobs: opened,
      startPrecompute: (order, name) => opened.submit("sums", order, name === undefined ? {} : { name }),
      ready: async () => void (await database.query("select 1")),
    },
    { port: 0, token, report: (error) => process.emitWarning(String(error)) },
  );
});
afterAll(async () => {
  await server.close();
  await worker.stop();
  await opened.close();
  await database.close();
  rmSync(folder, { recursive: true });
});

describe.each(["direct", "http"] as const)("the workspace's jobs, %s", (way) => {
  let jobs: Jobs;
  beforeAll(() => {
    jobs = ports[way]();
  });

  test("a job is queued, run, shown, listed and its log and times read", async () => {
    const queued = await jobs.submit("sums", { numbers: [1, 2, 3] }, { name: "small", id: `${way}-1` });
    expect(queued).toMatchObject({
      id: `${way}-1`,
      name: "small",
      kind: "sums",
      title: { en: "Sums", zh: "求和" },
    });
    const seen: number[] = [];
    const ended = await jobs.wait(queued.id, {
      onProgress: ({ progress }) => seen.push(progress.shards.completed),
    });
    expect(ended).toMatchObject({
      state: "completed",
      stateTitle: { zh: "已完成" },
      summary: { sum: 6 },
      error: null,
    });
    expect(ended.progress).toMatchObject({
      totals: { numbers: { done: 3, of: 3 } },
      shards: { of: 3, completed: 3 },
    });
    expect(seen.at(-1)).toBe(3);
    expect(await jobs.show(queued.id)).toEqual(ended);
    expect(await jobs.list({ limit: 1 })).toEqual([ended]);
    expect(await jobs.list({ kind: "others" })).toEqual([]);
    const lines = await jobs.logs(queued.id, { level: "info" });
    expect(new Set(lines.map(({ subject }) => subject))).toEqual(new Set(["n1", "n2", "n3"]));
    expect(await jobs.logs(queued.id, { subject: "n2" })).toMatchObject([{ message: "added" }]);
    expect(await jobs.timings(queued.id)).toEqual([{ subject: "adding", milliseconds: 6, count: 3 }]);
    expect(await jobs.workers()).toMatchObject([{ pid: process.pid, slots: 2 }]);
  });

  test("a running job is cancelled and resumed; another of its key is refused with its id", async () => {
    const { id } = await jobs.submit("sums", { numbers: [5, 0], key: way });
    await expect(jobs.submit("sums", { numbers: [1], key: way })).rejects.toMatchObject({
      code: "JOB_RUNNING",
      job: id,
      remedy: expect.any(String) as string,
    });
    await expect(jobs.resume(id)).rejects.toMatchObject({ code: "JOB_STATE" });
    await jobs.cancel(id);
    expect(await jobs.wait(id)).toMatchObject({ state: "cancelled", stateTitle: { zh: "已取消" } });
    expect((await jobs.resume(id)).state).toBe("queued");
    await jobs.cancel(id);
    expect((await jobs.wait(id)).state).toBe("cancelled");
  });

  test("a job of which a part failed is partly completed and retried", async () => {
    const { id } = await jobs.submit("sums", { numbers: [4, -1] }, { retryLimit: 1 });
    const ended = await jobs.wait(id);
    expect(ended).toMatchObject({ state: "completed_with_errors", summary: { sum: 4 } });
    expect(ended.failedShards).toMatchObject([{ ordinal: 1, error: { message: "-1 is negative" } }]);
    await jobs.retry(id);
    expect(await jobs.wait(id)).toMatchObject({ state: "completed_with_errors", retries: 1 });
    await expect(jobs.retry(id)).rejects.toMatchObject({ code: "JOB_RETRY_LIMIT" });
  });

  test("what cannot be done is refused with the same codes", async () => {
    const refusals: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["JOB_UNKNOWN", () => jobs.show("nobody")],
      ["JOB_UNKNOWN", () => jobs.cancel("../../etc/passwd")],
      ["JOB_UNKNOWN", () => jobs.logs("nobody")],
      ["JOB_KIND_UNKNOWN", () => jobs.submit("knitting", {})],
      ["JOB_ID_INVALID", () => jobs.submit("sums", { numbers: [1] }, { id: "../x" })],
      ["JOB_ID_TAKEN", () => jobs.submit("sums", { numbers: [1] }, { id: `${way}-1` })],
      ["SUMS_EMPTY", () => jobs.submit("sums", {})],
      ["SCHEDULE_UNKNOWN", () => jobs.unschedule("nobody")],
      [
        "SCHEDULE_INVALID",
        () =>
          jobs.schedule({
            id: "s",
            kind: "sums",
            payload: { numbers: [] },
            cron: "whenever",
            timeZone: "UTC",
          }),
      ],
    ];
    for (const [code, refused] of refusals) {
      await expect(refused(), code).rejects.toMatchObject({ code, remedy: expect.any(String) as string });
    }
  });

  test("a schedule is made, listed, replaced and removed", async () => {
    const order = {
      id: `${way}-nightly`,
      kind: "sums",
      payload: { numbers: [1] },
      timeZone: "Asia/Shanghai",
    };
    const made = await jobs.schedule({ ...order, cron: "0 18 * * 1-5" });
    expect(made).toMatchObject({ ...order, cron: "0 18 * * 1-5", isEnabled: true, lastJob: null });
    expect(new Date(made.nextAt!).getUTCHours()).toBe(10);
    await jobs.schedule({ ...order, cron: "30 17 * * *", isEnabled: false });
    expect(await jobs.schedules()).toMatchObject([{ id: order.id, cron: "30 17 * * *", isEnabled: false }]);
    await jobs.unschedule(order.id);
    expect(await jobs.schedules()).toEqual([]);
  });

  test("waiting ends with the signal's reason", async () => {
    const { id } = await jobs.submit("sums", { numbers: [0] });
    const enough = AbortSignal.timeout(50);
    await expect(jobs.wait(id, { signal: enough })).rejects.toMatchObject({ name: "TimeoutError" });
    await jobs.cancel(id);
    await jobs.wait(id);
  });
});

test("a workspace's server is found by its file, as long as its process lives", async () => {
  const workspace = join(folder, "found");
  const written = {
    address: server.address,
    token,
    version: "0",
    startedAt: new Date(0).toISOString(),
    holder: hostProcesses.self(),
  };
  expect(await liveServer(workspace)).toBeNull();
  const remove = await writeServerFile(workspace, written);
  expect(statSync(join(workspace, "run", "serve.json")).mode & 0o777).toBe(0o600);
  expect(statSync(join(workspace, "run")).mode & 0o777).toBe(0o700);
  await using state = await serverState({ workspace });
  expect(state).toMatchObject({ address: server.address, isShared: true });
  expect(await state!.jobs.list({ limit: 1 })).toEqual(await opened.list({ limit: 1 }));
  await remove();
  expect(await readServerFile(workspace)).toBeNull();

  await writeServerFile(workspace, { ...written, holder: { ...written.holder, boot: "another" } });
  expect(await liveServer(workspace)).toBeNull();
  await remove();
  await writeServerFile(workspace, { ...written, address: "http://127.0.0.1:1" });
  await expect(liveServer(workspace)).rejects.toMatchObject({
    code: "API_UNREACHABLE",
    message: expect.stringContaining(String(process.pid)) as string,
  });
  mkdirSync(join(folder, "odd", "run"), { recursive: true });
  for (const text of ["", "{}", '{"address":"file:///etc/passwd","token":"x"}']) {
    writeFileSync(join(folder, "odd", "run", "serve.json"), text);
    expect(await liveServer(join(folder, "odd"))).toBeNull();
  }
});
