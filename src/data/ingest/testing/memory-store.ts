/**
 * The store port kept in memory, one generation at a time, every write on a copy that commit puts in place. Plain and
 * slow, to test what writes to a store without the store's own files.
 */
import { DataError } from "#data/errors";
import type {
  FieldSet,
  RowRange,
  StoredInstrument,
  StoreSnapshot,
  StoreWriter,
} from "#data/store/panel-store";
import { LANES_PER_BLOCK } from "#data/store/panel-store";
import type { Day } from "#market/day";
import type { TimeAxis } from "#panel/axes";
import { lowerRow, upperRow } from "#panel/axes";
import type { Column, Panel } from "#panel/panel";
import { panelOf } from "#panel/panel";
import type { Role } from "#panel/roles";

interface Content {
  readonly days: Int32Array;
  readonly instruments: readonly StoredInstrument[];
  readonly sets: ReadonlyMap<string, FieldSet>;
  /** `set/field/block` → `[row][LANES_PER_BLOCK]`. */
  readonly cells: ReadonlyMap<string, Float64Array>;
}

const NOTHING: Content = { days: new Int32Array(0), instruments: [], sets: new Map(), cells: new Map() };

/** A daily store of one calendar. `sessionsBetween` gives the calendar's sessions, both ends included. */
export class MemoryStore {
  readonly key = { calendar: "test", freq: "day" } as const;
  generation = 0;
  /** Rectangles put since the store was made. */
  puts = 0;
  content = NOTHING;
  readonly sessionsBetween: (start: Day, end: Day) => Int32Array;

  constructor(sessionsBetween: (start: Day, end: Day) => Int32Array) {
    this.sessionsBetween = sessionsBetween;
  }

  snapshot(): StoreSnapshot & MemorySnapshot {
    return new MemorySnapshot(this);
  }

  writer(): StoreWriter & MemoryWriter {
    return new MemoryWriter(this);
  }

  /** Everything the store says, as plain text that two stores of equal content share. Signed zeros and NaN are told apart. */
  fingerprint(): string {
    const { days, instruments, sets, cells } = this.content;
    const text = [...cells].map(([key, values]) =>
      [key, ...values].map((value) => (Object.is(value, -0) ? "-0" : String(value))).join(","),
    );
    return JSON.stringify([[...days], instruments, [...sets], text.sort()]);
  }
}

class MemorySnapshot {
  readonly key;
  readonly generation: number;
  readonly time: TimeAxis;
  readonly instruments: readonly StoredInstrument[];
  readonly fieldSets: ReadonlyMap<string, FieldSet>;
  readonly blocks: number;
  readonly summary;
  readonly listings = { reference: {}, events: {} };
  readonly #content: Content;

  constructor(store: MemoryStore) {
    const { content } = store;
    this.#content = content;
    this.key = store.key;
    this.generation = store.generation;
    this.time = { freq: "day", days: content.days };
    this.instruments = content.instruments;
    this.fieldSets = content.sets;
    this.blocks = Math.ceil(content.instruments.length / LANES_PER_BLOCK);
    this.summary = {
      generation: store.generation,
      parent: null,
      reason: "",
      writtenAt: 0,
      current: true,
      rows: content.days.length,
      instruments: content.instruments.length,
    };
  }

  /** Which write a cell came from is not kept: every one counts as the last. */
  writtenIn(set: string, block: number): number {
    const prefix = `${set}/`;
    const isThere = [...this.#content.cells.keys()].some(
      (key) => key.startsWith(prefix) && key.endsWith(`/${block}`),
    );
    return isThere ? this.generation : 0;
  }

  instrument(id: string): StoredInstrument {
    return this.instruments.find((each) => each.id === id)!;
  }

  readBlock(
    set: string,
    block: number,
    fields: readonly string[],
    rows: RowRange = { from: 0, to: this.time.days.length },
  ): Promise<ReadonlyMap<string, Float64Array>> {
    const read = new Map<string, Float64Array>();
    for (const field of fields) {
      if (this.fieldSets.get(set)?.fields.some(({ name }) => name === field) !== true) {
        return Promise.reject(
          new DataError("STORE_FIELD_MISSING", `no ${set}.${field}`, { remedy: "import it first" }),
        );
      }
      const cells = this.#content.cells.get(`${set}/${field}/${block}`);
      const size = (rows.to - rows.from) * LANES_PER_BLOCK;
      read.set(
        field,
        cells?.slice(rows.from * LANES_PER_BLOCK, rows.to * LANES_PER_BLOCK) ??
          new Float64Array(size).fill(Number.NaN),
      );
    }
    return Promise.resolve(read);
  }

