import { AsOfTable } from "./as-of.ts";
import type { Day } from "./day.ts";

/**
 * A named set of instruments whose members change over time, such as an index. Membership is asked for as of a
 * day: what left before is not in it, what joins later is not in it yet.
 */
export interface Universe {
  readonly name: string;
  has(instrument: string, day: Day): boolean;
  /** Members on that day, in the order in which they first appear in the spans. */
  membersOn(day: Day): string[];
  /** Spans of one instrument's membership, in order; `to` is null while it lasts. */
  spansOf(instrument: string): { readonly from: Day; readonly to: Day | null }[];
}

export interface MembershipSpan {
  readonly instrument: string;
  readonly from: Day;
  /** Last day of membership, inclusive; null while it lasts. */
  readonly to: Day | null;
}

/** Throws MARKET_SPANS_INVALID when a span ends before it begins; overlapping spans are joined. */
export function universeOf(name: string, spans: Iterable<MembershipSpan>): Universe {
  const table = AsOfTable.of(Array.from(spans, (span) => ({ ...span, value: true as const })));
  return {
    name,
    has: (instrument, day) => table.on(instrument, day) !== undefined,
    membersOn: (day) => table.instrumentsOn(day),
    spansOf: (instrument) => table.spansOf(instrument).map(({ from, to }) => ({ from, to })),
  };
}
