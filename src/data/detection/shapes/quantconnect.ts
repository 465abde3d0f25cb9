/**
 * QuantConnect's daily files: a zip per ticker with one CSV without header, `yyyyMMdd HH:mm`, prices × 10,000,
 * volume in shares; factor and map files in folders beside them.
 */
import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseFactorFile } from "#market/adjustment/factor-file";
import { type Day, isoOf } from "#market/day";
import { barMappingSchema, referenceMappingSchema } from "../../mapping/mapping.ts";
import { dayExpression } from "../../sources/date-expression.ts";
import { calendarOfDays } from "../evidence/calendars.ts";
import { instrumentsOfNames } from "../evidence/instruments.ts";
import type { SourceFile } from "../../sources/locator.ts";
import type { Recogniser, Sample } from "../recognition.ts";

const FACTOR_FILES = "factor_files/{code}.csv";
const MAP_FILES = "map_files/{code}.csv";

export const quantconnectDaily: Recogniser = {
  name: "quantconnect-daily",
  async recognise(sample) {
    const { relation, reading, head, file, files, database } = sample;
    if (relation === null || reading.header || relation.columns.length !== 6) return null;
    if (!head.every((row) => /^\d{8} \d{2}:\d{2}$/.test(row["c1"] ?? ""))) return null;
    const whole = head.every((row) =>
      ["c2", "c3", "c4", "c5", "c6"].every((name) => /^\d+(\.0)?$/.test(row[name] ?? "")),
    );
    if (!whole) return null;
    const instruments = instrumentsOfNames(files);
    if (instruments === null) return null;
    const date = { name: "c1", type: "VARCHAR", format: "YYYYMMDD HH:mm" as const };
    const rows = await database.rows(
      `SELECT ${dayExpression(date)} AS d, TRY_CAST(c5 AS DOUBLE) AS c FROM ${relation.sql}`,
    );
    const days = rows.map((row) => Number(row["d"]));
    const calendar = calendarOfDays(days, "XNYS");
    if (calendar === null) return null;
    const closes = new Map(rows.map((row) => [Number(row["d"]), Number(row["c"])]));
    const scale = await scaleOf(sample, closes);
    const mapFiles = await readable(beside(file, MAP_FILES));
    const mapping = barMappingSchema.parse({
      kind: "bars",
      shape: "quantconnect-daily",
      calendar: "XNYS",
      reading: { ...reading, names: ["time", "open", "high", "low", "close", "volume"] },
      instrument: mapFiles ? { ...instruments.rule, mapFiles: MAP_FILES } : instruments.rule,
      date: { column: "time", format: date.format },
      columns: { open: "open", high: "high", low: "low", close: "close", volume: "volume" },
      units: { price: "price×10000" },
      adjustment: { prices: "raw", ...(scale.hasFactorFiles ? { factorFiles: FACTOR_FILES } : {}) },
    });
    return {
      shape: "quantconnect-daily",
      mapping,
      reasons: [
        `${file.name} has no header and six columns: a time of the form yyyyMMdd HH:mm and five whole numbers, as QuantConnect writes open, high, low, close and volume`,
        ...instruments.reasons,
        ...calendar.reasons,
        ...scale.reasons,
        "volume is in shares, as everywhere in this format",
        ...(mapFiles
          ? ["map_files beside the bars say when a ticker was another security's; those days are left out"]
          : []),
      ],
      doubts: [
        ...instruments.doubts.filter((doubt) => !doubt.includes("US ticker")),
        ...calendar.doubts,
        ...scale.doubts,
      ],
    };
  },
};

