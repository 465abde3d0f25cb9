/** Where the rows of a factor file belong in a store, and which belong nowhere. */
import { LANES_PER_BLOCK, type StoredInstrument, type StoreSnapshot } from "#data/store/panel-store";
import { isoOf } from "#market/day";
import { readInstrument } from "#market/instrument";
import { lowerRow, upperRow } from "#panel/axes";
import type { FactorFile, FactorRows } from "./factor-file.ts";

const reasons = {
  unreadable: "an instrument code of no known form",
  unknown: "not in the store",
  calendar: "days that are no sessions of the store",
  span: "days before the first or after the last bar",
} as const;

export interface LeftOut {
  /** As the store or else the file spells it; empty where the file has none. */
  readonly instrument: string;
  readonly reason: (typeof reasons)[keyof typeof reasons];
  readonly rows: number;
  readonly firstDay: string;
}

interface Left {
  readonly instrument: string;
  readonly reason: keyof typeof reasons;
  rows: number;
  firstDay: number;
}

export class RowPlaces {
  /** Rows of the store that the file spans, and all of them. */
  readonly rows: { readonly from: number; readonly count: number; readonly all: number };
  readonly cells: number;
  readonly #snapshot: StoreSnapshot;
  readonly #byId: ReadonlyMap<string, StoredInstrument>;
  readonly #rowOfDay: Int32Array;
  readonly #firstDay: number;
  readonly #members: (StoredInstrument | keyof typeof reasons)[] = [];
  readonly #taken: Uint8Array;
  readonly #left = new Map<string, Left>();
  readonly #touched = new Set<string>();
  #stored = 0;
  #isCounting = true;
  #passes = 0;

  constructor(snapshot: StoreSnapshot, file: FactorFile) {
    this.#snapshot = snapshot;
    this.#byId = new Map(snapshot.instruments.map((instrument) => [instrument.id, instrument]));
    const { time } = snapshot;
    const { days } = file;
    const from = days === null ? 0 : lowerRow(time, days.first);
    const count = days === null ? 0 : Math.max(0, upperRow(time, days.last) - from);
    this.rows = { from, count, all: time.days.length };
    this.cells = snapshot.blocks * LANES_PER_BLOCK * count;
    this.#taken = new Uint8Array(this.cells);
    this.#firstDay = time.days[from] ?? 0;
    const last = time.days[from + count - 1] ?? this.#firstDay - 1;
    this.#rowOfDay = new Int32Array(last - this.#firstDay + 1).fill(-1);
    for (let row = 0; row < count; row += 1) this.#rowOfDay[time.days[from + row]! - this.#firstDay] = row;
  }

  /** Rows that found their place. */
  get stored(): number {
    return this.#stored;
  }

  /** Instruments of these. */
  get instruments(): number {
    return this.#touched.size;
  }

  /** A new pass over the file; only the first one counts. */
  begin(): void {
    this.#isCounting = this.#passes === 0;
    this.#passes += 1;
    this.#taken.fill(0);
    this.#members.length = 0;
  }

  /** The cell of each row, -1 for those without one, and whether an earlier row had it. */
  of(batch: FactorRows): { readonly cells: Int32Array; readonly again: Uint8Array } {
    const count = batch.days.length;
    const cells = new Int32Array(count).fill(-1);
    const again = new Uint8Array(count);
    for (let row = 0; row < count; row += 1) {
      const member = this.#member(batch, batch.instrument[row]!);
      const day = batch.days[row]!;
      const at = this.#rowOfDay[day - this.#firstDay] ?? -1;
      if (typeof member === "string") this.#leave(batch.codes[batch.instrument[row]!] ?? "", member, day);
      else if (at < 0) this.#leave(member.id, "calendar", day);
      else if (this.rows.from + at < member.first || this.rows.from + at > member.last)
        this.#leave(member.id, "span", day);
      else {
        const cell = (member.block * this.rows.count + at) * LANES_PER_BLOCK + member.lane;
        cells[row] = cell;
        again[row] = this.#taken[cell]!;
        this.#taken[cell] = 1;
        if (this.#isCounting) {
          this.#stored += 1;
          this.#touched.add(member.id);
        }
      }
    }
    return { cells, again };
  }

  /** Instrument and day of a cell. */
  at(cell: number): { readonly instrument: string; readonly day: string } {
    const lane = cell % LANES_PER_BLOCK;
    const row = Math.floor(cell / LANES_PER_BLOCK);
    const block = Math.floor(row / this.rows.count);
    const instrument = this.#snapshot.instruments.find((each) => each.block === block && each.lane === lane);
    const day = this.#snapshot.time.days[this.rows.from + (row % this.rows.count)]!;
    return { instrument: instrument?.id ?? "", day: isoOf(day) };
  }

  leftOut(): readonly LeftOut[] {
    return [...this.#left.values()]
      .sort((a, b) => b.rows - a.rows || (a.instrument < b.instrument ? -1 : 1))
      .map(({ instrument, reason, rows, firstDay }) => ({
        instrument,
        reason: reasons[reason],
        rows,
        firstDay: firstDay < -1_000_000 ? "" : isoOf(firstDay),
      }));
  }

  #member({ codes }: FactorRows, place: number): StoredInstrument | keyof typeof reasons {
    if (place < 0) return "unreadable";
    return (this.#members[place] ??= this.#find(codes[place]!));
  }

  #find(code: string): StoredInstrument | keyof typeof reasons {
    const read = readInstrument(code);
    if (!read.ok) return this.#byId.get(code.trim().toUpperCase()) ?? "unreadable";
    return this.#byId.get(read.id) ?? "unknown";
  }

  #leave(instrument: string, reason: keyof typeof reasons, day: number): void {
    if (!this.#isCounting) return;
    const key = `${reason} ${instrument}`;
    const left = this.#left.get(key);
    if (left === undefined) this.#left.set(key, { instrument, reason, rows: 1, firstDay: day });
    else {
      left.rows += 1;
      left.firstDay = Math.min(left.firstDay, day);
    }
  }
}
