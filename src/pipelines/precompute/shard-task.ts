import type { StoreKey } from "#data/store/panel-store";
import type { TaskThread } from "#kernels/parallel";
import { storeOf, workspaceAt } from "../workspace.ts";
import type { PrecomputePlan, PrecomputeShard } from "./plan.ts";
import { ShardComputer, type BlockDone, type ShardResult } from "./shard.ts";

/** What a thread is told of a shard. */
export interface ShardTask {
  /** Root of the workspace. */
  readonly workspace: string;
  readonly store: StoreKey;
  readonly plan: PrecomputePlan;
  readonly shard: PrecomputeShard;
  readonly attempt: number;
}

export type ShardReport =
  | { readonly kind: "block"; readonly done: BlockDone }
  | { readonly kind: "result"; readonly result: ShardResult };

/** The plan this thread worked on last: further shards of it find everything compiled. */
let open: { readonly of: string; readonly computer: ShardComputer } | null = null;

/** Computes a shard on a thread of its own; stops at the next block once the gate is closed. */
export async function computeShard(input: unknown, { gate, post }: TaskThread): Promise<void> {
  const { workspace, store, plan, shard, attempt } = input as ShardTask;
  const report = (message: ShardReport): void => post(message);
  const of = `${workspace} ${store.calendar} ${store.freq} ${plan.run} ${plan.generation}`;
  if (open?.of !== of) {
    await open?.computer[Symbol.asyncDispose]();
    open = null;
    const computer = await ShardComputer.open(storeOf(workspaceAt(workspace), store), plan);
    open = { of, computer };
  }
  const stop = new AbortController();
  const result = await open.computer.run(shard, {
    attempt,
    signal: stop.signal,
    onBlock: (done) => {
      report({ kind: "block", done });
      if (gate.isClosed) stop.abort();
    },
  });
  report({ kind: "result", result });
}
