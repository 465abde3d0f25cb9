import { setTimeout } from "node:timers/promises";
import { LANES_PER_BLOCK, type StoreKey } from "#data/store/panel-store";
import { Gate } from "#kernels/parallel";
import { WorkerPool } from "#workers/worker-pool";
import type { PrecomputePlan, PrecomputeShard } from "./plan.ts";
import type { BlockDone, ShardResult } from "./shard.ts";
import type { ShardReport, ShardTask } from "./shard-task.ts";

export interface ShardThreadsOptions {
  /** Root of the workspace. */
  readonly workspace: string;
  readonly threads: number;
  /** Resident memory of the process, in bytes, that should not be exceeded; 2 GB unless told. */
  readonly memoryLimit?: number;
  /** Resident memory at the moment; a clock of memory, so to say. */
  readonly residentBytes?: () => number;
}

export interface ThreadShard {
  readonly store: StoreKey;
  readonly plan: PrecomputePlan;
  readonly shard: PrecomputeShard;
  readonly attempt: number;
  readonly signal?: AbortSignal;
  readonly onBlock?: (done: BlockDone) => void;
}

const DEFAULT_LIMIT = 2 ** 31;
/** Share of the limit beyond which no further shard is started beside those under way. */
const FULL = 0.8;
const POLL_MS = 100;

/**
 * One thread for each shard under way, kept for the next. Fewer run at a time where the memory that a plan needs, or that
 * the process has taken, comes near the limit; one always does.
 */
export class ShardThreads implements AsyncDisposable {
  readonly threads: number;
  readonly #options: ShardThreadsOptions;
  readonly #idle: WorkerPool[] = [];
  readonly #busy = new Set<WorkerPool>();

  constructor(options: ShardThreadsOptions) {
    this.threads = options.threads;
    this.#options = options;
  }

  /** Throws what `ShardComputer.run` throws, the signal's reason when it is aborted, and when the thread dies. */
  async run(task: ThreadShard): Promise<ShardResult> {
    const { store, plan, shard, attempt, signal, onBlock } = task;
    const pool = await this.#free(plan, signal);
    try {
      const input: ShardTask = { workspace: this.#options.workspace, store, plan, shard, attempt };
      let result: ShardResult | null = null;
      await pool.run("compute-shard", {
        input,
        gate: new Gate(),
        ...(signal === undefined ? {} : { signal }),
        onMessage: (message) => {
          const report = message as ShardReport;
          if (report.kind === "block") onBlock?.(report.done);
          else result = report.result;
        },
      });
      if (result === null) throw new TypeError("a thread ended without a result");
      return result;
    } finally {
      this.#busy.delete(pool);
      this.#idle.push(pool);
    }
  }

  /** Ends the threads that have nothing to do, with what they hold in memory. */
  async rest(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((pool) => pool.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#idle.splice(0), ...this.#busy].map((pool) => pool.close()));
  }

  async #free(plan: PrecomputePlan, signal?: AbortSignal): Promise<WorkerPool> {
    const { memoryLimit = DEFAULT_LIMIT, residentBytes = () => process.memoryUsage.rss() } = this.#options;
    const most = Math.max(1, Math.min(this.threads, Math.floor((FULL * memoryLimit) / threadBytes(plan))));
    while (this.#busy.size > 0 && (this.#busy.size >= most || residentBytes() > FULL * memoryLimit))
      await setTimeout(POLL_MS, undefined, signal === undefined ? {} : { signal });
    const pool = this.#idle.pop() ?? new WorkerPool(new URL("./shard-worker.ts", import.meta.url), 1);
    this.#busy.add(pool);
    return pool;
  }
}

/** Fields of a block that are read and converted, in float64 and float32. */
const INPUT_BYTES = 8 * (8 + 4);
const THREAD_BYTES = 64 * 2 ** 20;

/** What a thread holds: two blocks of results, the inputs of one, and the program. */
export function threadBytes({ sets, engine, totals }: PrecomputePlan): number {
  const cell = engine.precision === "f32" ? 4 : 8;
  const factors = sets.reduce((sum, { fields }) => sum + fields.length, 0);
  return THREAD_BYTES + totals.rows * LANES_PER_BLOCK * (2 * factors * cell + INPUT_BYTES);
}
