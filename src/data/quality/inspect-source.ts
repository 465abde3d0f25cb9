/** Inspects a daily source as it stands, before anything is imported. */
import type { Day } from "#market/day";
import type { BarRequest, BarSource } from "../source.ts";
import type { InspectionContext } from "./finding.ts";
import { inspectRows } from "./inspect.ts";
import { firstSession, listingDay } from "./listing-day.ts";
import { type QualityReport, QualityReportBuilder } from "./quality-report.ts";

/** One instrument's rows as they arrive. */
class Gathered {
  days = new Int32Array(256);
  readonly columns = new Map<string, Float64Array>();
  rows = 0;

  push(day: number, row: number, columns: ReadonlyMap<string, Float64Array>): void {
    if (this.rows === this.days.length) this.#grow();
    this.days[this.rows] = day;
    for (const [name, values] of columns) {
      let own = this.columns.get(name);
      if (own === undefined) {
        own = new Float64Array(this.days.length).fill(Number.NaN);
        this.columns.set(name, own);
      }
      own[this.rows] = values[row]!;
    }
    this.rows++;
  }

  #grow(): void {
    const length = this.days.length * 2;
    const days = new Int32Array(length);
    days.set(this.days);
    this.days = days;
    for (const [name, values] of this.columns) {
      const wider = new Float64Array(length).fill(Number.NaN);
      wider.set(values);
      this.columns.set(name, wider);
    }
  }
}

/**
 * Holds the requested rows in memory, 8 bytes a number. Only daily bars; intraday rows throw `RangeError`.
 * An instrument whose first row is later than the source's is taken as listed on it, unless the context knows.
 */
export async function inspectSource(
  source: BarSource,
  context: InspectionContext,
  request: BarRequest = {},
): Promise<QualityReport> {
  const description = await source.describe();
  if (description.freq !== "day") throw new RangeError(`${description.freq} bars are not inspected by day`);
  const gathered = new Map<string, Gathered>();
  for await (const batch of source.bars(request)) {
    for (let row = 0; row < batch.days.length; row++) {
      const id = batch.instruments[batch.instrument[row]!]!;
      let own = gathered.get(id);
      if (own === undefined) gathered.set(id, (own = new Gathered()));
      own.push(batch.days[row]!, row, batch.columns);
    }
  }
  const firstDays = new Map<string, Day | undefined>();
  for (const [instrument, { days, rows }] of gathered) {
    firstDays.set(instrument, firstSession(days.subarray(0, rows), context.calendar));
  }
  const start = firstSession(
    [...firstDays.values()].filter((day) => day !== undefined),
    context.calendar,
  );
  const { adjustment, calendar, shape, locator } = description;
  const full: InspectionContext = {
    adjustment: adjustment.kind,
    ...(adjustment.exDayTolerance === undefined ? {} : { exDayTolerance: adjustment.exDayTolerance }),
    listedOn: (instrument) => listingDay(firstDays.get(instrument), start),
    ...context,
  };
  const builder = new QualityReportBuilder();
  for (const [instrument, { days, columns, rows }] of gathered) {
    const cut = new Map([...columns].map(([name, values]) => [name, values.subarray(0, rows)]));
    builder.add(inspectRows({ instrument, days: days.subarray(0, rows), columns: cut }, full));
    gathered.delete(instrument);
  }
  return builder.report({ source: locator, shape, calendar });
}
