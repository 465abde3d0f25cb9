import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import { isStateSet } from "#data/store/state-sets";
import type { FactorRegistry } from "#factors/registry";
import { isoOf } from "#market/day";
import { InputHistory, storedFactor, type ChangedRows } from "../../read-features/freshness.ts";
import type { DataVersion } from "./data-version.ts";

/**
 * Whether data that somebody holds, a model that was trained or a folder that was exported, are still those of the store:
 * what changed since the generation they are of, and what in the store itself waits for the next precompute run.
 */
export interface VersionCheck {
  /** `newer`: the data are of a later generation than the store is at, which was rolled back or restored. */
  readonly state: "current" | "stale" | "newer";
  readonly generation: number;
  readonly recorded: number;
  /** Bars that changed since the recorded generation; null when it is kept no longer and that cannot be told. */
  readonly bars: readonly ChangedSpan[] | null;
  /** Indicators of the record that the store has no more, or from another expression or engine. */
  readonly indicators: readonly { readonly name: string; readonly detail: string }[];
  /** Stored factors whose bars changed after they were computed. */
  readonly behind: readonly (ChangedSpan & { readonly set: string })[];
}

/** Instruments of one block and the days, as ISO dates, on which something changed. */
export interface ChangedSpan {
  readonly instruments: readonly string[];
  readonly start: string;
  readonly end: string;
}

export interface CheckOptions {
  readonly registry: FactorRegistry;
  /** The lineage's name for the engine at hand. */
  readonly engine: string;
}

/** Compares manifests, and values where files differ. Throws STORE_MISSING, STORE_DAMAGED. */
export async function checkVersions(
  store: OpenedStore,
  recorded: DataVersion,
  options: CheckOptions,
): Promise<VersionCheck> {
  await using snapshot = await store.snapshot();
  await using history = new InputHistory(store, { now: snapshot, fields: inputsOf(snapshot) });
  const bars = await changedBars(snapshot, history, recorded.generation);
  const indicators = lostIndicators(snapshot, recorded, options);
  const behind = await factorsBehind(snapshot, history);
  const isCurrent = bars?.length === 0 && indicators.length === 0 && behind.length === 0;
  let state: VersionCheck["state"] = isCurrent ? "current" : "stale";
  if (recorded.generation > snapshot.generation) state = "newer";
  return {
    state,
    generation: snapshot.generation,
    recorded: recorded.generation,
    bars,
    indicators,
    behind,
  };
}

function inputsOf(snapshot: StoreSnapshot): ReadonlyMap<string, readonly string[]> {
  const market = [...snapshot.fieldSets.values()].filter(({ role }) => role === "market");
  return new Map(market.map(({ name, fields }) => [name, fields.map((field) => field.name)]));
}

async function changedBars(
  snapshot: StoreSnapshot,
  history: InputHistory,
  generation: number,
): Promise<readonly ChangedSpan[] | null> {
  if (generation > snapshot.generation || !(await history.keeps(generation))) return null;
  const spans: ChangedSpan[] = [];
  for (let block = 0; block < snapshot.blocks; block++) {
    const span = spanOf(snapshot, block, await history.changed(generation, block));
    if (span !== null) spans.push(span);
  }
  return spans;
}

function lostIndicators(
  snapshot: StoreSnapshot,
  recorded: DataVersion,
  { registry, engine }: CheckOptions,
): VersionCheck["indicators"] {
  return Object.values(recorded.indicators)
    .flat()
    .flatMap((name) => {
      const entry = registry.find(name);
      if (entry === undefined) return [{ name, detail: "registered no longer" }];
      const stored = storedFactor(snapshot, entry, engine);
      return "detail" in stored ? [{ name, detail: stored.detail }] : [];
    });
}

async function factorsBehind(
  snapshot: StoreSnapshot,
  history: InputHistory,
): Promise<VersionCheck["behind"]> {
  const found: (ChangedSpan & { set: string })[] = [];
  for (const { name: set, role, fields } of snapshot.fieldSets.values()) {
    if (role !== "factor" || isStateSet(set)) continue;
    // What was imported (generation 0) depends on no bar. Of the others the one from the oldest generation tells most.
    const computed = fields.filter(({ lineage }) => lineage.inputGeneration > 0);
    const [oldest] = computed.toSorted((a, b) => a.lineage.inputGeneration - b.lineage.inputGeneration);
    if (oldest === undefined) continue;
    for (let block = 0; block < snapshot.blocks; block++) {
      const { changed } = await history.since({ set, field: oldest }, block);
      const span = spanOf(snapshot, block, changed);
      if (span !== null) found.push({ set, ...span });
    }
  }
  return found;
}

function spanOf(snapshot: StoreSnapshot, block: number, changed: ChangedRows): ChangedSpan | null {
  if (changed === null) return null;
  const { days } = snapshot.time;
  const rows: RowRange = changed === "all" ? { from: 0, to: days.length } : changed;
  const instruments = snapshot.instruments
    .filter((each) => each.block === block && each.first < rows.to && each.last >= rows.from)
    .map(({ id }) => id);
  if (instruments.length === 0) return null;
  return { instruments, start: isoOf(days[rows.from]!), end: isoOf(days[rows.to - 1]!) };
}
