/**
 * A frame's columns in pandas' blocks: one table for each element type, rows beside each other. Columns are turned into
 * rows in tiles that stay in the processor's cache.
 */
import type { FrameColumn, FrameDtype, FrameValues } from "../export/frame.ts";
import { GrowingArray } from "./growing-array.ts";
import type { Hdf5File } from "./hdf5-file.ts";
import { dtypeElements } from "./pandas-layout.ts";

const tileRows = 256;

/** Whatever a block holds. */
type BlockValues = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;

const makeValues: Readonly<Record<FrameDtype, (length: number) => BlockValues>> = {
  f32: (length) => new Float32Array(length),
  f64: (length) => new Float64Array(length),
  i64: (length) => new BigInt64Array(length),
};

export interface FrameBlock {
  readonly dtype: FrameDtype;
  /** Places of its columns in the frame. */
  readonly columns: readonly number[];
}

/** Blocks in the order in which their types first come. A frame without columns has none. */
export function blocksOf(columns: readonly Pick<FrameColumn, "dtype">[]): readonly FrameBlock[] {
  const blocks = new Map<FrameDtype, number[]>();
  for (const [at, { dtype }] of columns.entries()) {
    const places = blocks.get(dtype);
    if (places === undefined) blocks.set(dtype, [at]);
    else places.push(at);
  }
  return [...blocks].map(([dtype, places]) => ({ dtype, columns: places }));
}

export class BlockWriter {
  private readonly block: FrameBlock;
  private readonly array: GrowingArray<BlockValues>;

  constructor(file: Hdf5File, path: string, block: FrameBlock & { readonly existing?: { rows: number } }) {
    this.block = block;
    this.array = new GrowingArray<BlockValues>(file, path, {
      element: dtypeElements[block.dtype],
      width: block.columns.length,
      make: makeValues[block.dtype],
      ...(block.existing === undefined ? {} : { existing: block.existing }),
    });
  }

  add(values: readonly FrameValues[], rows: number): void {
    const columns = this.block.columns.map((at) => values[at]!);
    for (let done = 0; done < rows;) {
      const place = this.array.next(rows - done);
      interleave(columns as readonly BlockValues[], done, place);
      done += place.rows;
    }
  }

  /** Rows that lie beside each other already. Throws TypeError for a table of another size. */
  addTable(table: FrameValues, rows: number): void {
    const width = this.block.columns.length;
    if (table.length !== rows * width)
      throw new TypeError(`a table of ${rows} rows and ${width} columns has ${table.length} values`);
    for (let done = 0; done < rows;) {
      const place = this.array.next(rows - done);
      place.values.set(table.subarray(done * width, (done + place.rows) * width) as never, place.at);
      done += place.rows;
    }
  }

  finish(): void {
    this.array.finish();
  }
}

function interleave(
  columns: readonly BlockValues[],
  from: number,
  place: { readonly values: BlockValues; readonly at: number; readonly rows: number },
): void {
  const width = columns.length;
  for (let tile = 0; tile < place.rows; tile += tileRows) {
    const rows = {
      from: from + tile,
      at: place.at + tile * width,
      count: Math.min(tileRows, place.rows - tile),
    };
    let column = 0;
    for (; column + 8 <= width; column += 8)
      eightColumns(columns as readonly Numbers[], column, place.values as Numbers, rows);
    for (; column < width; column += 1) {
      const source = columns[column] as Numbers;
      const target = place.values as Numbers;
      for (let row = 0, to = rows.at + column; row < rows.count; row += 1, to += width)
        target[to] = source[rows.from + row]!;
    }
  }
}

/** For the compiler all three types are one; each block has its own. */
type Numbers = Float32Array;

/** Eight neighbours of a row at once: four times as fast as a column at a time. */
function eightColumns(
  columns: readonly Numbers[],
  first: number,
  target: Numbers,
  rows: { readonly from: number; readonly at: number; readonly count: number },
): void {
  const width = columns.length;
  const c0 = columns[first]!;
  const c1 = columns[first + 1]!;
  const c2 = columns[first + 2]!;
  const c3 = columns[first + 3]!;
  const c4 = columns[first + 4]!;
  const c5 = columns[first + 5]!;
  const c6 = columns[first + 6]!;
  const c7 = columns[first + 7]!;
  const end = rows.from + rows.count;
  for (let row = rows.from, to = rows.at + first; row < end; row += 1, to += width) {
    target[to] = c0[row]!;
    target[to + 1] = c1[row]!;
    target[to + 2] = c2[row]!;
    target[to + 3] = c3[row]!;
    target[to + 4] = c4[row]!;
    target[to + 5] = c5[row]!;
    target[to + 6] = c6[row]!;
    target[to + 7] = c7[row]!;
  }
}
