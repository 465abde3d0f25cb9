/** What a Parquet column holds, and in which arrays its values are handed over. */
export type ParquetType = "DATE" | "FLOAT" | "DOUBLE" | "VARCHAR" | "INTEGER" | "BIGINT" | "TIMESTAMP";

export interface ParquetColumn {
  readonly name: string;
  readonly type: ParquetType;
  /** Writes NaN as null instead of as NaN. Only for FLOAT and DOUBLE. */
  readonly nanAsNull?: boolean;
}

/** Text as codes into a dictionary (−1 is null); the dictionary may grow from chunk to chunk but never reorders. */
export interface CodedText {
  readonly codes: Int32Array;
  readonly dictionary: readonly string[];
}

/**
 * Values of one column: DATE and INTEGER `Int32Array` (DATE: days since 1970-01-01; `MISSING_DAY` is null),
 * FLOAT and DOUBLE either float array, BIGINT `BigInt64Array` or `Float64Array` of whole numbers (NaN is null),
 * TIMESTAMP microseconds as `Float64Array` or `BigInt64Array`, VARCHAR {@link CodedText} or texts.
 */
export type ParquetValues =
  | Float32Array
  | Float64Array
  | Int32Array
  | BigInt64Array
  | CodedText
  | readonly (string | null)[];

/** Some rows; `columns` in the order of the schema, all of `rows` length. They are not changed until the next is asked for. */
export interface ParquetChunk {
  readonly rows: number;
  readonly columns: readonly ParquetValues[];
}

export function isCodedText(values: ParquetValues): values is CodedText {
  return "codes" in values;
}

export function lengthOf(values: ParquetValues): number {
  return isCodedText(values) ? values.codes.length : values.length;
}
