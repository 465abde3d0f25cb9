/**
 * What was known on a day: never the latest. Of the facts of an instrument that were known and held on the day, the one
 * that became known last counts (of equal ones, the one that began last).
 */
import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import type { Fact } from "./reference-table.ts";

export interface AsOfOptions {
  /**
   * Lets the first known facts count for the days before too, as if they had never changed. That is knowledge from the
   * future; whoever asks for it must say so in the report.
   */
  readonly assumeStatic?: boolean;
}

/** Whether a table can be asked about a day. */
export type KnownOn =
  | { readonly known: true; readonly assumed: boolean }
  | { readonly known: false; readonly reason: string };

export class FactsAsOf<T> {
  /** First day on which anything was known. */
  readonly knownFrom: Day;
  readonly assumesStatic: boolean;
  readonly #byInstrument: ReadonlyMap<string, readonly Fact<T>[]>;

  constructor(facts: readonly Fact<T>[], options: AsOfOptions = {}) {
    this.assumesStatic = options.assumeStatic ?? false;
    this.knownFrom = facts.reduce((first, { knownAt }) => Math.min(first, knownAt), Number.POSITIVE_INFINITY);
    const grouped = Map.groupBy(facts, ({ instrument }) => instrument);
    for (const own of grouped.values()) own.sort((a, b) => a.knownAt - b.knownAt || a.from - b.from);
    this.#byInstrument = grouped;
  }

  /** Whether the table was known on the day, or is taken as if. */
  knownOn(day: Day): KnownOn {
    if (day >= this.knownFrom) return { known: true, assumed: false };
    if (this.assumesStatic && this.#byInstrument.size > 0) return { known: true, assumed: true };
    return {
      known: false,
      reason:
        this.#byInstrument.size === 0
          ? "the table is empty"
          : `not known then: the table is known from ${isoOf(this.knownFrom)} on, asked for ${isoOf(day)}`,
    };
  }

  /** The value on the day; undefined when none was known, or none held. */
  on(instrument: string, day: Day): T | undefined {
    return this.#factOn(instrument, day)?.value;
  }

  /** Every value that held on the day among the facts that became known together last: concepts, index memberships. */
  allOn(instrument: string, day: Day): T[] {
    const last = this.#factOn(instrument, day);
    if (last === undefined) return [];
    return this.#byInstrument
      .get(instrument)!
      .filter((fact) => fact.knownAt === last.knownAt && fact.from <= day && day <= fact.to)
      .map(({ value }) => value);
  }

  #factOn(instrument: string, day: Day): Fact<T> | undefined {
    const facts = this.#byInstrument.get(instrument) ?? [];
    const holds = (fact: Fact<T>): boolean => fact.from <= day && day <= fact.to;
    const known = facts.findLast((fact) => fact.knownAt <= day && holds(fact));
    if (known !== undefined || !this.assumesStatic) return known;
    const [first] = facts;
    if (first === undefined || first.knownAt <= day) return undefined;
    return facts.findLast((fact) => fact.knownAt === first.knownAt && holds(fact));
  }
}
