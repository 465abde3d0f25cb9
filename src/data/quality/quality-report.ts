/** The report of an inspection: counts by rule, findings, coverage by instrument; plain JSON with a stated version. */
import { type Day, isoOf } from "#market/day";
import type { Finding } from "./finding.ts";
import type { Inspection } from "./inspect.ts";
import { type RuleName, ruleNames, rules, type Severity } from "./rule-catalogue.ts";

/** Raised when a key changes its meaning or goes; new keys may come without. */
export const REPORT_VERSION = 1;
/** Findings of one rule that are listed; all are counted. */
const LISTED_PER_RULE = 2000;

export interface ReportedFinding extends Omit<Finding, "day" | "lastDay"> {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly lastDay?: string;
}

export interface RuleCount {
  readonly rule: RuleName;
  readonly severity: Severity;
  readonly findings: number;
  /** Days or rows behind the findings: the length of stretches. */
  readonly days: number;
  readonly instruments: number;
  readonly dropped: number;
}

export interface InstrumentCoverage {
  readonly instrument: string;
  readonly first: string | null;
  readonly last: string | null;
  readonly rows: number;
  readonly sessions: number;
  readonly traded: number;
  readonly suspended: number;
  readonly missing: number;
  readonly years: readonly (readonly [year: number, traded: number, sessions: number])[];
  readonly errors: number;
  readonly warnings: number;
}

export interface QualityReport {
  readonly version: typeof REPORT_VERSION;
  readonly source: string;
  readonly shape: string;
  readonly calendar: string;
  readonly rows: number;
  /** Rows that a rule drops. Identical repeats of a row are not among them. */
  readonly keptOut: number;
  /** Rows of instruments that are not imported at all; whatever else was found among them. */
  readonly refusedRows: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly rules: readonly RuleCount[];
  readonly instruments: readonly InstrumentCoverage[];
  /** In order of instrument and day; at most 2,000 of a rule. */
  readonly findings: readonly ReportedFinding[];
  readonly findingsLeftOut: number;
}

/** Gathers inspections as they come. */
export class QualityReportBuilder {
  readonly #instruments: InstrumentCoverage[] = [];
  readonly #findings: Finding[] = [];
  readonly #counts = new Map<
    RuleName,
    { findings: number; days: number; dropped: number; instruments: Set<string> }
  >();
  #rows = 0;
  #keptOut = 0;
  #refusedRows = 0;

  /** Takes an inspection; `refused` says that the instrument is not imported, which a conflict of rows always means. */
  add(inspection: Inspection, { refused = false }: { readonly refused?: boolean } = {}): void {
    const { instrument, findings, first, last, rows, coverage, years } = inspection;
    this.#rows += rows;
    if (refused || findings.some(({ action }) => action === "refused")) this.#refusedRows += rows;
    else for (const { action } of findings) if (action === "dropped") this.#keptOut++;
    for (const finding of findings) this.#count(finding);
    this.#instruments.push({
      instrument,
      first: dayText(first),
      last: dayText(last),
      rows,
      ...coverage,
      years,
      errors: findings.filter(({ severity }) => severity === "error").length,
      warnings: findings.filter(({ severity }) => severity === "warning").length,
    });
  }

  #count(finding: Finding): void {
    let count = this.#counts.get(finding.rule);
    if (count === undefined) {
      count = { findings: 0, days: 0, dropped: 0, instruments: new Set() };
      this.#counts.set(finding.rule, count);
    }
    count.findings++;
    count.days += finding.count ?? 1;
    count.dropped += finding.action === "dropped" ? 1 : 0;
    count.instruments.add(finding.instrument);
    if (count.findings <= LISTED_PER_RULE) this.#findings.push(finding);
  }

  report(about: {
    readonly source: string;
    readonly shape: string;
    readonly calendar: string;
  }): QualityReport {
    const instruments = this.#instruments.sort((a, b) => (a.instrument < b.instrument ? -1 : 1));
    const spans = instruments.filter(({ first }) => first !== null);
    const counted = ruleNames.flatMap((rule): RuleCount[] => {
      const count = this.#counts.get(rule);
      if (count === undefined) return [];
      const { findings, days, dropped } = count;
      return [
        {
          rule,
          severity: rules[rule].severity,
          findings,
          days,
          instruments: count.instruments.size,
          dropped,
        },
      ];
    });
    const total = counted.reduce((sum, { findings }) => sum + findings, 0);
    return {
      version: REPORT_VERSION,
      ...about,
      rows: this.#rows,
      keptOut: this.#keptOut,
      refusedRows: this.#refusedRows,
      first: spans.map(({ first }) => first!).sort()[0] ?? null,
      last:
        spans
          .map(({ last }) => last!)
          .sort()
          .at(-1) ?? null,
      rules: counted,
      instruments,
      findings: this.#findings
        .sort((a, b) =>
          a.instrument === b.instrument ? a.day - b.day : a.instrument < b.instrument ? -1 : 1,
        )
        .map(({ day, lastDay, ...rest }) => ({
          ...rest,
          day: isoOf(day),
          ...(lastDay === undefined ? {} : { lastDay: isoOf(lastDay) }),
        })),
      findingsLeftOut: total - this.#findings.length,
    };
  }
}

function dayText(day: Day | null): string | null {
  return day === null ? null : isoOf(day);
}
