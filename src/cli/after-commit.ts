import type { AfterCommit } from "./precompute-kind.ts";

/** What follows every precompute run, in this order. */
export const afterCommit: readonly AfterCommit[] = [];
