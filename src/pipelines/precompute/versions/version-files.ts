import { join } from "node:path";
import type { z } from "zod";
import { writeAtomically } from "#data/export/atomic-file";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreKey } from "#data/store/panel-store";
import { readJsonFile } from "#data/json-file";
import type { FactorRegistry } from "#factors/registry";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dataVersion, dataVersionSchema, type DataVersion } from "./data-version.ts";
import { indicatorVersions, indicatorVersionsSchema, type IndicatorVersions } from "./indicator-versions.ts";

/**
 * The version files of a store: `<workspace>/versions/<calendar>/<freq>/`. They are derived from the manifest and can be made
 * again at any time, so they lie beside the stores and not among a store's own files, of which the manifest knows each.
 */
export interface VersionFiles {
  readonly data: string;
  readonly indicators: string;
}

export function versionFilesOf(root: string, { calendar, freq }: StoreKey): VersionFiles {
  const folder = join(root, "versions", calendar, freq);
  return {
    data: join(folder, "data_version.json"),
    indicators: join(folder, "indicator_versions.json"),
  };
}

export interface WrittenVersions {
  readonly files: VersionFiles;
  readonly data: DataVersion;
  readonly indicators: IndicatorVersions;
}

/**
 * Writes both files for the current generation, each at once, the data version last. Days are those of the exchange; a day
 * that the store no longer knows is taken from the files that are there. Throws STORE_MISSING, DATA_FILE_DAMAGED when
 * these cannot be read, DATA_DISK_FULL, DATA_NOT_PERMITTED.
 */
export async function writeVersions(
  root: string,
  store: OpenedStore,
  registry: FactorRegistry,
): Promise<WrittenVersions> {
  const files = versionFilesOf(root, store.key);
  const previous = await readVersions(root, store.key);
  await using snapshot = await store.snapshot();
  const { timeZone } = calendarNamed(store.key.calendar);
  const written = new Map(
    (await store.generations()).map(({ generation, writtenAt }) => [generation, writtenAt]),
  );
  const dayOf = (generation: number): string | null => {
    const at = written.get(generation);
    return at === undefined ? null : dayIn(timeZone, at);
  };
  const data = dataVersion(snapshot, registry, { dayOf });
  const known = previous.data;
  const settled: DataVersion = {
    ...data,
    precompute_date: hasNewFactors(known, data) ? data.precompute_date : known!.precompute_date,
    parquet_version: data.parquet_version ?? known?.parquet_version ?? null,
  };
  const today = dayOf(snapshot.generation)!;
  const indicators = indicatorVersions(snapshot, registry, { previous: previous.indicators, today });
  await writeAtomically(files.indicators, [textOf(indicators)]);
  await writeAtomically(files.data, [textOf(settled)]);
  return { files, data: settled, indicators };
}

/** Whether factors were brought up to date since a file was written. */
function hasNewFactors(known: DataVersion | null, now: DataVersion): boolean {
  if (known === null || known.precompute_date === null) return true;
  if (known.input_generation !== now.input_generation) return true;
  return JSON.stringify(known.indicators) !== JSON.stringify(now.indicators);
}

function dayIn(timeZone: string, milliseconds: number): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(milliseconds);
}

function textOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The files of a store as far as they are there. Throws DATA_FILE_DAMAGED, DATA_NOT_PERMITTED. */
export async function readVersions(
  root: string,
  key: StoreKey,
): Promise<{ readonly data: DataVersion | null; readonly indicators: IndicatorVersions | null }> {
  const files = versionFilesOf(root, key);
  return {
    data: await readVersion(files.data, dataVersionSchema),
    indicators: await readVersion(files.indicators, indicatorVersionsSchema),
  };
}

/** One version file, from wherever a consumer has it; null when there is none. Throws DATA_FILE_DAMAGED, DATA_NOT_PERMITTED. */
export async function readVersion<Value>(file: string, schema: z.ZodType<Value>): Promise<Value | null> {
  return await readJsonFile(file, schema, REMEDY);
}

const REMEDY =
  "restore it from a backup, or delete it: it is made again, with today as the day of every indicator";
