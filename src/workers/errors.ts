/** The coded errors of threads; what a task itself throws keeps its own code. */
export const workerErrors = {
  WORKER_DIED: "a thread ended in the middle of its work",
  WORKER_POOL_CLOSED: "the threads have been given back",
  WORKER_POOL_BUSY: "the threads are at work for somebody else",
  WORKER_TASK_UNKNOWN: "the threads do not know a task of this name",
} as const;

export type WorkerErrorCode = keyof typeof workerErrors;

export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly code: WorkerErrorCode;
  readonly remedy: string;

  constructor(
    code: WorkerErrorCode,
    found: string,
    details: { readonly remedy: string; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
  }
}
