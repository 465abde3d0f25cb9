import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import type { FieldSet, StoredField, StoreSnapshot } from "#data/store/panel-store";
import { missingStore } from "#data/store/store-parts";
import { inputGeneration } from "./input-generation.ts";
import type { PrecomputePlan } from "./plan.ts";
import type { FactorProblem, PlannedSet } from "./portable-set.ts";
import type { FailedBlock, ShardResult } from "./shard.ts";

export interface PrecomputeReport {
  /** Current afterwards; the same as before when nothing changed. */
  readonly generation: number;
  /** The generation that everything was computed from. */
  readonly inputGeneration: number;
  readonly sets: readonly PrecomputedSet[];
  /** Blocks that could not be computed; what was stored of them stays, and the sets say that it is behind. */
  readonly failed: readonly FailedBlock[];
  readonly instruments: number;
  readonly instrumentDays: number;
  /** Milliseconds of computing by set, and of reading and writing, over all threads. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

export interface PrecomputedSet {
  readonly set: string;
  /** Factors that are in the store. */
  readonly factors: number;
  /** Factors that could not be computed. What an earlier run stored of them stays, with its lineage. */
  readonly failures: readonly FactorProblem[];
  /** Rows × blocks that were computed, over all parts of the set. */
  readonly computedRows: number;
  /** Blocks that are not up to date: they failed, or were out of the run's scope. */
  readonly blocksBehind: number;
}

/**
 * Makes what the shards of a run staged the store's next generation, all at once; a run that is complete ends with it.
 * Called again after a crash it changes nothing. Results of shards that never came leave their blocks behind. Throws STORE_LOCKED,
 * STORE_CHANGED.
 */
export async function commitPrecompute(
  store: OpenedStore,
  plan: PrecomputePlan,
  results: readonly ShardResult[],
): Promise<PrecomputeReport> {
  const base = await store.manifestOf(plan.generation);
  let generation: number;
  let behind: ReadonlyMap<string, Readonly<Record<string, number>>>;
  {
    await using writer = await store.writer();
    const current = writer.base;
    if (current === null) throw missingStore(store.parts);
    behind = blocksBehind(current, plan, results);
    refuseOlder(current, plan);
    for (const sets of statesOf(results).values())
      for (const set of sets) if (isForeign(current, set)) writer.drop(set.name);
    for (const { staged } of results) for (const block of staged) await writer.adopt(block, base);
    for (const { list, gone } of plan.sets) if (gone.length > 0) writer.drop(list.name, gone);
    for (const planned of plan.sets) {
      if (!isTouched(planned, results)) continue;
      const own = behind.get(planned.list.name) ?? {};
      const fields = [...planned.fields, ...leftFields(current, planned)];
      writer.describe({ name: planned.list.name, role: "factor", fields, behind: own });
      for (const set of statesOf(results).get(planned.list.name) ?? [])
        writer.describe({ ...set, behind: own });
    }
    const names = plan.sets.map(({ list }) => list.name).join(", ");
    generation = await writer.commit({ reason: `factors ${names}` });
  }
  // A run that is not complete can be gone on with: what it starts from is kept.
  const isWhole = results.length === plan.shards.length && results.every(({ failed }) => failed.length === 0);
  if (isWhole) await store.endRun(plan.run);
  return report(plan, results, { generation, behind });
}

/** Values of a newer generation of the inputs are not replaced by older ones. */
function refuseOlder(current: StoreSnapshot, { sets, generation, run }: PrecomputePlan): void {
  for (const { list } of sets) {
    const newer = current.fieldSets
      .get(list.name)
      ?.fields.find(({ lineage }) => lineage.inputGeneration > generation);
    if (newer === undefined) continue;
    throw new DataError(
      "STORE_CHANGED",
      `${list.name} was computed from generation ${newer.lineage.inputGeneration} meanwhile, run ${run} from ${generation}`,
      { remedy: "start a new run; the store is as it was" },
    );
  }
}

