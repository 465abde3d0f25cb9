import { DataError } from "#data/errors";
import type { FieldSet, StoreSnapshot } from "#data/store/panel-store";
import type { Panel } from "#panel/panel";
import { changedInputs } from "../../stale-rows.ts";
import type { StoredBlocks } from "../../stored-blocks.ts";
import type { Engine } from "../factor-parts.ts";
import { inputsWrittenIn } from "../input-generation.ts";
import type { StorableSet } from "../portable-set.ts";
import type { BarsHistory } from "./bars-history.ts";
import { registeredFactors, type RegisteredFactor } from "./registered-set.ts";
import type { FindingList } from "./report.ts";
import type { ScoreCard } from "./score.ts";

/**
 * What the manifest alone says: which factors are stored under today's definition, and from which generation of the bars
 * each block was computed.
 */
export interface CheckedSet {
  readonly set: StorableSet;
  readonly stored: FieldSet | null;
  readonly registered: readonly RegisteredFactor[];
  /** Stored factors of today's expression and engine. */
  readonly current: ReadonlySet<string>;
  /** Whether some factor depends on other instruments. */
  readonly reachesAcross: boolean;
  /** By block. */
  readonly blocks: readonly CheckedBlock[];
}

export interface CheckedBlock {
  readonly state: "fresh" | "stale" | "missing";
  /** Generation of the bars that the values were computed from; 0 when they were not. */
  readonly computedFrom: number;
}

export function checkSets(
  snapshot: StoreSnapshot,
  sets: readonly StorableSet[],
  options: {
    readonly shape: Panel<"market">;
    readonly engine: Engine;
  },
): CheckedSet[] {
  const { engine, shape } = options;
  const inputs = Array.from({ length: snapshot.blocks }, (_, block) => inputsWrittenIn(snapshot, block));
  return sets.map((set) => {
    const stored = snapshot.fieldSets.get(set.name) ?? null;
    const fields = new Map(stored?.fields.map((field) => [field.name, field]));
    const registered = registeredFactors(set, shape, (name) => fields.has(name));
    const current = registered.filter(({ name, canonical }) => {
      const field = fields.get(name);
      if (field === undefined || field.dtype !== engine.precision) return false;
      return field.lineage.from === canonical && field.lineage.engine === engine.version;
    });
    const generations = current.map(({ name }) => fields.get(name)!.lineage.inputGeneration);
    const computed = generations.length === 0 ? 0 : Math.min(...generations);
    const reachesAcross = current.some((factor) => factor.reachesAcross);
    const own = inputs.map((writtenIn, block): CheckedBlock => {
      const computedFrom = Math.min(computed, stored?.behind?.[block] ?? computed);
      if (computedFrom === 0) return { state: "missing", computedFrom };
      return { state: writtenIn > computedFrom ? "stale" : "fresh", computedFrom };
    });
    const blocks = reachesAcross ? allOrNone(own) : own;
    return {
      set,
      stored,
      registered,
      current: new Set(current.map(({ name }) => name)),
      reachesAcross,
      blocks,
    };
  });
}

/**
 * What the manifest cannot tell: folding and compaction rewrite files without changing a value. Where the generation that a
 * block was computed from is still kept, its bars are compared with today's, and a block whose bars are the same is fresh.
 */
export async function settleBlocks(
  checked: readonly CheckedSet[],
  run: { readonly snapshot: StoreSnapshot; readonly history: BarsHistory; readonly inputs: StoredBlocks },
): Promise<CheckedSet[]> {
  const { snapshot, history, inputs } = run;
  const fields = inputs.inputsOf(new Set(inputs.fields.map((name) => name.toLowerCase())));
  const answers = new Map<string, boolean | null>();
  const isChanged = async (block: number, since: number): Promise<boolean | null> => {
    const before = await history.of(since);
    if (before === null) return null;
    try {
      return (await changedInputs({ before, now: snapshot, fields }, block)) !== null;
    } catch (error) {
      if (error instanceof DataError && error.code === "STORE_DAMAGED") return null;
      throw error;
    }
  };
  const settled: CheckedSet[] = [];
  for (const each of checked) {
    const blocks: CheckedBlock[] = [];
    for (const [block, { state, computedFrom }] of each.blocks.entries()) {
      const key = `${block} ${computedFrom}`;
      if (state !== "missing" && !answers.has(key)) answers.set(key, await isChanged(block, computedFrom));
      const answer = state === "missing" ? null : (answers.get(key) ?? null);
      blocks.push({ computedFrom, state: answer === null ? state : answer ? "stale" : "fresh" });
    }
    settled.push({ ...each, blocks: each.reachesAcross ? allOrNone(blocks) : blocks });
  }
  return settled;
}

