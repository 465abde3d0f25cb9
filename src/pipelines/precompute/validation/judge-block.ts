import { LANES_PER_BLOCK, type StoredInstrument, type StoreSnapshot } from "#data/store/panel-store";
import { isoOf } from "#market/day";
import type { Panel } from "#panel/panel";
import type { BlockScan, Disorder, OddSeries } from "./block-scan.ts";
import {
  compareSeries,
  referenceSeries,
  type ReferenceSeries,
  type SeriesDifference,
} from "./reference-check.ts";
import { jsonNumber, type FindingList } from "./report.ts";
import { rules } from "./rules.ts";
import type { ScanPlan } from "./scan-plan.ts";
import type { ScoreCard } from "./score.ts";

/**
 * What a scan found odd in a block, and a random sample beside it, judged by the reference: a gap is a hole only where the
 * reference has a value, and a value out of range is the bars' fault where the reference has it too.
 */
export interface Judgement {
  readonly series: number;
  readonly suspicious: number;
  /** Series with something odd that were left unjudged. */
  readonly unjudged: number;
  readonly cells: number;
  readonly equal: number;
  /** Cells without any value of the set where the reference has one. */
  readonly missing: readonly number[];
}

export async function judgeBlock(
  run: { readonly snapshot: StoreSnapshot; readonly findings: FindingList; readonly card: ScoreCard },
  plan: ScanPlan,
  part: {
    readonly scan: BlockScan;
    readonly market: Panel<"market">;
    readonly members: readonly StoredInstrument[];
    readonly sampled: readonly number[];
    /** Lanes of one factor whose gaps are judged, at most. */
    readonly lanesPerFactor: number;
  },
): Promise<Judgement> {
  const { snapshot, findings, card } = run;
  const { scan, market, members, sampled, lanesPerFactor } = part;
  const { block } = scan;
  const empty = new Set(scan.empty);
  const { byFactor, unjudged } = suspects(plan, scan, { sampled: new Set(sampled), lanesPerFactor });
  const differences = new Map<string, SeriesDifference>();
  const missing: number[] = [];
  const totals = { series: 0, cells: 0, equal: 0 };
  const dayOf = (row: number): string => isoOf(snapshot.time.days[row]!);
  const take = (series: ReferenceSeries): void => {
    const { name } = plan.factors[series.factor]!;
    const difference = compareSeries(series, name);
    totals.series++;
    totals.cells += difference.cells;
    totals.equal += difference.equal;
    differences.set(`${series.factor} ${series.lane}`, difference);
    const cellOf = (row: number): number => row * LANES_PER_BLOCK + series.lane;
    if (series.factor === plan.lead)
      missing.push(...difference.holes.map(cellOf).filter((cell) => empty.has(cell)));
    const holes = difference.holes.filter((row) => !empty.has(cellOf(row)));
    const place = { set: plan.name, factor: name, instrument: members[series.lane]!.id, block };
    if (holes.length > 0) {
      findings.wrong(plan.name, block);
      findings.add("hole", {
        ...place,
        day: dayOf(holes[0]!),
        lastDay: dayOf(holes.at(-1)!),
        count: holes.length,
        reference: jsonNumber(series.reference[holes[0]!]!),
      });
    }
    if (difference.wrong.length > 0) {
      const { worst, wrong } = difference;
      findings.wrong(plan.name, block);
      findings.add("wrong-value", {
        ...place,
        day: dayOf(worst),
        count: wrong.length,
        value: jsonNumber(series.stored[worst]!),
        reference: jsonNumber(series.reference[worst]!),
        ...(wrong.length === 1 ? {} : { detail: `${dayOf(wrong[0]!)} to ${dayOf(wrong.at(-1)!)}` }),
      });
    }
    card.add("completeness", "cells recomputed", { checked: difference.cells, bad: holes.length });
    card.add("consistency", "cells recomputed", { checked: difference.cells, bad: difference.wrong.length });
  };
  const all = plan.factors.map((_, index) => index);
  for await (const series of referenceSeries(snapshot, plan, { block, market, factors: all, lanes: sampled }))
    take(series);
  let suspicious = 0;
  for (const [factor, lanes] of byFactor) {
    suspicious += lanes.length;
    const own = lanes.filter((lane) => !sampled.includes(lane));
    for await (const series of referenceSeries(snapshot, plan, {
      block,
      market,
      factors: [factor],
      lanes: own,
    }))
      take(series);
  }
  reportOddities(run, plan, scan, { block, members, differences });
  return { ...totals, suspicious, unjudged, missing };
}

