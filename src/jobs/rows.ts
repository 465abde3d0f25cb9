/** Rows of the job tables as the database hands them out, and what several of the queries share. */
import type { Queryable, StateDatabase } from "#database/state-database";
import { JobError } from "./errors.ts";
import type { Counts, JobFailure, LogLevel } from "./job-kind.ts";
import type { JobState } from "./job-state.ts";

/** As much of the state database as jobs need. */
export type JobDatabase = Pick<StateDatabase, "kind" | "query" | "transaction" | "whenUp">;

export type StepPart = "plan" | "shard" | "finish";

/** One step of a job. */
export interface StepName {
  readonly job: string;
  readonly part: StepPart;
  /** A shard's position in the plan; 0 for the others. */
  readonly ordinal: number;
}

export interface JobRow {
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly state: JobState;
  readonly exclusive_key: string | null;
  readonly cancel_requested_at: Date | null;
  readonly retries: number;
  readonly retry_limit: number;
  readonly plan_state: unknown;
}

export interface StepRow {
  readonly job_id: string;
  readonly part: StepPart;
  readonly ordinal: number;
  readonly input: unknown;
  readonly attempt: number;
  readonly errors: number;
  readonly deaths: number;
  readonly result: unknown;
  readonly done: Counts | null;
  readonly failures: number;
  readonly is_adopted: boolean;
  readonly error: JobFailure | null;
}

export const logLevels: readonly LogLevel[] = ["debug", "info", "warning", "error"];

const jobColumns =
  "id, kind, payload, state, exclusive_key, cancel_requested_at, retries, retry_limit, plan_state";

/**
 * The job's row, held until the transaction ends: whoever changes a job or its steps takes this first, so that changes
 * of one job come one after the other. Null when there is none.
 */
export async function lockJob(transaction: Queryable, id: string): Promise<JobRow | null> {
  const { rows } = await transaction.query<JobRow>(
    `select ${jobColumns} from alphaloom.job where id = $1 for update`,
    [id],
  );
  return rows[0] ?? null;
}

/** As `lockJob`. Throws JOB_UNKNOWN. */
export async function lockKnownJob(transaction: Queryable, id: string): Promise<JobRow> {
  const job = await lockJob(transaction, id);
  if (job === null) throw unknownJob(id);
  return job;
}

export function unknownJob(id: string): JobError {
  return new JobError("JOB_UNKNOWN", `there is no job ${JSON.stringify(id)}`, {
    remedy: "list the jobs to see their ids",
  });
}

/** What JSON can say and PostgreSQL's jsonb cannot hold: U+0000 and halves of surrogate pairs. */
const unstorable = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/** A value as the text that a jsonb column takes. Throws JOB_PAYLOAD when it is no JSON value. */
export function jsonText(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value ?? null);
  } catch (cause) {
    throw notJson(what, cause);
  }
  if (text === undefined) throw notJson(what);
  return text.replace(unstorable, "$1\\ufffd");
}

function notJson(what: string, cause?: unknown): JobError {
  return new JobError("JOB_PAYLOAD", `${what} is no JSON value`, {
    remedy: "hand over only objects, arrays, strings, numbers, booleans and null",
    cause,
  });
}

/** What is kept of an error. */
export function failureOf(error: unknown): JobFailure {
  if (!(error instanceof Error)) return { code: "Error", message: String(error), remedy: null };
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const remedy = "remedy" in error && typeof error.remedy === "string" ? error.remedy : null;
  return { code, message: error.message, remedy };
}
