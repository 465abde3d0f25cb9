/**
 * The files that a locator reads, without opening one: what `resolveFiles` would find, archives as themselves, and those
 * of a Qlib directory; tables of a server are no files. A locator is absolute here.
 */
import { existsSync, globSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { asDataError } from "../../system-errors.ts";
import { type FileKind, parseLocator } from "../locator.ts";
import { isPostgresLocator } from "../postgres/locator.ts";

const QLIB = "qlib:";
const endings: Readonly<Record<FileKind, RegExp>> = {
  parquet: /\.(parquet|pq)$/i,
  csv: /\.(csv|tsv|txt)(\.gz)?$/i,
  json: /\.(json|jsonl|ndjson)(\.gz)?$/i,
  excel: /\.xlsx$/i,
};
const ZIP = /\.zip$/i;
const BIN = /\.day\.bin$/;

/** The locator with an absolute path: it means the same from every folder. */
export function absoluteLocator(text: string, folder: string): string {
  if (isPostgresLocator(text)) return text;
  if (text.startsWith(QLIB)) return QLIB + resolve(folder, text.slice(QLIB.length));
  const { kind, path } = parseLocator(text);
  return (kind === null ? "" : `${kind}:`) + resolve(folder, path);
}

/** The folder or file that a locator names, the pattern itself for a glob. */
export function pathOfLocator(text: string): string {
  return text.startsWith(QLIB) ? text.slice(QLIB.length) : parseLocator(text).path;
}

/** Paths by name, none when nothing is there. Throws DATA_NOT_PERMITTED. */
export function coveredFiles(locator: string): string[] {
  if (isPostgresLocator(locator)) return [];
  const path = pathOfLocator(locator);
  try {
    if (locator.startsWith(QLIB)) return qlibFiles(path);
    const { kind } = parseLocator(locator);
    if (/[*?[{]/.test(path) && !existsSync(path))
      return globSync(path)
        .filter((each) => couldHold(each, kind, true))
        .sort();
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return [];
    if (!found.isDirectory()) return [path];
    return readdirSync(path, { withFileTypes: true })
      .filter(
        (entry) => !entry.isDirectory() && !entry.name.startsWith(".") && couldHold(entry.name, kind, false),
      )
      .map((entry) => join(path, entry.name))
      .sort();
  } catch (error) {
    throw asDataError(error, { file: path, doing: "read" });
  }
}

/**
 * Folders in which a change to the locator's files shows: the folder itself, the one around a file, the one before a
 * glob's first pattern, of a Qlib directory calendar and features (not each instrument's folder).
 */
export function watchedFolders(locator: string): string[] {
  if (isPostgresLocator(locator)) return [];
  const path = pathOfLocator(locator);
  if (locator.startsWith(QLIB)) return [path, join(path, "calendars"), join(path, "features")];
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return [path];
  let folder = dirname(path);
  if (found === undefined) while (/[*?[{]/.test(folder)) folder = dirname(folder);
  return [folder];
}

/** Whether a file may hold rows of the kind; `unnamed`: files of no known ending count too. */
function couldHold(name: string, kind: FileKind | null, unnamed: boolean): boolean {
  if (ZIP.test(name)) return true;
  const own = (Object.keys(endings) as FileKind[]).find((each) => endings[each].test(name));
  if (own === undefined) return unnamed && kind !== null;
  return kind === null || own === kind;
}

function qlibFiles(root: string): string[] {
  const calendar = join(root, "calendars", "day.txt");
  const files = existsSync(calendar) ? [calendar] : [];
  const features = join(root, "features");
  if (!existsSync(features)) return files;
  for (const folder of readdirSync(features, { withFileTypes: true })) {
    if (folder.name.startsWith(".") || folder.isFile()) continue;
    const inside = join(features, folder.name);
    for (const name of readdirSync(inside).sort()) if (BIN.test(name)) files.push(join(inside, name));
  }
  return files;
}
