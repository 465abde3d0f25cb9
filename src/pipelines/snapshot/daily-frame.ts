/**
 * The frame of a snapshot's file: the source's columns under the plan's names and types, instruments in the plan's
 * spelling and in the order of that spelling. An update takes its rows from here too, so that they are the same.
 */
import { codeInForm } from "#data/export/qlib-bin/code-form";
import type { Frame, FrameColumn, FrameDtype, FrameRows, FrameValues } from "#data/export/frame";
import { byText } from "#data/export/series-table";
import { scopeOf, type PlannedColumn, type SnapshotPlan } from "./snapshot-plan.ts";
import type { SnapshotScope, SnapshotSource } from "./snapshot-source.ts";

/** Rows as `daily_pv.h5` has them. `scope` narrows the plan's own; instruments in it are canonical ids. */
export function dailyFrame(
  source: SnapshotSource,
  plan: SnapshotPlan,
  scope: SnapshotScope = scopeOf(plan),
): Promise<Frame> {
  return plannedFrame(source, plan, { columns: plan.features, scope });
}

/** Rows as `labels.h5` has them; null when the plan has no labels. */
export async function labelsFrame(
  source: SnapshotSource,
  plan: SnapshotPlan,
  scope: SnapshotScope = scopeOf(plan),
): Promise<Frame | null> {
  if (plan.labels.length === 0) return null;
  return await plannedFrame(source, plan, { columns: plan.labels, scope });
}

async function plannedFrame(
  source: SnapshotSource,
  plan: SnapshotPlan,
  request: { readonly columns: readonly PlannedColumn[]; readonly scope: SnapshotScope },
): Promise<Frame> {
  const { columns, scope } = request;
  const frame = await source.frame(scope, {
    columns: columns.map((column) => column.source),
    adjustment: plan.adjustment,
  });
  return respelled(renamed(frame, columns), codeInForm(plan.spelling));
}

function renamed(frame: Frame, columns: readonly PlannedColumn[]): Frame {
  const own = frame.columns.map((column, index): FrameColumn => {
    const { name, dtype } = columns[index]!;
    return { ...column, name, dtype };
  });
  const isSame = frame.columns.every(({ dtype }, index) => dtype === columns[index]!.dtype);
  return {
    ...frame,
    columns: own,
    batches: isSame
      ? (signal) => frame.batches(signal)
      : async function* (signal) {
          for await (const rows of frame.batches(signal)) {
            const values = rows.values.map((each, index) => cast(each, own[index]!.dtype));
            yield { times: rows.times, keys: rows.keys, values };
          }
        },
  };
}

function cast(values: FrameValues, dtype: FrameDtype): FrameValues {
  if (values instanceof BigInt64Array)
    return dtype === "i64" ? values : cast(Float64Array.from(values, Number), dtype);
  if (dtype === "f32") return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === "f64") return values instanceof Float64Array ? values : Float64Array.from(values);
  throw new TypeError("floating-point values have no integer column");
}

/** Another spelling of the keys. Where it changes their order the rows of each time are put in the new one. */
export function respelled(frame: Frame, spell: (key: string) => string): Frame {
  const spelled = frame.keys.map(spell);
  const order = spelled.map((_, index) => index).sort((a, b) => byText(spelled[a]!, spelled[b]!));
  const keys = order.map((index) => spelled[index]!);
  if (order.every((place, index) => place === index))
    return { ...frame, keys, batches: (signal) => frame.batches(signal) };
  const place = new Int32Array(order.length);
  for (const [index, from] of order.entries()) place[from] = index;
  return {
    ...frame,
    keys,
    async *batches(signal) {
      for await (const rows of wholeTimes(frame.batches(signal))) yield reordered(rows, place);
    },
  };
}

/** Batches cut so that no time goes on in the next one. */
async function* wholeTimes(batches: AsyncIterable<FrameRows>): AsyncGenerator<FrameRows> {
  let waiting: FrameRows[] = [];
  for await (const rows of batches) {
    const length = rows.times.length;
    if (length === 0) continue;
    const open = waiting.at(-1)?.times.at(-1);
    let first = 0;
    if (open !== undefined) {
      while (first < length && rows.times[first] === open) first++;
      if (first > 0) waiting.push(part(rows, 0, first));
      if (first === length) continue;
      yield joined(waiting);
      waiting = [];
    }
    let last = length;
    while (last > first && rows.times[last - 1] === rows.times[length - 1]) last--;
    if (last > first) yield part(rows, first, last);
    waiting.push(part(rows, last, length));
  }
  if (waiting.length > 0) yield joined(waiting);
}

function part(rows: FrameRows, from: number, to: number): FrameRows {
  if (from === 0 && to === rows.times.length) return rows;
  return {
    times: rows.times.subarray(from, to),
    keys: rows.keys.subarray(from, to),
    values: rows.values.map((values) => values.subarray(from, to)),
  };
}

function joined(parts: readonly FrameRows[]): FrameRows {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, rows) => sum + rows.times.length, 0);
  const [first] = parts as [FrameRows];
  const whole = {
    times: new Float64Array(length),
    keys: new Int32Array(length),
    values: first.values.map((values) => emptyLike(values, length)),
  };
  let at = 0;
  for (const rows of parts) {
    whole.times.set(rows.times, at);
    whole.keys.set(rows.keys, at);
    for (const [index, values] of rows.values.entries()) whole.values[index]!.set(values as never, at);
    at += rows.times.length;
  }
  return whole;
}

function emptyLike(values: FrameValues, length: number): FrameValues {
  if (values instanceof BigInt64Array) return new BigInt64Array(length);
  return values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** Rows of whole times with keys at new places, ascending again within each time. */
function reordered(rows: FrameRows, place: Int32Array): FrameRows {
  const length = rows.times.length;
  const keys = Int32Array.from(rows.keys, (key) => place[key]!);
  const from = new Int32Array(length);
  for (let first = 0; first < length;) {
    let last = first + 1;
    while (last < length && rows.times[last] === rows.times[first]) last++;
    const order = from.subarray(first, last);
    for (let index = 0; index < order.length; index++) order[index] = first + index;
    order.sort((a, b) => keys[a]! - keys[b]!);
    first = last;
  }
  return {
    times: rows.times,
    keys: Int32Array.from(from, (row) => keys[row]!),
    values: rows.values.map((values) => {
      const moved = emptyLike(values, length);
      for (let row = 0; row < length; row++) moved[row] = values[from[row]!]!;
      return moved;
    }),
  };
}
