/** Leaves out the days on which a file's ticker was another security's, by QuantConnect's map files. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MarketError } from "#market/errors";
import { daysOfTicker, isWithin, parseMapFile, type TickerSpan } from "#market/ticker-map";
import { DataError } from "../../errors.ts";
import type { BarMapping } from "../../mapping/mapping.ts";
import type { BarBatch } from "../../source.ts";
import { asDataError } from "../../system-errors.ts";
import type { SourceFile } from "../locator.ts";

/** Spans in which the file's ticker was its security's; null when the mapping names no map files. */
export async function ownDaysOfFile(
  file: SourceFile,
  { instrument }: BarMapping,
): Promise<TickerSpan[] | null> {
  if (!("fileName" in instrument) || instrument.mapFiles === undefined) return null;
  const code = new RegExp(instrument.fileName, "u").exec(file.name)?.groups?.["code"] ?? "";
  const path = join(dirname(file.path), instrument.mapFiles.replaceAll("{code}", code));
  try {
    return daysOfTicker(parseMapFile(await readFile(path, "utf8")), code);
  } catch (error) {
    if (!(error instanceof MarketError)) throw asDataError(error, { file: path, doing: "read" });
    throw new DataError("DATA_FILE_DAMAGED", `${path}: ${error.message}`, {
      remedy: error.remedy,
      place: { file: path },
      cause: error,
    });
  }
}

/** The batch itself when every row is within the spans. */
export function onlyOwnDays(batch: BarBatch, spans: readonly TickerSpan[]): BarBatch {
  const kept: number[] = [];
  for (const [row, day] of batch.days.entries()) if (isWithin(spans, day)) kept.push(row);
  if (kept.length === batch.days.length) return batch;
  const { minutes } = batch;
  return {
    ...batch,
    instrument: Int32Array.from(kept, (row) => batch.instrument[row]!),
    days: Int32Array.from(kept, (row) => batch.days[row]!),
    ...(minutes === undefined ? {} : { minutes: Int16Array.from(kept, (row) => minutes[row]!) }),
    columns: new Map(
      [...batch.columns].map(([name, values]) => [name, Float64Array.from(kept, (row) => values[row]!)]),
    ),
  };
}
