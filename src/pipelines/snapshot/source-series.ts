/**
 * A snapshot's rows instrument by instrument, as Parquet and Qlib's directories want them. The source is asked for a few
 * instruments at a time, so that a market never has to be in memory.
 */
import type { FrameRows } from "#data/export/frame";
import type { InstrumentSeries, SeriesTable, Values } from "#data/export/series-table";
import { lowerRow, type TimeAxis } from "#panel/axes";
import { dailyFrame } from "./daily-frame.ts";
import { scopeOf, type SnapshotPlan } from "./snapshot-plan.ts";
import type { SnapshotScope, SnapshotSource } from "./snapshot-source.ts";

/** Instruments asked for together. */
const GROUP = 64;
const MS_PER_DAY = 86_400_000;

/** Columns and spelling of the plan; days that the source has no row of are NaN within an instrument's span. */
export async function seriesOfPlan(
  source: SnapshotSource,
  plan: SnapshotPlan,
  scope: SnapshotScope = scopeOf(plan),
): Promise<SeriesTable> {
  const coverage = await source.coverage(scope);
  const time: TimeAxis = { freq: "day", days: Int32Array.from(await source.sessions(scope)) };
  const fields = plan.features.map(
    ({ name, dtype }) => ({ name, dtype: dtype === "f32" ? "f32" : "f64" }) as const,
  );
  return {
    time,
    fields,
    instruments: coverage.length,
    async *series() {
      for (let at = 0; at < coverage.length; at += GROUP) {
        const group = coverage.slice(at, at + GROUP);
        const instruments = new Set(group.map(({ instrument }) => instrument));
        const frame = await dailyFrame(source, plan, { ...scope, instruments });
        const gathered = frame.keys.map(() => new Gathered(time, fields));
        for await (const rows of frame.batches()) take(rows, gathered);
        for (const [index, key] of frame.keys.entries()) {
          const series = gathered[index]!.series(key);
          if (series !== null) yield series;
        }
      }
    },
  };
}

function take(rows: FrameRows, gathered: readonly Gathered[]): void {
  for (let row = 0; row < rows.keys.length; row++) gathered[rows.keys[row]!]!.add(rows, row);
}

/** The rows of one instrument, over the whole time axis until its span is known. */
class Gathered {
  readonly #time: TimeAxis;
  readonly #fields: readonly { readonly name: string; readonly dtype: "f32" | "f64" }[];
  readonly #columns: Values[];
  #first = -1;
  #last = -1;

  constructor(time: TimeAxis, fields: readonly { readonly name: string; readonly dtype: "f32" | "f64" }[]) {
    this.#time = time;
    this.#fields = fields;
    const length = time.days.length;
    this.#columns = fields.map(({ dtype }) =>
      (dtype === "f32" ? new Float32Array(length) : new Float64Array(length)).fill(Number.NaN),
    );
  }

  add(rows: FrameRows, row: number): void {
    const day = Math.floor(rows.times[row]! / MS_PER_DAY);
    const place =
      this.#last >= 0 && this.#time.days[this.#last + 1] === day ? this.#last + 1 : lowerRow(this.#time, day);
    if (this.#first < 0) this.#first = place;
    this.#last = place;
    for (const [index, values] of this.#columns.entries()) values[place] = Number(rows.values[index]![row]);
  }

  series(instrument: string): InstrumentSeries | null {
    if (this.#first < 0) return null;
    const [first, end] = [this.#first, this.#last + 1];
    const columns = new Map(
      this.#fields.map(({ name }, index) => [name, this.#columns[index]!.subarray(first, end)]),
    );
    return { instrument, first, length: end - first, columns, attributes: {} };
  }
}
