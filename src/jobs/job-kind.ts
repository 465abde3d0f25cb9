/**
 * What a kind of work tells the job system: how it is split, run and brought to an end. The job system knows nothing
 * else of it. Payloads, shards, results, states and summaries are kept in the database and so have to be JSON values.
 *
 * A step (the plan, one shard, the finish) may be started more than once: its worker can die, or a machine can lose
 * the database for so long that the step is given to another one. Only one result of a shard is ever accepted. So
 *  - `plan` and `run` leave nothing visible behind; what they write is named in their result and counts only once
 *    `finish` adopts it;
 *  - `finish` is idempotent: a second one, after a death between its effect and its acceptance, finds the effect
 *    made and returns the same summary.
 */
export interface JobKind<Payload, Shard, Result, Summary, State = null> {
  /** Lower-case words joined by hyphens. */
  readonly name: string;
  readonly title: { readonly zh: string; readonly en: string };
  /** How often a step that throws is started in all; 3 unless said. */
  readonly tries?: number;
  /** The payload as `plan` takes it. Throws a coded error on one that cannot be worked on: nothing is queued then. */
  check?(payload: unknown): Payload;
  /** Two jobs of one key are never queued or running at the same time. */
  exclusive?(payload: Payload): string | null;
  /** An error that a further start would meet again. */
  isPermanent?(error: unknown): boolean;
  plan(payload: Payload, context: StepContext<Payload, null>): Promise<JobPlan<Shard, State>>;
  run(shard: Shard, context: StepContext<Payload, State>): Promise<ShardResult<Result>>;
  /** Called when no shard is queued or running and at least one succeeded (or there was none). */
  finish(
    shards: readonly EndedShard<Shard, Result>[],
    context: StepContext<Payload, State>,
  ): Promise<JobEnd<Summary>>;
  /** Undoes what a `run` wrote whose result comes too late: another worker has the shard. */
  reject?(result: Result, context: StepContext<Payload, State>): Promise<void>;
  /** Removes what finished shards wrote for a job that is deleted before it was finished. */
  abandon?(results: readonly Result[], context: StepContext<Payload, State>): Promise<void>;
}

export interface JobPlan<Shard, State = null> {
  /** In the order they are to be started. `work` is any positive measure of size; the time left is guessed from it. */
  readonly shards: readonly { readonly work: number; readonly input: Shard }[];
  /** What the job counts, and how much of each there is: `{ stocks: 300, dates: 1456 }`. */
  readonly totals: Counts;
  /** Handed to every shard and to the finish. */
  readonly state?: State;
}

export interface ShardResult<Result> {
  readonly result: Result;
  /** How much of each total the shard did. */
  readonly done: Counts;
  /** Parts of the shard (stocks, say) that did not work out; a retry runs the shard again. */
  readonly failures: number;
}

export interface EndedShard<Shard, Result> {
  /** Position in the plan, from 0. */
  readonly ordinal: number;
  readonly input: Shard;
  /** Null when the shard failed. */
  readonly result: Result | null;
  readonly failures: number;
  readonly error: JobFailure | null;
  /** An earlier finish of the same job, before a retry, has had this result. */
  readonly isAdopted: boolean;
}

export interface JobEnd<Summary> {
  readonly summary: Summary;
  /** Something is missing from what was asked for: the job ends as `completed_with_errors`. */
  readonly partial: boolean;
}

export interface StepContext<Payload, State> {
  readonly jobId: string;
  readonly payload: Payload;
  /** What the plan handed on; null in the plan itself. */
  readonly state: State;
  /** Starts of this step so far, this one included: 1 for the first. */
  readonly attempt: number;
  /** Aborted when the job is cancelled, the worker stops or the step was given to another worker. */
  readonly signal: AbortSignal;
  /** A line of the job's log. Written in batches, at most twice a second. */
  log(line: LogEntry): void;
  /**
   * How far this step is: what it has done of the totals so far, and its fraction between 0 and 1 where that is known.
   * May be called as often as one likes; written at most twice a second.
   */
  progress(done: Counts, fraction?: number): void;
  /** Adds to the time that a subject (an indicator, say) took. Counts only if the step's result is accepted. */
  took(subject: string, milliseconds: number): void;
}

export type Counts = Readonly<Record<string, number>>;

export type LogLevel = "debug" | "info" | "warning" | "error";

export interface LogEntry {
  readonly level: LogLevel;
  /** What the line is about: a stock's code, say. */
  readonly subject?: string;
  readonly message: string;
  /** Anything; `about` in it lists more subjects, under each of which the line is found. */
  readonly data?: unknown;
}

/** Why a job or a shard failed. */
export interface JobFailure {
  /** The error's code, or its class when it has none. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string | null;
}

/** A kind of any types, as registries hold it. */
export type AnyJobKind = JobKind<unknown, unknown, unknown, unknown, unknown>;
