import { DataError } from "#data/errors";
import type { StoredInstrument } from "#data/store/panel-store";
import { byText } from "#data/export/series-table";
import { isoOf } from "#market/day";
import { columnOf, seriesOf, type Panel } from "#panel/panel";
import { factorGroups } from "../../factor-table.ts";
import { viewOfStore } from "../../market-view.ts";
import { compareSeries } from "./reference-check.ts";
import { jsonNumber } from "./report.ts";
import type { ScanPlan } from "./scan-plan.ts";
import type { BlockRun, BlockTotals } from "./validate-blocks.ts";

/**
 * Factors that depend on other instruments: the reference goes over the whole market for what the sampled instruments
 * have. They are compared only where the whole set is fresh, since a change of one instrument is a change of all.
 */
export async function judgeAcross(
  run: BlockRun,
  plan: ScanPlan,
  work: { readonly instruments: readonly StoredInstrument[]; readonly totals: BlockTotals },
): Promise<void> {
  const { snapshot, vwap, findings, card } = run;
  const { instruments, totals } = work;
  const names = new Set(plan.across);
  if (plan.checked.blocks.some(({ state }) => state !== "fresh")) {
    findings.add("not-recomputed", {
      set: plan.name,
      count: names.size,
      detail: "factors across instruments, of a set that is not up to date",
    });
    return;
  }
  const ids = instruments.map(({ id }) => id).sort(byText);
  const placeOf = new Map(instruments.map((instrument) => [instrument.id, instrument]));
  const list = { factors: plan.checked.set.factors.filter(({ name }) => names.has(name)) };
  const view = { ...viewOfStore(snapshot, vwap === undefined ? {} : { vwap }), instruments: ids };
  try {
    const { groups } = await factorGroups(view, list, { backend: "js", precision: plan.precision });
    for await (const { factors } of groups()) {
      const stored: Panel<"factor"> = await snapshot.readPanel({
        set: plan.name,
        role: "factor",
        fields: [...names],
        instruments: factors.instruments,
      });
      for (const [lane, id] of factors.instruments.entries()) {
        for (const name of names) compare({ name, id, lane, stored, factors });
      }
    }
  } catch (error) {
    if (!(error instanceof DataError && error.code === "STORE_DAMAGED")) throw error;
    findings.add("not-recomputed", { set: plan.name, count: names.size, detail: error.message });
  }

  function compare(cell: {
    readonly name: string;
    readonly id: string;
    readonly lane: number;
    readonly stored: Panel;
    readonly factors: Panel;
  }): void {
    const { name, id, lane, stored, factors } = cell;
    columnOf(factors, name);
    const [kept, again] = [stored, factors].map((panel) => Float64Array.from(seriesOf(panel, name, lane)));
    const difference = compareSeries({ factor: 0, lane, stored: kept!, reference: again! }, name);
    const { block } = placeOf.get(id)!;
    const dayOf = (row: number): string => isoOf(snapshot.time.days[factors.first[lane]! + row]!);
    totals.series++;
    totals.cells += difference.cells;
    totals.equal += difference.equal;
    const place = { set: plan.name, factor: name, instrument: id, block };
    const { holes, wrong, worst } = difference;
    if (holes.length + wrong.length > 0) findings.wrong(plan.name, block);
    if (holes.length > 0)
      findings.add("hole", {
        ...place,
        day: dayOf(holes[0]!),
        lastDay: dayOf(holes.at(-1)!),
        count: holes.length,
      });
    if (wrong.length > 0)
      findings.add("wrong-value", {
        ...place,
        day: dayOf(worst),
        count: wrong.length,
        value: jsonNumber(kept![worst]!),
        reference: jsonNumber(again![worst]!),
      });
    card.add("completeness", "cells recomputed", { checked: difference.cells, bad: holes.length });
    card.add("consistency", "cells recomputed", { checked: difference.cells, bad: wrong.length });
  }
}
