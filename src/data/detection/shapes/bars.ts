/**
 * Bars: any table with a date, a close and at least the other prices or a volume, one instrument a file or a
 * column of codes, daily or intraday. Units and adjustment are read from the numbers.
 */
import { isoOf } from "#market/day";
import { DataError } from "../../errors.ts";
import type { BarMapping, DateFormat, TimeFormat } from "../../mapping/mapping.ts";
import { barMappingSchema } from "../../mapping/mapping.ts";
import { dayExpression, minuteExpression } from "../../sources/date-expression.ts";
import { type SourceFile, placeOf } from "../../sources/locator.ts";
import { barStatistics } from "../evidence/bar-statistics.ts";
import { type CalendarEvidence, calendarOfDays } from "../evidence/calendars.ts";
import { sampledDateFormat } from "../evidence/dates.ts";
import {
  areIndices,
  calendarOfVenues,
  type InstrumentEvidence,
  instrumentsOfColumn,
  instrumentsOfNames,
  zoneOfVenues,
} from "../evidence/instruments.ts";
import { otherUnits } from "../evidence/other-files.ts";
import { unitHints } from "../evidence/unit-hints.ts";
import { unitsOf } from "../evidence/units.ts";
import type { Recogniser, Sample } from "../recognition.ts";

const prices = [
  "open",
  "high",
  "low",
  "close",
  "preclose",
  "vwap",
  "volume",
  "amount",
  "factor",
  "status",
] as const;

export const bars: Recogniser = {
  name: "bars",
  async recognise(sample) {
    const { names, relation, database } = sample;
    if (relation === null) return null;
    const columns: Partial<Record<(typeof prices)[number], string>> = {};
    for (const role of prices) {
      const column = names.role(role);
      if (column !== undefined && !Object.values(columns).includes(column)) columns[role] = column;
    }
    const { open, high, low, close } = columns;
    if (open === undefined || high === undefined || low === undefined || close === undefined) return null;
    const dating = datingOf(sample);
    if (dating === null) return null;
    const instruments = await instrumentsOf(sample);
    if (instruments === null) return null;

    const zone = zoneOfVenues(instruments.venues);
    const epoch = dating.format.startsWith("epoch");
    const date = {
      name: dating.column,
      type: relation.columns.find(({ name }) => name === dating.column)!.type,
      format: dating.format,
      ...(epoch && zone !== null ? { timeZone: zone } : {}),
    };
    const day = dayExpression(date);
    const found = await database.rows(
      `SELECT DISTINCT ${day} AS d FROM ${relation.sql} WHERE ${day} IS NOT NULL ORDER BY 1`,
    );
    const days = found.map((row) => Number(row["d"]));
    const expected = calendarOfVenues(instruments.venues);
    const calendar = calendarOfDays(days, expected);
    if (calendar === null || strangeToVenue(calendar, days.length)) return null;
    const index = areIndices(instruments.ids);
    const statistics = await barStatistics(database, relation, {
      instrument: "column" in instruments.rule ? instruments.rule.column : undefined,
      day,
      high,
      low,
      close,
      preclose: columns.preclose,
      volume: columns.volume,
      amount: columns.amount,
    });
    const market = { XSHG: "a-share", XNYS: "us", XHKG: "hk", "24x7": "crypto" } as const;
    const evidence = unitsOf(statistics, {
      ...unitHints(sample, columns),
      hasAmount: columns.amount !== undefined,
      hasVolume: columns.volume !== undefined,
      hasPreclose: columns.preclose !== undefined,
      market: market[calendar.calendar],
      index,
    });
    if (evidence.mixed !== undefined)
      throw mixedUnits(`${placeOf(sample.file)}: ${evidence.mixed}`, sample.file);
    if (evidence.prices === "raw" && !index && columns.volume !== undefined && columns.amount !== undefined) {
      const other = await otherUnits(
        sample.files,
        { close, volume: columns.volume, amount: columns.amount },
        {
          database,
          scratch: sample.scratch,
          reading: sample.reading,
          power: Math.round(Math.log10(statistics.ratio.median)),
        },
      );
      if (other !== null) throw mixedUnits(other.found, other.file);
    }
    const pace = await paceOf(sample, dating, date);
    const adjustment = adjustmentOf(evidence.prices, days, statistics.exDays.tolerance);
    const mapping = barMappingSchema.parse({
      kind: "bars",
      shape: shapeName({
        market: market[calendar.calendar],
        index,
        intraday: pace.freq !== "day",
        prices: evidence.prices,
      }),
      freq: pace.freq,
      calendar: calendar.calendar,
      ...(pace.freq !== "day" || epoch ? { timeZone: zone ?? "UTC" } : {}),
      ...(pace.freq === "day" ? {} : { stamp: pace.stamp, time: dating.time }),
      reading: sample.reading,
      instrument: instruments.rule,
      date: { column: dating.column, format: dating.format },
      columns,
      units: written(evidence.units),
      adjustment,
      keep: "all",
      prefix: names.prefix,
    });
    return {
      shape: mapping.shape,
      mapping,
      reasons: [
        ...(names.prefix === "" ? [] : [`all columns begin with ${names.prefix}, which is set aside`]),
        `${[open, high, low, close].join(", ")} are the prices of a bar, ${dating.column} its date${dating.format === "auto" ? "" : ` (${dating.format})`}`,
        ...instruments.reasons,
        ...calendar.reasons,
        ...pace.reasons,
        ...evidence.reasons,
        ...(columns.factor === undefined ? [] : [`${columns.factor} is a running adjustment factor`]),
      ],
      doubts: [...instruments.doubts, ...calendar.doubts, ...pace.doubts, ...evidence.doubts],
    };
  },
};

