import { isoOf, type Day } from "./day.ts";
import { MarketError } from "./errors.ts";

/**
 * Facts that hold for spans of days: index membership, ST status, industry, names. They are asked for as of a day;
 * there is no way to ask for the latest, because that would carry today's knowledge into the past.
 */
export interface DatedFact<T> {
  readonly instrument: string;
  readonly from: Day;
  /** Last day, inclusive; null while it still holds. */
  readonly to: Day | null;
  readonly value: T;
}

interface Span<T> {
  readonly from: Day;
  readonly to: Day;
  readonly value: T;
}

export class AsOfTable<T> {
  readonly #spans: ReadonlyMap<string, readonly Span<T>[]>;

  private constructor(spans: ReadonlyMap<string, readonly Span<T>[]>) {
    this.#spans = spans;
  }

  /**
   * Throws MARKET_SPANS_INVALID when a span ends before it begins or two spans of one instrument overlap with
   * different values (compared with `Object.is`); overlaps that agree are joined.
   */
  static of<T>(facts: Iterable<DatedFact<T>>): AsOfTable<T> {
    const byInstrument = new Map<string, Span<T>[]>();
    for (const { instrument, from, to, value } of facts) {
      const span = { from, to: to ?? Number.POSITIVE_INFINITY, value };
      if (!(span.from <= span.to)) throw invalid(instrument, `${say(span)} ends before it begins`);
      const spans = byInstrument.get(instrument);
      if (spans === undefined) byInstrument.set(instrument, [span]);
      else spans.push(span);
    }
    for (const [instrument, spans] of byInstrument) byInstrument.set(instrument, joined(instrument, spans));
    return new AsOfTable(byInstrument);
  }

  /** What holds for the instrument on that day, if anything does. */
  on(instrument: string, day: Day): T | undefined {
    const spans = this.#spans.get(instrument);
    if (spans === undefined) return undefined;
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (spans[middle]!.to < day) low = middle + 1;
      else high = middle;
    }
    const span = spans[low];
    return span !== undefined && span.from <= day ? span.value : undefined;
  }

  /** Instruments for which something holds on that day, in the order they first appeared. */
  instrumentsOn(day: Day): string[] {
    return [...this.#spans.keys()].filter((instrument) => this.on(instrument, day) !== undefined);
  }

  /** Spans of one instrument, in order; `to` is null while the last one still holds. */
  spansOf(instrument: string): { readonly from: Day; readonly to: Day | null; readonly value: T }[] {
    return (this.#spans.get(instrument) ?? []).map((span) => ({
      from: span.from,
      to: span.to === Number.POSITIVE_INFINITY ? null : span.to,
      value: span.value,
    }));
  }
}

/** Sorted, disjoint spans; agreeing ones that overlap or touch become one. */
function joined<T>(instrument: string, spans: Span<T>[]): Span<T>[] {
  const ordered = spans.toSorted((a, b) => a.from - b.from || a.to - b.to);
  const result: Span<T>[] = [];
  for (const span of ordered) {
    const before = result.at(-1);
    if (before === undefined || before.to + 1 < span.from) {
      result.push(span);
    } else if (Object.is(before.value, span.value)) {
      result[result.length - 1] = { ...before, to: Math.max(before.to, span.to) };
    } else if (before.to < span.from) {
      result.push(span);
    } else {
      throw invalid(instrument, `${say(before)} and ${say(span)} overlap with different values`);
    }
  }
  return result;
}

function say(span: Span<unknown>): string {
  return `${isoOf(span.from)}…${span.to === Number.POSITIVE_INFINITY ? "open" : isoOf(span.to)}`;
}

function invalid(instrument: string, found: string): MarketError {
  return new MarketError("MARKET_SPANS_INVALID", `${instrument}: ${found}`, {
    remedy: "Give each fact its first and last day; leave the last day out while it holds.",
  });
}
