/** All rules over one instrument: findings, which rows to keep, and how much of its life is covered. */
import type { Day } from "#market/day";
import { ohlcOrder, stalePrices, validRows } from "./bar-rules.ts";
import { type Finding, finder, type InspectionContext, type InstrumentRows } from "./finding.ts";
import { brokenLimits, jumps, movedWithoutVolume, references, type Steps } from "./move-rules.ts";
import { type Coverage, coverageOf, distinctDays, isSuspended, sessionRows } from "./row-rules.ts";
import { rules } from "./rule-catalogue.ts";

export interface Inspection {
  readonly instrument: string;
  readonly findings: readonly Finding[];
  /** 1 for rows to import, 0 for rows that are kept out or merged; by the row's place in the input. */
  readonly keep: Uint8Array;
  readonly rows: number;
  readonly first: Day | null;
  readonly last: Day | null;
  readonly coverage: Coverage;
  /** Sessions traded by calendar year: `[year, traded, sessions]`. */
  readonly years: readonly (readonly [year: number, traded: number, sessions: number])[];
}

/** Days may repeat and need not be sorted. Findings come in order of day. */
export function inspectRows(rows: InstrumentRows, context: InspectionContext): Inspection {
  const found = finder(rows.instrument, (rule) => rules[rule].severity);
  const sessions = sessionRows(rows, context, found);
  const distinct = distinctDays(rows, sessions, found);
  const usable = distinct.filter((row) => !isSuspended(rows, row));
  const traded = validRows(rows, usable, found);
  const keep = new Uint8Array(rows.days.length);
  const valid = new Set(traded);
  for (const row of distinct) keep[row] = isSuspended(rows, row) || valid.has(row) ? 1 : 0;
  const coverage = coverageOf(rows, distinct, { context, found });
  const steps: Steps = {
    rows,
    traded,
    afterGap: gapsBefore(rows, distinct, { traded, context }),
    context,
    found,
  };
  ohlcOrder(rows, traded, found);
  stalePrices(rows, traded, found);
  movedWithoutVolume(steps);
  brokenLimits(steps);
  jumps(steps);
  references(steps);
  const [first, last] = [distinct[0], distinct.at(-1)];
  return {
    instrument: rows.instrument,
    findings: found.findings.sort((a, b) => a.day - b.day),
    keep,
    rows: rows.days.length,
    first: first === undefined ? null : rows.days[first]!,
    last: last === undefined ? null : rows.days[last]!,
    coverage,
    years: yearsOf(rows, { distinct, traded, context }),
  };
}

/** For each traded row, whether a session without any row lies between it and the traded row before. */
function gapsBefore(
  rows: InstrumentRows,
  distinct: readonly number[],
  { traded, context }: { readonly traded: readonly number[]; readonly context: InspectionContext },
): boolean[] {
  const place = new Map(distinct.map((row, at) => [row, at]));
  return traded.map((row, at) => {
    const before = traded[at - 1];
    if (before === undefined) return false;
    const between = context.calendar.sessionsBetween(rows.days[before]!, rows.days[row]!).length - 1;
    return between > place.get(row)! - place.get(before)!;
  });
}

function yearsOf(
  rows: InstrumentRows,
  {
    distinct,
    traded,
    context,
  }: {
    readonly distinct: readonly number[];
    readonly traded: readonly number[];
    readonly context: InspectionContext;
  },
): [number, number, number][] {
  const [first, last] = [distinct[0], distinct.at(-1)];
  if (first === undefined || last === undefined) return [];
  const years = new Map<number, [number, number, number]>();
  const entry = (day: Day): [number, number, number] => {
    const year = new Date(day * 86_400_000).getUTCFullYear();
    let found = years.get(year);
    if (found === undefined) years.set(year, (found = [year, 0, 0]));
    return found;
  };
  for (const session of context.calendar.sessionsBetween(rows.days[first]!, rows.days[last]!))
    entry(session)[2]++;
  for (const row of traded) entry(rows.days[row]!)[1]++;
  return [...years.values()];
}
