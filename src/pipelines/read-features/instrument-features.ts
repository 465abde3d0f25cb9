import type { TimeAxis } from "#panel/axes";
import { seriesOf, type Panel } from "#panel/panel";

/**
 * One instrument as a strategy reads it: its own rows, a typed array for each name. `columns.get("RSI14")![i]` is the value
 * of day `days[i]`; suspended days are rows with NaN.
 */
export interface InstrumentFeatures {
  readonly instrument: string;
  readonly days: Int32Array;
  /** Minute of the day at which each bar ends; absent for daily bars. */
  readonly minutes?: Int16Array;
  readonly columns: ReadonlyMap<string, Float32Array | Float64Array>;
}

/** The instrument's part of panels with the same axes. Throws `RangeError` for an instrument they do not have. */
export function featuresOf(instrument: string, panels: readonly Panel[]): InstrumentFeatures {
  const [panel] = panels;
  const lane = panel?.instruments.indexOf(instrument) ?? -1;
  if (panel === undefined || lane < 0) throw new RangeError(`${instrument} was not asked for`);
  const [from, to] = [panel.first[lane]!, panel.last[lane]! + 1];
  const { days, minutes }: TimeAxis = panel.time;
  const columns = new Map<string, Float32Array | Float64Array>();
  for (const each of panels)
    for (const name of each.columns.keys()) columns.set(name, seriesOf(each, name, lane));
  return {
    instrument,
    days: days.slice(from, to),
    ...(minutes === undefined ? {} : { minutes: minutes.slice(from, to) }),
    columns,
  };
}