/** The factor file's reference prices are raw closes in dollars: dividing by them gives the scale. */
async function scaleOf(
  { file }: Sample,
  closes: ReadonlyMap<Day, number>,
): Promise<{ readonly hasFactorFiles: boolean; readonly reasons: string[]; readonly doubts: string[] }> {
  const path = beside(file, FACTOR_FILES);
  const byConvention =
    "prices are taken as × 10,000, as everywhere in this format; no reference price of a factor file confirms it";
  if (!(await readable(path))) {
    return {
      hasFactorFiles: false,
      reasons: [],
      doubts: [byConvention, `there is no ${path}, so splits and dividends are unknown`],
    };
  }
  const rows = parseFactorFile(await readFile(path, "utf8")).filter(({ reference }) => reference > 1);
  const compared = rows.filter(({ day }) => closes.has(day));
  const agreeing = compared.filter(
    ({ day, reference }) => Math.abs(closes.get(day)! / reference / 10_000 - 1) < 0.002,
  );
  const last = agreeing.at(-1);
  const applied =
    "factor_files beside the bars hold splits and dividends, so prices are raw and the factor comes from there";
  if (last === undefined || agreeing.length < compared.length * 0.8) {
    return { hasFactorFiles: true, reasons: [applied], doubts: [byConvention] };
  }
  return {
    hasFactorFiles: true,
    reasons: [
      `close is 10,000 times the reference price of the factor file on ${agreeing.length} of ${compared.length} of its dates (${isoOf(last.day)}: ${closes.get(last.day)!} and ${last.reference}), so prices are × 10,000 and not adjusted`,
      applied,
    ],
    doubts: [],
  };
}

function beside(file: SourceFile, pattern: string): string {
  const code = /^([A-Za-z.-]+?)(?:\.zip|\.csv)/.exec(file.name)?.[1] ?? "";
  return join(dirname(file.path), pattern.replace("{code}", code));
}

async function readable(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

export const quantconnectFactors: Recogniser = {
  name: "quantconnect-factor-file",
  recognise(sample) {
    const { relation, reading, head, file } = sample;
    if (relation === null || reading.header || relation.columns.length !== 4) return Promise.resolve(null);
    const fits = head.every(
      (row) =>
        /^(19|20)\d{6}$/.test(row["c1"] ?? "") && ["c2", "c3", "c4"].every((name) => Number(row[name]) >= 0),
    );
    if (!fits) return Promise.resolve(null);
    return Promise.resolve({
      shape: "quantconnect-factor-file",
      mapping: referenceMappingSchema.parse({
        kind: "reference",
        shape: "quantconnect-factor-file",
        table: "adjustment_factors",
        reading: { ...reading, names: ["date", "price_factor", "split_factor", "reference_price"] },
        instrument: { fileName: "^(?<code>[A-Za-z]{1,5}(?:[.-][A-Za-z])?)\\.csv", venue: "US" },
        validTo: { column: "date", format: "YYYYMMDD" },
      }),
      reasons: [
        `${file.name} has no header and four columns: a date, two factors and a price, as QuantConnect writes price factor, split factor and reference price up to that date`,
      ],
      doubts: [
        "the rows do not say when they became known; import the bars of the folder above and they are applied to them",
      ],
    });
  },
};

export const quantconnectMap: Recogniser = {
  name: "quantconnect-map-file",
  recognise(sample) {
    const { relation, reading, head, file } = sample;
    if (relation === null || reading.header) return Promise.resolve(null);
    if (relation.columns.length !== 2 && relation.columns.length !== 3) return Promise.resolve(null);
    const fits = head.every(
      (row) =>
        /^(19|20)\d{6}$/.test(row["c1"] ?? "") &&
        /^[a-z.]{1,8}$/.test(row["c2"] ?? "") &&
        /^[A-Z]?$/.test(row["c3"] ?? ""),
    );
    if (!fits) return Promise.resolve(null);
    return Promise.resolve({
      shape: "quantconnect-map-file",
      mapping: referenceMappingSchema.parse({
        kind: "reference",
        shape: "quantconnect-map-file",
        table: "ticker_names",
        reading: { ...reading, names: ["date", "ticker", "exchange"].slice(0, relation.columns.length) },
        instrument: { fileName: "^(?<code>[A-Za-z]{1,5}(?:[.-][A-Za-z])?)\\.csv", venue: "US" },
        validTo: { column: "date", format: "YYYYMMDD" },
      }),
      reasons: [
        `${file.name} has no header and lists tickers with the last date each was used, as QuantConnect's map files do`,
      ],
      doubts: [],
    });
  },
};
