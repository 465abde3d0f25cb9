import { healthOperations } from "./health.ts";
import { jobOperations } from "./jobs.ts";
import { precomputeOperations } from "./precompute.ts";
import { scheduleOperations } from "./schedules.ts";

/** Everything the server does, by name. */
export const operations = {
  ...healthOperations,
  ...jobOperations,
  ...scheduleOperations,
  ...precomputeOperations,
} as const;

export type Operations = typeof operations;
export type OperationName = keyof Operations;
