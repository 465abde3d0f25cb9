/** A Qlib provider directory: its calendar, its markets and what lies under `features/`. */
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { DataError } from "#data/errors";
import type { Frequency, TimeAxis } from "#panel/axes";
import { readCalendarFile } from "./calendar-file.ts";
import { folderOfInstrument, instrumentOfFolder } from "./folder-names.ts";
import type { Market } from "./market-file.ts";
import { readMarketFile } from "./market-file.ts";
import { listFolder } from "./readable-file.ts";

/** An opened directory. Nothing under `features/` has been read yet. */
export interface QlibDirectory {
  readonly root: string;
  readonly time: TimeAxis;
  /** Instruments with a folder, upper-case, sorted → the folder's path. */
  readonly folders: ReadonlyMap<string, string>;
  /** Names of the files in `instruments/`, without `.txt`. */
  readonly markets: readonly string[];
}

/** Opens a directory and reads its calendar. Throws DATA_FILE_MISSING, DATA_FOLDER_EMPTY and the calendar's errors. */
export function openQlibDirectory(root: string, freq: Frequency = "day"): QlibDirectory {
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    throw new DataError("DATA_FILE_MISSING", `${root} is not a directory`, {
      remedy: "give the Qlib provider directory, the one that holds calendars, instruments and features",
      place: { file: root },
    });
  }
  const time = readCalendarFile(path.join(root, "calendars", `${freq}.txt`), freq);
  const features = path.join(root, "features");
  const folders = new Map<string, string>();
  for (const name of listFolder(features, "a Qlib directory has a features folder")) {
    if (!name.startsWith(".")) folders.set(instrumentOfFolder(name), path.join(features, name));
  }
  if (folders.size === 0) {
    throw new DataError("DATA_FOLDER_EMPTY", `${features} holds no instrument`, {
      remedy: "dump the data into this directory first",
      place: { file: features },
    });
  }
  const lists = path.join(root, "instruments");
  const markets = existsSync(lists)
    ? listFolder(lists, "check the directory")
        .filter((name) => name.endsWith(".txt"))
        .map((name) => name.slice(0, -4))
    : [];
  const sorted = new Map([...folders].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { root, time, folders: sorted, markets };
}

/** A market by the name of its file. Throws DATA_FILE_MISSING, listing the markets there are. */
export function marketOf(directory: QlibDirectory, name: string): Market {
  const file = directory.markets.find((market) => market.toLowerCase() === name.toLowerCase());
  if (file === undefined) {
    throw new DataError(
      "DATA_FILE_MISSING",
      `${directory.root} has no market "${name}"; it has ${directory.markets.join(", ") || "none"}`,
      {
        remedy: "name one of its markets, or list the instruments",
        place: { file: path.join(directory.root, "instruments", `${name}.txt`) },
      },
    );
  }
  return readMarketFile(path.join(directory.root, "instruments", `${file}.txt`), file);
}

/** Fields (lower-case, without `$`) that at least one of the instruments has, sorted. */
export function fieldsOf(directory: QlibDirectory, instruments: Iterable<string>): string[] {
  const suffix = `.${directory.time.freq}.bin`;
  const fields = new Set<string>();
  for (const instrument of instruments) {
    const folder = directory.folders.get(instrument);
    if (folder === undefined) continue;
    for (const name of listFolder(folder, "check the directory")) {
      if (name.endsWith(suffix)) fields.add(name.slice(0, -suffix.length));
    }
  }
  return [...fields].sort();
}

/** Path of a feature file; the folder as the directory spells it. */
export function featureFile(directory: QlibDirectory, instrument: string, field: string): string {
  const folder =
    directory.folders.get(instrument) ??
    path.join(directory.root, "features", folderOfInstrument(instrument));
  return path.join(folder, `${field}.${directory.time.freq}.bin`);
}
