import { LANES_PER_BLOCK, type StoredInstrument, type StoreSnapshot } from "#data/store/panel-store";
import { isoOf } from "#market/day";
import type { FindingList } from "./report.ts";

/**
 * Rows on which a whole set is missing although it should have values, gathered over blocks: as sessions where nobody has
 * any, instruments that have none at all, and single rows. Only sessions of the exchange's calendar are rows, and only
 * rows with a complete window of inputs are expected, so holidays, days before a listing and suspensions do not count.
 */
export class MissingRows {
  readonly #set: string;
  readonly #snapshot: StoreSnapshot;
  readonly #expected: Int32Array;
  readonly #missing: Int32Array;
  readonly #byInstrument: {
    readonly id: string;
    readonly block: number;
    expected: number;
    readonly rows: number[];
  }[] = [];

  constructor(set: string, snapshot: StoreSnapshot) {
    this.#set = set;
    this.#snapshot = snapshot;
    this.#expected = new Int32Array(snapshot.time.days.length);
    this.#missing = new Int32Array(snapshot.time.days.length);
  }

  /** A block: where its lead factor is expected, and the cells that the reference says are missing. */
  add(part: {
    readonly block: number;
    readonly members: readonly StoredInstrument[];
    readonly streaks: Int32Array;
    readonly need: number;
    readonly missing: readonly number[];
  }): void {
    const { block, members, streaks, need, missing } = part;
    const expected = new Int32Array(LANES_PER_BLOCK);
    for (let at = 0; at < streaks.length; at++) {
      if (streaks[at]! <= need) continue;
      this.#expected[Math.floor(at / LANES_PER_BLOCK)]!++;
      expected[at % LANES_PER_BLOCK]!++;
    }
    const rows = Map.groupBy(missing, (cell) => cell % LANES_PER_BLOCK);
    for (const [lane, cells] of rows) {
      const own = cells.map((cell) => Math.floor(cell / LANES_PER_BLOCK));
      for (const row of own) this.#missing[row]!++;
      this.#byInstrument.push({ id: members[lane]!.id, block, expected: expected[lane]!, rows: own });
    }
  }

  report(findings: FindingList): void {
    const { days } = this.#snapshot.time;
    const dayText = (row: number): string => isoOf(days[row]!);
    const isLost = (row: number): boolean =>
      this.#expected[row]! > 1 && this.#missing[row] === this.#expected[row];
    for (const [row, count] of this.#missing.entries()) {
      if (isLost(row)) findings.add("session-missing", { set: this.#set, day: dayText(row), count });
    }
    for (const { id, block, expected, rows } of this.#byInstrument) {
      findings.wrong(this.#set, block);
      const place = { set: this.#set, instrument: id, block };
      const isWhole = rows.length === expected;
      const own = isWhole ? rows : rows.filter((row) => !isLost(row));
      if (own.length === 0) continue;
      findings.add(isWhole ? "instrument-missing" : "row-missing", {
        ...place,
        day: dayText(own[0]!),
        lastDay: dayText(own.at(-1)!),
        count: own.length,
      });
    }
  }

  get count(): number {
    return this.#missing.reduce((sum, count) => sum + count, 0);
  }
}
