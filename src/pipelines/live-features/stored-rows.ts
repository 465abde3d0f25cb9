import type { Column, Panel } from "#panel/panel";
import { panelOf } from "#panel/panel";
import { panelOfFrame } from "./frame-panel.ts";
import type { LiveColumn, LivePlan } from "./live-plan.ts";
import type { OpenedLiveSource } from "./live-source.ts";
import type { LiveWindow } from "./live-window.ts";

/** A factor that cannot be computed from the source; it has no column. */
export interface Uncomputed {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

export interface StoredRows {
  readonly panel: Panel<"factor">;
  readonly uncomputed: readonly Uncomputed[];
}

/** The stored rows of the window under the plan's names; canonical ids. */
export async function storedRows(
  opened: OpenedLiveSource,
  request: {
    readonly columns: readonly LiveColumn[];
    readonly plan: LivePlan;
    readonly window: LiveWindow;
    readonly instruments: readonly string[];
    readonly signal?: AbortSignal;
  },
): Promise<StoredRows> {
  const { source } = opened;
  const { columns, plan, window, instruments, signal } = request;
  const { start, end, moment } = window;
  const call = signal === undefined ? {} : { signal };
  const isComputed = ({ kind }: LiveColumn): boolean => kind === "defined" && opened.factors !== undefined;
  const framed = columns.filter((column) => !isComputed(column) && column.column !== null);
  // A frame without columns has no use; the factor is always there.
  const names = framed.length === 0 ? ["factor"] : [...new Set(framed.map(({ planned }) => planned.source))];
  const frame = await source.frame(
    { start, end, instruments: new Set(instruments) },
    { columns: names, adjustment: plan.adjustment },
  );
  const to = source.freq === "day" ? {} : { to: (moment.day * 86_400 + moment.second) * 1000 };
  const read = await panelOfFrame(frame, { freq: source.freq, ...to, ...call });
  const uncomputed = columns
    .filter((column) => !isComputed(column) && column.column === null)
    .map(({ planned: { name } }) => ({
      name,
      code: "LIVE_NOT_STORED",
      message: `${source.locator} has no column of it`,
    }));
  const made = new Map<string, Float32Array | Float64Array>();
  const wanted = columns.filter(isComputed);
  if (wanted.length > 0 && read.instruments.length > 0) {
    const loaded = await opened.factors!({
      instruments: read.instruments,
      start,
      end,
      names: wanted.map(({ planned }) => planned.source),
      ...call,
    });
    for (const { name, error } of loaded.failures)
      uncomputed.push({ name, code: error.code, message: error.message });
    for (const { planned } of wanted) {
      const values = loaded.factors.columns.get(planned.source)?.values;
      if (values !== undefined) made.set(planned.name, onRows(read, loaded.factors, values));
    }
  }
  // Before the first stored row there are columns all the same: a partial row may follow.
  if (read.instruments.length === 0)
    for (const { planned } of wanted) made.set(planned.name, new Float32Array(0));
  const own = columns.flatMap(({ planned: { name, source: from, dtype } }): Column[] => {
    const values =
      made.get(name) ??
      (wanted.some(({ planned }) => planned.name === name) ? undefined : read.columns.get(from)?.values);
    return values === undefined ? [] : [{ name, values: cast(values, dtype) }];
  });
  return { panel: panelOf({ ...read, columns: own }), uncomputed };
}

/** Values of a panel of the same instruments on the rows of another one. */
function onRows(rows: Panel, from: Panel, values: Float32Array | Float64Array): Float32Array | Float64Array {
  const width = rows.instruments.length;
  const moved =
    values instanceof Float32Array
      ? new Float32Array(rows.time.days.length * width)
      : new Float64Array(rows.time.days.length * width);
  let source = 0;
  const isBefore = (at: number, row: number): boolean =>
    from.time.days[at]! < rows.time.days[row]! ||
    (from.time.days[at] === rows.time.days[row] &&
      (from.time.minutes?.[at] ?? 0) < (rows.time.minutes?.[row] ?? 0));
  for (let row = 0; row < rows.time.days.length; row++) {
    while (isBefore(source, row)) source++;
    moved.set(values.subarray(source * width, (source + 1) * width), row * width);
  }
  return moved;
}

function cast(
  values: Float32Array | Float64Array,
  dtype: "f32" | "f64" | "i64",
): Float32Array | Float64Array {
  if (dtype === "f32") return values instanceof Float32Array ? values : Float32Array.from(values);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}
