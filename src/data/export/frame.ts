/**
 * What a snapshot file holds: rows in the order of (time, key), as pandas' frames with a two-level index have them, in
 * batches, so that a file larger than memory is written in one pass. After pandas' MultiIndex (datetime, instrument).
 */

/** float32, float64, int64. */
export type FrameDtype = "f32" | "f64" | "i64";
export type FrameValues = Float32Array | Float64Array | BigInt64Array;

export interface FrameColumn {
  readonly name: string;
  readonly dtype: FrameDtype;
  readonly unit: string;
  /** One sentence for a reader of the file, an LLM among them. */
  readonly description: string;
  /** Canonical expression, table and column, or source locator. */
  readonly lineage: string;
}

/** Some rows; all arrays have one length. No (time, key) twice in a frame. */
export interface FrameRows {
  /** Milliseconds since 1970 of the exchange-local wall clock, written as if it were UTC; ascending. */
  readonly times: Float64Array;
  /** Places in the frame's `keys`; ascending within one time. */
  readonly keys: Int32Array;
  /** One array for each column, in the frame's order. Missing floats are NaN; integers are never missing. */
  readonly values: readonly FrameValues[];
  /**
   * The same values as tables, where the frame has them so: one for each element type, in the order in which the columns
   * first have it; the columns of that type beside each other, row after row.
   */
  readonly tables?: readonly FrameValues[];
}

export interface Frame {
  /** Names of the two index levels, such as `datetime` and `instrument`. */
  readonly levels: readonly [time: string, key: string];
  /** Labels of the second level in code-point order; every one of them has a row. */
  readonly keys: readonly string[];
  readonly columns: readonly FrameColumn[];
  /** Batches in order; a time may go on in the next batch. May be called more than once. */
  batches(signal?: AbortSignal): AsyncIterable<FrameRows>;
}
