import { dayOf, isoOf, type Day } from "../day.ts";
import { MarketError } from "../errors.ts";

/**
 * Rules as dated records. How sure a record is: `A` statute, exchange or clearing house; `B` official or major
 * press; `C` secondary only, check before relying on it.
 */
export type Grade = "A" | "B" | "C";

export interface Dated<T> {
  /** First day on which the record holds. */
  readonly from: Day;
  /** Last day, inclusive; null while it holds. */
  readonly to: Day | null;
  readonly value: T;
  readonly grade: Grade;
  /** Where it is written, and what to know about it. */
  readonly source: string;
}

/** Builds consecutive records: each holds until the day before the next one. Dates are ISO text, increasing. */
export function timeline<T>(
  ...steps: readonly { from: string; value: T; grade: Grade; source: string }[]
): readonly Dated<T>[] {
  return steps.map((step, index) => {
    const next = steps[index + 1];
    return { ...step, from: dayOf(step.from), to: next === undefined ? null : dayOf(next.from) - 1 };
  });
}

/** The record that holds on a day, if one does. */
export function recordOn<T>(records: readonly Dated<T>[], day: Day): Dated<T> | undefined {
  return records.findLast((record) => record.from <= day && (record.to === null || day <= record.to));
}

/** As {@link recordOn}. Throws MARKET_RULES_MISSING, saying from when on there are records. */
export function ruleOn<T>(records: readonly Dated<T>[], day: Day, what: string): Dated<T> {
  const record = recordOn(records, day);
  if (record !== undefined) return record;
  const first = records[0];
  const known = first === undefined ? "there are none at all" : `records begin on ${isoOf(first.from)}`;
  throw new MarketError("MARKET_RULES_MISSING", `No ${what} is recorded for ${isoOf(day)}; ${known}`, {
    remedy: "Ask for a later date, or check the board and status of the instrument.",
  });
}

/** The weaker of several grades. */
export function weakest(grades: readonly Grade[]): Grade {
  return grades.includes("C") ? "C" : grades.includes("B") ? "B" : "A";
}