/** Tickers are guessed from bare letters: dates that are often no sessions say that the guess is wrong. */
function strangeToVenue({ calendar, closed }: CalendarEvidence, days: number): boolean {
  return calendar === "XNYS" && closed > days * 0.02;
}

async function instrumentsOf(sample: Sample): Promise<InstrumentEvidence | null> {
  const column = sample.names.role("instrument");
  const byColumn = column === undefined ? null : await instrumentsOfColumn(sample, column);
  return byColumn ?? instrumentsOfNames(sample.files);
}

interface Dating {
  readonly column: string;
  readonly format: DateFormat;
  readonly time?: { readonly column: string; readonly format: TimeFormat };
}

/** The date column, and the time column of intraday bars. */
function datingOf(sample: Sample): Dating | null {
  const { names } = sample;
  const column = names.role("date");
  if (column === undefined) return null;
  const format = sampledDateFormat(sample, column);
  if (format === null) return null;
  const time = names.role("time");
  if (time !== undefined && time !== column) {
    const timeFormat = timeFormatOf(sample.head.map((row) => row[time] ?? null));
    if (timeFormat !== null) return { column, format, time: { column: time, format: timeFormat } };
  }
  return { column, format, time: { column, format: "in-date" } };
}

function timeFormatOf(values: readonly (string | null)[]): TimeFormat | null {
  const present = values.filter((value): value is string => value !== null && value !== "");
  const all = (pattern: RegExp): boolean =>
    present.length > 0 && present.every((value) => pattern.test(value));
  if (all(/^\d{1,2}:\d{2}$/)) return "HH:mm";
  if (all(/^\d{1,2}:\d{2}:\d{2}(\.\d+)?$/)) return "HH:mm:ss";
  if (all(/^\d{8,9}$/)) return "HHmmssSSS";
  if (all(/^\d{5,6}$/)) return "HHmmss";
  return all(/^\d{3,4}$/) ? "HHmm" : null;
}

interface Pace {
  readonly freq: BarMapping["freq"];
  readonly stamp: "start" | "end";
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
}

/** Daily or intraday, from the times of the day that occur. */
async function paceOf(
  { database, relation }: Sample,
  dating: Dating,
  date: Parameters<typeof minuteExpression>[1],
): Promise<Pace> {
  const daily: Pace = { freq: "day", stamp: "end", reasons: [], doubts: [] };
  const { time } = dating;
  if (relation === null || time === undefined) return daily;
  const type = relation.columns.find(({ name }) => name === time.column)!.type;
  if (type === "DATE") return daily;
  const minute = minuteExpression({ name: time.column, type, format: time.format }, date);
  const rows = await database.rows(
    `SELECT DISTINCT ${minute} AS m FROM ${relation.sql} ORDER BY 1 LIMIT 1500`,
  );
  const minutes = rows.map((row) => row["m"]).filter((value): value is number => typeof value === "number");
  if (minutes.length < 2) return daily;
  let step = Number.POSITIVE_INFINITY;
  for (let at = 1; at < minutes.length; at++) step = Math.min(step, minutes[at]! - minutes[at - 1]!);
  const freq = ({ 1: "1min", 5: "5min", 15: "15min", 30: "30min", 60: "60min" } as const)[step];
  if (freq === undefined) return daily;
  const [first, last] = [minutes[0]!, minutes.at(-1)!];
  const reasons = [
    `times of the day run from ${clock(first)} to ${clock(last)} in steps of ${step} minutes: ${freq} bars`,
  ];
  // A bar that starts at the open is stamped at its start; one that ends at the close, at its end.
  if (first === 570 || first === 0)
    return {
      freq,
      stamp: "start",
      reasons: [...reasons, "the first is the open itself, so bars are stamped at their start"],
      doubts: [],
    };
  if (first === 570 + step || last === 900 || last === 960) {
    return {
      freq,
      stamp: "end",
      reasons: [
        ...reasons,
        "the first is one bar after the open and the last the close, so bars are stamped at their end",
      ],
      doubts: [],
    };
  }
  return {
    freq,
    stamp: "end",
    reasons,
    doubts: ["the times do not tell whether bars are stamped at start or end; end is taken"],
  };
}

function clock(minute: number): string {
  return new Date(minute * 60_000).toISOString().slice(11, 16);
}

function adjustmentOf(kind: "raw" | "hfq" | "qfq", days: readonly number[], tolerance: number): unknown {
  if (kind === "qfq") return { prices: "qfq", baseDay: isoOf(days.at(-1)!) };
  return kind === "raw" && tolerance > 0 ? { prices: "raw", exDayTolerance: tolerance } : kind;
}

function shapeName(traits: {
  readonly market: string;
  readonly index: boolean;
  readonly intraday: boolean;
  readonly prices: string;
}): string {
  const { market, index, intraday, prices } = traits;
  const what = index ? "index" : market;
  return `${what}-${intraday ? "minute" : "daily"}${prices === "raw" ? "" : `-${prices}`}`;
}

/** Canonical units need no mention. */
function written(units: BarMapping["units"]): BarMapping["units"] {
  return Object.fromEntries(
    Object.entries(units).filter(([, unit]) => unit !== "currency" && unit !== "shares"),
  );
}

function mixedUnits(found: string, file: SourceFile): DataError {
  return new DataError("DATA_UNITS_MIXED", found, {
    remedy: "separate what has different units, or correct it; one column of a source has one unit",
    place: { file: file.path },
  });
}
