import { availableParallelism } from "node:os";
import { WorkerPool } from "#workers/worker-pool";

/** Threads that `evaluateBlocks` computes on. Started at the first run; the caller closes them. */
export function blockThreads(threads: number): WorkerPool {
  return new WorkerPool(new URL("./block-worker.ts", import.meta.url), threads);
}

/** Instrument-days that are worth the start of a thread. */
const ROWS_PER_THREAD = 500_000;

/** As many as there are cores, but not more than 8 (memory is what more would wait for) nor than there is work for. */
export function defaultThreads(instruments: number, rows: number): number {
  const worthwhile = Math.max(1, Math.floor((instruments * rows) / ROWS_PER_THREAD));
  return Math.min(availableParallelism(), 8, worthwhile);
}
