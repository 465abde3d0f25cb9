/**
 * Adds later rows to a frame file: in place where every array can take them, by writing the file anew where a label
 * outgrows its field. Keys stay sorted, so a new one moves the codes of those after it.
 */
import { statSync } from "node:fs";
import type { Frame, FrameRows } from "../export/frame.ts";
import { DataError } from "../errors.ts";
import { asDataError } from "../system-errors.ts";
import { blocksOf } from "./frame-columns.ts";
import { integersOf } from "./frame-index.ts";
import { Hdf5File } from "./hdf5-file.ts";
import { readTexts, replaceTexts, widestText, writeTimes } from "./level-array.ts";
import { compareKeys, frameGroup, StoredFrame, type StoredColumn } from "./open-frame.ts";
import { codeElement } from "./pandas-layout.ts";
import { writeRows, writeTimeCodes, type RowProgress, type RowsBefore } from "./row-writer.ts";
import { flushFile, writeFrame, type WrittenFrame } from "./write-frame.ts";

const rowsAtOnce = 65_536;

export interface AppendFrameOptions extends RowProgress {
  readonly key?: string;
}

/**
 * Adds the frame's rows to the file at `copy` and flushes it to the disk. HDF5 keeps no journal: a crash leaves a file
 * that nothing can read, so the caller hands in a copy and renames it afterwards. Throws DATA_ROW_ORDER for a row that
 * is not later than the last one there, DATA_COLUMN_MISSING when the columns are others, and what openFrame throws.
 */
export async function appendFrame(
  copy: string,
  frame: Frame,
  options: AppendFrameOptions = {},
): Promise<WrittenFrame> {
  const file = await Hdf5File.open(copy, "change");
  try {
    const group = frameGroup(file, options.key);
    const there = new StoredFrame(file, group);
    checkSameForm(there, frame);
    const keys = mergedKeys(there.keys, frame.keys);
    const joined = { there, frame, keys, progress: options };
    if (!fitsInPlace(file, group, joined)) return await writeAnew(copy, group.slice(1), joined);
    const written = await appendInPlace(file, group, joined);
    file.close();
    flushFile(copy);
    return { ...written, bytes: statSync(copy).size };
  } catch (error) {
    throw asDataError(error, { file: copy, doing: "write" });
  } finally {
    file.abandon();
  }
}

interface Joined {
  readonly there: StoredFrame;
  readonly frame: Frame;
  /** Of both, in code-point order. */
  readonly keys: readonly string[];
}

async function appendInPlace(
  file: Hdf5File,
  group: string,
  work: Joined & { readonly progress: RowProgress },
): Promise<Omit<WrittenFrame, "bytes">> {
  const { there, frame, keys } = work;
  const placeOf = placesIn(keys);
  if (keys.length > there.keys.length) {
    recode(file, `${group}/axis1_label1`, { rows: there.rows, places: placeOf(there.keys) });
    replaceTexts(file, `${group}/axis1_level1`, keys);
  }
  const before: RowsBefore = {
    rows: there.rows,
    times: there.times.length,
    lastTime: there.times.at(-1) ?? -Infinity,
    keyPlaces: placeOf(frame.keys),
  };
  const blocks = blocksOf(frame.columns);
  const tally = await writeRows(file, group, { frame, blocks, before, progress: work.progress });
  writeTimes(file, `${group}/axis1_level0`, {
    times: tally.times,
    existing: { rows: there.times.length },
  });
  writeTimeCodes(file, `${group}/axis1_label0`, { tally, before });
  return { rows: tally.rows, times: tally.times };
}

/** Gives each row's code its new place. */
function recode(
  file: Hdf5File,
  path: string,
  work: { readonly rows: number; readonly places: Int32Array },
): void {
  const array = file.describe(path);
  for (let start = 0; start < work.rows; start += rowsAtOnce) {
    const range = { start, end: Math.min(work.rows, start + rowsAtOnce) };
    const codes = integersOf(file.read(path, range, array), array);
    const data = Int32Array.from(codes, (code) => work.places[Number(code)]!);
    file.write(path, range, { shape: array.shape, data });
  }
}