/** A change of one instrument is a change of all. */
function allOrNone(blocks: readonly CheckedBlock[]): readonly CheckedBlock[] {
  if (blocks.every(({ state }) => state !== "stale")) return blocks;
  return blocks.map((block) => (block.state === "fresh" ? { ...block, state: "stale" } : block));
}

/** Turns what the manifest says into findings. */
export function reportSets(
  checked: readonly CheckedSet[],
  run: { readonly snapshot: StoreSnapshot; readonly findings: FindingList; readonly card: ScoreCard },
): void {
  const { snapshot, findings, card } = run;
  const members = membersByBlock(snapshot);
  for (const { set, stored, registered, current, blocks } of checked) {
    const names = new Set(stored?.fields.map(({ name }) => name));
    const computable = registered.filter(({ problem }) => problem === null);
    const missing = computable.filter(({ name }) => !names.has(name));
    if (stored === null && missing.length > 0)
      findings.add("factor-missing", { set: set.name, count: missing.length, detail: "the whole set" });
    else for (const { name } of missing) findings.add("factor-missing", { set: set.name, factor: name });
    for (const { name, problem } of registered) {
      if (problem !== null && !names.has(name))
        findings.add("factor-not-computable", { set: set.name, factor: name, detail: problem.message });
    }
    const declared = new Set(registered.map(({ name }) => name));
    for (const name of names)
      if (!declared.has(name)) findings.add("factor-unregistered", { set: set.name, factor: name });
    const outdated = computable.filter(({ name }) => names.has(name) && !current.has(name));
    for (const { name, canonical } of outdated) {
      const { lineage, dtype } = stored!.fields.find((field) => field.name === name)!;
      const isSame = lineage.from === canonical;
      const detail = isSame
        ? `computed by engine ${lineage.engine} as ${dtype}`
        : `computed from ${lineage.from}`;
      findings.add("factor-outdated", { set: set.name, factor: name, detail });
    }
    const cells = (count: number): number => count * blocks.length;
    card.add("completeness", "factors × blocks", {
      checked: cells(computable.length),
      bad: cells(missing.length),
    });
    card.add("freshness", "factors × blocks", {
      checked: cells(computable.length - missing.length),
      bad: cells(outdated.length),
    });
    if (current.size === 0) continue;
    for (const [block, { state, computedFrom }] of blocks.entries()) {
      const count = members[block]?.length ?? 0;
      if (state === "fresh" || count === 0) continue;
      const bad = { bad: current.size };
      if (state === "missing") {
        findings.add("block-missing", { set: set.name, block, count, detail: someNames(members[block]!) });
        card.add("completeness", "factors × blocks", bad);
      } else {
        const detail = `${someNames(members[block]!)}: computed from generation ${computedFrom}, bars of ${inputsWrittenIn(snapshot, block)}`;
        findings.add("block-stale", { set: set.name, block, count, detail });
        card.add("freshness", "factors × blocks", bad);
      }
    }
  }
}

/** Instruments with rows, by block. */
function membersByBlock(snapshot: StoreSnapshot): string[][] {
  const members: string[][] = Array.from({ length: snapshot.blocks }, () => []);
  for (const { id, block, first, last } of snapshot.instruments) if (first <= last) members[block]!.push(id);
  return members;
}

function someNames(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names[0]} … ${names.at(-1)}`;
}
