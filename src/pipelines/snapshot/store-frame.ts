/**
 * A store's rows in the order of (time, instrument). The store keeps a field as `[row][lane]` by blocks of 32
 * instruments, the frame wants all instruments of a day together: the time axis is cut into tiles that fit into memory,
 * the rows of a tile are read from every block, and each block's lanes are put to their places among the others.
 */
import type { Frame, FrameColumn, FrameRows } from "#data/export/frame";
import { DataError } from "#data/errors";
import {
  LANES_PER_BLOCK,
  type RowRange,
  type StoredInstrument,
  type StoredValues,
  type StoreSnapshot,
} from "#data/store/panel-store";
import type { TimeAxis } from "#panel/axes";
import { InstrumentsFailed } from "./errors.ts";
import { adjustInto, partsOf, type PriceScale } from "./store-adjustment.ts";
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
  const tileRows = Math.max(1, Math.floor((request.tileBytes ?? TILE_BYTES) / rowBytes));
  const blocks = [...Map.groupBy(instruments.entries(), ([, { block }]) => block)].sort(([a], [b]) => a - b);
  const tile = new Tile(columns, { rows: Math.min(tileRows, rows.to - rows.from), instruments });
  for (let from = rows.from; from < rows.to; from += tileRows) {
    const part = { from, to: Math.min(from + tileRows, rows.to) };
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
    const target = tile.targetOf(present, part);
    for (const [index, column] of request.columns.entries()) {
      if (column.role !== "market") continue;
      tile.put(
        index,
        target,
        adjustInto(column, stored, { block, scale: request.scale, length: target.length }),
      );
    }
    const computed = [...request.columns.entries()].filter(([, { role }]) => role !== "market");
    for (const [set, own] of Map.groupBy(computed, ([, column]) => column.set)) {
      const fields = own.map(([, { field }]) => field);
      const read = await snapshot.readBlock(set, block, fields, part);
      for (const [index, { field }] of own) tile.put(index, target, read.get(field)!);
    }
  } catch (error) {
    if (!(error instanceof DataError && error.code === "STORE_DAMAGED")) throw error;
    throw new InstrumentsFailed(
      lanes.map(({ instrument }) => instrument.id),
      error,
    );
  }
}

/** Some rows of all instruments, column by column, day after day; days and instruments without a row take no place. */
class Tile {
  readonly #instruments: readonly StoredInstrument[];
  readonly #columns: readonly (Float32Array | Float64Array)[];
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
    this.#columns = columns.map(({ dtype }) =>
      dtype === "f32" ? new Float32Array(cells) : new Float64Array(cells),
    );
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

  put(column: number, target: Int32Array, values: StoredValues): void {
    const into = this.#columns[column]!;
    if (into instanceof Float32Array) scatter32(into, target, values);
    else scatter64(into, target, values);
  }

  *batches(): Generator<FrameRows> {
    for (let from = 0; from < this.#length; from += BATCH_ROWS) {
      const to = Math.min(from + BATCH_ROWS, this.#length);
      yield {
        times: this.#times.subarray(from, to),
        keys: this.#keys.subarray(from, to),
        values: this.#columns.map((values) => values.subarray(from, to)),
      };
    }
  }
}

// One function for each type of the target, so that both stay fast.
function scatter32(into: Float32Array, target: Int32Array, values: StoredValues): void {
  for (let at = 0; at < target.length; at++) {
    const place = target[at]!;
    if (place >= 0) into[place] = values[at]!;
  }
}

function scatter64(into: Float64Array, target: Int32Array, values: StoredValues): void {
  for (let at = 0; at < target.length; at++) {
    const place = target[at]!;
    if (place >= 0) into[place] = values[at]!;
  }
}
