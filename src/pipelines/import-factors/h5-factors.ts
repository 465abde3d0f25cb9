/** Factors of a frame that pandas wrote: an index of days and instruments in either order, a column for each factor. */
import { basename } from "node:path";
import { DataError } from "#data/errors";
import { openFrame, type StoredFrame } from "#data/hdf5/open-frame";
import type { FactorFile, FactorRows } from "./factor-file.ts";

const dayMs = 86_400_000;

export async function openH5Factors(path: string): Promise<FactorFile> {
  const frame = await openFrame(path);
  const [unreadable] = frame.unreadable;
  if (unreadable !== undefined) {
    frame.close();
    throw new DataError(
      "DATA_VALUE_INVALID",
      `${path}: the column ${unreadable.name} holds ${unreadable.what}`,
      {
        remedy: "write factors as numbers: df.astype('float64')",
        place: { file: path, column: unreadable.name },
      },
    );
  }
  const range = daysOf(frame);
  return {
    name: basename(path),
    columns: frame.columns.map(({ name, dtype }) => ({ name, dtype: dtype === "f32" ? "f32" : "f64" })),
    rows: frame.rows,
    days: range,
    async *read(columns, signal): AsyncGenerator<FactorRows> {
      for await (const { times, keys, values } of frame.batches({ columns, ...(signal ? { signal } : {}) }))
        yield {
          days: Int32Array.from(times, (time) => (Number.isNaN(time) ? missingDay : time / dayMs)),
          instrument: keys,
          codes: frame.keys,
          values: values.map((column) =>
            column instanceof BigInt64Array ? Float64Array.from(column, Number) : column,
          ),
        };
    },
    [Symbol.dispose]: () => frame.close(),
  };
}

/** No day of any calendar. */
const missingDay = -0x8000_0000;

/** Throws DATA_DATE_INVALID for times within a day: factors are of sessions. */
function daysOf({ times, place }: StoredFrame): FactorFile["days"] {
  const within = times.find((time) => time % dayMs !== 0);
  if (within !== undefined) {
    throw new DataError(
      "DATA_DATE_INVALID",
      `${place} has a row of ${new Date(within).toISOString()}, a time within a day`,
      {
        remedy: "give one row a day, stamped at midnight",
        place: { file: place },
      },
    );
  }
  if (times.length === 0) return null;
  const first = times.reduce((least, time) => Math.min(least, time), Infinity);
  const last = times.reduce((most, time) => Math.max(most, time), -Infinity);
  return { first: first / dayMs, last: last / dayMs };
}