  async readPanel<R extends Role>(request: {
    readonly set: string;
    readonly role: R;
    readonly fields?: readonly string[];
    readonly instruments?: readonly string[];
    readonly rows?: RowRange;
  }): Promise<Panel<R>> {
    const { from, to } = request.rows ?? { from: 0, to: this.time.days.length };
    const ids = request.instruments ?? this.instruments.map(({ id }) => id);
    const stored = ids.map((id) => this.instrument(id));
    const names = request.fields ?? this.fieldSets.get(request.set)!.fields.map(({ name }) => name);
    const columns: Column[] = [];
    for (const name of names) {
      const values = new Float64Array((to - from) * ids.length);
      for (const [at, { block, lane }] of stored.entries()) {
        const cells = (await this.readBlock(request.set, block, [name], { from, to })).get(name)!;
        for (let row = 0; row < to - from; row++) {
          values[row * ids.length + at] = cells[row * LANES_PER_BLOCK + lane]!;
        }
      }
      const field = this.fieldSets.get(request.set)!.fields.find((each) => each.name === name)!;
      columns.push({ name, values, unit: field.unit });
    }
    return panelOf({
      role: request.role,
      time: { freq: "day", days: this.time.days.slice(from, to) },
      instruments: ids,
      first: Int32Array.from(stored, ({ first }) => Math.max(first, from) - from),
      last: Int32Array.from(stored, ({ last }) => Math.min(last, to - 1) - from),
      columns,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class MemoryWriter {
  readonly base: StoreSnapshot | null;
  readonly #store: MemoryStore;
  #days: Int32Array;
  readonly #instruments: StoredInstrument[];
  readonly #sets: Map<string, FieldSet>;
  #cells: Map<string, Float64Array>;
  #changed = false;

  constructor(store: MemoryStore) {
    const { content } = store;
    this.#store = store;
    this.base = store.generation === 0 ? null : store.snapshot();
    this.#days = content.days;
    this.#instruments = [...content.instruments];
    this.#sets = new Map(content.sets);
    this.#cells = new Map([...content.cells].map(([key, values]) => [key, values.slice()]));
  }

  get time(): TimeAxis {
    return { freq: "day", days: this.#days };
  }

  cover(start: Day, end: Day): void {
    const old = this.#days;
    const days = this.#store.sessionsBetween(
      Math.min(start, old[0] ?? start),
      Math.max(end, old.at(-1) ?? end),
    );
    if (days.length === old.length) return;
    const before = old.length === 0 ? 0 : lowerRow({ freq: "day", days }, old[0]!);
    this.#cells = new Map(
      [...this.#cells].map(([key, values]) => {
        const moved = new Float64Array(days.length * LANES_PER_BLOCK).fill(Number.NaN);
        moved.set(values, before * LANES_PER_BLOCK);
        return [key, moved];
      }),
    );
    for (const [at, stored] of this.#instruments.entries()) {
      this.#instruments[at] = { ...stored, first: stored.first + before, last: stored.last + before };
    }
    this.#days = days;
    this.#changed = true;
  }

  addInstruments(ids: readonly string[]): readonly StoredInstrument[] {
    return ids.map((id) => {
      const known = this.#instruments.find((each) => each.id === id);
      if (known !== undefined) return known;
      const at = this.#instruments.length;
      const added = {
        id,
        block: Math.floor(at / LANES_PER_BLOCK),
        lane: at % LANES_PER_BLOCK,
        first: 0,
        last: -1,
        attributes: {},
      };
      this.#instruments.push(added);
      this.#changed = true;
      return added;
    });
  }

  setAttributes(id: string, attributes: Readonly<Record<string, string>>): void {
    this.#replace(id, { attributes });
  }

  setSpan(id: string, first: number, last: number): void {
    this.#replace(id, { first, last });
  }

  put(set: FieldSet, block: number, from: number, columns: readonly Column[]): Promise<void> {
    this.#store.puts++;
    this.#changed = true;
    this.#sets.set(set.name, set);
    for (const { name, values } of columns) {
      const key = `${set.name}/${name}/${block}`;
      const cells =
        this.#cells.get(key) ?? new Float64Array(this.#days.length * LANES_PER_BLOCK).fill(Number.NaN);
      if (from * LANES_PER_BLOCK + values.length > cells.length) {
        throw new RangeError(`${key}: rows ${from} to ${upperRow(this.time, Infinity)} are not covered`);
      }
      cells.set(values, from * LANES_PER_BLOCK);
      this.#cells.set(key, cells);
    }
    return Promise.resolve();
  }

  drop(): void {
    throw new Error("not needed by what is tested here");
  }

  setListing(): void {
    throw new Error("not needed by what is tested here");
  }

  commit(_note: { readonly reason: string }): Promise<number> {
    if (this.#changed) {
      this.#store.content = {
        days: this.#days,
        instruments: this.#instruments,
        sets: this.#sets,
        cells: this.#cells,
      };
      this.#store.generation++;
    }
    return Promise.resolve(this.#store.generation);
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  #replace(id: string, facts: Partial<StoredInstrument>): void {
    const at = this.#instruments.findIndex((each) => each.id === id);
    this.#instruments[at] = { ...this.#instruments[at]!, ...facts };
    this.#changed = true;
  }
}
