import type { Day } from "#market/day";
import type { Frequency, TimeAxis } from "#panel/axes";
import type { Panel, Column } from "#panel/panel";
import type { Role } from "#panel/roles";

/** One store has one calendar and one frequency: `<workspace>/store/<calendar>/<freq>/`. */
export interface StoreKey {
  readonly calendar: string;
  readonly freq: Frequency;
}

export type StoredDtype = "f32" | "f64";

/** A field of a field set, with where its numbers come from. */
export interface StoredField {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly unit: string;
  /** Canonical expression or source locator, engine version, generation of the inputs. */
  readonly lineage: { readonly from: string; readonly engine: string; readonly inputGeneration: number };
}

/** A named group of fields that are written together: `bars`, `alpha158`, … */
export interface FieldSet {
  readonly name: string;
  readonly role: Role;
  readonly fields: readonly StoredField[];
}

/** An instrument keeps its block and lane for ever. Rows are inclusive; `first > last` when it has none yet. */
export interface StoredInstrument {
  readonly id: string;
  readonly block: number;
  readonly lane: number;
  readonly first: number;
  readonly last: number;
  /** Facts about its import: `adjustment`, `baseDay`, `source`, `fingerprint`, … */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Lanes of one block; the last block of a store may hold fewer instruments but always has this many lanes. */
export const LANES_PER_BLOCK = 32;

/** Half-open rows `[from, to)`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** A reader of one generation: what it sees never changes, and its files stay until it is closed. */
export interface StoreSnapshot extends AsyncDisposable {
  readonly key: StoreKey;
  readonly generation: number;
  readonly time: TimeAxis;
  readonly instruments: readonly StoredInstrument[];
  readonly fieldSets: ReadonlyMap<string, FieldSet>;
  readonly blocks: number;
  /** Fields of one block, each `[row][LANES_PER_BLOCK]`. Never-written cells are NaN. Throws STORE_FIELD_MISSING, STORE_DAMAGED. */
  readBlock(
    set: string,
    block: number,
    fields: readonly string[],
    rows?: RowRange,
  ): Promise<ReadonlyMap<string, Float32Array | Float64Array>>;
  /** Fields of a set for some or all instruments (in the order asked for), as a panel. */
  readPanel<R extends Role>(request: {
    readonly set: string;
    readonly role: R;
    readonly fields?: readonly string[];
    readonly instruments?: readonly string[];
    readonly rows?: RowRange;
  }): Promise<Panel<R>>;
  close(): Promise<void>;
}

/** One write: everything put becomes visible at `commit`, or nothing does. One writer at a time (STORE_LOCKED). */
export interface StoreWriter extends AsyncDisposable {
  /** The generation this write starts from; null for a new store. */
  readonly base: StoreSnapshot | null;
  readonly time: TimeAxis;
  /** Makes the rows cover these sessions; the calendar's sessions in between are added too. Earlier than row 0 makes a new base. */
  cover(start: Day, end: Day): void;
  /** Block and lane of each id, new ones appended in the order given. */
  addInstruments(ids: readonly string[]): readonly StoredInstrument[];
  setAttributes(id: string, attributes: Readonly<Record<string, string>>): void;
  /** Own span of an instrument, in rows of `time`. */
  setSpan(id: string, first: number, last: number): void;
  /**
   * One rectangle: these fields of a set × rows `[from, from + rows)` × all lanes of a block.
   * Each column is `[row][LANES_PER_BLOCK]`; it replaces what was there.
   */
  put(set: FieldSet, block: number, from: number, columns: readonly Column[]): Promise<void>;
  /** Writes the manifest; returns the new generation. Without any change it returns the base generation. */
  commit(note: { readonly reason: string }): Promise<number>;
  abort(): Promise<void>;
}
