/**
 * Groups (industries, boards, size bands) as of a day. The table behind the port is the caller's; here it becomes
 * one small number per cell. An instrument the table does not know belongs to the named group `UNGROUPED`.
 */
import type { Day } from "#market/day";
import type { TimeAxis } from "#panel/axes";

/** The group of an instrument as it was known on that day, or null when the table has none. */
export type GroupOf = (instrument: string, day: Day) => string | null;

/** The group of instruments without one. */
export const UNGROUPED = "(none)";

export interface GroupGrid {
  readonly rows: number;
  readonly lanes: number;
  /** Group names in ascending order, `UNGROUPED` last and only when it is used. */
  readonly names: readonly string[];
  /** `index[row * lanes + lane]` points into `names`. */
  readonly index: Uint16Array;
}

/** Asks the port once per cell. Throws `RangeError` on more than 65,535 groups. */
export function groupGrid(time: TimeAxis, instruments: readonly string[], groupOf: GroupOf): GroupGrid {
  const rows = time.days.length;
  const lanes = instruments.length;
  const found = new Map<string, number>();
  const raw = new Uint32Array(rows * lanes);
  for (let row = 0; row < rows; row++) {
    const day = time.days[row]!;
    for (let lane = 0; lane < lanes; lane++) {
      const name = groupOf(instruments[lane]!, day) ?? UNGROUPED;
      let id = found.get(name);
      if (id === undefined) found.set(name, (id = found.size));
      raw[row * lanes + lane] = id;
    }
  }
  if (found.size > 0xffff) throw new RangeError(`${found.size} groups; at most 65,535 are supported`);
  const names = [...found.keys()].filter((name) => name !== UNGROUPED).sort();
  if (found.has(UNGROUPED)) names.push(UNGROUPED);
  const position = new Uint16Array(found.size);
  names.forEach((name, index) => (position[found.get(name)!] = index));
  return { rows, lanes, names, index: Uint16Array.from(raw, (id) => position[id]!) };
}
