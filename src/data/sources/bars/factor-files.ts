/** Factor files beside the bars (QuantConnect's form), as a running factor per row. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FactorFileRow, parseFactorFile } from "#market/adjustment/factor-file";
import { MarketError } from "#market/errors";
import { isoOf } from "#market/day";
import { DataError } from "../../errors.ts";
import type { BarMapping } from "../../mapping/mapping.ts";
import { asDataError } from "../../system-errors.ts";
import type { SourceFile } from "../locator.ts";

/**
 * Running factors of a file's rows by day (price factor × split factor, in the file's own scale: 1 at its end),
 * or null when the mapping names no factor files. The path may hold `{code}`, the code in the bar file's name,
 * and is relative to the bar file. Throws DATA_FILE_MISSING, DATA_FILE_DAMAGED.
 */
export async function factorsOfFile(
  file: SourceFile,
  mapping: BarMapping,
): Promise<((days: Int32Array) => Float64Array) | null> {
  const { adjustment, instrument } = mapping;
  if (!("factorFiles" in adjustment) || adjustment.factorFiles === undefined) return null;
  const code =
    "fileName" in instrument
      ? new RegExp(instrument.fileName, "u").exec(file.name)?.groups?.["code"]
      : undefined;
  const path = join(dirname(file.path), adjustment.factorFiles.replaceAll("{code}", code ?? ""));
  const rows = await readRows(path);
  return (days) => runningFactors(days, rows, path);
}

async function readRows(path: string): Promise<FactorFileRow[]> {
  try {
    return parseFactorFile(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof MarketError) {
      throw new DataError("DATA_FILE_DAMAGED", `${path}: ${error.message}`, {
        remedy: error.remedy,
        place: { file: path },
        cause: error,
      });
    }
    throw asDataError(error, { file: path, doing: "read" });
  }
}

/** A row of the factor file holds for the days up to and including its own. */
function runningFactors(days: Int32Array, rows: readonly FactorFileRow[], path: string): Float64Array {
  return Float64Array.from(days, (day) => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rows[middle]!.day < day) low = middle + 1;
      else high = middle;
    }
    const row = rows[low];
    if (row !== undefined) return row.priceFactor * row.splitFactor;
    throw new DataError("DATA_FILE_DAMAGED", `${path} ends before ${isoOf(day)}, a day with a bar`, {
      remedy: "get a factor file that reaches beyond the last bar",
      place: { file: path },
    });
  });
}
