import { availableParallelism } from "node:os";
import { WorkerPool } from "#workers/worker-pool";

/** Threads that `evaluateBlocks` computes on. Started at the first run; the caller closes them. */
export function blockThreads(threads: number): WorkerPool {
  return new WorkerPool(new URL("./block-worker.ts", import.meta.url), threads);
}

/** As many as there are cores, but not more than 8: beyond it memory is what the cores wait for. */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), 8);
}
