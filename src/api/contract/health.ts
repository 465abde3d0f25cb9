import { z } from "zod";
import { operation } from "./operation.ts";
import { noBody, nothing } from "./parts.ts";

export const healthOperations = {
  health: operation({
    method: "GET",
    path: "/health",
    summary: "The server answers",
    isOpen: true,
    params: nothing,
    query: nothing,
    body: noBody,
    status: 200,
    answer: z.object({ status: z.literal("ok"), version: z.string() }),
  }),
  ready: operation({
    method: "GET",
    path: "/ready",
    summary: "The server reaches its database; 503 when not",
    isOpen: true,
    params: nothing,
    query: nothing,
    body: noBody,
    status: 200,
    answer: z.object({ status: z.literal("ready") }),
  }),
} as const;
