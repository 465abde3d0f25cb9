import { z } from "zod";
import { precomputeOrder } from "#pipelines/precompute/order-schema";
import { jobView } from "./jobs.ts";
import { operation } from "./operation.ts";
import { idParams, idText, noBody, nothing } from "./parts.ts";

/** Nothing is required: then everything that is new is computed, of all instruments, dates and default sets. */
const precomputeRequest = precomputeOrder
  .omit({ damaged: true })
  .extend({
    /** A name for people. */
    task_name: z.string().max(200).optional(),
  })
  .nullish();

export type PrecomputeRequest = NonNullable<z.infer<typeof precomputeRequest>>;

/** A job by the names of the precompute page. */
const task = z.object({ task_id: idText, job: jobView });

export const precomputeOperations = {
  startPrecompute: operation({
    method: "POST",
    path: "/api/v1/data/qlib/precompute",
    summary: "Compute every indicator and factor of the whole market; 409 names the task that is running",
    params: nothing,
    query: nothing,
    body: precomputeRequest,
    status: 202,
    answer: task,
  }),
  precomputeStatus: operation({
    method: "GET",
    path: "/api/v1/data/qlib/precompute/status/:id",
    summary: "How far a precompute task is",
    params: idParams,
    query: nothing,
    body: noBody,
    status: 200,
    answer: task,
  }),
} as const;
