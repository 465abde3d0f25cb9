import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import type { Frequency, TimeAxis } from "#panel/axes";
import { DataError } from "../errors.ts";

/**
 * The rows of a store. Files and manifests count rows from the first session of the first import (`absolute` rows, which
 * may be negative and never change); callers see rows from the earliest session on. `absolute = row + firstRow(axis)`.
 */
export interface StoreAxis {
  readonly freq: Frequency;
  readonly sessions: Int32Array;
  /** Absolute number of the first session, ≤ 0. */
  readonly origin: number;
  /** Minutes of the day at which the bars of every session end; null for daily bars. */
  readonly slots: Int16Array | null;
}

/** Sessions of the store's calendar, both ends included, strictly increasing. */
export type SessionsBetween = (start: Day, end: Day) => Int32Array;

export const rowsPerSession = (axis: StoreAxis): number => axis.slots?.length ?? 1;
export const rowCount = (axis: StoreAxis): number => axis.sessions.length * rowsPerSession(axis);
/** Absolute number of row 0. */
export const firstRow = (axis: StoreAxis): number => axis.origin * rowsPerSession(axis);

export function timeAxisOf(axis: StoreAxis): TimeAxis {
  const { freq, sessions, slots } = axis;
  if (slots === null) return { freq, days: sessions };
  const days = new Int32Array(sessions.length * slots.length);
  const minutes = new Int16Array(days.length);
  for (let session = 0; session < sessions.length; session++) {
    days.fill(sessions[session]!, session * slots.length, (session + 1) * slots.length);
    minutes.set(slots, session * slots.length);
  }
  return { freq, days, minutes };
}

/** The dates that absolute rows `[from, to)` cover, for messages; rows beyond the axis are numbers. */
export function describeRows(axis: StoreAxis, from: number, to: number): string {
  const dateAt = (row: number): string => {
    const day = axis.sessions[Math.floor(row / rowsPerSession(axis)) - axis.origin];
    return day === undefined ? `row ${row}` : isoOf(day);
  };
  return to - from === 1 ? dateAt(from) : `${dateAt(from)} to ${dateAt(to - 1)}`;
}

/** The axis made to cover `[start, end]` too. Throws STORE_CALENDAR when the calendar disagrees with what is stored. */
export function coverSessions(
  axis: StoreAxis,
  span: { readonly start: Day; readonly end: Day },
  sessionsBetween: SessionsBetween,
): StoreAxis {
  const { sessions } = axis;
  if (sessions.length === 0) return { ...axis, sessions: sessionsBetween(span.start, span.end) };
  const stored = { start: sessions[0]!, end: sessions.at(-1)! };
  if (span.start >= stored.start && span.end <= stored.end) return axis;
  const wanted = sessionsBetween(Math.min(span.start, stored.start), Math.max(span.end, stored.end));
  const before = wanted.indexOf(stored.start);
  const differs = sessions.findIndex((day, index) => before < 0 || wanted[before + index] !== day);
  if (differs >= 0) {
    throw new DataError(
      "STORE_CALENDAR",
      `the store has ${isoOf(sessions[differs]!)} as a session where the calendar has ${
        wanted[before + differs] === undefined ? "none" : isoOf(wanted[before + differs]!)
      }`,
      { remedy: "import into a new store, or restore the calendar this store was written with" },
    );
  }
  if (wanted.length === sessions.length) return axis;
  return { ...axis, sessions: wanted, origin: axis.origin - before };
}
