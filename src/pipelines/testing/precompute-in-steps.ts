import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitPrecompute, type PrecomputeReport } from "../precompute/commit.ts";
import { engineOf } from "../precompute/factor-parts.ts";
import { planPrecompute, type PlannedShard, type PrecomputePlan } from "../precompute/plan.ts";
import { ShardComputer, type ShardResult } from "../precompute/shard.ts";
import { killedSet, marketStore } from "./stored-market.ts";

/** What the state database is to a job: what was accepted, and how often it was begun. Each write is whole or not there. */
interface Accepted {
  readonly attempt: number;
  readonly plan: PrecomputePlan | null;
  readonly results: Readonly<Record<string, ShardResult>>;
}

/**
 * One run over a folder's store, a block a shard, that goes on where it was killed: shards that were accepted are not
 * computed again, and the last step is repeated until it has been seen to end.
 */
export async function precomputeInSteps(folder: string): Promise<PrecomputeReport> {
  const file = join(folder, "accepted.json");
  let known: Accepted = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Accepted)
    : { attempt: 0, plan: null, results: {} };
  const accept = (change: Partial<Accepted>): void => {
    known = { ...known, ...change };
    writeFileSync(`${file}.new`, JSON.stringify(known));
    renameSync(`${file}.new`, file);
  };
  accept({ attempt: known.attempt + 1 });
  const store = marketStore(folder);
  const plan = known.plan ?? (await planned(folder));
  accept({ plan });
  {
    await using computer = await ShardComputer.open(store, plan);
    for (const [ordinal, { input }] of plan.shards.entries()) {
      if (known.results[ordinal] !== undefined) continue;
      const result = await computer.run(input, { run: plan.run, attempt: known.attempt });
      accept({ results: { ...known.results, [ordinal]: result } });
    }
  }
  return await commitPrecompute(store, plan, Object.values(known.results));
}

async function planned(folder: string): Promise<PrecomputePlan> {
  const store = marketStore(folder);
  const run = "killed-run";
  const generation = await store.beginRun(run);
  await using base = await store.snapshot(generation);
  const plan = await planPrecompute(store, base, {
    run,
    sets: [killedSet],
    engine: engineOf({ engine: "test" }),
  });
  const shards = plan.shards.flatMap(({ work, input }): PlannedShard[] =>
    input.kind === "across"
      ? [{ work, input }]
      : input.blocks.map((block) => ({ work, input: { kind: "blocks", blocks: [block] } })),
  );
  return { ...plan, shards };
}
