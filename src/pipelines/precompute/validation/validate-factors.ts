import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";
import { StoredBlocks } from "../../stored-blocks.ts";
import type { Engine } from "../factor-parts.ts";
import type { StorableSet } from "../portable-set.ts";
import { BarsHistory } from "./bars-history.ts";
import { judgeAcross } from "./judge-across.ts";
import { checkSets, reportSets, settleBlocks, type CheckedSet } from "./manifest-check.ts";
import { sampledBounds } from "./outlier-bounds.ts";
import {
  FindingList,
  type RecomputedSample,
  type SetSummary,
  type ValidationMode,
  type ValidationReport,
} from "./report.ts";
import { planScan, summaryOf, type ScanPlan } from "./scan-plan.ts";
import { ScoreCard } from "./score.ts";
import { SeededChoice } from "./seeded-choice.ts";
import { SegmentCheck } from "./segment-check.ts";
import { validateBlocks, type BlockRun } from "./validate-blocks.ts";

/**
 * Validation of the factor sets of one generation: complete, within their ranges, equal to the reference, computed from
 * today's bars, and undamaged.
 *
 * - `fast` reads the manifest and lists the folder: for every load.
 * - `sample` also looks at every value of a few blocks and recomputes some of their instruments: after every run.
 * - `full` looks at every value and every byte.
 *
 * The same seed looks at the same things. Nothing is written.
 */
export interface ValidationOptions {
  /** Default `sample`. */
  readonly mode?: ValidationMode;
  /** How factors are computed today, as lineage has it. */
  readonly engine: Engine;
  /** The snapshot's store: without it neither files nor earlier generations of the bars are looked at. */
  readonly store?: OpenedStore;
  readonly seed?: number;
  /** Blocks that `sample` looks at; 4 unless told. */
  readonly blocks?: number;
  /** Blocks that a sample is taken from; all unless told. */
  readonly among?: ReadonlySet<number>;
  /** Instruments whose factors are all recomputed; 16 in a sample and 64 in full unless told. */
  readonly instruments?: number;
  readonly signal?: AbortSignal;
  readonly onBlock?: (done: number, of: number) => void;
}

/** Throws STORE_DAMAGED when the manifest itself cannot be read; everything else that is wrong is in the report. */
export async function validateFactors(
  snapshot: StoreSnapshot,
  sets: readonly StorableSet[],
  options: ValidationOptions,
): Promise<ValidationReport> {
  const { mode = "sample", engine, store, seed = 1 } = options;
  const { vwap } = engine;
  const findings = new FindingList();
  const card = new ScoreCard();
  const inputs = new StoredBlocks(snapshot, vwap === undefined ? {} : { vwap });
  await using history = new BarsHistory(snapshot, { store, vwap });
  const shape = inputs.shape();
  let checked = checkSets(snapshot, sets, { shape, engine });
  const names = sets.map(({ name }) => name);
  const segments =
    store === undefined ? null : await SegmentCheck.of(store, snapshot, { sets: names, findings, card });
  await segments?.presence();
  if (mode !== "fast" && store !== undefined)
    checked = await settleBlocks(checked, { snapshot, history, inputs });
  reportSets(checked, { snapshot, findings, card });
  const about = {
    mode,
    store: `${snapshot.key.calendar}/${snapshot.key.freq}`,
    generation: snapshot.generation,
    engine: engine.version,
  };
  if (mode === "fast") {
    return findings.report({ ...about, sets: summaries(checked, snapshot), factors: [], sample: null }, card);
  }
  const choice = new SeededChoice(seed);
  const members = snapshot.instruments.filter(({ first, last }) => first <= last);
  const populated = [...new Set(members.map(({ block }) => block))].sort((a, b) => a - b);
  const blocks =
    mode === "full"
      ? populated
      : choice.some(
          populated.filter((block) => options.among?.has(block) ?? true),
          options.blocks ?? 4,
        );
  const looked = new Set(blocks);
  const instruments = choice.some(
    members.filter(({ block }) => looked.has(block)),
    options.instruments ?? (mode === "full" ? 64 : 16),
  );
  const plans = checked.map((each) => planScan(each, shape)).filter((plan) => plan !== null);
  const calibration = choice.some(populated, 4);
  for (const plan of plans) await setBounds(snapshot, plan, mode === "full" ? calibration : blocks);
  const run: BlockRun = {
    snapshot,
    inputs,
    history,
    vwap,
    plans,
    segments,
    findings,
    card,
    lanesPerFactor: mode === "full" ? 32 : 8,
  };
  const totals = await validateBlocks(run, {
    blocks,
    instruments,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onBlock === undefined ? {} : { onBlock: options.onBlock }),
  });
  for (const plan of plans) {
    if (plan.across.length > 0) await judgeAcross(run, plan, { instruments, totals });
    reportColumns(plan, { findings, card });
  }
  const { scanned, ...recomputed } = totals;
  const sample: RecomputedSample = { seed, instruments: instruments.map(({ id }) => id), ...recomputed };
  const factors = plans.flatMap(summaryOf);
  return findings.report({ ...about, sets: summaries(checked, snapshot, scanned), factors, sample }, card);
}

function summaries(
  checked: readonly CheckedSet[],
  snapshot: StoreSnapshot,
  scanned?: ReadonlyMap<string, number>,
): SetSummary[] {
  return checked.map(({ set, stored, registered, current, blocks }) => {
    const names = new Set(stored?.fields.map(({ name }) => name));
    return {
      set: set.name,
      registered: registered.length,
      stored: registered.filter(({ name }) => names.has(name)).length,
      current: current.size,
      blocks: snapshot.blocks,
      staleBlocks: blocks.filter(({ state }) => state === "stale").length,
      missingBlocks: blocks.filter(({ state }) => state === "missing").length,
      scannedBlocks: scanned?.get(set.name) ?? 0,
    };
  });
}

/** Bounds for outliers from some blocks. */
async function setBounds(snapshot: StoreSnapshot, plan: ScanPlan, blocks: readonly number[]): Promise<void> {
  const factors = plan.factors.filter((factor) => factor.isComparable).map(({ name }) => name);
  if (factors.length === 0) return;
  const computed = blocks.filter((block) => plan.checked.blocks[block]!.state !== "missing");
  const bounds = await sampledBounds(snapshot, { set: plan.name, blocks: computed, factors });
  for (const factor of plan.factors) factor.bounds = bounds.get(factor.name) ?? null;
}

/** Share of a factor's values beyond its bounds that is worth a warning. */
const MANY_OUTLIERS = 0.01;

function reportColumns(
  plan: ScanPlan,
  { findings, card }: { readonly findings: FindingList; readonly card: ScoreCard },
): void {
  let odd = 0;
  for (const { name, figures, bounds } of plan.factors) {
    const { values, expected, outliers, least, greatest } = figures;
    const place = { set: plan.name, factor: name };
    card.add("quality", "values", { checked: values });
    if (values === 0 && expected > 0) {
      findings.add("column-empty", { ...place, count: expected });
      odd++;
    } else if (values > 1 && least === greatest) {
      findings.add("column-constant", { ...place, count: values, value: least });
      odd++;
    }
    if (bounds !== null && outliers > MANY_OUTLIERS * values) {
      const percent = ((100 * outliers) / values).toFixed(1);
      const detail = `${percent} % outside ${bounds.low.toPrecision(4)} … ${bounds.high.toPrecision(4)}`;
      findings.add("outliers", { ...place, count: outliers, detail });
    }
  }
  card.add("quality", "factors", { checked: plan.factors.length, bad: odd });
}
