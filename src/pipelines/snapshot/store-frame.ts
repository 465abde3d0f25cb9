/**
 * A store's rows in the order of (time, instrument). The store keeps a field as `[row][lane]` by blocks of 32
 * instruments, the frame wants all instruments of a day together: the time axis is cut into tiles that fit into memory,
 * the rows of a tile are read from every block, and each block's lanes are put to their places among the others: the
 * values of a row beside each other, as the file has them, so that they are moved once.
 */
import type { Frame, FrameColumn, FrameRows, FrameValues } from "#data/export/frame";
import {
  LANES_PER_BLOCK,
  type RowRange,
  type StoredInstrument,
  type StoredValues,
  type StoreSnapshot,
} from "#data/store/panel-store";
import type { TimeAxis } from "#panel/axes";
import { TableRows } from "./table-rows.ts";
import { adjustInto, blockFailure, partsOf, type PriceScale } from "./store-adjustment.ts";
import type { StoreColumn } from "./store-columns.ts";

export interface StoreFrameRequest {
  readonly columns: readonly StoreColumn[];
  /** In code-point order; each has a row within `rows`. */
  readonly instruments: readonly StoredInstrument[];
  readonly rows: RowRange;
  readonly scale: PriceScale;
  /** Of one tile's values. */
  readonly tileBytes?: number;
}

/** Larger tiles read longer runs of a file; this many leave room for the rest below 400 MB. */
const TILE_BYTES = 144 * 2 ** 20;
/** Rows of one batch. */
const BATCH_ROWS = 16_384;
/** Blocks that are read at the same time. */
const BLOCKS_AT_ONCE = 3;
const MS_PER_DAY = 86_400_000;
const MS_PER_MINUTE = 60_000;

export function storeFrame(snapshot: StoreSnapshot, request: StoreFrameRequest): Frame {
  const { instruments, columns } = request;
  return {
    levels: ["datetime", "instrument"],
    keys: instruments.map(({ id }) => id),
    columns: columns.map(({ name, dtype, unit, description, lineage }): FrameColumn => ({
      name,
      dtype,
      unit,
      description,
      lineage,
    })),
    batches: (signal) => batchesOf(snapshot, request, signal),
  };
}

async function* batchesOf(
  snapshot: StoreSnapshot,
  request: StoreFrameRequest,
  signal?: AbortSignal,
): AsyncGenerator<FrameRows> {
  const { columns, instruments, rows } = request;
  if (instruments.length === 0) return;
  const rowBytes =
    instruments.length * columns.reduce((sum, { dtype }) => sum + (dtype === "f32" ? 4 : 8), 0);
  // A power of two, so that the tiles cut the store's checksummed chunks of 256 rows evenly.
  const tileRows = 2 ** Math.floor(Math.log2(Math.max(1, (request.tileBytes ?? TILE_BYTES) / rowBytes)));
  const blocks = [...Map.groupBy(instruments.entries(), ([, { block }]) => block)].sort(([a], [b]) => a - b);
  const tile = new Tile(columns, { rows: Math.min(tileRows, rows.to - rows.from), instruments });
  for (let from = rows.from, to = from; from < rows.to; from = to) {
    to = Math.min(tileRows * (Math.floor(from / tileRows) + 1), rows.to);
    const part = { from, to };
    tile.begin(part, snapshot.time);
    const waiting = blocks.values();
    const readOn = async (): Promise<void> => {
      for (const [block, members] of waiting) {
        signal?.throwIfAborted();
        const lanes = members.map(([key, instrument]) => ({ key, instrument }));
        await readBlock(snapshot, { block, lanes, part, request, tile });
      }
    };
    await Promise.all(Array.from({ length: Math.min(BLOCKS_AT_ONCE, blocks.length) }, readOn));
    yield* tile.batches();
  }
}

interface Lane {
  /** Place in the frame's keys. */
  readonly key: number;
  readonly instrument: StoredInstrument;
}

async function readBlock(
  snapshot: StoreSnapshot,
  work: {
    readonly block: number;
    readonly lanes: readonly Lane[];
    readonly part: RowRange;
    readonly request: StoreFrameRequest;
    readonly tile: Tile;
  },
): Promise<void> {
  const { block, lanes, part, request, tile } = work;
  const present = lanes.filter(
    ({ instrument }) => instrument.first < part.to && instrument.last >= part.from,
  );
  if (present.length === 0) return;
  const market = request.columns.filter(({ role }) => role === "market");
  const needed = partsOf(market, request.scale);
  try {
    const stored = new Map<string, StoredValues>();
    for (const [set, fields] of needed) {
      for (const [name, values] of await snapshot.readBlock(set, block, [...fields], part))
        stored.set(`${set}.${name}`, values);
    }
    const length = (part.to - part.from) * LANES_PER_BLOCK;
    const columns = new Map<number, StoredValues>();
    for (const [index, column] of request.columns.entries()) {
      if (column.role !== "market") continue;
      columns.set(index, adjustInto(column, stored, { block, scale: request.scale, length }));
    }
    const computed = [...request.columns.entries()].filter(([, { role }]) => role !== "market");
    for (const [set, own] of Map.groupBy(computed, ([, column]) => column.set)) {
      const fields = own.map(([, { field }]) => field);
      const read = await snapshot.readBlock(set, block, fields, part);
      for (const [index, { field }] of own) columns.set(index, read.get(field)!);
    }
    tile.put(tile.targetOf(present, part), columns);
  } catch (error) {
    throw blockFailure(
      error,
      lanes.map(({ instrument }) => instrument),
    );
  }
}

