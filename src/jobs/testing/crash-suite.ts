/**
 * A worker that dies, or loses its connection, before or after any of the statements of a small job: another one (or
 * the same) brings the job to its end, and every shard has one effect. DEPTH=full takes every statement, else a part.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StateDatabase } from "#database/state-database";
import { isEnded } from "../job-state.ts";
import { type OpenedJobs, openJobs } from "../open-jobs.ts";
import { startWorker, type Worker } from "../worker.ts";
import { effectsKind } from "./effects.ts";
import { type Failure, type FailingDatabase, failingDatabase } from "./failing-database.ts";
import { checkEffects, seeded } from "./killed.ts";

const MOMENTS = process.env["DEPTH"] === "full" ? Number.POSITIVE_INFINITY : 10;
const never: Failure = { how: "breaks", at: -1, when: "before" };

/** Numbers of workers that count as processes of their own. */
const dead = new Set<unknown>();
let born = 0;

const work = (through: FailingDatabase): Promise<Worker> =>
  startWorker(through, [effectsKind], {
    processes: { self: () => ++born, isGone: (holder) => dead.has(holder) },
    slots: 2,
    pollMs: 10,
    watchMs: 10,
    heartbeatMs: 50,
    leaseMs: 60_000,
    keepJobs: 10_000,
    pauseMs: 1,
    report: () => {},
  });

export function describeCrashes(place: string, open: () => Promise<StateDatabase>): void {
  describe(`workers that crash on ${place}`, () => {
    let home: string;
    let database: StateDatabase;
    let jobs: OpenedJobs;
    const stopping: Promise<void>[] = [];

    beforeAll(async () => {
      home = mkdtempSync(join(tmpdir(), "jobs-crash-"));
      database = await open();
      jobs = await openJobs(database, [effectsKind]);
    }, 60_000);
    afterAll(async () => {
      await Promise.all(stopping);
      await jobs.close();
      await database.close();
      rmSync(home, { recursive: true });
    });

    async function runThrough(failure: Failure): Promise<FailingDatabase> {
      const through = failingDatabase(database, failure);
      const { id } = await jobs.submit("effects", { folder: home, shards: 3, ms: 10, broken: { 1: 1 } });
      const worker = await work(through).catch(() => null);
      const isDead = (): boolean => worker === null || (failure.how === "dies" && through.hasFailed);
      while (!isDead() && !isEnded((await jobs.show(id)).state)) await sleep(2);
      if (isDead()) {
        // What a process sees that starts after a death: the rows of another one's workers, which is gone.
        dead.add(born);
        await database.query("update alphaloom.worker set process = 'dead'");
        const heir = await work(failingDatabase(database, never));
        await jobs.wait(id, { pollMs: 5 });
        await heir.stop({ graceMs: 0 });
      }
      // A dead one takes seconds to give up.
      if (worker !== null) stopping.push(worker.stop({ graceMs: 0 }));
      await database.query("delete from alphaloom.worker");
      return through;
    }

    for (const how of ["dies", "breaks"] as const) {
      test(`a worker that ${how} at any statement leaves every effect once`, async () => {
        const { statements } = await runThrough(never);
        expect(statements).toBeGreaterThan(40);
        const random = seeded(statements + how.length);
        const moments = Math.min(MOMENTS, statements);
        let failed = 0;
        for (let moment = 0; moment < moments; moment++) {
          const at = MOMENTS >= statements ? moment : Math.floor(statements * random());
          const { hasFailed } = await runThrough({ how, at, when: random() < 0.5 ? "before" : "after" });
          if (hasFailed) failed++;
        }
        expect(failed).toBeGreaterThan(moments / 2);
        expect(await checkEffects(database, home)).toBeGreaterThan(moments);
      });
    }
  });
}
