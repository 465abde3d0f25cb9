/**
 * What a source's columns mean: the one structure behind a mapping file, a recognised shape and what
 * `data detect --print-mapping` prints. Reference: docs/guides/mapping.md.
 */
import { z } from "zod";
import { parseDay } from "#market/day";
import { units as knownUnits } from "#market/units";

const isoDay = z
  .string()
  .refine((text) => !Number.isNaN(parseDay(text)), { error: "expected a date such as 2024-01-31" });

const unitNames = knownUnits.flatMap((unit) => [unit.name, ...unit.aliases]);
const unit = z.enum(unitNames as [string, ...string[]]);

export const barColumnNames = [
  "open",
  "high",
  "low",
  "close",
  "preclose",
  "volume",
  "amount",
  "vwap",
  "factor",
  "status",
] as const;

export type BarColumnName = (typeof barColumnNames)[number];

export const calendarNames = ["XSHG", "XNYS", "XHKG", "24x7"] as const;
export const frequencies = ["day", "1min", "5min", "15min", "30min", "60min"] as const;
export const venueNames = [
  "SSE",
  "SZSE",
  "BSE",
  "US",
  "NYSE",
  "NASDAQ",
  "HKEX",
  "BINANCE",
  "OKX",
  "BYBIT",
  "COINBASE",
  "KRAKEN",
] as const;

/** How text or numbers of a date or time column are read; `auto` goes by the column's type and look. */
export const dateFormats = [
  "auto",
  "YYYY-MM-DD",
  "YYYYMMDD",
  "YYYY/MM/DD",
  "YYYY.MM.DD",
  "YYYY年MM月DD日",
  "MM/DD/YYYY",
  "DD/MM/YYYY",
  "YYYY-MM-DD HH:mm:ss",
  "YYYYMMDD HH:mm",
  "epoch-s",
  "epoch-ms",
  "epoch-us",
  "epoch-ns",
  "excel-serial",
] as const;
export const timeFormats = ["HH:mm", "HH:mm:ss", "HHmm", "HHmmss", "HHmmssSSS", "in-date"] as const;

export type DateFormat = (typeof dateFormats)[number];
export type TimeFormat = (typeof timeFormats)[number];

const instrumentSchema = z.union(
  [
    z.strictObject({
      column: z.string(),
      venue: z.enum(venueNames).optional(),
      acceptUnknown: z.boolean().optional(),
    }),
    z.strictObject({
      /** Regular expression over the file's name with a group `code`. */
      fileName: z
        .string()
        .refine(isPatternWithCode, { error: "expected a regular expression with a group (?<code>…)" }),
      venue: z.enum(venueNames).optional(),
      acceptUnknown: z.boolean().optional(),
      /** QuantConnect's map files, relative to the bar file: days on which the ticker was another security's are left out. */
      mapFiles: z.string().optional(),
    }),
    z.strictObject({ constant: z.string() }),
  ],
  {
    error:
      "expected one of {column: NAME}, {fileName: PATTERN} or {constant: ID}, each with what docs/guides/mapping.md allows",
  },
);

const dateSchema = z.union([
  z.string().transform((column) => ({ column, format: "auto" as const })),
  z.strictObject({ column: z.string(), format: z.enum(dateFormats).default("auto") }),
]);

const timeSchema = z.strictObject({ column: z.string(), format: z.enum(timeFormats) });

const adjustmentSchema = z.union(
  [
    z.enum(["raw", "hfq"]).transform((prices) => ({ prices })),
    z.strictObject({
      prices: z.literal("raw"),
      factorFiles: z.string().optional(),
      /** Differences of preclose from the close before up to this ratio are no ex-days. */
      exDayTolerance: z.number().min(0).max(0.05).optional(),
    }),
    z.strictObject({ prices: z.literal("hfq") }),
    z.strictObject({ prices: z.literal("qfq"), baseDay: isoDay }),
  ],
  {
    error:
      "expected raw, hfq, {prices: qfq, baseDay: YYYY-MM-DD} or {prices: raw, factorFiles: PATTERN, exDayTolerance: RATIO}",
  },
);

/** How the file is read, before any column means anything. */
const readingSchema = z.strictObject({
  /** CSV: whether the first line names the columns. */
  header: z.boolean().default(true),
  /** CSV without header: names for the columns, in order. */
  names: z.array(z.string()).optional(),
  delimiter: z.string().length(1).optional(),
  /** Encoding of text files; `auto` is UTF-8 when the bytes are valid UTF-8, else GB18030. */
  encoding: z.enum(["auto", "utf-8", "gb18030", "utf-16le", "latin1"]).default("auto"),
  /** Excel: name of the sheet; the first one by default. */
  sheet: z.string().optional(),
  /** Texts that stand for a missing number, besides the empty one. */
  missing: z.array(z.string()).default(["NaN", "nan", "NA", "N/A", "null", "NULL", "None", "-", "--", "\\N"]),
});

