import type { Frame, FrameColumn, FrameDtype, FrameRows, FrameValues } from "#data/export/frame";

/** One row: time, key, and a number for each column. */
export type Row = readonly [time: number, key: string, ...values: number[]];

export function testColumn(name: string, dtype: FrameDtype = "f64"): FrameColumn {
  return { name, dtype, unit: "1", description: name, lineage: "test" };
}

const order = ([time, key]: Row, [otherTime, otherKey]: Row): number =>
  time - otherTime || (key < otherKey ? -1 : key > otherKey ? 1 : 0);

function valuesOf(dtype: FrameDtype, numbers: readonly number[]): FrameValues {
  if (dtype === "i64") return BigInt64Array.from(numbers, BigInt);
  return dtype === "f32" ? Float32Array.from(numbers) : Float64Array.from(numbers);
}

/** A frame of a few rows in memory, in batches of `batch` rows. Rows may be given in any order. */
export function rowsFrame(
  rows: readonly Row[],
  { columns = [testColumn("close")], batch = 3 }: { columns?: readonly FrameColumn[]; batch?: number } = {},
): Frame {
  const sorted = [...rows].sort(order);
  const keys = [...new Set(rows.map(([, key]) => key))].sort((left, right) => (left < right ? -1 : 1));
  return {
    levels: ["datetime", "instrument"],
    keys,
    columns,
    async *batches(signal) {
      for (let from = 0; from < sorted.length; from += batch) {
        signal?.throwIfAborted();
        const part = sorted.slice(from, from + batch);
        yield await Promise.resolve({
          times: Float64Array.from(part, ([time]) => time),
          keys: Int32Array.from(part, ([, key]) => keys.indexOf(key)),
          values: columns.map(({ dtype }, column) =>
            valuesOf(
              dtype,
              part.map((row) => row[column + 2] as number),
            ),
          ),
        } satisfies FrameRows);
      }
    },
  };
}

/** All rows of a frame. */
export async function rowsOf(frame: Frame): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { times, keys, values } of frame.batches()) {
    for (const [row, time] of times.entries())
      rows.push([time, frame.keys[keys[row]!]!, ...values.map((each) => Number(each[row]))]);
  }
  return rows;
}
