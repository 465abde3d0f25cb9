/**
 * One writer at a time to a Qlib directory. The lock, and files on their way to their place, lie beside the directory in
 * `.<name>.update`, so that the directory itself holds nothing that Qlib does not know.
 */
import { readdirSync, renameSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hostProcesses } from "#data/store/holder";
import { localStorage } from "#data/store/local-storage";
import { lockForWriting } from "#data/store/marks";
import { asDataError } from "#data/system-errors";
import { makeFolder, removePart, syncFolder } from "../atomic-file.ts";

/** Runs a task that may use the folder it is given. Throws STORE_LOCKED, naming who writes to the directory. */
export async function asOnlyWriter<T>(dir: string, task: (scratch: string) => Promise<T>): Promise<T> {
  const place = path.resolve(dir);
  const scratch = path.join(path.dirname(place), `.${path.basename(place)}.update`);
  makeFolder(scratch);
  const lock = await lockForWriting(localStorage(scratch), hostProcesses);
  try {
    removeUnfinished(place);
    return await task(scratch);
  } finally {
    for (const name of readdirSync(scratch)) if (name !== "writers") rmSync(path.join(scratch, name));
    await lock.release();
    removeEmpty(path.join(scratch, "writers"));
    removeEmpty(scratch);
  }
}

/** Directories that killed writers were building beside the place. */
function removeUnfinished(place: string): void {
  const start = `.${path.basename(place)}.`;
  for (const name of readdirSync(path.dirname(place))) {
    if (name.startsWith(start) && /^\d+\.part$/.test(name.slice(start.length)))
      removePart(path.join(path.dirname(place), name));
  }
}

/**
 * Replaces a text file below the directory, by way of the scratch folder: a process that is killed leaves nothing in the
 * directory. Durable when it returns.
 */
export function replaceText(scratch: string, file: string, text: string): void {
  const part = path.join(scratch, "text");
  try {
    makeFolder(path.dirname(file));
    writeFileSync(part, text, { flush: true });
    renameSync(part, file);
    syncFolder(path.dirname(file));
  } catch (error) {
    throw asDataError(error, { file, doing: "write" });
  }
}

/** Another writer may be taking the lock meanwhile; the folder is its then. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") throw error;
  }
}
