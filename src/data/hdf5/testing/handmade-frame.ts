/** Frames from a list of rows, in batches of any size. */
import type { Frame, FrameColumn, FrameDtype, FrameRows, FrameValues } from "../../export/frame.ts";
import { compareKeys } from "../open-frame.ts";

/** A time in milliseconds, a key, a value for each column; null is a missing one. */
export type HandmadeRow = readonly [time: number, key: string, ...values: readonly (number | null)[]];

export interface Handmade {
  readonly levels?: readonly [string, string];
  readonly columns: readonly (readonly [name: string, dtype: FrameDtype])[];
  readonly rows: readonly HandmadeRow[];
  readonly batchRows?: number;
}

export function handmadeFrame({ levels, columns, rows, batchRows = 3 }: Handmade): Frame {
  const keys = [...new Set(rows.map(([, key]) => key))].sort(compareKeys);
  const described = columns.map(([name, dtype]): FrameColumn => ({
    name,
    dtype,
    unit: "",
    description: "",
    lineage: "",
  }));
  async function* batches(): AsyncGenerator<FrameRows> {
    for (let start = 0; start < rows.length; start += batchRows) {
      const some = rows.slice(start, start + batchRows);
      yield {
        times: Float64Array.from(some, ([time]) => time),
        keys: Int32Array.from(some, ([, key]) => keys.indexOf(key)),
        values: described.map(({ dtype }, at) =>
          valuesOf(
            some.map(([, , ...values]) => values[at]!),
            dtype,
          ),
        ),
      };
    }
  }
  return { levels: levels ?? ["datetime", "instrument"], keys, columns: described, batches };
}

function valuesOf(values: readonly (number | null)[], dtype: FrameDtype): FrameValues {
  const numbers = values.map((value) => value ?? Number.NaN);
  if (dtype === "f32") return Float32Array.from(numbers);
  if (dtype === "f64") return Float64Array.from(numbers);
  return BigInt64Array.from(numbers, BigInt);
}

/** `2020-01-02` or `2020-01-02T09:31` as a frame counts times. */
export function timeOf(text: string): number {
  return Date.parse(text.includes("T") ? `${text}Z` : `${text}T00:00Z`);
}
