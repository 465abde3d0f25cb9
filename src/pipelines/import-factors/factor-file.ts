/**
 * A file of factor values by day and instrument: RD-Agent's `result.h5` of one factor, its `combined_factors_df.parquet`
 * of all that were kept, or any file of the same form.
 */
import { extname } from "node:path";
import { DataError } from "#data/errors";
import { openH5Factors } from "./h5-factors.ts";
import { openParquetFactors } from "./parquet-factors.ts";

export interface FactorColumn {
  readonly name: string;
  readonly dtype: "f32" | "f64";
}

/** Some rows, in any order; all arrays have one length. */
export interface FactorRows {
  readonly days: Int32Array;
  /** Places in `codes`; -1 where the row has no code. */
  readonly instrument: Int32Array;
  /** Codes as the file spells them; grows from batch to batch, never reorders. */
  readonly codes: readonly string[];
  readonly values: readonly ArrayLike<number>[];
}

export interface FactorFile extends Disposable {
  /** Name of the file, without its folder. */
  readonly name: string;
  readonly columns: readonly FactorColumn[];
  readonly rows: number;
  /** First and last day; null of a file without a row. */
  readonly days: { readonly first: number; readonly last: number } | null;
  /** Streams some of the columns; may be called more than once. */
  read(columns: readonly string[], signal?: AbortSignal): AsyncIterable<FactorRows>;
}

/** Throws DATA_FILE_MISSING, DATA_FILE_DAMAGED, DATA_KIND_OTHER, DATA_FORM_UNSUPPORTED, DATA_COLUMN_MISSING. */
export async function openFactorFile(path: string): Promise<FactorFile> {
  const kind = extname(path).toLowerCase();
  const file = await (kind === ".h5" || kind === ".hdf5"
    ? openH5Factors(path)
    : kind === ".parquet" || kind === ".pq"
      ? openParquetFactors(path)
      : Promise.reject(otherKind(path)));
  try {
    checkColumns(path, file.columns);
    return file;
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

const safeName = /^[\p{L}_$][\p{L}\p{N}_$-]{0,63}$/u;

/** Columns become stored fields; what looks ahead is no factor. */
function checkColumns(path: string, columns: readonly FactorColumn[]): void {
  const place = (column: string) => ({ file: path, column });
  if (columns.length === 0)
    throw new DataError("DATA_COLUMN_MISSING", `${path} has no column of numbers`, {
      remedy: "give a file with one column for each factor, beside the day and the instrument",
      place: { file: path },
    });
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (/^label/i.test(name))
      throw new DataError(
        "DATA_KIND_OTHER",
        `${path} has the column ${name}: a label looks ahead and is no factor`,
        {
          remedy: "take the labels out of the file",
          place: place(name),
        },
      );
    if (!safeName.test(name))
      throw new DataError("DATA_COLUMN_MISSING", `${path} has a column named ${JSON.stringify(name)}`, {
        remedy: "name factors with letters, digits, _, $ and -, beginning with a letter",
        place: place(name),
      });
    if (seen.has(name))
      throw new DataError("DATA_ROW_CONFLICT", `${path} has two columns named ${name}`, {
        remedy: "give each factor a name of its own",
        place: place(name),
      });
    seen.add(name);
  }
}

function otherKind(path: string): DataError {
  return new DataError("DATA_KIND_OTHER", `${path} is neither HDF5 nor Parquet by its name`, {
    remedy: "give result.h5, combined_factors_df.parquet, or a file of one of these kinds",
    place: { file: path },
  });
}
