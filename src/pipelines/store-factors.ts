import { randomBytes } from "node:crypto";
import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { OpenedStore } from "#data/store/open-store";
import type { ProgramCache } from "#expression/run/program-cache";
import { commitPrecompute, type PrecomputeReport } from "./precompute/commit.ts";
import { engineOf } from "./precompute/factor-parts.ts";
import { isNothing, planPrecompute } from "./precompute/plan.ts";
import type { StorableSet } from "./precompute/portable-set.ts";
import { ShardComputer, type ShardResult } from "./precompute/shard.ts";

/**
 * Computes factor sets from a store's bars into the same store, block by block, as one generation, on the calling thread.
 * What is stored already is brought up to date: rows whose inputs changed since, and those after them as far as windows
 * look back; the result is bit for bit what computing everything gives. It is the run of a precompute job without the job.
 */
export interface StoreFactorsOptions {
  /** Version of the engine, for the lineage; values of another version are computed again. */
  readonly engine: string;
  readonly precision?: "f32" | "f64";
  readonly vwap?: VwapRule;
  /** Blocks whose stored factors are damaged: they are computed again, and nothing else. */
  readonly damaged?: ReadonlySet<number>;
  /** Where compiled programs are kept from run to run. */
  readonly programs?: ProgramCache;
  readonly signal?: AbortSignal;
  readonly onBlock?: (done: number, of: number) => void;
}

/**
 * Throws STORE_MISSING, STORE_EMPTY, STORE_LOCKED, STORE_CHANGED, DATA_DISK_FULL; after an error the store is as it was.
 * Blocks that cannot be read are in the report, and stay behind.
 */
export async function storeFactors(
  store: OpenedStore,
  sets: readonly StorableSet[],
  options: StoreFactorsOptions,
): Promise<PrecomputeReport> {
  const run = `direct-${randomBytes(8).toString("hex")}`;
  const generation = await store.beginRun(run);
  try {
    await using base = await store.snapshot(generation);
    const plan = await planPrecompute(store, base, {
      run,
      sets,
      engine: engineOf(options),
      ...(options.damaged === undefined ? {} : { damaged: options.damaged, onlyDamaged: true }),
    });
    const results: ShardResult[] = [];
    if (!isNothing(plan)) {
      await using computer = await ShardComputer.open(store, plan, options.programs);
      let done = 0;
      const of = plan.shards.reduce(
        (sum, { input }) => sum + (input.kind === "blocks" ? input.blocks.length : plan.blocks),
        0,
      );
      for (const [index, { input }] of plan.shards.entries()) {
        const { signal, onBlock } = options;
        const result = await computer.run(input, {
          run,
          attempt: index + 1,
          ...(signal === undefined ? {} : { signal }),
          ...(onBlock === undefined ? {} : { onBlock: () => onBlock(++done, of) }),
        });
        results.push(result);
      }
    }
    return await commitPrecompute(store, plan, results);
  } finally {
    await store.endRun(run);
  }
}
