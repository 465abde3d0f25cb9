/**
 * A worker: takes steps off the queue and runs them, as many at a time as it has slots. Any number of workers, in any
 * number of processes and on any number of machines, share the steps of one state database.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Taken, takeStep } from "./claim.ts";
import { type Processes, recoverSteps } from "./dead-workers.ts";
import type { AnyJobKind } from "./job-kind.ts";
import { perform } from "./perform.ts";
import { isDown, persist } from "./persist.ts";
import { Pulse } from "./pulse.ts";
import type { JobDatabase } from "./rows.ts";
import { StepEnds } from "./step-end.ts";
import { StepQueue } from "./step-queue.ts";
import { StepRun } from "./step-run.ts";
import { JobKinds } from "./submit.ts";
import { onNewSteps, sayNewSteps } from "./new-steps.ts";
import type { Tick } from "./ticking.ts";
import { upkeep } from "./upkeep.ts";
import { WorkerRow } from "./worker-rows.ts";

export interface WorkerOptions {
  /** Steps at a time; 1 unless given. */
  readonly slots?: number;
  /** Stops the worker, as `stop()` does. */
  readonly signal?: AbortSignal;
  /** How to tell whether the process of another worker on this host is gone. */
  readonly processes?: Processes;
  /** Told what goes wrong in the background; a warning of the process unless given. */
  readonly report?: (error: unknown) => void;
  /** How often an idle worker looks for steps; 150, or 500 on PGlite, where steps come from this process and wake it. */
  readonly pollMs?: number;
  /** How often a busy worker looks whether its steps were cancelled; 250. */
  readonly watchMs?: number;
  /** How long a cancelled step may go on before its job is called cancelled without it; 1,200. */
  readonly cancelGraceMs?: number;
  /** How often to give a sign of life; 2,000. */
  readonly heartbeatMs?: number;
  /** After which time without one a worker on another machine is taken for dead; 20,000. */
  readonly leaseMs?: number;
  /** The pause before a step that failed is tried again; 500. Doubles with each try. */
  readonly pauseMs?: number;
  /** How many ended jobs are kept; 100. */
  readonly keepJobs?: number;
  /** How many lines of a job's log are kept, of the harmless levels and of warnings and errors each; 20,000. */
  readonly keepLines?: number;
}

