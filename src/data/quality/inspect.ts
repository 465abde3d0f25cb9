/** All rules over one instrument: findings, which rows to keep, and how much of its life is covered. */
import type { Day } from "#market/day";
import { ohlcOrder, stalePrices, validRows } from "./bar-rules.ts";
import { type Finding, finder, type InspectionContext, type InstrumentRows } from "./finding.ts";
import { brokenLimits, jumps, movedWithoutVolume, references, type Steps } from "./move-rules.ts";
import { type Coverage, coverageOf, distinctDays, sessionRows, suspendedRows } from "./row-rules.ts";
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
  const suspended = suspendedRows(rows);
  const usable = distinct.filter((row) => suspended[row] === 0);
  const traded = validRows(rows, usable, found);
  const keep = new Uint8Array(rows.days.length);
  for (const row of distinct) keep[row] = suspended[row]!;
  for (const row of traded) keep[row] = 1;
  const [first, last] = [distinct[0], distinct.at(-1)];
  const life =
    first === undefined || last === undefined
      ? new Int32Array(0)
      : context.calendar.sessionsBetween(rows.days[first]!, rows.days[last]!);
  const coverage = coverageOf(rows, distinct, { suspended, sessions: life, found });
  const steps: Steps = {
    rows,
    traded,
    afterGap: gapsBefore(rows, distinct, { traded, life }),
    context,
    found,
  };
  ohlcOrder(rows, traded, found);
  stalePrices(rows, traded, found);
  movedWithoutVolume(steps);
  brokenLimits(steps);
  jumps(steps);
  references(steps);
  return {
    instrument: rows.instrument,
    findings: found.findings.sort((a, b) => a.day - b.day),
    keep,
    rows: rows.days.length,
    first: first === undefined ? null : rows.days[first]!,
    last: last === undefined ? null : rows.days[last]!,
    coverage,
    years: yearsOf(rows, traded, life),
  };
}

/** For each traded row, whether a session without any row lies between it and the traded row before. */
function gapsBefore(
  rows: InstrumentRows,
  distinct: readonly number[],
  { traded, life }: { readonly traded: readonly number[]; readonly life: Int32Array },
): boolean[] {
  let at = 0;
  let place = 0;
  let missedBefore = 0;
  return traded.map((row, nth) => {
    while (life[at]! < rows.days[row]!) at++;
    while (distinct[place] !== row) place++;
    const missed = at - place;
    const isAfterGap = nth > 0 && missed > missedBefore;
    missedBefore = missed;
    return isAfterGap;
  });
}

function yearsOf(
  rows: InstrumentRows,
  traded: readonly number[],
  life: Int32Array,
): [number, number, number][] {
  const years: [number, number, number][] = [];
  let [at, end] = [0, Number.NEGATIVE_INFINITY];
  for (const session of life) {
    if (session >= end) {
      const year = new Date(session * 86_400_000).getUTCFullYear();
      end = Date.UTC(year + 1, 0, 1) / 86_400_000;
      years.push([year, 0, 0]);
    }
    const year = years.at(-1)!;
    year[2]++;
    if (rows.days[traded[at]!] === session) {
      year[1]++;
      at++;
    }
  }
  return years;
}
