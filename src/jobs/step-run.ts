/** A step under way on this worker: what its kind sees of it, and what it has said and not yet been written. */
import type { Claim } from "./claim.ts";
import { JobError } from "./errors.ts";
import type { Counts, LogEntry, StepContext } from "./job-kind.ts";
import { stamped, type StampedEntry } from "./job-log.ts";
import type { Timing } from "./jobs.ts";
import { titleOf } from "./step-end.ts";

/** More unwritten lines than this are dropped, which a line says: a database that is away must not fill the memory. */
const LINES_HELD = 20_000;

export interface UnwrittenProgress {
  readonly done: Counts;
  readonly fraction: number | null;
}

export class StepRun {
  readonly claim: Claim;
  /** The kind has returned or thrown; what is left is to store that. */
  isEnding = false;
  readonly #controller = new AbortController();
  #lines: StampedEntry[] = [];
  #dropped = 0;
  #progress: UnwrittenProgress | null = null;
  readonly #timings = new Map<string, { milliseconds: number; count: number }>();

  constructor(claim: Claim) {
    this.claim = claim;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the step was told to stop; null when it was not. */
  get stopCode(): "JOB_CANCELLED" | "JOB_CLAIM_LOST" | "JOB_WORKER_STOPPING" | null {
    const reason: unknown = this.signal.reason;
    if (!(reason instanceof JobError)) return null;
    const { code } = reason;
    return code === "JOB_CANCELLED" || code === "JOB_CLAIM_LOST" || code === "JOB_WORKER_STOPPING"
      ? code
      : null;
  }

  stop(code: "JOB_CANCELLED" | "JOB_CLAIM_LOST" | "JOB_WORKER_STOPPING"): void {
    if (this.signal.aborted) return;
    const title = `${titleOf(this.claim)} of job ${this.claim.job}`;
    const [found, remedy] = {
      JOB_CANCELLED: [`${title} was cancelled`, "resume the job to go on"],
      JOB_CLAIM_LOST: [`${title} was given to another worker`, "nothing is to be done"],
      JOB_WORKER_STOPPING: [`the worker of ${title} is stopping`, "another worker goes on with it"],
    }[code] as [string, string];
    this.#controller.abort(new JobError(code, found, { remedy, job: this.claim.job }));
  }

  context(): StepContext<unknown, unknown> {
    return {
      jobId: this.claim.job,
      payload: this.claim.payload,
      state: this.claim.planState,
      attempt: this.claim.attempt,
      signal: this.signal,
      log: (line) => this.#log(line),
      progress: (done, fraction) => {
        this.#progress = { done: { ...done }, fraction: fraction ?? null };
      },
      took: (subject, milliseconds) => {
        const known = this.#timings.get(subject) ?? { milliseconds: 0, count: 0 };
        known.milliseconds += milliseconds;
        known.count += 1;
        this.#timings.set(subject, known);
      },
    };
  }

  #log(line: LogEntry): void {
    if (this.#lines.length >= LINES_HELD) this.#dropped += 1;
    else this.#lines.push(stamped({ ...line, data: storable(line.data) }, Date.now()));
  }

  /** The unwritten lines, which are no longer held here: whoever fails to write them hands them back. */
  takeLines(): StampedEntry[] {
    const lines = this.#lines;
    if (this.#dropped > 0) {
      const message = `${this.#dropped} lines were dropped: the database was away or too many came at once`;
      lines.push(stamped({ level: "warning", message }, Date.now()));
    }
    this.#lines = [];
    this.#dropped = 0;
    return lines;
  }

  giveLinesBack(lines: readonly StampedEntry[]): void {
    this.#lines = [...lines, ...this.#lines];
  }

  takeProgress(): UnwrittenProgress | null {
    const progress = this.#progress;
    this.#progress = null;
    return progress;
  }

  timings(): Timing[] {
    return [...this.#timings].map(([subject, time]) => ({ subject, ...time }));
  }
}

/** A line is not lost because of what somebody put beside it. */
function storable(data: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(data ?? null)) as unknown;
  } catch {
    return String(data);
  }
}
