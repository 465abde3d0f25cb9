/**
 * A file that appears whole or not at all: written beside its place, flushed to the disk, renamed over it,
 * and the folder flushed so that the new name survives a power cut.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { DataError } from "#data/errors";
import { asDataError } from "#data/system-errors";

/** Flushes a folder's names. Windows keeps no handle on folders and needs none. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A name beside `place` that no other process uses; a crash leaves at most this one behind. */
export function besidePlace(place: string): string {
  return path.join(path.dirname(place), `.${path.basename(place)}.${process.pid}.part`);
}

/** Makes a folder and those above it. Throws DATA_FILE_MISSING when a part of the path is a file. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EEXIST" && code !== "ENOTDIR") throw asDataError(error, { file: folder, doing: "write" });
    throw new DataError("DATA_FILE_MISSING", `${folder} cannot be a folder: a part of the path is a file`, {
      remedy: "choose another place",
      place: { file: folder },
      cause: error,
    });
  }
}

/** Removes what a failed write left, without a word when there is nothing: the failure itself is what counts. */
export function removePart(part: string): void {
  if (existsSync(part)) rmSync(part, { recursive: true, force: true });
}

/**
 * Writes the chunks and puts the file in place. When a chunk or the disk fails, the part is removed and what was at
 * `place` stays. Returns the bytes written. Throws DATA_DISK_FULL, DATA_NOT_PERMITTED, DATA_FILE_MISSING.
 */
export async function writeAtomically(
  place: string,
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): Promise<number> {
  const part = besidePlace(place);
  let handle: number | undefined;
  let bytes = 0;
  try {
    makeFolder(path.dirname(place));
    handle = openSync(part, "w");
    for await (const chunk of chunks) {
      const data = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
      for (let done = 0; done < data.length;) done += writeSync(handle, data, done);
      bytes += data.length;
    }
    fsyncSync(handle);
    closeSync(handle);
    handle = undefined;
    renameSync(part, place);
    syncFolder(path.dirname(place));
    return bytes;
  } catch (error) {
    if (handle !== undefined) closeSync(handle);
    removePart(part);
    throw asDataError(error, { file: place, doing: "write" });
  }
}