function report(
  plan: PrecomputePlan,
  results: readonly ShardResult[],
  outcome: {
    readonly generation: number;
    readonly behind: ReadonlyMap<string, Readonly<Record<string, number>>>;
  },
): PrecomputeReport {
  const total = (value: (result: ShardResult) => number): number =>
    results.reduce((sum, result) => sum + value(result), 0);
  const milliseconds: Record<string, number> = {};
  for (const result of results) {
    for (const [what, spent] of Object.entries(result.milliseconds))
      milliseconds[what] = (milliseconds[what] ?? 0) + spent;
  }
  return {
    generation: outcome.generation,
    inputGeneration: plan.generation,
    sets: plan.sets.map(({ list, fields, failures }) => ({
      set: list.name,
      factors: fields.length,
      failures,
      computedRows: total(({ computedRows }) => computedRows[list.name] ?? 0),
      blocksBehind: Object.keys(outcome.behind.get(list.name) ?? {}).length,
    })),
    failed: results.flatMap(({ failed }) => failed),
    instruments: total(({ instruments }) => instruments),
    instrumentDays: total(({ instrumentDays }) => instrumentDays),
    milliseconds,
  };
}

/**
 * Stored factors that this run could not compile. What blocks are behind is said anew for the whole set, so that their
 * lineage has to be that of their oldest block.
 */
function leftFields(current: StoreSnapshot, { list, fields, gone }: PlannedSet): readonly StoredField[] {
  const stored = current.fieldSets.get(list.name);
  const others = new Set([...fields.map(({ name }) => name), ...gone]);
  const behind = Object.values(stored?.behind ?? {});
  return (stored?.fields ?? [])
    .filter(({ name }) => !others.has(name))
    .map((field) => {
      const oldest = Math.min(field.lineage.inputGeneration, ...behind);
      return { ...field, lineage: { ...field.lineage, inputGeneration: oldest } };
    });
}

/** Whether a set was looked at; the lineage of one that was current already stays as it is. */
function isTouched({ list }: PlannedSet, results: readonly ShardResult[]): boolean {
  return results.some(
    ({ done, staged }) => done[list.name] !== undefined || staged.some(({ set }) => set === list.name),
  );
}

/** Of each set the blocks that are not as the plan's generation gives them, and what they were computed from. */
function blocksBehind(
  current: StoreSnapshot,
  plan: PrecomputePlan,
  results: readonly ShardResult[],
): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const behind = new Map<string, Readonly<Record<string, number>>>();
  const states = statesOf(results);
  const across = new Set(plan.sets.flatMap(({ list, isAcross }) => (isAcross ? [list.name] : [])));
  for (const { list, fields, due: wanted } of plan.sets) {
    const isWanted = new Set(wanted);
    const done = new Set(results.flatMap((result) => result.done[list.name] ?? []));
    const due = new Set<number>();
    for (const { input } of plan.shards) {
      if (input.kind === "across" ? input.set !== list.name : across.has(list.name)) continue;
      for (let block = 0; block < plan.blocks; block++)
        if (input.kind === "across" || input.blocks.includes(block)) due.add(block);
    }
    const names = new Set([list.name, ...(states.get(list.name) ?? []).map(({ name }) => name)]);
    const mixed = new Set(
      results.flatMap(({ staged }) => staged.filter(({ set }) => names.has(set)).map(({ block }) => block)),
    );
    const own: Record<string, number> = {};
    for (let block = 0; block < plan.blocks; block++) {
      if (due.has(block) ? done.has(block) : !isWanted.has(block)) continue;
      // Where some rows are new and others are not, no generation is that of the block.
      const since = mixed.has(block) ? 0 : inputGeneration(current, { set: list.name, fields, block });
      if (since !== plan.generation) own[block] = since;
    }
    behind.set(list.name, own);
  }
  return behind;
}

function statesOf(results: readonly ShardResult[]): ReadonlyMap<string, readonly FieldSet[]> {
  const sets = new Map<string, readonly FieldSet[]>();
  for (const { states } of results) for (const [name, own] of Object.entries(states)) sets.set(name, own);
  return sets;
}

/** Whether what is stored under a states' name means something else. */
function isForeign(current: StoreSnapshot, set: FieldSet): boolean {
  const stored = current.fieldSets.get(set.name)?.fields;
  if (stored === undefined) return false;
  return meaningOf(stored) !== meaningOf(set.fields);
}

const meaningOf = (fields: FieldSet["fields"]): string =>
  `${fields.length} ${fields[0]?.lineage.engine} ${fields[0]?.lineage.from}`;
