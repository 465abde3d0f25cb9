/** Failures as RFC 9457 problem details, with the coded error's own fields beside the standard ones. */
import { z } from "zod";

export const PROBLEM_TYPE = "application/problem+json";

export const problem = z.object({
  /** `urn:alphaloom:problem:` and the code. */
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  /** What to do. */
  remedy: z.string(),
  /** Where the problem is, as much as is known. */
  place: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** The job that stands in the way, for JOB_RUNNING. */
  job: z.string().optional(),
  /** The same, by the name that the precompute request uses. */
  task_id: z.string().optional(),
});

export type Problem = z.infer<typeof problem>;