export interface Worker extends AsyncDisposable {
  readonly id: string;
  /**
   * Takes no more steps, waits `graceMs` (5,000) for those under way, stops and gives back the rest: another worker
   * goes on with them. Harmless when repeated.
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

export async function startWorker(
  database: JobDatabase,
  kinds: readonly AnyJobKind[],
  options: WorkerOptions = {},
): Promise<Worker> {
  const report = options.report ?? ((error) => process.emitWarning(String(error)));
  const queue = await StepQueue.open(database, { isWorker: true, report });
  const worker = new RunningWorker(database, queue, { ...options, report, kinds: new JobKinds(kinds) });
  await worker.start();
  options.signal?.addEventListener("abort", () => void worker.stop().catch(report), { once: true });
  if (options.signal?.aborted === true) await worker.stop();
  return worker;
}

type Settings = WorkerOptions & { readonly report: (error: unknown) => void; readonly kinds: JobKinds };

class RunningWorker implements Worker {
  readonly id = randomUUID();
  readonly #database: JobDatabase;
  readonly #queue: StepQueue;
  readonly #settings: Settings;
  readonly #ends: StepEnds;
  readonly #row: WorkerRow;
  readonly #runs = new Map<StepRun, Promise<void>>();
  readonly #underWay = new Set<StepRun>();
  readonly #stopping = new AbortController();
  readonly #giveUp = new AbortController();
  #takes = 0;
  #isTaking = false;
  #pulse: Pulse | null = null;
  #ticks: Tick[] = [];
  #loop: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #sleeps: () => void = () => {};
  #stopped: Promise<void> | null = null;

  constructor(database: JobDatabase, queue: StepQueue, settings: Settings) {
    this.#database = database;
    this.#queue = queue;
    this.#settings = settings;
    this.#ends = new StepEnds(database, queue);
    const { slots = 1, processes } = settings;
    this.#row = new WorkerRow(database, { id: this.id, slots, processes });
  }

  async start(): Promise<void> {
    const { report, processes, leaseMs = 20_000, kinds } = this.#settings;
    await this.#row.beat();
    await recoverSteps(this.#database, this.#queue, { self: this.id, processes, leaseMs: null });
    const pulse = new Pulse(this.#database, {
      worker: this.id,
      row: this.#row,
      ends: this.#ends,
      runs: this.#underWay,
      takes: () => (this.#isTaking ? null : this.#takes),
      tickMs: this.#settings.watchMs ?? 250,
      writeMs: 500,
      heartbeatMs: this.#settings.heartbeatMs ?? 2000,
      cancelGraceMs: this.#settings.cancelGraceMs ?? 1200,
      report,
    });
    this.#pulse = pulse;
    this.#ticks = upkeep(this.#database, this.#queue, {
      worker: this.id,
      kinds,
      processes,
      leaseMs,
      steadyMs: () => pulse.steadyMs,
      keepJobs: this.#settings.keepJobs ?? 100,
      keepLines: this.#settings.keepLines ?? 20_000,
      report,
    });
    this.#sleeps = onNewSteps(() => this.#wake());
    this.#loop = this.#takeSteps();
  }

  async #takeSteps(): Promise<void> {
    const { slots = 1, report } = this.#settings;
    const { pollMs = this.#database.kind === "pglite" ? 500 : 150 } = this.#settings;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (this.#runs.size >= slots) {
        await this.#rest(60_000);
        continue;
      }
      try {
        const taken = await this.#take();
        if (taken === "drained") await this.#rest(pollMs);
      } catch (error) {
        if (!isDown(error)) report(error);
        await this.#rest(isDown(error) ? pollMs : 1000);
      }
    }
  }

  /** Takes a step and starts it: between the two nobody may think that the claim is nobody's. */
  async #take(): Promise<Taken> {
    this.#takes += 1;
    this.#isTaking = true;
    try {
      const taken = await takeStep(this.#database, this.#queue, this.id);
      if (typeof taken !== "string") this.#begin(new StepRun(taken));
      return taken;
    } finally {
      this.#isTaking = false;
    }
  }

  #begin(run: StepRun): void {
    const { kinds, pauseMs = 500, report } = this.#settings;
    this.#underWay.add(run);
    const performed = perform(run, {
      database: this.#database,
      kinds,
      ends: this.#ends,
      pauseMs,
      giveUp: this.#giveUp.signal,
      report,
    })
      .catch((error: unknown) => {
        if (!this.#giveUp.signal.aborted) report(error);
      })
      .finally(() => {
        this.#underWay.delete(run);
        this.#runs.delete(run);
        // Who waits for the job looks at once whether this was its end.
        sayNewSteps();
      });
    this.#runs.set(run, performed);
  }

  async #rest(ms: number): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  stop({ graceMs = 5000 }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#sleeps();
    this.#wake();
    await this.#loop;
    await this.#performed(graceMs);
    for (const run of this.#runs.keys()) run.stop("JOB_WORKER_STOPPING");
    await this.#performed(1500);
    await Promise.all([this.#pulse?.stop(), ...this.#ticks.map((tick) => tick.stop())]);
    await this.#leave();
    await this.#queue.close();
  }

  /** Gives back what does not end; without the database that is left to those who find this worker dead. */
  async #leave(): Promise<void> {
    const patience = AbortSignal.timeout(3000);
    try {
      for (const { claim, isEnding } of this.#runs.keys()) {
        if (isEnding) continue;
        await persist(this.#database, () => this.#ends.released(claim, { lines: [], timings: [] }), patience);
      }
      await persist(this.#database, () => this.#row.remove(), patience);
    } catch (error) {
      if (!patience.aborted) throw error;
    } finally {
      this.#giveUp.abort();
    }
  }

  async #performed(ms: number): Promise<void> {
    const cut = new AbortController();
    await Promise.race([
      Promise.all(this.#runs.values()),
      sleep(ms, undefined, { signal: cut.signal }).catch(() => undefined),
    ]);
    cut.abort();
  }
}
