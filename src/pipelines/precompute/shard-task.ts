import type { StoreKey } from "#data/store/panel-store";
import type { TaskThread } from "#kernels/parallel";
import { ProgramFolder } from "../parallel/program-folder.ts";
import { storeOf, workspaceAt } from "../workspace.ts";
import type { PrecomputePlan, PrecomputeShard } from "./plan.ts";
import { ShardComputer, type BlockDone, portableResult, type PortableResult } from "./shard.ts";

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
  | { readonly kind: "result"; readonly result: PortableResult };

/** The plan this thread worked on last: further shards of it find everything compiled. */
let open: { readonly of: string; readonly computer: ShardComputer } | null = null;

/** Everything about a plan that decides how it is computed: runs of the same work share what is compiled. */
function workOf({ workspace, store, plan }: Omit<ShardTask, "shard" | "attempt">): string {
  const { generation, engine, mode, rows, damaged, sets } = plan;
  return JSON.stringify([workspace, store, generation, engine, mode, rows, damaged, sets]);
}

async function opened(task: Omit<ShardTask, "shard" | "attempt">): Promise<ShardComputer> {
  const of = workOf(task);
  if (open?.of === of) return open.computer;
  await closeStore();
  const workspace = workspaceAt(task.workspace);
  const programs = new ProgramFolder(workspace.programs);
  const computer = await ShardComputer.open(storeOf(workspace, task.store), task.plan, programs);
  open = { of, computer };
  return computer;
}

/** Compiles what a plan's shards will need. */
export async function prepareShards(input: unknown): Promise<void> {
  const computer = await opened(input as Omit<ShardTask, "shard" | "attempt">);
  computer.compile();
}

/** Computes a shard on a thread of its own; stops at the next block once the gate is closed. */
export async function computeShard(input: unknown, { gate, post }: TaskThread): Promise<void> {
  const task = input as ShardTask;
  const report = (message: ShardReport): void => post(message);
  const computer = await opened(task);
  const stop = new AbortController();
  const result = await computer.run(task.shard, {
    run: task.plan.run,
    attempt: task.attempt,
    signal: stop.signal,
    onBlock: (done) => {
      report({ kind: "block", done });
      if (gate.isClosed) stop.abort();
    },
  });
  report({ kind: "result", result: portableResult(result) });
}

/** Lets go of the generation that this thread has open. */
export async function closeStore(): Promise<void> {
  await open?.computer[Symbol.asyncDispose]();
  open = null;
}
