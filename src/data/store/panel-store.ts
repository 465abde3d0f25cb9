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
export type StoredValues = Float32Array | Float64Array;

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
  /**
   * Blocks, by number, whose values were computed from an earlier generation of the inputs than the fields' lineage says;
   * 0 when some of them were never computed.
   */
  readonly behind?: Readonly<Record<string, number>>;
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

/** A file outside the panels that belongs to a generation: a reference table's or an event kind's. */
export interface ListedFile {
  /** Below the workspace, with forward slashes. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** Files by table (`reference`) or kind (`events`). The store lists and versions them; it neither reads nor deletes them. */
export interface StoreListings {
  readonly reference: Readonly<Record<string, readonly ListedFile[]>>;
  readonly events: Readonly<Record<string, readonly ListedFile[]>>;
}

/** What is known of a generation without opening its data. */
export interface GenerationSummary {
  readonly generation: number;
  /** The generation it was made from; null for the first. */
  readonly parent: number | null;
  readonly reason: string;
  /** Milliseconds since 1970 by the clock that was handed in. */
  readonly writtenAt: number;
  readonly current: boolean;
  readonly rows: number;
  readonly instruments: number;
}

/** A reader of one generation: what it sees never changes, and its files stay until it is closed. */
export interface StoreSnapshot extends AsyncDisposable {
  readonly key: StoreKey;
  readonly generation: number;
  readonly summary: GenerationSummary;
  readonly listings: StoreListings;
  readonly time: TimeAxis;
  readonly instruments: readonly StoredInstrument[];
  readonly fieldSets: ReadonlyMap<string, FieldSet>;
  readonly blocks: number;
  /** The newest generation that wrote to a block of a set; 0 when none did. */
  writtenIn(set: string, block: number): number;
  /** The instrument, or STORE_INSTRUMENT_MISSING. */
  instrument(id: string): StoredInstrument;
  /**
   * Fields of one block, each `[row][LANES_PER_BLOCK]`, one behind the other in one buffer. Never-written cells are NaN.
   * Throws STORE_FIELD_MISSING, STORE_DAMAGED.
   */
  readBlock(
    set: string,
    block: number,
    fields: readonly string[],
    rows?: RowRange,
  ): Promise<ReadonlyMap<string, StoredValues>>;
  /**
   * Fields of a set for some or all instruments (in the order asked for), as a panel. Without `fields` all of the set.
   * Cells outside an instrument's own span are NaN, whatever is stored there. Throws `TypeError` when the set plays
   * another role.
   */
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
  /**
   * Makes the rows cover these sessions; the calendar's sessions in between are added too. Sessions before row 0 become
   * the new first rows: rows and spans known from before move up by their number, `time` and later calls use the new ones.
   */
  cover(start: Day, end: Day): void;
  /** Block and lane of each id, new ones appended in the order given. */
  addInstruments(ids: readonly string[]): readonly StoredInstrument[];
  /** Replaces an instrument's attributes. */
  setAttributes(id: string, attributes: Readonly<Record<string, string>>): void;
  /** Own span of an instrument, in rows of `time`. */
  setSpan(id: string, first: number, last: number): void;
  /**
   * One rectangle: these fields of a set × rows `[from, from + rows)` × all lanes of a block.
   * Each column is `[row][LANES_PER_BLOCK]`; it replaces what was there. Fields of the set that are not put stay as they
   * are; the set's description is brought up to date field by field. Leading and trailing rows, and fields, whose values
   * are already stored are not written again. The arrays are the caller's again when the promise resolves.
   */
  put(set: FieldSet, block: number, from: number, columns: readonly Column[]): Promise<void>;
  /** Forgets a set, or some of its fields, with all values. A later `put` of the same name starts from nothing. */
  drop(set: string, fields?: readonly string[]): void;
  /** Replaces the files listed for a reference table or event kind; an empty list forgets it. */
  setListing(kind: keyof StoreListings, name: string, files: readonly ListedFile[]): void;
  /** Writes the manifest; returns the new generation. Without any change it returns the base generation. */
  commit(note: { readonly reason: string }): Promise<number>;
  abort(): Promise<void>;
}

export interface CollectReport {
  readonly removedFiles: number;
  readonly removedGenerations: readonly number[];
  /** Generations beyond the ones kept that a reader still holds, with who it is. */
  readonly heldBy: readonly { readonly generation: number; readonly holder: string }[];
}

/** A store at a place. Opening it reads nothing. */
export interface PanelStore {
  readonly key: StoreKey;
  /** Whether a first generation was ever committed. */
  exists(): Promise<boolean>;
  /** The current generation, or a kept one. Throws STORE_MISSING, STORE_GENERATION_MISSING, STORE_DAMAGED, STORE_FORMAT. */
  snapshot(generation?: number): Promise<StoreSnapshot>;
  /** Takes the writer's lock (STORE_LOCKED) and clears what an interrupted writer left. */
  writer(): Promise<StoreWriter>;
  /** Kept generations, newest first. */
  generations(): Promise<readonly GenerationSummary[]>;
  /** Makes a kept generation's content current again, as a new generation, whose number is returned. */
  rollback(generation: number): Promise<number>;
  /** Removes generations beyond the ones kept, and files of none. */
  collect(): Promise<CollectReport>;
}
