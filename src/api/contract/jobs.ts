import { z } from "zod";
import { operation } from "./operation.ts";
import { bilingual, countText, failure, idParams, idText, noBody, nothing } from "./parts.ts";

export const jobState = z.enum([
  "queued",
  "running",
  "completed",
  "completed_with_errors",
  "failed",
  "cancelled",
]);

const share = z.object({ done: z.number(), of: z.number(), perSecond: z.number().nullable() });

export const jobProgress = z.object({
  step: z.enum(["plan", "shards", "finish"]).nullable(),
  totals: z.record(z.string(), share),
  shards: z.object({
    of: z.number(),
    queued: z.number(),
    running: z.number(),
    completed: z.number(),
    failed: z.number(),
  }),
  failures: z.number(),
  fraction: z.number().nullable(),
  elapsedSeconds: z.number(),
  remainingSeconds: z.number().nullable(),
  workers: z.number(),
  memoryBytes: z.number().nullable(),
  cpuPercent: z.number().nullable(),
});

export const jobView = z.object({
  id: idText,
  kind: z.string(),
  title: bilingual,
  name: z.string().nullable(),
  state: jobState,
  stateTitle: bilingual,
  payload: z.unknown(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  isCancelling: z.boolean(),
  retries: z.number(),
  retryLimit: z.number(),
  progress: jobProgress,
  summary: z.unknown(),
  error: failure.nullable(),
  failedShards: z.array(z.object({ ordinal: z.number(), error: failure })),
});

export const logLevel = z.enum(["debug", "info", "warning", "error"]);

export const logLine = z.object({
  seq: z.number(),
  at: z.string(),
  level: logLevel,
  subject: z.string().nullable(),
  message: z.string(),
  data: z.unknown(),
});

export const workerView = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  startedAt: z.string(),
  heartbeatAt: z.string(),
  slots: z.number(),
  running: z.number(),
  memoryBytes: z.number(),
  cpuPercent: z.number(),
});

const jobOrder = z.strictObject({
  kind: z.string(),
  payload: z.unknown(),
  name: z.string().max(200).optional(),
  id: z.string().optional(),
  retryLimit: z.int().min(0).max(100).optional(),
});

const jobFilter = z.strictObject({
  state: jobState.optional(),
  kind: z.string().optional(),
  limit: countText.optional(),
  before: z.string().optional(),
});

const logFilter = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  level: logLevel.optional(),
  subject: z.string().optional(),
  limit: countText.optional(),
});

/** What is asked of one job by its id alone. */
const change = (name: "cancel" | "resume" | "retry", summary: string) =>
  operation({
    method: "POST",
    path: `/api/v1/jobs/:id/${name}`,
    summary,
    params: idParams,
    query: nothing,
    body: noBody,
    status: 202,
    answer: jobView,
  });

export const jobOperations = {
  submitJob: operation({
    method: "POST",
    path: "/api/v1/jobs",
    summary: "Queue a job of any kind",
    params: nothing,
    query: nothing,
    body: jobOrder,
    status: 202,
    answer: jobView,
  }),
  listJobs: operation({
    method: "GET",
    path: "/api/v1/jobs",
    summary: "Jobs, newest first",
    params: nothing,
    query: jobFilter,
    body: noBody,
    status: 200,
    answer: z.object({ jobs: z.array(jobView) }),
  }),
  showJob: operation({
    method: "GET",
    path: "/api/v1/jobs/:id",
    summary: "A job and how far it is",
    params: idParams,
    query: nothing,
    body: noBody,
    status: 200,
    answer: jobView,
  }),
  cancelJob: change("cancel", "Ask for a job's end; what its shards finished stays"),
  resumeJob: change("resume", "Go on with a job; finished shards are not run again"),
  retryJob: change("retry", "Run a job's failed shards again"),
  jobLogs: operation({
    method: "GET",
    path: "/api/v1/jobs/:id/logs",
    summary: "A job's log, oldest line first",
    params: idParams,
    query: logFilter,
    body: noBody,
    status: 200,
    answer: z.object({ lines: z.array(logLine) }),
  }),
  jobTimings: operation({
    method: "GET",
    path: "/api/v1/jobs/:id/timings",
    summary: "Time per indicator, longest first",
    params: idParams,
    query: nothing,
    body: noBody,
    status: 200,
    answer: z.object({
      timings: z.array(z.object({ subject: z.string(), milliseconds: z.number(), count: z.number() })),
    }),
  }),
  listWorkers: operation({
    method: "GET",
    path: "/api/v1/workers",
    summary: "Workers that have given a sign of life lately",
    params: nothing,
    query: nothing,
    body: noBody,
    status: 200,
    answer: z.object({ workers: z.array(workerView) }),
  }),
} as const;
