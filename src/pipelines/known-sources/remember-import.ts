/**
 * The two halves of remembering an import. The fingerprints are taken before the rows are read: what changes while they
 * are read differs from its fingerprint afterwards, and is found by the next look instead of being taken for imported.
 */
import { absoluteLocator, coveredFiles } from "#data/sources/fingerprint/covered-files";
import { besideFiles } from "#data/sources/fingerprint/beside-files";
import type { FileFingerprint } from "#data/sources/fingerprint/file-fingerprint";
import {
  compareFiles,
  type FileToLookAt,
  type LookOptions,
  stillLooksTheSame,
} from "#data/sources/fingerprint/source-fingerprint";
import { MappedBars } from "#data/sources/bars/mapped-bars";
import type { ImportResult } from "#data/ingest/import-result";
import type { BarRequest, BarSource } from "#data/source";
import { printMapping } from "#data/mapping/mapping-file";
import { isoOf } from "#market/day";
import { resolve } from "node:path";
import type { Workspace } from "../workspace.ts";
import { type KnownRequest, type KnownSource, KNOWN_SOURCE_VERSION } from "./known-source.ts";
import { isTable, tablesBehind } from "./known-tables.ts";
import { rememberSource, renewSource } from "./registry.ts";

/** Where a source came from, so that it can be opened again. */
export interface SourceOrigin {
  /** As typed. */
  readonly locator: string;
  /** The same with an absolute path. */
  readonly place: string;
  /** Absolute path of the mapping file, or null. */
  readonly mapping: string | null;
  /** The mapping a source without such a file was recognised to have; null where it moves with the data. */
  readonly recognised: string | null;
  /** Files that are read beside the rows. */
  readonly beside: readonly string[];
}

/** `source` as it was opened from `locator`; relative paths are relative to `folder`. */
export function originOf(
  source: BarSource,
  from: { readonly locator: string; readonly mapping?: string | undefined; readonly folder: string },
): SourceOrigin {
  const { locator, mapping, folder } = from;
  return {
    locator,
    place: absoluteLocator(locator, folder),
    mapping: mapping === undefined ? null : resolve(folder, mapping),
    recognised: mapping === undefined ? recognisedIn(source) : null,
    beside: besideOf(source).map((path) => resolve(folder, path)),
  };
}

/** The mapping of files as text; null for a Qlib directory, and for front-adjusted prices, whose base is their last day. */
export function recognisedIn(source: BarSource): string | null {
  if (!(source instanceof MappedBars) || source.mapping.adjustment.prices === "qfq") return null;
  return printMapping(source.mapping);
}

/** Files that a source reads beside its rows. */
export function besideOf(source: BarSource): readonly string[] {
  return source instanceof MappedBars ? besideFiles(source.files, source.mapping) : [];
}

/** Fingerprints of everything the source reads, as it is now. */
export async function fingerprintsOf(
  origin: SourceOrigin,
  options: LookOptions,
): Promise<readonly FileFingerprint[]> {
  const { files } = await compareFiles([], filesOfOrigin(origin), options);
  return [...(await tablesBehind(origin)), ...files];
}

/** The fingerprints with those of the files beside that are not among them yet, without those that are not read any more. */
export async function withBesideFiles(
  origin: Pick<SourceOrigin, "beside">,
  files: readonly FileFingerprint[],
  options: LookOptions,
): Promise<readonly FileFingerprint[]> {
  const beside = new Set(origin.beside);
  const kept = files.filter(({ path, role }) => role !== "beside" || beside.has(path));
  for (const { path } of kept) beside.delete(path);
  const fresh = [...beside].map((path): FileToLookAt => ({ path, role: "beside" }));
  const { files: added } = await compareFiles([], fresh, options);
  return [...kept, ...added];
}

export interface RememberedImport {
  readonly workspace: Workspace;
  readonly origin: SourceOrigin;
  readonly request: BarRequest;
  /** Taken before the rows were read. */
  readonly files: readonly FileFingerprint[];
  /** Files that are gone and stay in mind, so that they are named until an import is asked for. */
  readonly gone?: readonly FileFingerprint[] | undefined;
  readonly result: ImportResult;
  readonly engine: string;
  /** The record of a source that was imported because it changed; undefined for an import that was asked for. */
  readonly renews?: KnownSource | undefined;
}

/** Writes the record; null when not one row was taken, since then there is nothing to keep up with. */
export async function rememberImport(
  imported: RememberedImport,
  options: LookOptions,
): Promise<KnownSource | null> {
  const { workspace, origin, result, engine, renews } = imported;
  const { added, identical, corrected } = result.rows;
  if (renews === undefined && added + identical + corrected === 0) return null;
  const { source } = result;
  const facts = {
    calendar: source.calendar,
    freq: source.freq,
    locator: origin.locator,
    place: origin.place,
    mapping: origin.mapping,
    recognised: origin.recognised,
    request: renews?.request ?? textOf(imported.request),
    shape: source.shape,
    adjustment: source.adjustment.kind,
    fields: source.fields.map(({ name, from }) => ({ name, from })),
    engine,
    failures: result.failures.length,
    generation: result.generation,
    importedAt: options.now(),
    files: [...(await settled(imported.files, options)), ...(imported.gone ?? [])],
  };
  if (renews === undefined) return rememberSource(workspace, facts);
  const { id, order } = renews;
  const known: KnownSource = { ...facts, version: KNOWN_SOURCE_VERSION, id, order };
  await renewSource(workspace, known);
  return known;
}

function filesOfOrigin({ place, beside, mapping }: SourceOrigin): FileToLookAt[] {
  return [
    ...coveredFiles(place).map((path): FileToLookAt => ({ path, role: "rows" })),
    ...beside.map((path): FileToLookAt => ({ path, role: "beside" })),
    ...(mapping === null ? [] : [{ path: mapping, role: "mapping" } as const]),
  ];
}

/** What changed while it was read is kept without content, so that the next look takes it for changed. */
async function settled(
  files: readonly FileFingerprint[],
  options: LookOptions,
): Promise<readonly FileFingerprint[]> {
  // What a table was before it was read is what the next look compares with.
  const tables = files.filter(isTable);
  const others = files.filter((file) => !isTable(file));
  if (await stillLooksTheSame(others, options)) return files;
  const kept: FileFingerprint[] = [...tables];
  for (const file of others)
    kept.push(
      (await stillLooksTheSame([file], options)) ? file : { ...file, settled: false, pieces: undefined },
    );
  return kept;
}

function textOf({ instruments, start, end }: BarRequest): KnownRequest {
  return {
    codes: instruments === undefined ? null : [...instruments].sort(),
    start: start === undefined ? null : isoOf(start),
    end: end === undefined ? null : isoOf(end),
  };
}
