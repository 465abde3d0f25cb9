/**
 * The coded errors of the job system. Each entry is the title; the message of a thrown error says what was found,
 * `remedy` what to do.
 */
export const jobErrors = {
  JOB_UNKNOWN: "there is no job of this id",
  JOB_KIND_UNKNOWN: "there is no kind of job of this name",
  JOB_ID_INVALID: "the text cannot be the id of a job or a schedule",
  JOB_ID_TAKEN: "another job has this id",
  JOB_RUNNING: "a job that excludes this one is queued or running",
  JOB_STATE: "the job is in a state that does not allow this",
  JOB_RETRY_LIMIT: "the job has been retried as often as its limit allows",
  JOB_PAYLOAD: "the payload is no JSON value",
  JOB_CANCELLED: "the job was cancelled",
  JOB_CLAIM_LOST: "the step was given to another worker",
  JOB_WORKER_STOPPING: "the worker is stopping",
  JOB_WORKER_DIED: "the worker that ran the step died",
  JOB_NOTHING_DONE: "not one shard of the job succeeded",
  SCHEDULE_UNKNOWN: "there is no schedule of this id",
  SCHEDULE_INVALID: "the schedule's cron expression or time zone cannot be read",
} as const;

export type JobErrorCode = keyof typeof jobErrors;

export class JobError extends Error {
  override readonly name = "JobError";
  readonly code: JobErrorCode;
  readonly remedy: string;
  /** The job the error is about: the running one for JOB_RUNNING. */
  readonly job: string | null;

  constructor(
    code: JobErrorCode,
    found: string,
    details: { readonly remedy: string; readonly job?: string; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.job = details.job ?? null;
  }
}
