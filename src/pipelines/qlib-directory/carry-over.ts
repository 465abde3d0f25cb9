/**
 * What others put into a Qlib directory (market files such as `csi300.txt`, a benchmark's folder, further fields) is taken
 * along when the directory is built anew, the files' start rows moved to the new calendar. Files of another frequency follow
 * a calendar that is not ours, and stay as they are.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DataError } from "#data/errors";
import { openQlibDirectory } from "#data/sources/qlib-bin/directory";
import { FeatureReader } from "#data/sources/qlib-bin/feature-file";
import { encodeFeature } from "#data/export/qlib-bin/feature-bytes";
import { lowerRow, type TimeAxis } from "#panel/axes";

interface CarryContext {
  readonly time: TimeAxis;
  readonly own: ReadonlySet<string>;
}

/** Copies into `built` what `old` has and it has not, but for `own` features of instruments that it has. Throws DATA_DATE_INVALID when a day of such a file is no session any more. */
export function carryOver(old: string, built: string, context: CarryContext): void {
  for (const folder of ["instruments", "calendars"]) {
    for (const name of filesIn(path.join(old, folder))) {
      const target = path.join(built, folder, name);
      if (!existsSync(target)) copyFileSync(path.join(old, folder, name), target);
    }
  }
  keepLines(path.join(old, "instruments", "all.txt"), path.join(built, "instruments", "all.txt"), built);
  const ending = `.${context.time.freq}.bin`;
  // A folder that is there already tells the first of the two that its instrument is ours.
  moveFeatures(old, built, { ...context, ending });
  copyOthers(path.join(old, "features"), path.join(built, "features"), ending);
}

/** Writes files that end so for the new calendar. */
function moveFeatures(
  old: string,
  built: string,
  { time, own, ending }: CarryContext & { readonly ending: string },
): void {
  if (!existsSync(path.join(old, "calendars", `${time.freq}.txt`))) return;
  const directory = openQlibDirectory(old, time.freq);
  const reader = new FeatureReader(directory.time.days.length);
  for (const folder of directory.folders.values()) {
    const isOurs = existsSync(path.join(built, "features", path.basename(folder)));
    for (const name of filesIn(folder)) {
      const target = path.join(built, "features", path.basename(folder), name);
      if (existsSync(target) || !name.endsWith(ending)) continue;
      if (isOurs && own.has(name.slice(0, -ending.length))) continue;
      const file = path.join(folder, name);
      const { start, values } = reader.read(file)!;
      const days = directory.time.days.subarray(start, start + values.length);
      const from = days.length === 0 ? 0 : lowerRow(time, days[0]!);
      if (!days.every((day, index) => time.days[from + index] === day)) {
        throw new DataError(
          "DATA_DATE_INVALID",
          `${file} has days that are no sessions of the new calendar`,
          {
            remedy: "move the file away, or dump into another directory",
            place: { file },
          },
        );
      }
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, encodeFeature(from, values));
    }
  }
}

/** Copies files of instruments that do not end so. */
function copyOthers(old: string, built: string, ending: string): void {
  if (!existsSync(old)) return;
  for (const entry of readdirSync(old, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith(ending)) continue;
    const file = path.join(entry.parentPath, entry.name);
    const target = path.join(built, path.relative(old, file));
    if (existsSync(target)) continue;
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
}

function codeOf(line: string): string {
  return line.split("\t", 1)[0]!;
}

/** Lines of instruments that the new directory does not list. */
function keepLines(old: string, target: string, built: string): void {
  if (!existsSync(old)) return;
  const lines = readFileSync(target, "utf8").split("\n").filter(Boolean);
  const known = new Set(lines.map(codeOf));
  const kept = readFileSync(old, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !known.has(codeOf(line)));
  if (kept.length === 0 || !existsSync(built)) return;
  const all = [...lines, ...kept].sort((a, b) => (codeOf(a) < codeOf(b) ? -1 : 1));
  writeFileSync(target, all.map((line) => `${line}\n`).join(""));
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
