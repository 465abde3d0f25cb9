/** Industry of an instrument on a day, for grouping. */
import type { Day } from "#market/day";
import type { AsOfOptions, KnownOn } from "./facts-as-of.ts";
import { FactsAsOf } from "./facts-as-of.ts";
import type { ReferenceTable } from "./reference-table.ts";

export interface GroupsAsOf {
  /** Group of the instrument as known on the day; undefined when it has none or nothing was known then. */
  readonly groupOf: (instrument: string, day: Day) => string | undefined;
  readonly knownOn: (day: Day) => KnownOn;
  /** First day on which the table was known. */
  readonly knownFrom: Day;
  /** The groups before that day are taken over from later; a report must say so. */
  readonly assumesStatic: boolean;
}

/** Groups by a column of a table, `industry` unless told. Throws DATA_COLUMN_MISSING. */
export async function industryAsOf(
  table: ReferenceTable,
  options: AsOfOptions & { readonly column?: string } = {},
): Promise<GroupsAsOf> {
  const facts = new FactsAsOf(await table.facts(options.column ?? "industry"), options);
  return {
    groupOf: (instrument, day) => {
      const group = facts.on(instrument, day);
      return group === undefined ? undefined : String(group);
    },
    knownOn: (day) => facts.knownOn(day),
    knownFrom: facts.knownFrom,
    assumesStatic: facts.assumesStatic,
  };
}
