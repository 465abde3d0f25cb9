/** Rules about which rows there are: closed days, duplicates, gaps, suspensions. */
import type { Finder, InspectionContext, InstrumentRows } from "./finding.ts";

/** Rows that are sessions of the calendar; the others are found and left out. */
export function sessionRows(rows: InstrumentRows, { calendar }: InspectionContext, found: Finder): number[] {
  const kept: number[] = [];
  const { days, columns } = rows;
  for (let row = 0; row < days.length; row++) {
    const day = days[row]!;
    if (day >= calendar.first && day <= calendar.last && calendar.isSession(day)) {
      kept.push(row);
      continue;
    }
    const value = columns.get("close")?.[row] ?? null;
    if (day < calendar.first || day > calendar.last) {
      found.add("outside-calendar", day, {
        value,
        expected: `a date that calendar ${calendar.name} covers`,
        action: "dropped",
      });
    } else {
      found.add("holiday-bar", day, {
        value,
        expected: `no bar: ${calendar.name} was closed`,
        action: "dropped",
      });
    }
  }
  return kept;
}

/** Rows in order of time, each day once. Conflicting rows of a day are found; the first stays for the other rules. */
export function distinctDays(rows: InstrumentRows, kept: readonly number[], found: Finder): number[] {
  const { days, columns } = rows;
  const isOrdered = kept.every((row, at) => at === 0 || days[kept[at - 1]!]! < days[row]!);
  if (isOrdered) return [...kept];
  const sorted = [...kept].sort((a, b) => days[a]! - days[b]! || a - b);
  const distinct: number[] = [];
  for (const row of sorted) {
    const before = distinct.at(-1);
    if (before === undefined || days[before] !== days[row]) {
      distinct.push(row);
      continue;
    }
    const differing = [...columns].find(([, values]) => !same(values[before]!, values[row]!));
    if (differing === undefined) {
      found.add("duplicate-identical", days[row]!, {
        value: columns.get("close")?.[row] ?? null,
        expected: "one row a day",
        action: "merged",
      });
    } else {
      const [name, values] = differing;
      found.add("duplicate-conflict", days[row]!, {
        value: values[row]!,
        expected: `${name} ${values[before]!}, as the other row of the day says`,
        action: "refused",
      });
    }
  }
  return distinct;
}

function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** Rows that are suspended: the status says so and nothing traded, or there is no price at all. 1 or 0 by row. */
export function suspendedRows({ days, columns }: InstrumentRows): Uint8Array {
  const [volume, status] = [columns.get("volume"), columns.get("status")];
  const prices = ["open", "high", "low", "close"].flatMap((name) => columns.get(name) ?? []);
  const suspended = new Uint8Array(days.length);
  for (let row = 0; row < suspended.length; row++) {
    if (volume !== undefined && volume[row]! > 0) continue;
    const isEmpty = prices.every((values) => values[row] === 0 || Number.isNaN(values[row]!));
    if (isEmpty || status?.[row] === 0) suspended[row] = 1;
  }
  return suspended;
}

export interface Coverage {
  /** Sessions between first and last row. */
  readonly sessions: number;
  readonly traded: number;
  readonly suspended: number;
  readonly missing: number;
}

/** Stretches of missing and of suspended sessions, and how much of its life the instrument covers. */
export function coverageOf(
  rows: InstrumentRows,
  distinct: readonly number[],
  by: { readonly suspended: Uint8Array; readonly sessions: Int32Array; readonly found: Finder },
): Coverage {
  const { days } = rows;
  const { suspended, sessions, found } = by;
  const stretch = { missing: [] as number[], suspended: [] as number[] };
  const count = { missing: 0, suspended: 0 };
  const close = (kind: "missing" | "suspended"): void => {
    const run = stretch[kind];
    if (run.length === 0) return;
    found.add(kind === "missing" ? "missing-sessions" : "suspended", run[0]!, {
      lastDay: run.at(-1)!,
      count: run.length,
      value: run.length,
      expected: kind === "missing" ? "a row on each session, suspended or not" : "a traded day",
    });
    stretch[kind] = [];
  };
  let at = 0;
  for (const session of sessions) {
    const row = days[distinct[at]!] === session ? distinct[at++]! : -1;
    const kind = row < 0 ? "missing" : suspended[row] === 1 ? "suspended" : null;
    if (kind !== "missing") close("missing");
    if (kind !== "suspended") close("suspended");
    if (kind === null) continue;
    stretch[kind].push(session);
    count[kind]++;
  }
  close("missing");
  close("suspended");
  return {
    sessions: sessions.length,
    traded: sessions.length - count.missing - count.suspended,
    suspended: count.suspended,
    missing: count.missing,
  };
}
