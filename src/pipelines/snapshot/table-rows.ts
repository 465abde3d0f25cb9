import type { FrameDtype, FrameRows, FrameValues } from "#data/export/frame";

/** Rows that lie in tables, one for each element type; columns are taken out of them when somebody asks for columns. */
export class TableRows implements FrameRows {
  readonly times: Float64Array;
  readonly keys: Int32Array;
  readonly tables: readonly FrameValues[];
  /** Made when it is first read; an own property, so that a copy of the rows has it too. */
  declare readonly values: readonly FrameValues[];
  readonly #dtypes: readonly FrameDtype[];

  constructor(dtypes: readonly FrameDtype[], rows: Pick<Required<FrameRows>, "times" | "keys" | "tables">) {
    this.#dtypes = dtypes;
    this.times = rows.times;
    this.keys = rows.keys;
    this.tables = rows.tables;
    let values: readonly FrameValues[] | null = null;
    Object.defineProperty(this, "values", { enumerable: true, get: () => (values ??= this.#columns()) });
  }

  #columns(): readonly FrameValues[] {
    const types = [...new Set(this.#dtypes)];
    const widths = types.map((type) => this.#dtypes.filter((each) => each === type).length);
    const taken = types.map(() => 0);
    return this.#dtypes.map((dtype) => {
      const type = types.indexOf(dtype);
      return columnOf(this.tables[type]!, { offset: taken[type]!++, width: widths[type]! });
    });
  }
}

function columnOf(
  table: FrameValues,
  { offset, width }: { readonly offset: number; readonly width: number },
): FrameValues {
  const rows = table.length / width;
  const column =
    table instanceof BigInt64Array
      ? new BigInt64Array(rows)
      : table instanceof Float32Array
        ? new Float32Array(rows)
        : new Float64Array(rows);
  for (let row = 0, at = offset; row < rows; row++, at += width) column[row] = table[at]!;
  return column;
}
