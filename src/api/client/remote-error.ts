import type { Problem } from "../contract/problem.ts";

/** What a server refused: code, message, remedy and place as they were thrown there. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly code: string;
  readonly remedy: string;
  readonly place: Readonly<Record<string, string | number>>;
  readonly status: number;
  /** The job the error is about: the running one for JOB_RUNNING. */
  readonly job: string | null;

  constructor({ code, detail, remedy, place, status, job }: Problem) {
    super(detail);
    this.code = code;
    this.remedy = remedy;
    this.place = place ?? {};
    this.status = status;
    this.job = job ?? null;
  }
}
