/** Adds fields, factors for instance, to a Qlib directory that is there: each file appears whole or not at all. */
import { existsSync } from "node:fs";
import path from "node:path";
import { DataError } from "#data/errors";
import { isoOf } from "#market/day";
import { lowerRow } from "#panel/axes";
import type { QlibDirectory } from "#data/sources/qlib-bin/directory";
import { featureFile, openQlibDirectory } from "#data/sources/qlib-bin/directory";
import { writeAtomically } from "../atomic-file.ts";
import type { SeriesTable } from "../series-table.ts";
import { encodeFeature } from "./feature-bytes.ts";
import { featureNames } from "./feature-name.ts";

export interface AddFeaturesOptions {
  readonly codeOf?: (instrument: string) => string;
  /** Replaces files of the same name; without it that is an error. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Writes `<field>.<freq>.bin` for every instrument of the table that the directory has; returns the files written and the
 * instruments left out. Throws DATA_DATE_INVALID when the directory's calendar lacks a session of the table within its
 * own range, DATA_NOT_PERMITTED when a file is already there.
 */
export async function addFeatures(
  dir: string,
  table: SeriesTable,
  options: AddFeaturesOptions = {},
): Promise<{ readonly files: number; readonly leftOut: readonly string[] }> {
  const directory = openQlibDirectory(dir, table.time.freq);
  const names = featureNames(table.fields.map((field) => field.name));
  const leftOut: string[] = [];
  let files = 0;
  for await (const series of table.series()) {
    options.signal?.throwIfAborted();
    const code = (options.codeOf?.(series.instrument) ?? series.instrument).toUpperCase();
    if (!directory.folders.has(code)) {
      leftOut.push(series.instrument);
      continue;
    }
    const start = rowIn(directory, table, series.first);
    rowIn(directory, table, series.first + series.length - 1, start + series.length - 1);
    for (const [field, values] of series.columns) {
      const file = featureFile(directory, code, names.get(field)!);
      if (existsSync(file) && options.overwrite !== true) {
        throw new DataError("DATA_NOT_PERMITTED", `${file} is already there`, {
          remedy: "give --overwrite to replace the field, or rename it",
          place: { file, column: field },
        });
      }
      await writeAtomically(path.resolve(file), [encodeFeature(start, values)]);
      files++;
    }
  }
  return { files, leftOut };
}

/** Row of the directory's calendar for a row of the table; `expected` when the rows between must match one to one. */
function rowIn(directory: QlibDirectory, table: SeriesTable, row: number, expected?: number): number {
  const day = table.time.days[row]!;
  const found = lowerRow(directory.time, day);
  if (directory.time.days[found] !== day || (expected !== undefined && found !== expected)) {
    throw new DataError(
      "DATA_DATE_INVALID",
      `the calendar of ${directory.root} does not run as the data does up to ${isoOf(day)}`,
      { remedy: "dump the directory again from the same store", place: { file: directory.root } },
    );
  }
  return found;
}
