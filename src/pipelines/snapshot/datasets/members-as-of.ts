/** Which boards an instrument belonged to, as known at the end of a day. */
import { FactsAsOf } from "#data/reference/facts-as-of";
import type { Fact } from "#data/reference/reference-table";
import type { Day } from "#market/day";
import { byText } from "#data/export/series-table";

/** Instrument → its boards, sorted. */
export type Members = ReadonlyMap<string, readonly string[]>;

export class MembersAsOf {
  readonly #facts: FactsAsOf<string>;
  readonly #instruments: readonly string[];
  /** Days on which anything may change, ascending. */
  readonly #changes: readonly Day[];
  #known: { readonly at: number; readonly members: Members } | null = null;

  constructor(
    facts: readonly Fact<string | number>[],
    options: { readonly assumeStatic: boolean; readonly instruments?: ReadonlySet<string> },
  ) {
    const own = facts
      .filter(({ instrument }) => options.instruments?.has(instrument) ?? true)
      .map((fact) => ({ ...fact, value: String(fact.value) }));
    this.#facts = new FactsAsOf(own, options);
    this.#instruments = [...new Set(own.map(({ instrument }) => instrument))].sort(byText);
    const days = own.flatMap(({ knownAt, from, to }) => [knownAt, from, to + 1]);
    this.#changes = [...new Set(days)].filter(Number.isFinite).sort((a, b) => a - b);
  }

  /** First day on which anything was known. */
  get knownFrom(): Day {
    return this.#facts.knownFrom;
  }

  /** Counts the changes up to a day: equal numbers mean equal members. */
  stateOn(day: Day): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#changes[middle]! <= day) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  on(day: Day): Members {
    const at = this.stateOn(day);
    if (this.#known?.at === at) return this.#known.members;
    const members = new Map<string, readonly string[]>();
    for (const instrument of this.#instruments) {
      const boards = [...new Set(this.#facts.allOn(instrument, day))].sort(byText);
      if (boards.length > 0) members.set(instrument, boards);
    }
    this.#known = { at, members };
    return members;
  }
}