/** Whether the arrays can take the rows as they are: this project's own layout, with room for the keys' texts. */
function fitsInPlace(file: Hdf5File, group: string, joined: Joined): boolean {
  const { there, frame, keys } = joined;
  if (there.order !== "time-key" || !isAscending(there.times) || !isSorted(there.keys)) return false;
  const blocks = blocksOf(frame.columns);
  const sameBlocks = blocks.every(({ columns }, at) => {
    const items = `${group}/block${at}_items`;
    if (file.has(items) !== "array") return false;
    const names = readTexts(file, items);
    return (
      names.length === columns.length &&
      columns.every((column, item) => frame.columns[column]!.name === names[item])
    );
  });
  if (!sameBlocks) return false;
  const codes = ["axis1_label0", "axis1_label1"].map((name) => file.describe(`${group}/${name}`));
  const others = ["axis1_level0", "axis1_level1", ...blocks.map((_, at) => `block${at}_values`)].map((name) =>
    file.describe(`${group}/${name}`),
  );
  return (
    [...codes, ...others].every(({ resizable }) => resizable) &&
    codes.every(({ element }) => element.bytes === codeElement.bytes) &&
    widestText(keys) <= others[1]!.element.bytes
  );
}

/** Old rows and new ones as one frame, written beside the file and renamed over it. */
async function writeAnew(
  copy: string,
  key: string,
  work: Joined & { progress: RowProgress },
): Promise<WrittenFrame> {
  const { there, frame, keys } = work;
  const { signal, onRows } = work.progress;
  const placeOf = placesIn(keys);
  const last = there.times.reduce((latest, time) => Math.max(latest, time), -Infinity);
  const names = frame.columns.map(({ name }) => name);
  async function* batches(): AsyncGenerator<FrameRows> {
    const [old, added] = [placeOf(there.keys), placeOf(frame.keys)];
    for await (const batch of there.batches({ columns: names, ...(signal === undefined ? {} : { signal }) }))
      yield { times: batch.times, keys: batch.keys.map((place) => old[place]!), values: batch.values };
    for await (const batch of frame.batches(signal)) {
      if (batch.times.length > 0 && !(batch.times[0]! > last)) throw notLater(copy, batch.times[0]!, last);
      yield { times: batch.times, keys: batch.keys.map((place) => added[place]!), values: batch.values };
    }
  }
  const written = await writeFrame(
    copy,
    { levels: frame.levels, keys, columns: frame.columns, batches },
    {
      key,
      ...(signal === undefined ? {} : { signal }),
      onRows: (rows) => {
        if (rows > there.rows) onRows?.(rows - there.rows);
      },
    },
  );
  return { ...written, rows: written.rows - there.rows, times: written.times.filter((time) => time > last) };
}

function checkSameForm(there: StoredFrame, frame: Frame): void {
  const [held, given] = [typedNames(there.columns), typedNames(frame.columns)];
  const missing =
    given.find((column) => !held.includes(column)) ?? held.find((column) => !given.includes(column));
  const [timeName, keyName] = there.order === "time-key" ? there.levels : [there.levels[1], there.levels[0]];
  const sameLevels = timeName === frame.levels[0] && keyName === frame.levels[1];
  if (missing === undefined && sameLevels && held.every((column, at) => column === given[at])) return;
  const found = sameLevels
    ? `the columns of ${there.place} are others than those of the rows (${missing ?? "another order"})`
    : `${there.place} is indexed by ${there.levels.join(", ")}, the rows by ${frame.levels.join(", ")}`;
  throw new DataError("DATA_COLUMN_MISSING", found, {
    remedy: "write the file anew with the columns wanted",
    place: { file: there.place },
  });
}

function typedNames(columns: readonly StoredColumn[]): readonly string[] {
  return columns.map(({ name, dtype }) => `${name} ${dtype}`);
}

function notLater(copy: string, time: number, last: number): DataError {
  const found = `a row of ${new Date(time).toISOString()} comes after one of ${new Date(last).toISOString()}`;
  return new DataError("DATA_ROW_ORDER", found, {
    remedy: "add only rows later than the last one of the file",
    place: { file: copy },
  });
}

function mergedKeys(there: readonly string[], added: readonly string[]): readonly string[] {
  return [...new Set([...there, ...added])].sort(compareKeys);
}

function placesIn(keys: readonly string[]): (some: readonly string[]) => Int32Array {
  const placeOf = new Map(keys.map((key, at) => [key, at]));
  return (some) => Int32Array.from(some, (key) => placeOf.get(key)!);
}

function isAscending(times: Float64Array): boolean {
  return times.every((time, at) => at === 0 || times[at - 1]! < time);
}

function isSorted(keys: readonly string[]): boolean {
  return keys.every((key, at) => at === 0 || compareKeys(keys[at - 1]!, key) < 0);
}
