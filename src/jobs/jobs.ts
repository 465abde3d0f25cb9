import type { JobFailure, LogLevel } from "./job-kind.ts";
import type { JobState } from "./job-state.ts";

/**
 * What the command line and the server do with jobs. Everything that is handed out is a JSON value, times are ISO 8601
 * texts in UTC, so that the same port can be had over HTTP.
 */
export interface Jobs {
  /**
   * Queues a job. Throws JOB_KIND_UNKNOWN, JOB_ID_INVALID, JOB_ID_TAKEN, what the kind's `check` throws, and
   * JOB_RUNNING (its `job` is the running one) when a job of the same exclusive key is queued or running.
   */
  submit(kind: string, payload: unknown, options?: SubmitOptions): Promise<JobView>;
  /** Newest first. */
  list(filter?: JobFilter): Promise<readonly JobView[]>;
  /** Throws JOB_UNKNOWN, as all that take an id do. */
  show(id: string): Promise<JobView>;
  /**
   * Asks for the end of a queued or running job; it is `cancelled` within 2 seconds. What its shards finished stays.
   * JOB_STATE when it has ended.
   */
  cancel(id: string): Promise<JobView>;
  /** Goes on with a failed, cancelled or partly completed job: finished shards are not run again. JOB_STATE, JOB_RUNNING. */
  resume(id: string): Promise<JobView>;
  /** Runs what failed again: failed shards and shards with failures. JOB_STATE, JOB_RUNNING, JOB_RETRY_LIMIT. */
  retry(id: string): Promise<JobView>;
  /** Oldest first. */
  logs(id: string, filter?: LogFilter): Promise<readonly LogLine[]>;
  /** Time per subject (indicator), longest first. */
  timings(id: string): Promise<readonly Timing[]>;
  /** Resolves when the job has ended, whatever the end. Throws the signal's reason when that is aborted. */
  wait(id: string, options?: WaitOptions): Promise<JobView>;
  /** Makes or replaces a schedule. SCHEDULE_INVALID, JOB_KIND_UNKNOWN, what `check` throws. */
  schedule(order: ScheduleOrder): Promise<ScheduleView>;
  /** SCHEDULE_UNKNOWN. */
  unschedule(id: string): Promise<void>;
  schedules(): Promise<readonly ScheduleView[]>;
  /** Workers that have given a sign of life lately. */
  workers(): Promise<readonly WorkerView[]>;
}

export interface SubmitOptions {
  /** A name for people; no meaning. */
  readonly name?: string;
  /** The id the job is to have: `^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`. Made up unless given. */
  readonly id?: string;
  /** How often `retry` may be asked for; 3 unless given. */
  readonly retryLimit?: number;
}

export interface JobFilter {
  readonly state?: JobState;
  readonly kind?: string;
  /** 50 unless given. */
  readonly limit?: number;
  /** Only jobs older than the job of this id: the next page. */
  readonly before?: string;
}

export interface JobView {
  readonly id: string;
  readonly kind: string;
  readonly title: { readonly zh: string; readonly en: string };
  readonly name: string | null;
  readonly state: JobState;
  readonly stateTitle: { readonly zh: string; readonly en: string };
  readonly payload: unknown;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Cancel has been asked for and the job has not stopped yet. */
  readonly isCancelling: boolean;
  readonly retries: number;
  readonly retryLimit: number;
  readonly progress: JobProgress;
  /** What the kind's finish returned; null before. */
  readonly summary: unknown;
  readonly error: JobFailure | null;
  /** Shards that failed, the first 100. */
  readonly failedShards: readonly { readonly ordinal: number; readonly error: JobFailure }[];
}

export interface JobProgress {
  /** What is under way or next; null when the job has ended. */
  readonly step: "plan" | "shards" | "finish" | null;
  /** Every total of the plan: how much of how much. */
  readonly totals: Readonly<
    Record<string, { readonly done: number; readonly of: number; readonly perSecond: number | null }>
  >;
  readonly shards: {
    readonly of: number;
    readonly queued: number;
    readonly running: number;
    readonly completed: number;
    readonly failed: number;
  };
  /** Parts of completed shards that failed. */
  readonly failures: number;
  /** Done part of the whole work, 0 to 1; null before there is a plan. */
  readonly fraction: number | null;
  /** Since the job was started or resumed; until its end. */
  readonly elapsedSeconds: number;
  readonly remainingSeconds: number | null;
  /** Of the workers that are at the job now. */
  readonly workers: number;
  readonly memoryBytes: number | null;
  /** 100 is one core. */
  readonly cpuPercent: number | null;
}

export interface LogFilter {
  /** Only lines after this `seq`. */
  readonly after?: number;
  /** Only lines of this level and worse. */
  readonly level?: LogLevel;
  readonly subject?: string;
  /** 1,000 unless given. */
  readonly limit?: number;
}

export interface LogLine {
  /** Grows by at least one from line to line of a job. */
  readonly seq: number;
  readonly at: string;
  readonly level: LogLevel;
  readonly subject: string | null;
  readonly message: string;
  readonly data: unknown;
}

export interface Timing {
  readonly subject: string;
  readonly milliseconds: number;
  readonly count: number;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (view: JobView) => void;
  /** 200 unless given. */
  readonly pollMs?: number;
}

export interface ScheduleOrder {
  /** As a job's id. */
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  /** Five fields: minute hour day-of-month month day-of-week. */
  readonly cron: string;
  /** The exchange's, an IANA name: `Asia/Shanghai`. */
  readonly timeZone: string;
  /** True unless given. */
  readonly isEnabled?: boolean;
}

export interface ScheduleView {
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly cron: string;
  readonly timeZone: string;
  readonly isEnabled: boolean;
  readonly nextAt: string | null;
  readonly lastAt: string | null;
  /** The job of the last firing; null when none was made. */
  readonly lastJob: string | null;
  /** Why the last firing made no job: another one was running, say. */
  readonly lastError: JobFailure | null;
}

export interface WorkerView {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly heartbeatAt: string;
  readonly slots: number;
  readonly running: number;
  readonly memoryBytes: number;
  readonly cpuPercent: number;
}
