/**
 * What every export writes: a long table sorted by instrument, then time, delivered one instrument at a time.
 * A panel and a store generation both become one, so that an export does not know where its numbers come from.
 */
import { DataError } from "#data/errors";
import type { RowRange, StoreSnapshot, StoredInstrument } from "#data/store/panel-store";
import { LANES_PER_BLOCK } from "#data/store/panel-store";
import type { TimeAxis } from "#panel/axes";
import type { Panel } from "#panel/panel";

export type Values = Float32Array | Float64Array;

/** One instrument over its own rows `[first, first + length)` of the table's time axis; all columns have one length. */
export interface InstrumentSeries {
  readonly instrument: string;
  readonly first: number;
  readonly length: number;
  readonly columns: ReadonlyMap<string, Values>;
  /** Facts about the instrument's import (`adjustment`, …); empty for a panel. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface SeriesTable {
  readonly time: TimeAxis;
  /** Columns of every series, in order. */
  readonly fields: readonly { readonly name: string; readonly dtype: "f32" | "f64" }[];
  /** How many instruments have rows; they come sorted by id. */
  readonly instruments: number;
  series(): AsyncIterable<InstrumentSeries>;
}

/** Code-point order, so that the result does not depend on the machine's language. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A panel as a table: each instrument's own span; instruments without a row are left out. */
export function tableOfPanel(panel: Panel): SeriesTable {
  const width = panel.instruments.length;
  const lanes = panel.instruments
    .map((instrument, lane) => ({ instrument, lane }))
    .filter(({ lane }) => panel.first[lane]! <= panel.last[lane]!)
    .sort((a, b) => byText(a.instrument, b.instrument));
  return {
    time: panel.time,
    fields: [...panel.columns.values()].map(({ name, values }) => ({
      name,
      dtype: values instanceof Float32Array ? "f32" : "f64",
    })),
    instruments: lanes.length,
    async *series() {
      for (const { instrument, lane } of lanes) {
        const first = panel.first[lane]!;
        const length = panel.last[lane]! - first + 1;
        const columns = new Map<string, Values>();
        for (const { name, values } of panel.columns.values()) {
          columns.set(name, lanePart(values, { lane, width, from: first, length }));
        }
        yield { instrument, first, length, columns, attributes: {} };
      }
    },
  };
}

export interface StoreTableRequest {
  /** Fields by set, e.g. `{bars: ["close", "factor"]}`; a column's name may come once only. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Sets whose columns are named `set.field`. */
  readonly qualified?: ReadonlySet<string>;
  /** Only these; default all. */
  readonly instruments?: ReadonlySet<string>;
  readonly rows?: RowRange;
}

/** Blocks kept between instruments: ids that were listed later lie in later blocks, yet come in the order of their name. */
const CACHE_BYTES = 256 * 1024 * 1024;

/** One generation of a store as a table: each instrument from its first to its last row, suspended days included. */
export function tableOfStore(snapshot: StoreSnapshot, request: StoreTableRequest): SeriesTable {
  const from = request.rows?.from ?? 0;
  const to = request.rows?.to ?? snapshot.time.days.length;
  const fields = storeFields(snapshot, request);
  const listed = snapshot.instruments
    .filter(({ id }) => request.instruments?.has(id) ?? true)
    .filter(({ first, last }) => Math.max(first, from) <= Math.min(last, to - 1))
    .sort((a, b) => byText(a.id, b.id));
  return {
    time: snapshot.time,
    fields,
    instruments: listed.length,
    async *series() {
      const cache = new BlockCache(snapshot, request, { from, to });
      for (const stored of listed)
        yield seriesOfStored(stored, await cache.block(stored.block), { from, to });
    },
  };
}

function seriesOfStored(
  stored: StoredInstrument,
  block: ReadonlyMap<string, Values>,
  rows: RowRange,
): InstrumentSeries {
  const first = Math.max(stored.first, rows.from);
  const length = Math.min(stored.last, rows.to - 1) - first + 1;
  const columns = new Map<string, Values>();
  for (const [name, values] of block) {
    columns.set(
      name,
      lanePart(values, { lane: stored.lane, width: LANES_PER_BLOCK, from: first - rows.from, length }),
    );
  }
  return { instrument: stored.id, first, length, columns, attributes: stored.attributes };
}

/** Recently read blocks, the least recently used given up first. */
class BlockCache {
  readonly #blocks = new Map<number, ReadonlyMap<string, Values>>();
  readonly #snapshot: StoreSnapshot;
  readonly #request: StoreTableRequest;
  readonly #rows: RowRange;
  #bytes = 0;

  constructor(snapshot: StoreSnapshot, request: StoreTableRequest, rows: RowRange) {
    this.#snapshot = snapshot;
    this.#request = request;
    this.#rows = rows;
  }

  async block(index: number): Promise<ReadonlyMap<string, Values>> {
    const known = this.#blocks.get(index);
    if (known !== undefined) {
      this.#blocks.delete(index);
      this.#blocks.set(index, known);
      return known;
    }
    const read = new Map<string, Values>();
    for (const [set, names] of this.#request.fields) {
      for (const [name, values] of await this.#snapshot.readBlock(set, index, names, this.#rows)) {
        read.set(columnName(this.#request, set, name), values);
      }
    }
    this.#bytes += bytesOf(read);
    for (const [old, values] of this.#blocks) {
      if (this.#bytes <= CACHE_BYTES) break;
      this.#blocks.delete(old);
      this.#bytes -= bytesOf(values);
    }
    this.#blocks.set(index, read);
    return read;
  }
}

function bytesOf(block: ReadonlyMap<string, Values>): number {
  let bytes = 0;
  for (const values of block.values()) bytes += values.byteLength;
  return bytes;
}

function columnName({ qualified }: StoreTableRequest, set: string, name: string): string {
  return qualified?.has(set) === true ? `${set}.${name}` : name;
}

/** Fields in the order asked for. Throws STORE_FIELD_MISSING, and DATA_VALUE_INVALID when two sets give one name. */
function storeFields(
  snapshot: StoreSnapshot,
  request: StoreTableRequest,
): { name: string; dtype: "f32" | "f64" }[] {
  const fields = new Map<string, { name: string; dtype: "f32" | "f64" }>();
  for (const [setName, names] of request.fields) {
    const set = snapshot.fieldSets.get(setName);
    for (const name of names) {
      const field = set?.fields.find((each) => each.name === name);
      if (field === undefined) {
        throw new DataError("STORE_FIELD_MISSING", `the store has no field ${setName}.${name}`, {
          remedy: `choose from ${[...snapshot.fieldSets.keys()].join(", ") || "nothing: import first"}`,
          place: { column: name },
        });
      }
      const column = columnName(request, setName, name);
      if (fields.has(column)) {
        throw new DataError("DATA_VALUE_INVALID", `two field sets give a column named ${column}`, {
          remedy: "ask for one of them, or export them apart",
          place: { column },
        });
      }
      fields.set(column, { name: column, dtype: field.dtype });
    }
  }
  return [...fields.values()];
}

/** One lane of a time-major matrix, `length` rows from `from`. */
function lanePart(
  values: Values,
  part: { readonly lane: number; readonly width: number; readonly from: number; readonly length: number },
): Values {
  const { lane, width, from, length } = part;
  const series = values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  for (let row = 0, at = from * width + lane; row < length; row++, at += width) series[row] = values[at]!;
  return series;
}
