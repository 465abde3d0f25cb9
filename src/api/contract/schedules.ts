import { z } from "zod";
import { operation } from "./operation.ts";
import { failure, idParams, idText, noBody, nothing } from "./parts.ts";

export const scheduleView = z.object({
  id: idText,
  kind: z.string(),
  payload: z.unknown(),
  cron: z.string(),
  timeZone: z.string(),
  isEnabled: z.boolean(),
  nextAt: z.string().nullable(),
  lastAt: z.string().nullable(),
  lastJob: z.string().nullable(),
  lastError: failure.nullable(),
});

const scheduleOrder = z.strictObject({
  id: z.string(),
  kind: z.string(),
  payload: z.unknown(),
  /** Minute, hour, day of month, month, day of week. */
  cron: z.string().max(200),
  /** An IANA name. */
  timeZone: z.string().max(100),
  isEnabled: z.boolean().optional(),
});

export const scheduleOperations = {
  listSchedules: operation({
    method: "GET",
    path: "/api/v1/schedules",
    summary: "When which job is queued",
    params: nothing,
    query: nothing,
    body: noBody,
    status: 200,
    answer: z.object({ schedules: z.array(scheduleView) }),
  }),
  setSchedule: operation({
    method: "POST",
    path: "/api/v1/schedules",
    summary: "Make or replace a schedule",
    params: nothing,
    query: nothing,
    body: scheduleOrder,
    status: 200,
    answer: scheduleView,
  }),
  removeSchedule: operation({
    method: "DELETE",
    path: "/api/v1/schedules/:id",
    summary: "Remove a schedule",
    params: idParams,
    query: nothing,
    body: noBody,
    status: 200,
    answer: nothing,
  }),
} as const;
