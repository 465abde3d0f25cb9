import type { Frame, FrameRows } from "#data/export/frame";
import type { Frequency, TimeAxis } from "#panel/axes";
import { panelOf, type Column, type Panel } from "#panel/panel";

/**
 * A frame, of a source or of a snapshot's file, as a panel of features: what a strategy reads. Times without a row are no
 * rows of the panel, keys without one no instruments; an instrument's span reaches from its first row to its last one.
 */
export async function panelOfFrame(
  frame: Frame,
  options: {
    readonly freq?: Frequency;
    /** Only rows of these times, inclusive, as the frame writes them; milliseconds. */
    readonly from?: number;
    readonly to?: number;
    readonly keys?: ReadonlySet<string>;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Panel<"factor">> {
  const { freq = "day", from = -Infinity, to = Infinity, keys, signal } = options;
  const wanted = Uint8Array.from(frame.keys, (key) => ((keys?.has(key) ?? true) ? 1 : 0));
  const parts: Part[] = [];
  for await (const rows of frame.batches(signal)) {
    const part = copied(
      rows,
      (at) => rows.times[at]! >= from && rows.times[at]! <= to && wanted[rows.keys[at]!] === 1,
    );
    if (part.times.length > 0) parts.push(part);
  }
  const lanes = laneOfKey(frame.keys.length, parts);
  const instruments = frame.keys.filter((_, key) => lanes[key]! >= 0);
  const times = timesOf(parts);
  const first = new Int32Array(instruments.length).fill(times.length);
  const last = new Int32Array(instruments.length).fill(-1);
  const columns = frame.columns.map(({ name, dtype, unit }): Column => {
    const values = dtype === "f32" ? Float32Array : Float64Array;
    return { name, values: new values(times.length * instruments.length).fill(Number.NaN), unit };
  });
  let row = 0;
  for (const part of parts) {
    for (const [at, time] of part.times.entries()) {
      while (times[row]! < time) row++;
      const lane = lanes[part.keys[at]!]!;
      first[lane] = Math.min(first[lane]!, row);
      last[lane] = Math.max(last[lane]!, row);
      for (const [index, { values }] of columns.entries())
        values[row * instruments.length + lane] = part.values[index]![at]!;
    }
  }
  return panelOf({ role: "factor", time: axisOf(times, freq), instruments, first, last, columns });
}

/** Rows that were asked for; a frame's own arrays may be used again. */
interface Part {
  readonly times: Float64Array;
  readonly keys: Int32Array;
  readonly values: readonly (Float32Array | Float64Array)[];
}

function copied(rows: FrameRows, isWanted: (at: number) => boolean): Part {
  const at = Int32Array.from(rows.times.keys()).filter((each) => isWanted(each));
  return {
    times: Float64Array.from(at, (each) => rows.times[each]!),
    keys: Int32Array.from(at, (each) => rows.keys[each]!),
    values: rows.values.map((values) => {
      if (values instanceof Float32Array) return Float32Array.from(at, (each) => values[each]!);
      return Float64Array.from(at, (each) => Number(values[each]!));
    }),
  };
}

/** Place of each key among those that have a row; −1 for the others. */
function laneOfKey(count: number, parts: readonly Part[]): Int32Array {
  const lanes = new Int32Array(count).fill(-1);
  for (const { keys } of parts) for (const key of keys) lanes[key] = 0;
  let next = 0;
  return lanes.map((lane) => (lane < 0 ? -1 : next++));
}

function timesOf(parts: readonly Part[]): Float64Array {
  const times: number[] = [];
  for (const part of parts) for (const time of part.times) if (time !== times.at(-1)) times.push(time);
  return Float64Array.from(times);
}

const MS_PER_DAY = 86_400_000;
const MS_PER_MINUTE = 60_000;

function axisOf(times: Float64Array, freq: Frequency): TimeAxis {
  const days = Int32Array.from(times, (time) => Math.floor(time / MS_PER_DAY));
  if (freq === "day") return { freq, days };
  const minutes = Int16Array.from(times, (time, row) => (time - days[row]! * MS_PER_DAY) / MS_PER_MINUTE);
  return { freq, days, minutes };
}
