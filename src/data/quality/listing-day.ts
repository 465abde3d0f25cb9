/** The day an instrument was listed, as far as rows can tell: limits do not hold then. */
import type { Day } from "#market/day";
import type { Sessions } from "./finding.ts";

/** First session among the days, in any order; undefined when there is none. */
export function firstSession(days: Iterable<Day>, calendar: Pick<Sessions, "first" | "last" | "isSession">) {
  let first: Day | undefined;
  for (const day of days) {
    if (first !== undefined && day >= first) continue;
    if (day >= calendar.first && day <= calendar.last && calendar.isSession(day)) first = day;
  }
  return first;
}

/** An instrument whose first row is later than `start`, the first of all that is known, is taken as listed on it. */
export function listingDay(first: Day | undefined, start: Day | undefined): Day | undefined {
  return first !== undefined && start !== undefined && first > start ? first : undefined;
}
