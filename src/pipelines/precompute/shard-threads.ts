import { setTimeout as sleep } from "node:timers/promises";
import { LANES_PER_BLOCK, type StoreKey } from "#data/store/panel-store";
import { Gate } from "#kernels/parallel";
import { WorkerPool } from "#workers/worker-pool";
import type { PrecomputePlan, PrecomputeShard } from "./plan.ts";
import type { BlockDone, PortableResult } from "./shard.ts";
import type { ShardReport, ShardTask } from "./shard-task.ts";

export interface ShardThreadsOptions {
  /** Root of the workspace. */
  readonly workspace: string;
  readonly threads: number;
  /** Resident memory of the process, in bytes, that should not be exceeded; 2 GB unless told. */
  readonly memoryLimit?: number;
  /** Resident memory at the moment; a clock of memory, so to say. */
  readonly residentBytes?: () => number;
  /** Milliseconds without a shard after which a thread ends; 10,000 unless told. */
  readonly restAfterMs?: number;
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
const POLL_MS = 20;
const REST_AFTER_MS = 10_000;

/**
 * One thread for each shard under way, kept for the next. Fewer run at a time where the memory that a plan needs, or that
 * the process has taken, comes near the limit; one always does.
 */
export class ShardThreads implements AsyncDisposable {
  readonly threads: number;
  readonly #options: ShardThreadsOptions;
  readonly #idle: WorkerPool[] = [];
  readonly #busy = new Set<WorkerPool>();
  readonly #preparing = new Set<Promise<void>>();
  #rest: NodeJS.Timeout | undefined;

  constructor(options: ShardThreadsOptions) {
    this.threads = options.threads;
    this.#options = options;
  }

  /** Starts the threads and lets them compile a plan, while the caller is busy with something else. */
  prepare(store: StoreKey, plan: PrecomputePlan): void {
    const input = { workspace: this.#options.workspace, store, plan };
    for (let thread = 0; thread < this.#most(plan) && thread < plan.shards.length; thread++) {
      const pool = this.#start();
      // What is wrong with the plan comes up again when a shard of it is computed.
      const done = (): void => {
        this.#preparing.delete(prepared);
        this.#free(pool);
      };
      const prepared = pool.run("prepare-shards", { input, gate: new Gate() }).then(done, done);
      this.#preparing.add(prepared);
    }
  }

  /** Throws what `ShardComputer.run` throws, the signal's reason when it is aborted, and when the thread dies. */
  async run(task: ThreadShard): Promise<PortableResult> {
    const { store, plan, shard, attempt, signal, onBlock } = task;
    const pool = await this.#take(plan, signal);
    try {
      const input: ShardTask = { workspace: this.#options.workspace, store, plan, shard, attempt };
      let result: PortableResult | null = null;
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
      this.#free(pool);
    }
  }

  /** Ends the threads that have nothing to do, with the generation they have open and what they hold in memory. */
  async rest(): Promise<void> {
    clearTimeout(this.#rest);
    await Promise.all(this.#idle.splice(0).map((pool) => letGo(pool)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rest();
    await Promise.all([...this.#busy].map((pool) => pool.close()));
  }

  /** Threads that get no further shard, because the run goes on elsewhere or was cancelled, end by themselves. */
  #restLater(): void {
    clearTimeout(this.#rest);
    const { restAfterMs = REST_AFTER_MS } = this.#options;
    this.#rest = setTimeout(() => void this.rest(), restAfterMs).unref();
  }

  #free(pool: WorkerPool): void {
    this.#busy.delete(pool);
    this.#idle.push(pool);
    this.#restLater();
  }

  /** Threads that have room in the memory for this plan. */
  #most(plan: PrecomputePlan): number {
    const { memoryLimit = DEFAULT_LIMIT } = this.#options;
    return Math.max(1, Math.min(this.threads, Math.floor((FULL * memoryLimit) / threadBytes(plan))));
  }

  #start(): WorkerPool {
    const pool = this.#idle.pop() ?? new WorkerPool(new URL("./shard-worker.ts", import.meta.url), 1);
    this.#busy.add(pool);
    return pool;
  }

  async #take(plan: PrecomputePlan, signal?: AbortSignal): Promise<WorkerPool> {
    const { memoryLimit = DEFAULT_LIMIT, residentBytes = () => process.memoryUsage.rss() } = this.#options;
    const most = this.#most(plan);
    // One that is about to be ready is ready sooner than another.
    while (this.#idle.length === 0 && this.#preparing.size > 0) await Promise.race(this.#preparing);
    signal?.throwIfAborted();
    while (this.#busy.size > 0 && (this.#busy.size >= most || residentBytes() > FULL * memoryLimit))
      await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
    return this.#start();
  }
}

/** A thread that died has nothing open any more: its pins go with the process. */
async function letGo(pool: WorkerPool): Promise<void> {
  try {
    await pool.run("close-store", { input: null, gate: new Gate() });
  } finally {
    await pool.close();
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
