import { availableParallelism } from "node:os";

/** As many threads as there are cores, at most 8. */
export function workThreads(): number {
  return Math.min(availableParallelism(), 8);
}
