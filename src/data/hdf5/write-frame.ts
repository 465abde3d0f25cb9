/**
 * A frame as pandas' fixed format has it: `pandas.read_hdf(path)` gives a DataFrame with a MultiIndex (time, key). The
 * same frame gives the same bytes. The file appears whole or not at all.
 */
import { closeSync, fsyncSync, openSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { besidePlace, makeFolder, removePart, syncFolder } from "../export/atomic-file.ts";
import type { Frame } from "../export/frame.ts";
import { asDataError } from "../system-errors.ts";
import { blocksOf } from "./frame-columns.ts";
import { Hdf5File } from "./hdf5-file.ts";
import { writeTexts, writeTimes } from "./level-array.ts";
import { describeFrameGroup, describeItems, describeLevel, describeRoot } from "./pandas-layout.ts";
import { writeRows, writeTimeCodes, type RowProgress } from "./row-writer.ts";

export interface WriteFrameOptions extends RowProgress {
  /** Name of the object in the file; one object a file, so that a reader needs none. */
  readonly key?: string;
}

export interface WrittenFrame {
  /** Rows that this call wrote. */
  readonly rows: number;
  /** Distinct times that this call wrote, ascending, in milliseconds. */
  readonly times: readonly number[];
  readonly bytes: number;
}

/**
 * Writes the frame beside `place`, flushes it to the disk and renames it over `place`; on failure or interruption what
 * was at `place` stays. Throws DATA_ROW_ORDER, DATA_DISK_FULL, DATA_NOT_PERMITTED, DATA_FILE_MISSING.
 */
export async function writeFrame(
  place: string,
  frame: Frame,
  options: WriteFrameOptions = {},
): Promise<WrittenFrame> {
  const part = besidePlace(place);
  makeFolder(path.dirname(place));
  try {
    const file = await Hdf5File.create(part, place);
    let written: Omit<WrittenFrame, "bytes">;
    try {
      written = await writeInto(file, `/${options.key ?? "data"}`, { frame, progress: options });
      file.close();
    } finally {
      file.abandon();
    }
    flushFile(part);
    const bytes = statSync(part).size;
    renameSync(part, place);
    syncFolder(path.dirname(place));
    return { ...written, bytes };
  } catch (error) {
    removePart(part);
    throw asDataError(error, { file: place, doing: "write" });
  }
}

async function writeInto(
  file: Hdf5File,
  group: string,
  work: { readonly frame: Frame; readonly progress: RowProgress },
): Promise<Omit<WrittenFrame, "bytes">> {
  const { frame } = work;
  const names = frame.columns.map(({ name }) => name);
  const blocks = blocksOf(frame.columns);
  describeRoot(file);
  describeFrameGroup(file, group, blocks.length);
  writeTexts(file, `${group}/axis0`, names);
  describeItems(file, `${group}/axis0`);
  for (const [at, { columns }] of blocks.entries()) {
    const items = `${group}/block${at}_items`;
    writeTexts(
      file,
      items,
      columns.map((column) => names[column]!),
    );
    describeItems(file, items);
  }
  const [timeName, keyName] = frame.levels;
  writeTexts(file, `${group}/axis1_level1`, frame.keys);
  describeLevel(file, `${group}/axis1_level1`, { name: keyName, kind: "string" });
  const tally = await writeRows(file, group, { ...work, blocks });
  writeTimes(file, `${group}/axis1_level0`, tally);
  describeLevel(file, `${group}/axis1_level0`, { name: timeName, kind: "datetime64" });
  writeTimeCodes(file, `${group}/axis1_label0`, { tally });
  return { rows: tally.rows, times: tally.times };
}

export function flushFile(place: string): void {
  const handle = openSync(place, "r+");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
