import type { TimeAxis } from "./axes.ts";
import type { Role } from "./roles.ts";

/** Values of one field, time-major: `values[row * instruments + lane]`. Missing is NaN. */
export interface Column {
  readonly name: string;
  readonly values: Float32Array | Float64Array;
  /** Canonical unit: `CNY`, `USD`, `shares`, `ratio`, … */
  readonly unit?: string;
}

/**
 * Day × instrument, typed columns. Rows outside an instrument's own span (`first[lane]`…`last[lane]`, inclusive)
 * do not exist for it: they hold NaN, no window reaches into them and no output lists them. An instrument
 * without any row has `first > last`.
 */
export interface Panel<R extends Role = Role> {
  readonly role: R;
  readonly time: TimeAxis;
  readonly instruments: readonly string[];
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly columns: ReadonlyMap<string, Column>;
}

/** Checks the shapes and builds a panel. Throws `RangeError` on a column or span of the wrong length. */
export function panelOf<R extends Role>(parts: {
  readonly role: R;
  readonly time: TimeAxis;
  readonly instruments: readonly string[];
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly columns: Iterable<Column>;
}): Panel<R> {
  const { role, time, instruments, first, last } = parts;
  const rows = time.days.length;
  const lanes = instruments.length;
  if (first.length !== lanes || last.length !== lanes) {
    throw new RangeError(`spans of ${first.length}/${last.length} instruments for ${lanes} lanes`);
  }
  const columns = new Map<string, Column>();
  for (const column of parts.columns) {
    if (column.values.length !== rows * lanes) {
      throw new RangeError(
        `column ${column.name} holds ${column.values.length} values, expected ${rows} rows × ${lanes} instruments`,
      );
    }
    if (columns.has(column.name)) throw new RangeError(`column ${column.name} appears twice`);
    columns.set(column.name, column);
  }
  return { role, time, instruments, first, last, columns };
}

/** The column, or a `RangeError` that lists what there is. */
export function columnOf(panel: Panel, name: string): Column {
  const column = panel.columns.get(name);
  if (column === undefined) {
    throw new RangeError(
      `no column ${name}; the panel has ${[...panel.columns.keys()].join(", ") || "none"}`,
    );
  }
  return column;
}

/** Narrows a panel to a role at run time. Throws `TypeError` when it plays another one. */
export function asRole<R extends Role>(panel: Panel, role: R): Panel<R> {
  if (panel.role !== role) throw new TypeError(`expected a ${role} panel, found a ${panel.role} panel`);
  return panel as Panel<R>;
}

/** One instrument's values over its own span, as a new array of the column's type. */
export function seriesOf(panel: Panel, name: string, lane: number): Float32Array | Float64Array {
  const { values } = columnOf(panel, name);
  const lanes = panel.instruments.length;
  const first = panel.first[lane]!;
  const length = Math.max(0, panel.last[lane]! - first + 1);
  const series = values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  for (let row = 0; row < length; row++) series[row] = values[(first + row) * lanes + lane]!;
  return series;
}