/** The columns of one element type: where each of them lies in a row of the table. */
interface TileTable {
  readonly values: Float32Array | Float64Array;
  readonly width: number;
  /** By place among the frame's columns: the place in the row. */
  readonly offsets: ReadonlyMap<number, number>;
}

/** Some rows of all instruments, day after day; days and instruments without a row take no place. */
class Tile {
  readonly #instruments: readonly StoredInstrument[];
  readonly #columns: readonly StoreColumn[];
  readonly #tables: readonly TileTable[];
  readonly #times: Float64Array;
  readonly #keys: Int32Array;
  /** Where the row of an instrument lies, by day and key; −1 where it has none. */
  readonly #places: Int32Array;
  #length = 0;

  constructor(
    columns: readonly StoreColumn[],
    size: { readonly rows: number; readonly instruments: readonly StoredInstrument[] },
  ) {
    const cells = size.rows * size.instruments.length;
    this.#instruments = size.instruments;
    this.#columns = columns;
    const types = Map.groupBy(columns.entries(), ([, { dtype }]) => dtype);
    this.#tables = [...types].map(([dtype, own]) => ({
      values: new (dtype === "f32" ? Float32Array : Float64Array)(cells * own.length),
      width: own.length,
      offsets: new Map(own.map(([index], offset) => [index, offset])),
    }));
    this.#times = new Float64Array(cells);
    this.#keys = new Int32Array(cells);
    this.#places = new Int32Array(cells);
  }

  begin({ from, to }: RowRange, { days, minutes }: TimeAxis): void {
    const width = this.#instruments.length;
    let at = 0;
    for (let row = from; row < to; row++) {
      const time = days[row]! * MS_PER_DAY + (minutes?.[row] ?? 0) * MS_PER_MINUTE;
      const base = (row - from) * width;
      for (let key = 0; key < width; key++) {
        const { first, last } = this.#instruments[key]!;
        if (row < first || row > last) {
          this.#places[base + key] = -1;
          continue;
        }
        this.#places[base + key] = at;
        this.#times[at] = time;
        this.#keys[at++] = key;
      }
    }
    this.#length = at;
  }

  /** For each value `[row][lane]` of a block where it goes; −1 for those of no row. */
  targetOf(lanes: readonly Lane[], { from, to }: RowRange): Int32Array {
    const target = new Int32Array((to - from) * LANES_PER_BLOCK).fill(-1);
    const width = this.#instruments.length;
    for (const { key, instrument } of lanes) {
      for (let row = 0, at = instrument.lane; row < to - from; row++, at += LANES_PER_BLOCK)
        target[at] = this.#places[row * width + key]!;
    }
    return target;
  }

  /** Values of a block, by place among the frame's columns. */
  put(target: Int32Array, columns: ReadonlyMap<number, StoredValues>): void {
    for (const { values, width, offsets } of this.#tables) {
      const sources = [...offsets].map(([index, offset]) => ({ values: columns.get(index)!, offset }));
      // Row by row: what a block has of a day are a few tens of rows of the table, which stay in the cache meanwhile.
      for (let first = 0; first < target.length; first += LANES_PER_BLOCK) {
        for (const { values: source, offset } of sources) {
          const work = { target, first, width, offset };
          if (values instanceof Float32Array && source instanceof Float32Array) put32(values, source, work);
          else if (values instanceof Float64Array && source instanceof Float64Array)
            put64(values, source, work);
          else putOther(values, source, work);
        }
      }
    }
  }

  *batches(): Generator<FrameRows> {
    const dtypes = this.#columns.map(({ dtype }) => dtype);
    for (let from = 0; from < this.#length; from += BATCH_ROWS) {
      const to = Math.min(from + BATCH_ROWS, this.#length);
      yield new TableRows(dtypes, {
        times: this.#times.subarray(from, to),
        keys: this.#keys.subarray(from, to),
        tables: this.#tables.map(({ values, width }): FrameValues =>
          values.subarray(from * width, to * width),
        ),
      });
    }
  }
}

interface LaneRow {
  readonly target: Int32Array;
  /** Place of the row's first lane. */
  readonly first: number;
  readonly width: number;
  readonly offset: number;
}

// One function for each pair of types, so that each stays fast.
function put32(into: Float32Array, source: Float32Array, { target, first, width, offset }: LaneRow): void {
  for (let at = first; at < first + LANES_PER_BLOCK; at++) {
    const place = target[at]!;
    if (place >= 0) into[place * width + offset] = source[at]!;
  }
}

function put64(into: Float64Array, source: Float64Array, { target, first, width, offset }: LaneRow): void {
  for (let at = first; at < first + LANES_PER_BLOCK; at++) {
    const place = target[at]!;
    if (place >= 0) into[place * width + offset] = source[at]!;
  }
}

function putOther(into: StoredValues, source: StoredValues, { target, first, width, offset }: LaneRow): void {
  for (let at = first; at < first + LANES_PER_BLOCK; at++) {
    const place = target[at]!;
    if (place >= 0) into[place * width + offset] = source[at]!;
  }
}