/** Lanes to judge by factor. The lead is judged wherever a row is empty. */
function suspects(
  plan: ScanPlan,
  scan: BlockScan,
  { sampled, lanesPerFactor }: { readonly sampled: ReadonlySet<number>; readonly lanesPerFactor: number },
): { readonly byFactor: ReadonlyMap<number, readonly number[]>; readonly unjudged: number } {
  const wanted = new Map<number, Set<number>>();
  const want = (factor: number, lane: number): void => {
    const lanes = wanted.get(factor);
    if (lanes === undefined) wanted.set(factor, new Set([lane]));
    else lanes.add(lane);
  };
  for (const { factor, lane } of scan.odds) want(factor, lane);
  const places = new Map(plan.factors.map(({ name }, index) => [name, index]));
  for (const { order, lane } of scan.disorders) {
    want(places.get(order.lower)!, lane);
    want(places.get(order.upper)!, lane);
  }
  for (const cell of scan.empty) want(plan.lead, cell % LANES_PER_BLOCK);
  let unjudged = 0;
  for (const [factor, gaps] of scan.gaps) {
    const ordered = Array.from(gaps, (count, lane) => ({ lane, count }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count);
    for (const { lane } of ordered.slice(0, lanesPerFactor)) want(factor, lane);
    unjudged += ordered.slice(lanesPerFactor).filter(({ lane }) => !sampled.has(lane)).length;
  }
  return { byFactor: new Map([...wanted].map(([factor, lanes]) => [factor, [...lanes]])), unjudged };
}

interface Judged {
  readonly block: number;
  readonly members: readonly StoredInstrument[];
  /** By factor and lane; what was not recomputed is not there. */
  readonly differences: ReadonlyMap<string, SeriesDifference>;
}

type JudgeRun = Parameters<typeof judgeBlock>[0];

/** What a scan found odd, each with the reference's judgement where there is one. */
export function reportOddities(run: JudgeRun, plan: ScanPlan, scan: BlockScan, judged: Judged): void {
  for (const odd of scan.odds) reportOdd(run, plan, { ...judged, odd });
  for (const disorder of scan.disorders) reportDisorder(run, plan, { ...judged, disorder });
}

function reportOdd(
  { snapshot, findings, card }: JudgeRun,
  plan: ScanPlan,
  { odd, block, members, differences }: Judged & { readonly odd: OddSeries },
): void {
  const { rule, factor, lane, count, firstCell, lastCell, value } = odd;
  const { name, range } = plan.factors[factor]!;
  const severity =
    judgementOf([differences.get(`${factor} ${lane}`)], rowOf(firstCell)) ?? rules[rule].severity;
  findings.add(rule, {
    set: plan.name,
    factor: name,
    instrument: members[lane]!.id,
    block,
    ...daysOf(snapshot, firstCell, lastCell),
    count,
    value: jsonNumber(value),
    severity,
    ...(rule === "out-of-range" ? { detail: `${range!.low} … ${range!.high}: ${range!.reason}` } : {}),
  });
  card.add("quality", "values", { bad: count });
}

function reportDisorder(
  { snapshot, findings, card }: JudgeRun,
  plan: ScanPlan,
  { disorder, block, members, differences }: Judged & { readonly disorder: Disorder },
): void {
  const { order, lane, count, firstCell, lastCell } = disorder;
  const both = [order.lower, order.upper].map((name) => {
    const factor = plan.factors.findIndex((each) => each.name === name);
    return differences.get(`${factor} ${lane}`);
  });
  const severity = judgementOf(both, rowOf(firstCell)) ?? rules["out-of-order"].severity;
  findings.add("out-of-order", {
    set: plan.name,
    factor: order.lower,
    instrument: members[lane]!.id,
    block,
    ...daysOf(snapshot, firstCell, lastCell),
    count,
    severity,
    detail: `${order.lower} is above ${order.upper}`,
  });
  card.add("quality", "values", { bad: count });
}

/** A warning where the reference has the same values, an error where it has not, null where it was not asked. */
function judgementOf(
  differences: readonly (SeriesDifference | undefined)[],
  row: number,
): "warning" | "error" | null {
  const known = differences.filter((each) => each !== undefined);
  if (known.some(({ cells, wrong }) => row >= cells || wrong.includes(row))) return "error";
  return known.length === differences.length ? "warning" : null;
}

const rowOf = (cell: number): number => Math.floor(cell / LANES_PER_BLOCK);

function daysOf(
  snapshot: StoreSnapshot,
  firstCell: number,
  lastCell: number,
): { day: string; lastDay?: string } {
  const [first, last] = [firstCell, lastCell].map((cell) => isoOf(snapshot.time.days[rowOf(cell)]!));
  return first === last ? { day: first! } : { day: first!, lastDay: last! };
}
