/** What the rules work on and what they say. */
import type { Day } from "#market/day";
import type { RuleName, Severity } from "./rule-catalogue.ts";

/** One instrument's rows, in the source's order; columns canonical (see `BarBatch`), missing is NaN. */
export interface InstrumentRows {
  readonly instrument: string;
  readonly days: Int32Array;
  readonly columns: ReadonlyMap<string, Float64Array>;
}

export interface Finding {
  readonly rule: RuleName;
  readonly instrument: string;
  /** The day, or the first of a stretch. */
  readonly day: Day;
  /** Last day of a stretch. */
  readonly lastDay?: Day;
  /** Days of a stretch or rows counted together. */
  readonly count?: number;
  readonly value: number | null;
  /** What would have been right, in words. */
  readonly expected: string;
  readonly severity: Severity;
  /** What becomes of the row: `kept`, `dropped`, `merged` with an identical one, or the instrument `refused`. */
  readonly action: "kept" | "dropped" | "merged" | "refused";
}

/** Sessions of an exchange; a `Calendar` of the market folder is one. */
export interface Sessions {
  readonly name: string;
  readonly first: Day;
  readonly last: Day;
  isSession(day: Day): boolean;
  sessionsBetween(start: Day, end: Day): Int32Array;
}

/** Limit prices of each row, NaN where there is none: `dailyLimits` of market/trading-rules fulfils it. */
export type LimitPrices = (
  instrument: string,
  rows: { readonly days: Int32Array; readonly reference: Float64Array; readonly st?: Float64Array },
  status: { readonly listedOn?: Day },
) => { readonly up: Float64Array; readonly down: Float64Array };

export interface InspectionContext {
  readonly calendar: Sessions;
  readonly limits?: LimitPrices;
  /** Differences of preclose and the close before up to this ratio are noise (see `Adjustment.exDayTolerance`). */
  readonly exDayTolerance?: number;
  /** First day of trading, where it is known: limits do not hold then. */
  readonly listedOn?: (instrument: string) => Day | undefined;
  /** Adjusted prices have no limits and no ex-days. Default `raw`. */
  readonly adjustment?: "raw" | "qfq" | "hfq";
}

/** Builds findings of one instrument. */
export function finder(instrument: string, severityOf: (rule: RuleName) => Severity) {
  const findings: Finding[] = [];
  return {
    findings,
    add(
      rule: RuleName,
      day: Day,
      details: Omit<Finding, "rule" | "instrument" | "day" | "severity" | "action"> &
        Partial<Pick<Finding, "action" | "severity">>,
    ): void {
      findings.push({ rule, instrument, day, severity: severityOf(rule), action: "kept", ...details });
    },
  };
}

export type Finder = ReturnType<typeof finder>;
