/**
 * A frame's columns in pandas' blocks: one table for each element type, rows beside each other. Columns are turned into
 * rows in tiles that stay in the processor's cache.
 */
import type { FrameColumn, FrameDtype, FrameValues } from "../export/frame.ts";
import { GrowingArray } from "./growing-array.ts";
import type { Hdf5File } from "./hdf5-file.ts";
import { dtypeElements } from "./pandas-layout.ts";

const tileRows = 32;

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

  finish(): void {
    this.array.finish();
  }
}

function interleave(
  columns: readonly BlockValues[],
  from: number,
  place: { readonly values: BlockValues; readonly at: number; readonly rows: number },
): void {
  // One loop over one pair of types at a time, so that each stays monomorphic.
  const width = columns.length;
  const target = place.values as Float64Array;
  for (let tile = 0; tile < place.rows; tile += tileRows) {
    const end = Math.min(place.rows, tile + tileRows);
    for (let column = 0; column < width; column += 1) {
      const source = columns[column] as Float64Array;
      for (let row = tile, to = place.at + tile * width + column; row < end; row += 1, to += width)
        target[to] = source[from + row]!;
    }
  }
}
