/** What jobs must do on both kinds of database: run on PGlite here, on a PostgreSQL server in test/wide. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { StateDatabase } from "#database/state-database";
import { type Claim, takeStep } from "../claim.ts";
import { JobError } from "../errors.ts";
import type { AnyJobKind } from "../job-kind.ts";
import { stamped, writeLog } from "../job-log.ts";
import type { JobView } from "../jobs.ts";
import { type OpenedJobs, openJobs } from "../open-jobs.ts";
import { fire } from "../schedules.ts";
import { StepEnds } from "../step-end.ts";
import { StepQueue } from "../step-queue.ts";
import { JobKinds } from "../submit.ts";
import { tidy } from "../upkeep.ts";
import { startWorker, type Worker, type WorkerOptions } from "../worker.ts";
import { adoptedOf, effectsKind, type EffectsPayload, resultsOf, startsOf } from "./effects.ts";

const fail = (error: unknown): never => {
  throw error;
};
const kinds: readonly AnyJobKind[] = [effectsKind];
const refused = async (call: Promise<unknown>): Promise<JobError> => {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof JobError)) throw new Error(`expected a JobError, got ${String(error)}`);
  return error;
};
const everything = (shards: number): number[] => Array.from({ length: shards }, (_, index) => index);

export function describeJobs(place: string, open: () => Promise<StateDatabase>): void {
  describe(`jobs on ${place}`, () => {
    let database: StateDatabase;
    let jobs: OpenedJobs;
    let folder: string;
    const workers: Worker[] = [];

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "jobs-"));
      database = await open();
      jobs = await openJobs(database, kinds);
    }, 60_000);
    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop({ graceMs: 0 })));
      for (const job of await jobs.list({ state: "queued" })) await jobs.cancel(job.id);
    });
    afterAll(async () => {
      await jobs.close();
      await database.close();
      rmSync(folder, { recursive: true });
    });

    const work = async (options: WorkerOptions = {}): Promise<Worker> => {
      const worker = await startWorker(database, kinds, {
        slots: 2,
        pollMs: 10,
        watchMs: 20,
        pauseMs: 1,
        ...options,
      });
      workers.push(worker);
      return worker;
    };
    const submit = async (payload: Partial<EffectsPayload> = {}, retryLimit = 3): Promise<string> =>
      (await jobs.submit("effects", { folder, shards: 3, ...payload }, { retryLimit })).id;
    const end = (id: string): Promise<JobView> => jobs.wait(id, { pollMs: 10 });
    const until = async (id: string, holds: (view: JobView) => boolean): Promise<JobView> => {
      for (;;) {
        const view = await jobs.show(id);
        if (holds(view)) return view;
        await sleep(5);
      }
    };
    const take = async (queue: StepQueue): Promise<Claim> => {
      for (;;) {
        const taken = await takeStep(database, queue, crypto.randomUUID());
        if (taken === "drained") throw new Error("there is no step");
        if (taken !== "stale") return taken;
      }
    };

    test("a job is queued, runs all its shards and ends completed", async () => {
      const id = await submit();
      const queued = await jobs.show(id);
      expect(queued).toMatchObject({
        state: "queued",
        startedAt: null,
        progress: { step: "plan", fraction: null },
      });
      expect(queued.stateTitle.zh).toBe("未开始");
      await work();
      const view = await end(id);
      expect(view).toMatchObject({
        state: "completed",
        summary: { adopted: 3 },
        error: null,
        progress: { step: null, fraction: 1, failures: 0, totals: { stocks: { done: 12, of: 12 } } },
      });
      expect(view.progress.shards).toEqual({ of: 3, queued: 0, running: 0, completed: 3, failed: 0 });
      expect(adoptedOf(folder, id)).toEqual(everything(3));
      expect(resultsOf(folder, id)).toEqual(everything(3));
    });

    test("a job without shards is finished all the same", async () => {
      await work();
      expect(await end(await submit({ shards: 0 }))).toMatchObject({
        state: "completed",
        summary: { adopted: 0 },
      });
    });

    test("what is running is told: progress within shards, the workers' memory and processor", async () => {
      const id = await submit({ shards: 2, ms: 60_000 });
      await work();
      const view = await until(id, ({ progress }) => progress.shards.running === 2);
      expect(view).toMatchObject({ state: "running", progress: { step: "shards", workers: 1 } });
      expect(view.progress.memoryBytes).toBeGreaterThan(1e6);
      const [worker] = await jobs.workers();
      expect(worker).toMatchObject({ pid: process.pid, slots: 2, running: 2 });
      await jobs.cancel(id);
      await end(id);
    });

    test("rate and remaining time follow from what was done since the start", async () => {
      const id = await submit({ shards: 4, ms: 150 });
      await work({ slots: 1 });
      const view = await until(
        id,
        ({ progress }) => progress.shards.completed >= 1 && progress.totals["stocks"]!.perSecond !== null,
      );
      const { totals, elapsedSeconds, remainingSeconds } = view.progress;
      expect(totals["stocks"]!.perSecond).toBeCloseTo(totals["stocks"]!.done / elapsedSeconds, 6);
      expect(remainingSeconds).toBeGreaterThan(0);
      await end(id);
    });

    test("two jobs of one key exclude each other until the first has ended", async () => {
      const first = await submit({ key: "store" });
      const error = await refused(submit({ key: "store" }));
      expect(error).toMatchObject({ code: "JOB_RUNNING", job: first });
      await submit({ key: "other" });
      await work();
      await end(first);
      expect((await end(await submit({ key: "store" }))).state).toBe("completed");
    });

    test("of many submissions of one key at the same time one goes through", async () => {
      const outcomes = await Promise.allSettled(everything(8).map(() => submit({ key: "race" })));
      const refusals = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(refusals.map(({ reason }: { reason: JobError }) => reason.code)).toEqual(
        everything(7).map(() => "JOB_RUNNING"),
      );
    });

    test("a queued job is cancelled at once and does not run", async () => {
      const id = await submit();
      expect(await jobs.cancel(id)).toMatchObject({ state: "cancelled", startedAt: null });
      await work();
      await end(await submit());
      expect((await jobs.show(id)).state).toBe("cancelled");
    });

    test("a running job is cancelled long before its shards would end, and goes on where it was", async () => {
      const id = await submit({ shards: 6, ms: 80 });
      await work({ slots: 1 });
      await until(id, ({ progress }) => progress.shards.completed >= 2);
      await jobs.cancel(id);
      const cancelled = await end(id);
      expect(cancelled).toMatchObject({ state: "cancelled", summary: null });
      const kept = cancelled.progress.shards.completed;
      expect(kept).toBeLessThan(6);
      expect(adoptedOf(folder, id)).toEqual([]);
      const before = everything(kept).map((ordinal) => startsOf(folder, id, ordinal));
      await jobs.resume(id);
      expect(await end(id)).toMatchObject({ state: "completed", summary: { adopted: 6 } });
      expect(everything(kept).map((ordinal) => startsOf(folder, id, ordinal))).toEqual(before);
      expect(resultsOf(folder, id)).toEqual(everything(6));
    });

    test("shards that would take a minute are stopped by a cancel", async () => {
      const id = await submit({ shards: 4, ms: 60_000 });
      await work();
      await until(id, ({ progress }) => progress.shards.running === 2);
      await jobs.cancel(id);
      expect((await end(id)).state).toBe("cancelled");
    });

    test("a shard that does not listen is left behind, and its late result undone", async () => {
      const id = await submit({ shards: 1, ms: 400, isDeaf: true });
      await work({ cancelGraceMs: 50 });
      await until(id, ({ progress }) => progress.shards.running === 1);
      await jobs.cancel(id);
      expect((await end(id)).state).toBe("cancelled");
      expect(resultsOf(folder, id)).toEqual([]);
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
      expect(startsOf(folder, id, 0)).toBe(1);
      expect(resultsOf(folder, id)).toEqual([]);
      expect((await jobs.show(id)).progress.shards).toMatchObject({ queued: 1, completed: 0 });
    });

    test("a shard that throws is tried again, and again, and then fails alone", async () => {
      const id = await submit({ shards: 4, broken: { 1: 2, 3: 99 } });
      await work();
      const view = await end(id);
      expect(view).toMatchObject({ state: "completed_with_errors", summary: { adopted: 3 }, error: null });
      expect(view.failedShards).toMatchObject([{ ordinal: 3, error: { message: "shard 3 is broken" } }]);
      expect(everything(4).map((ordinal) => startsOf(folder, id, ordinal))).toEqual([1, 3, 1, 3]);
      const errors = await jobs.logs(id, { level: "error" });
      expect(errors).toMatchObject([{ subject: "shard 3", level: "error" }]);
    });

    test("a retry runs the failed shards and those with failures, and no others", async () => {
      const id = await submit({ shards: 4, broken: { 1: 3 }, weak: { 2: 1 } });
      await work();
      const first = await end(id);
      expect(first).toMatchObject({ state: "completed_with_errors", progress: { failures: 1 } });
      expect(first.progress.totals["stocks"]!.done).toBe(4 + 3 + 4);
      await jobs.retry(id);
      expect(await end(id)).toMatchObject({
        state: "completed",
        retries: 1,
        summary: { adopted: 4 },
        progress: { failures: 0, totals: { stocks: { done: 16, of: 16 } } },
      });
      expect(everything(4).map((ordinal) => startsOf(folder, id, ordinal))).toEqual([1, 4, 2, 1]);
    });

    test("retries end at their limit; to resume stays possible", async () => {
      const id = await submit({ shards: 2, broken: { 1: 1000 } }, 1);
      await work();
      await end(id);
      await jobs.retry(id);
      expect((await end(id)).state).toBe("completed_with_errors");
      expect(await refused(jobs.retry(id))).toMatchObject({ code: "JOB_RETRY_LIMIT", job: id });
      await jobs.resume(id);
      expect((await end(id)).state).toBe("completed_with_errors");
    });

    test("a job whose shards all fail is failed and is not finished", async () => {
      const id = await submit({ shards: 2, broken: { 0: 99, 1: 99 } });
      await work();
      const view = await end(id);
      expect(view).toMatchObject({ state: "failed", summary: null, error: { code: "JOB_NOTHING_DONE" } });
      expect(view.error!.message).toContain("shard 0 is broken");
      expect(adoptedOf(folder, id)).toEqual([]);
    });

    test("permanent errors of the plan and the finish fail the job without a second try", async () => {
      await work();
      for (const failsIn of ["plan", "finish"] as const) {
        const id = await submit({ failsIn });
        expect(await end(id)).toMatchObject({
          state: "failed",
          error: { code: "TEST_PERMANENT", message: `no ${failsIn}` },
        });
        expect(await jobs.logs(id, { subject: failsIn })).toHaveLength(1);
      }
    });

    test("states that do not allow a change are told", async () => {
      const id = await submit();
      expect(await refused(jobs.resume(id))).toMatchObject({ code: "JOB_STATE" });
      expect(await refused(jobs.retry(id))).toMatchObject({ code: "JOB_STATE" });
      await work();
      await end(id);
      for (const change of ["cancel", "resume", "retry"] as const) {
        const error = await refused(jobs[change](id));
        expect(error).toMatchObject({ code: "JOB_STATE", job: id });
        expect(error.message).toContain("completed");
      }
    });

    test("unknown jobs, kinds, ids and payloads are refused with nothing queued", async () => {
      const known = await jobs.list();
      for (const call of [
        () => jobs.show("nobody"),
        () => jobs.cancel("nobody"),
        () => jobs.logs("nobody"),
        () => jobs.timings("nobody"),
        () => jobs.list({ before: "nobody" }),
      ]) {
        expect(await refused(call())).toMatchObject({ code: "JOB_UNKNOWN" });
      }
      expect(await refused(jobs.submit("nothing", {}))).toMatchObject({ code: "JOB_KIND_UNKNOWN" });
      expect(await refused(jobs.submit("effects", {}, { id: "../x" }))).toMatchObject({
        code: "JOB_ID_INVALID",
      });
      expect(await refused(jobs.submit("effects", { n: 1n }))).toMatchObject({ code: "JOB_PAYLOAD" });
      const id = await submit();
      expect(await refused(jobs.submit("effects", {}, { id }))).toMatchObject({ code: "JOB_ID_TAKEN" });
      expect((await jobs.list()).length).toBe(known.length + 1);
    });

    test("jobs are listed newest first, by state, kind and page", async () => {
      const ids = [await submit(), await submit(), await submit()];
      expect((await jobs.list({ limit: 2 })).map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      expect((await jobs.list({ limit: 1, before: ids[1]! })).map(({ id }) => id)).toEqual([ids[0]]);
      expect((await jobs.list({ state: "queued", kind: "effects" })).map(({ id }) => id)).toEqual(
        ids.toReversed(),
      );
      expect(await jobs.list({ kind: "nothing" })).toEqual([]);
    });

    test("lines of the log are read by subject, level and from a line on; times add up", async () => {
      await work();
      const id = await submit({ shards: 5, broken: { 2: 1 } });
      await end(id);
      const lines = await jobs.logs(id);
      expect(lines.map(({ seq }) => seq)).toEqual(everything(lines.length).map((index) => index + 1));
      expect((await jobs.logs(id, { subject: "S2" })).map(({ message }) => message)).toEqual([
        "start 1",
        "start 2",
      ]);
      expect(await jobs.logs(id, { level: "warning" })).toMatchObject([
        { subject: "shard 2", level: "warning" },
      ]);
      expect(await jobs.logs(id, { after: lines.length - 1 })).toEqual(lines.slice(-1));
      expect(await jobs.timings(id)).toEqual([{ subject: "MA5", milliseconds: 10, count: 5 }]);
    });

    test("what a log cannot hold is replaced, not lost", async () => {
      const id = await submit({ shards: 1 });
      const line = {
        level: "info",
        message: "nul \0, half \ud800, text \\u0000",
        data: { "k\0": "\0" },
      } as const;
      await database.transaction((transaction) => writeLog(transaction, id, [stamped(line, 0)]));
      expect(await jobs.logs(id)).toEqual([
        {
          seq: 1,
          at: "1970-01-01T00:00:00.000Z",
          level: "info",
          subject: null,
          message: "nul \ufffd, half \ufffd, text \\u0000",
          data: { "k\ufffd": "\ufffd" },
        },
      ]);
    });

    test("the result of a worker that lost its claim changes nothing", async () => {
      const queue = await StepQueue.open(database, { isWorker: false, report: () => {} });
      const ends = new StepEnds(database, queue);
      const record = { lines: [], timings: [] };
      const id = await submit({ shards: 1 });
      const plan = await take(queue);
      expect(await ends.planned(plan, { shards: [{ work: 1, input: {} }], totals: {} }, record)).toBe(true);
      const zombie = await take(queue);
      expect(zombie).toMatchObject({ job: id, part: "shard", attempt: 1 });
      expect(await ends.released(zombie, record)).toBe(true);
      const heir = await take(queue);
      expect(heir).toMatchObject({ job: id, part: "shard", attempt: 2 });
      const late = { result: { file: "late" }, done: {}, failures: 0 };
      expect(await ends.shardDone(zombie, late, record)).toBe(false);
      expect(
        await ends.failed(zombie, new Error("late"), { ...record, tries: 1, isPermanent: true, pauseMs: 0 }),
      ).toBe(false);
      expect(await ends.shardDone(heir, { ...late, result: { file: "mine" } }, record)).toBe(true);
      // A worker that never heard that its result was taken brings it once more.
      expect(await ends.shardDone(heir, { ...late, result: { file: "twice" } }, record)).toBe(true);
      const { rows } = await database.query(
        "select result from alphaloom.step where job_id = $1 and part = 'shard'",
        [id],
      );
      expect(rows).toEqual([{ result: { file: "mine" } }]);
      await jobs.cancel(id);
      await queue.close();
    });

    test("a worker that stops gives its shards back, and another one goes on", async () => {
      const id = await submit({ shards: 4, ms: 120 });
      const first = await work();
      await until(id, ({ progress }) => progress.shards.running === 2);
      await first.stop({ graceMs: 0 });
      expect((await jobs.show(id)).progress.shards).toMatchObject({ running: 0, failed: 0 });
      await work();
      expect(await end(id)).toMatchObject({ state: "completed", summary: { adopted: 4 } });
      expect(resultsOf(folder, id)).toEqual(everything(4));
    });

    test("a worker that stops without haste lets its shards end", async () => {
      const id = await submit({ shards: 2, ms: 100 });
      const first = await work();
      await until(id, ({ progress }) => progress.shards.running === 2);
      await first.stop();
      expect((await jobs.show(id)).progress.shards).toMatchObject({ completed: 2 });
    });

    test("several workers share the shards, and each shard has one effect", async () => {
      const id = await submit({ shards: 40, ms: 5 });
      await Promise.all([work(), work(), work()]);
      expect(await end(id)).toMatchObject({ state: "completed", summary: { adopted: 40 } });
      expect(resultsOf(folder, id)).toEqual(everything(40));
      expect(everything(40).map((ordinal) => startsOf(folder, id, ordinal))).toEqual(
        everything(40).map(() => 1),
      );
    });

    test("a schedule says when it comes due in its exchange's time, and goes when it is removed", async () => {
      const order = { id: "nightly", kind: "effects", payload: { folder, shards: 1 }, cron: "30 17 * * 1-5" };
      const view = await jobs.schedule({ ...order, timeZone: "Asia/Shanghai" });
      expect(view).toMatchObject({ id: "nightly", isEnabled: true, lastAt: null });
      expect(view.nextAt).toMatch(/T09:30:00\.000Z$/);
      expect(new Date(view.nextAt!).getUTCDay() % 6).toBeGreaterThan(0);
      const paused = await jobs.schedule({ ...order, timeZone: "Asia/Shanghai", isEnabled: false });
      expect(paused.nextAt).toBeNull();
      expect(await jobs.schedules()).toEqual([paused]);
      for (const bad of [{ cron: "61 * * * *" }, { cron: "* * * * * *" }, { timeZone: "Asia/Nowhere" }]) {
        const call = jobs.schedule({ ...order, timeZone: "UTC", ...bad });
        expect(await refused(call)).toMatchObject({ code: "SCHEDULE_INVALID" });
      }
      await jobs.unschedule("nightly");
      expect(await jobs.schedules()).toEqual([]);
      expect(await refused(jobs.unschedule("nightly"))).toMatchObject({ code: "SCHEDULE_UNKNOWN" });
    });

    test("a schedule that comes due queues its job, or says why not", async () => {
      const queue = await StepQueue.open(database, { isWorker: false, report: () => {} });
      const hourly = {
        id: "hourly",
        kind: "effects",
        payload: { folder, shards: 1, key: "hourly" },
        cron: "0 * * * *",
        timeZone: "America/New_York",
      };
      await jobs.schedule(hourly);
      const sinceOf = async (key: string): Promise<unknown> => {
        const { rows } = await database.query<{ readonly data: { readonly since: string } }>(
          "select data from alphaloom_queue.schedule where key = $1",
          [key],
        );
        return rows[0]?.data.since;
      };
      const due = (since: number): Promise<void> =>
        database.transaction((transaction) =>
          fire(transaction, queue, {
            schedule: "hourly",
            since: new Date(since).toISOString(),
            kinds: new JobKinds(kinds),
          }),
        );
      // Setting it again as it was changes nothing, or each start of a server would forget what was missed.
      const since = await sinceOf("hourly");
      await jobs.schedule({ ...hourly, payload: { folder, shards: 2, key: "hourly" } });
      expect(await sinceOf("hourly")).toBe(since);
      await jobs.schedule({ ...hourly, cron: "1 * * * *" });
      expect(await sinceOf("hourly")).not.toBe(since);
      await jobs.schedule(hourly);
      const anHourAgo = Date.now() - 3_600_000;
      // Set only now: the hour that has passed is not its business.
      await due(Date.now());
      expect(await jobs.schedules()).toMatchObject([{ lastAt: null, lastJob: null }]);
      await due(anHourAgo);
      const [fired] = await jobs.schedules();
      expect(fired).toMatchObject({ lastError: null });
      const job = await jobs.show(fired!.lastJob!);
      expect(job).toMatchObject({ state: "queued", name: "hourly", kind: "effects" });
      await due(anHourAgo);
      expect((await jobs.schedules())[0]).toMatchObject({
        lastJob: null,
        lastError: { code: "JOB_RUNNING" },
      });
      await jobs.unschedule("hourly");
      await queue.close();
    });

    test("old jobs are removed, with what their shards left for a finish that never came", async () => {
      const id = await submit({ shards: 3, ms: 100 });
      await work({ slots: 1 });
      await until(id, ({ progress }) => progress.shards.completed >= 1);
      await jobs.cancel(id);
      await end(id);
      expect(resultsOf(folder, id).length).toBeGreaterThan(0);
      const last = await submit();
      await end(last);
      await tidy(database, { kinds: new JobKinds(kinds), keepJobs: 1, keepLines: 2, report: fail });
      expect((await jobs.list()).map((job) => job.id)).toEqual([last]);
      expect(await refused(jobs.show(id))).toMatchObject({ code: "JOB_UNKNOWN" });
      expect(resultsOf(folder, id)).toEqual([]);
      expect(resultsOf(folder, last)).toEqual(everything(3));
      expect(await jobs.logs(last)).toHaveLength(2);
    });
  });
}
