import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import { DataError } from "#data/errors";
import type { StoredInstrument, StoreSnapshot } from "#data/store/panel-store";
import type { Panel } from "#panel/panel";
import type { StoredBlocks } from "../../stored-blocks.ts";
import type { BarsHistory } from "./bars-history.ts";
import { scanBlock } from "./block-scan.ts";
import { InputStreaks } from "./input-streaks.ts";
import { judgeBlock, reportOddities } from "./judge-block.ts";
import { MissingRows } from "./missing-rows.ts";
import type { FindingList } from "./report.ts";
import type { ScanPlan } from "./scan-plan.ts";
import type { ScoreCard } from "./score.ts";
import type { SegmentCheck } from "./segment-check.ts";

/** The part of a validation that goes through blocks: bytes, values, and the reference's judgement. */
export interface BlockRun {
  readonly snapshot: StoreSnapshot;
  readonly inputs: StoredBlocks;
  readonly history: BarsHistory;
  readonly vwap: VwapRule | undefined;
  readonly plans: readonly ScanPlan[];
  readonly segments: SegmentCheck | null;
  readonly findings: FindingList;
  readonly card: ScoreCard;
  readonly lanesPerFactor: number;
}

export interface BlockTotals {
  series: number;
  suspicious: number;
  unjudged: number;
  cells: number;
  equal: number;
  /** Blocks by set. */
  readonly scanned: Map<string, number>;
}

export async function validateBlocks(
  run: BlockRun,
  work: {
    readonly blocks: readonly number[];
    readonly instruments: readonly StoredInstrument[];
    readonly signal?: AbortSignal;
    readonly onBlock?: (done: number, of: number) => void;
  },
): Promise<BlockTotals> {
  const { snapshot, plans } = run;
  const totals: BlockTotals = {
    series: 0,
    suspicious: 0,
    unjudged: 0,
    cells: 0,
    equal: 0,
    scanned: new Map(),
  };
  const missing = new Map(plans.map((plan) => [plan, new MissingRows(plan.name, snapshot)]));
  const wanted = new Set(plans.flatMap(({ factors }) => factors.flatMap(({ fields }) => fields)));
  const markets = new BlockMarkets(run, wanted);
  for (const [done, block] of work.blocks.entries()) {
    work.signal?.throwIfAborted();
    await run.segments?.bytes(block);
    const sampled = work.instruments.filter((member) => member.block === block).map(({ lane }) => lane);
    for (const plan of plans) {
      if (plan.checked.blocks[block]!.state === "missing") continue;
      await unlessDamaged(run, { set: plan.name, block }, async () => {
        const { computedFrom, state } = plan.checked.blocks[block]!;
        const market = await markets.of(block, state === "fresh" ? snapshot.generation : computedFrom);
        const members = run.inputs.members(block);
        const streaks = new InputStreaks(market ?? run.inputs.shape());
        const scan = await scanBlock(snapshot, plan, { block, streaks });
        totals.scanned.set(plan.name, (totals.scanned.get(plan.name) ?? 0) + 1);
        if (market === null) {
          const detail = `the bars of generation ${computedFrom} cannot be read any more`;
          reportOddities(run, plan, scan, { block, members, differences: new Map() });
          run.findings.add("not-recomputed", { set: plan.name, block, count: members.length, detail });
          return;
        }
        const { lanesPerFactor } = run;
        const judged = await judgeBlock(run, plan, { scan, market, members, sampled, lanesPerFactor });
        for (const key of ["series", "suspicious", "unjudged", "cells", "equal"] as const)
          totals[key] += judged[key];
        const lead = plan.factors[plan.lead];
        if (lead === undefined) return;
        const part = { streaks: streaks.of(lead.fields), need: lead.need, missing: judged.missing };
        missing.get(plan)!.add({ block, members, ...part });
      });
    }
    work.onBlock?.(done + 1, work.blocks.length);
  }
  for (const rows of missing.values()) {
    rows.report(run.findings);
    run.card.add("completeness", "cells recomputed", { bad: rows.count });
  }
  return totals;
}

/** Damaged values are a finding; they are listed with their rows where the files themselves are looked at. */
async function unlessDamaged(
  run: BlockRun,
  place: { readonly set: string; readonly block: number },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DataError && error.code === "STORE_DAMAGED")) throw error;
    run.findings.damaged(place.set, place.block);
    if (run.segments === null) run.findings.add("damaged", { ...place, detail: error.message });
  }
}

/** The bars of one block in Qlib's convention, by generation; null where they are kept no longer or cannot be read. */
class BlockMarkets {
  readonly #run: BlockRun;
  readonly #wanted: ReadonlySet<string>;
  /** Of the block read last; the arrays are used again for the next one. */
  #block = -1;
  readonly #panels = new Map<number, Panel<"market"> | null>();

  constructor(run: BlockRun, wanted: ReadonlySet<string>) {
    this.#run = run;
    this.#wanted = wanted;
  }

  async of(block: number, generation: number): Promise<Panel<"market"> | null> {
    if (block !== this.#block) this.#panels.clear();
    this.#block = block;
    if (!this.#panels.has(generation)) this.#panels.set(generation, await this.#read(block, generation));
    return this.#panels.get(generation) ?? null;
  }

  async #read(block: number, generation: number): Promise<Panel<"market"> | null> {
    const { findings, segments, history } = this.#run;
    const blocks = await history.blocksOf(generation);
    if (blocks === null || block >= blocks.count) return null;
    try {
      return await blocks.read(block, { wanted: this.#wanted });
    } catch (error) {
      if (!(error instanceof DataError && error.code === "STORE_DAMAGED")) throw error;
      if (segments === null) findings.add("input-damaged", { block, detail: error.message });
      return null;
    }
  }
}
