/**
 * Where a source lies, as typed: `parquet:data/daily.parquet`, `csv:bars/` (one file per instrument),
 * `csv:bars/2024-*.csv.gz`, or a bare path whose endings tell the kind.
 */
import { access, constants, glob, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { zipEntries } from "../archive/zip.ts";
import { DataError } from "../errors.ts";
import { asDataError } from "../system-errors.ts";

export type FileKind = "parquet" | "csv" | "json" | "excel";

export interface Locator {
  readonly text: string;
  /** Null when the endings of the files decide. */
  readonly kind: FileKind | null;
  readonly path: string;
}

/** One table of data: a file, or an entry of a zip archive. */
export interface SourceFile {
  readonly path: string;
  readonly kind: FileKind;
  /** Name that identifies it in messages and file-name patterns: base name, or the archive's for a lone entry. */
  readonly name: string;
  readonly entry?: string;
}

const endings: readonly (readonly [RegExp, FileKind])[] = [
  [/\.(parquet|pq)$/i, "parquet"],
  [/\.(csv|tsv|txt)(\.gz)?$/i, "csv"],
  [/\.(json|jsonl|ndjson)(\.gz)?$/i, "json"],
  [/\.xlsx$/i, "excel"],
];
const ZIP = /\.zip$/i;
const KINDS: readonly string[] = ["parquet", "csv", "json", "excel"];

export function parseLocator(text: string): Locator {
  const match = /^([a-z]{2,}):(.+)$/s.exec(text);
  if (match !== null && KINDS.includes(match[1]!)) {
    return { text, kind: match[1] as FileKind, path: match[2]! };
  }
  return { text, kind: null, path: text };
}

/**
 * The files of a locator, by name. Throws `DataError`: DATA_FILE_MISSING, DATA_NOT_PERMITTED, DATA_FOLDER_EMPTY,
 * DATA_FILE_DAMAGED (a zip that is none).
 */
export async function resolveFiles(locator: Locator): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const path of await pathsOf(locator)) found.push(...(await filesAt(path, locator.kind)));
  if (found.length === 0) throw nothingFound(locator);
  return found;
}

async function pathsOf(locator: Locator): Promise<string[]> {
  const { path } = locator;
  try {
    if (/[*?[{]/.test(path) && !(await exists(path))) {
      const matches: string[] = [];
      for await (const match of glob(path)) matches.push(match);
      return matches.sort();
    }
    const found = await stat(path);
    await access(path, constants.R_OK);
    if (!found.isDirectory()) return [path];
    const names = await readdir(path, { withFileTypes: true });
    return names
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith(".") && kindOf(entry.name) !== null)
      .map((entry) => join(path, entry.name))
      .sort();
  } catch (error) {
    throw asDataError(error, { file: path, doing: "read" });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

async function filesAt(path: string, asked: FileKind | null): Promise<SourceFile[]> {
  const name = basename(path);
  if (ZIP.test(name)) {
    const entries = (await zipEntries(path)).filter((entry) => fits(kindOf(entry), asked));
    const alone = entries.length === 1;
    return entries.map((entry) => ({
      path,
      kind: kindOf(entry) as FileKind,
      name: alone ? name : basename(entry),
      entry,
    }));
  }
  const kind = kindOf(name);
  if (kind === "zip") return [];
  return fits(kind, asked) ? [{ path, kind: asked ?? kind!, name }] : [];
}

function fits(kind: FileKind | "zip" | null, asked: FileKind | null): boolean {
  return asked === null ? kind !== null && kind !== "zip" : kind === null || kind === asked;
}

function kindOf(name: string): FileKind | "zip" | null {
  if (ZIP.test(name)) return "zip";
  return endings.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

function nothingFound(locator: Locator): DataError {
  const kind = locator.kind ?? "Parquet, CSV, JSON or Excel";
  return new DataError("DATA_FOLDER_EMPTY", `${locator.path} holds no ${kind} file`, {
    remedy:
      "check the folder and the kind before the colon; subfolders are not searched, a glob such as csv:DIR/*/*.csv is",
    place: { file: locator.path },
  });
}

/** File and entry as a person would point at them. */
export function placeOf(file: SourceFile): string {
  return file.entry === undefined || file.name === file.entry ? file.path : `${file.path}!${file.entry}`;
}
