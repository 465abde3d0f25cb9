/** The quality rules as they apply to a source: its calendar, its exchange's price limits, how its prices are adjusted. */
import type { InspectionContext } from "#data/quality/finding";
import { inspectSource } from "#data/quality/inspect-source";
import type { QualityReport } from "#data/quality/quality-report";
import type { BarRequest, BarSource, SourceDescription } from "#data/source";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import type { InstrumentId } from "#market/instrument";
import { dailyLimits } from "#market/trading-rules/daily-limits";

/** What the rules know beside the rows. Throws MARKET_CALENDAR_UNKNOWN. */
export function inspectionContextOf({ calendar, adjustment }: SourceDescription): InspectionContext {
  const { kind, exDayTolerance } = adjustment;
  return {
    calendar: calendarNamed(calendar),
    limits: (instrument, rows, status) => dailyLimits(instrument as InstrumentId, rows, status),
    adjustment: kind,
    ...(exDayTolerance === undefined ? {} : { exDayTolerance }),
  };
}

/**
 * The report of a source as it stands, without importing it; undefined for intraday bars, of which no daily inspection
 * is made. Holds the requested rows in memory. Throws the source's errors.
 */
export async function qualityOf(
  source: BarSource,
  request: BarRequest = {},
): Promise<QualityReport | undefined> {
  const description = await source.describe();
  if (description.freq !== "day") return undefined;
  return inspectSource(source, inspectionContextOf(description), request);
}
