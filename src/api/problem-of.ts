/** Coded errors as problems: which status each code has, and what is told of an error that has none. */
import { apiErrors, type ApiErrorCode } from "./errors.ts";
import type { Problem } from "./contract/problem.ts";

/** Codes whose status is not 422, by their beginning or whole. */
const statuses: readonly (readonly [RegExp, number])[] = [
  [/^API_UNAUTHORIZED$/, 401],
  [/^API_HOST_REFUSED$/, 403],
  [/^(JOB_UNKNOWN|SCHEDULE_UNKNOWN|STORE_MISSING|API_ROUTE_UNKNOWN)$/, 404],
  [/^(JOB_RUNNING|JOB_STATE|JOB_RETRY_LIMIT|JOB_ID_TAKEN|STORE_LOCKED|STORE_CHANGED|DATABASE_LOCKED)$/, 409],
  [/^API_REQUEST_INVALID$/, 400],
  [/^(DATA|DATABASE)_DISK_FULL$/, 507],
  [/^DATABASE_(DOWN|CLOSED)$/, 503],
  [/^(DATABASE|STORE_DAMAGED|STORE_FORMAT|API_INTERNAL)/, 500],
];

/** What every boundary's coded error has. */
interface Coded {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly place?: unknown;
  readonly job?: unknown;
}

/** Null for an error that is a defect: its text stays in the server's log. */
export function problemOf(error: unknown): Problem | null {
  if (!isCoded(error)) return null;
  const { code, message, remedy, place, job } = error;
  const status = statuses.find(([pattern]) => pattern.test(code))?.[1] ?? 422;
  return {
    type: typeOf(code),
    title: apiErrors[code as ApiErrorCode] ?? titles[status] ?? "the request was refused",
    status,
    detail: message,
    code,
    remedy,
    ...(isPlace(place) ? { place } : {}),
    ...(typeof job === "string" ? { job, task_id: job } : {}),
  };
}

const typeOf = (code: string): string => `urn:alphaloom:problem:${code}`;

export const internalProblem: Problem = {
  type: typeOf("API_INTERNAL"),
  title: apiErrors.API_INTERNAL,
  status: 500,
  detail: "the server met a defect of its own",
  code: "API_INTERNAL",
  remedy: "the server's log has the details; please report them",
};

const titles: Readonly<Record<number, string>> = {
  404: "what was asked for does not exist",
  409: "the request conflicts with the state of things",
  422: "the request cannot be carried out",
  500: "the server's data cannot be used",
  503: "the database cannot be reached",
  507: "the disk is full",
};

function isCoded(error: unknown): error is Error & Coded {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "remedy" in error &&
    typeof error.remedy === "string"
  );
}

function isPlace(place: unknown): place is Record<string, string | number> {
  return (
    typeof place === "object" &&
    place !== null &&
    Object.values(place).length > 0 &&
    Object.values(place).every((value) => typeof value === "string" || typeof value === "number")
  );
}
