/**
 * What a worker does besides its steps, a few times a second: writes what they said, sees which were cancelled or lost,
 * and gives a sign of life. A database that is away is waited for: nothing is lost but the time.
 */
import { isDown } from "./persist.ts";
import { addTick, type Tick } from "./ticking.ts";
import { writeLog } from "./job-log.ts";
import { type JobDatabase, jsonText, type StepPart } from "./rows.ts";
import type { StepEnds } from "./step-end.ts";
import type { StepRun } from "./step-run.ts";
import type { WorkerRow } from "./worker-rows.ts";

export interface PulseOptions {
  readonly worker: string;
  readonly row: WorkerRow;
  readonly ends: StepEnds;
  readonly runs: ReadonlySet<StepRun>;
  /** How many steps were asked for so far; null while the answer to one is awaited. */
  readonly takes: () => number | null;
  readonly tickMs: number;
  readonly writeMs: number;
  readonly heartbeatMs: number;
  readonly cancelGraceMs: number;
  readonly report: (error: unknown) => void;
}

interface WatchRow {
  readonly job: string;
  readonly part: StepPart;
  readonly ordinal: number;
  readonly claim: string;
  readonly is_cancelled: boolean;
  readonly cancelled_ms: number | null;
}

export class Pulse {
  readonly #database: JobDatabase;
  readonly #options: PulseOptions;
  readonly #tick: Tick;
  #written = 0;
  #beaten = 0;
  /** Since when every sign of life has gone through. */
  #steadySince: number | null = null;

  constructor(database: JobDatabase, options: PulseOptions) {
    this.#database = database;
    this.#options = options;
    this.#tick = addTick(options.tickMs, () => this.#beat(), options.report);
  }

  async stop(): Promise<void> {
    await this.#tick.stop();
  }

  /** For how long this worker has had the database without a break. */
  get steadyMs(): number {
    return this.#steadySince === null ? 0 : performance.now() - this.#steadySince;
  }

  async #beat(): Promise<void> {
    const now = performance.now();
    const isDue = now - this.#beaten >= this.#options.heartbeatMs;
    if (!isDue && this.#options.runs.size === 0) return;
    try {
      if (isDue) {
        await this.#options.row.beat();
        this.#beaten = now;
        this.#steadySince ??= now;
      }
      if (now - this.#written >= this.#options.writeMs) {
        this.#written = now;
        await this.#write();
      }
      await this.#watch();
    } catch (error) {
      if (!isDown(error)) throw error;
      this.#steadySince = null;
      this.#beaten = 0;
    }
  }

  async #write(): Promise<void> {
    const progress = [];
    for (const run of this.#options.runs) {
      if (run.isEnding) continue;
      const { claim } = run;
      const said = run.takeProgress();
      if (said !== null) progress.push({ claim: claim.token, ...said });
      const lines = run.takeLines();
      try {
        if (lines.length > 0) {
          await this.#database.transaction((transaction) => writeLog(transaction, claim.job, lines));
        }
      } catch (error) {
        run.giveLinesBack(lines);
        throw error;
      }
    }
    if (progress.length === 0) return;
    await this.#database.query(
      `update alphaloom.step as step set progress = said.done, fraction = said.fraction
       from jsonb_to_recordset($1::text::jsonb) as said (claim uuid, done jsonb, fraction double precision)
       where step.claim = said.claim and step.state = 'running'`,
      [jsonText(progress, "the progress")],
    );
  }

  async #watch(): Promise<void> {
    const { worker, runs, cancelGraceMs } = this.#options;
    const watched = [...runs].filter((run) => !run.isEnding);
    const takes = this.#options.takes();
    const { rows } = await this.#database.query<WatchRow>(
      `select step.job_id as job, step.part, step.ordinal, step.claim,
         job.cancel_requested_at is not null as is_cancelled,
         (extract(epoch from clock_timestamp() - job.cancel_requested_at) * 1000)::double precision as cancelled_ms
       from alphaloom.step as step join alphaloom.job as job on job.id = step.job_id
       where step.worker = $1 and step.state = 'running'`,
      [worker],
    );
    const known = new Map(rows.map((row) => [row.claim, row]));
    for (const run of watched) {
      const row = known.get(run.claim.token);
      if (row === undefined) {
        if (!run.isEnding) run.stop("JOB_CLAIM_LOST");
      } else if (row.is_cancelled) {
        run.stop("JOB_CANCELLED");
        // A step that does not listen is left behind: its result will be one too many. A finish may be in the middle of
        // making its effect visible, and is waited for.
        if ((row.cancelled_ms ?? 0) > cancelGraceMs && row.part !== "finish" && !run.isEnding) {
          await this.#release(row);
        }
      }
    }
    // A claim that nobody here knows of was taken in a transaction whose answer got lost.
    if (takes === null || takes !== this.#options.takes()) return;
    const mine = new Set([...runs].map((run) => run.claim.token));
    for (const row of rows) {
      if (!mine.has(row.claim)) await this.#release(row);
    }
  }

  async #release(row: WatchRow): Promise<void> {
    const { claim: token, job, part, ordinal } = row;
    const claim = {
      token,
      job,
      part,
      ordinal,
      kind: "",
      payload: null,
      planState: null,
      input: null,
      attempt: 0,
    };
    await this.#options.ends.released(claim, { lines: [], timings: [] });
  }
}