const barUnits = z.strictObject({
  price: unit.optional(),
  open: unit.optional(),
  high: unit.optional(),
  low: unit.optional(),
  close: unit.optional(),
  preclose: unit.optional(),
  vwap: unit.optional(),
  volume: unit.optional(),
  amount: unit.optional(),
  other: z.record(z.string(), unit).optional(),
});

const columnsSchema = z.strictObject(
  Object.fromEntries(barColumnNames.map((name) => [name, z.string().optional()])) as Record<
    BarColumnName,
    z.ZodOptional<z.ZodString>
  >,
);

export const barMappingSchema = z
  .strictObject({
    kind: z.literal("bars"),
    shape: z.string().default("mapped"),
    freq: z.enum(frequencies).default("day"),
    calendar: z.enum(calendarNames),
    timeZone: z.string().optional(),
    stamp: z.enum(["start", "end"]).default("end"),
    reading: readingSchema.prefault({}),
    instrument: instrumentSchema,
    date: dateSchema,
    time: timeSchema.optional(),
    columns: columnsSchema,
    units: barUnits.prefault({}),
    adjustment: adjustmentSchema.prefault("raw"),
    /** Further numeric columns that travel along: `all`, `none` or names. */
    keep: z.union([z.enum(["all", "none"]), z.array(z.string())]).default("none"),
    /** Dropped from the names of kept columns. */
    prefix: z.string().default(""),
  })
  .superRefine((mapping, context) => {
    if (mapping.freq !== "day" && mapping.time === undefined) {
      context.addIssue({
        code: "custom",
        path: ["time"],
        message: `needed for freq ${mapping.freq}: the column with the time of day`,
      });
    }
    if (mapping.columns.close === undefined) {
      context.addIssue({
        code: "custom",
        path: ["columns", "close"],
        message: "needed: bars have at least a close",
      });
    }
  });

export const referenceMappingSchema = z.strictObject({
  kind: z.literal("reference"),
  shape: z.string().default("mapped"),
  /** Name of the table in the reference store: `industry`, `daily_basic`, … */
  table: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "expected lower-case letters, digits and underscores"),
  reading: readingSchema.prefault({}),
  instrument: instrumentSchema.optional(),
  /** Column from which on the row is true (listing date, trading day, start of membership). */
  validFrom: dateSchema.optional(),
  validTo: dateSchema.optional(),
  /** Column with the day the row became known (announcement date). */
  knownAt: dateSchema.optional(),
  /** Column with the reported period: `YYYYMMDD`, `YYYYMM`, `YYYYQn`. */
  period: z.string().optional(),
  /** The day an undated table was known; rows are then not read before it. */
  knownOn: isoDay.optional(),
  units: z.record(z.string(), unit).prefault({}),
  keep: z.union([z.literal("all"), z.array(z.string())]).default("all"),
  /** Dropped from the names of columns. */
  prefix: z.string().default(""),
});

export const eventMappingSchema = z.strictObject({
  kind: z.literal("events"),
  shape: z.string().default("mapped"),
  events: z.enum(["trades", "orders", "book"]),
  reading: readingSchema.prefault({}),
});

export const calendarMappingSchema = z.strictObject({
  kind: z.literal("calendar"),
  shape: z.string().default("mapped"),
  reading: readingSchema.prefault({}),
  date: dateSchema,
  /** Column that is 1 on sessions; without it every row is a session. */
  isOpen: z.string().optional(),
  /** Name of the exchange calendar that the dates agree with, when one does. */
  calendar: z.enum(calendarNames).optional(),
});

export type BarMapping = z.output<typeof barMappingSchema>;
export type ReferenceMapping = z.output<typeof referenceMappingSchema>;
export type EventMapping = z.output<typeof eventMappingSchema>;
export type CalendarMapping = z.output<typeof calendarMappingSchema>;
export type Mapping = BarMapping | ReferenceMapping | EventMapping | CalendarMapping;
export type Reading = z.output<typeof readingSchema>;
export type InstrumentRule = z.output<typeof instrumentSchema>;
export type DateRule = z.output<typeof dateSchema>;

/** A mapping as it may be written, with defaults left out. */
export type BarMappingInput = z.input<typeof barMappingSchema>;

export const defaultReading: Reading = readingSchema.parse({});

function isPatternWithCode(text: string): boolean {
  if (!text.includes("(?<code>")) return false;
  try {
    return new RegExp(text, "u").source.length > 0;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
