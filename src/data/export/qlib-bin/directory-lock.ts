/**
 * One writer at a time to a Qlib directory. The lock, and files on their way to their place, lie beside the directory in
 * `.<name>.update`, so that the directory itself holds nothing that Qlib does not know.
 */
import { readdirSync, rmSync, rmdirSync } from "node:fs";
import path from "node:path";
import { hostProcesses } from "#data/store/holder";
import { localStorage } from "#data/store/local-storage";
import { lockForWriting } from "#data/store/marks";
import { makeFolder } from "../atomic-file.ts";

/** Runs a task that may use the folder it is given. Throws STORE_LOCKED, naming who writes to the directory. */
export async function asOnlyWriter<T>(dir: string, task: (scratch: string) => Promise<T>): Promise<T> {
  const place = path.resolve(dir);
  const scratch = path.join(path.dirname(place), `.${path.basename(place)}.update`);
  makeFolder(scratch);
  const lock = await lockForWriting(localStorage(scratch), hostProcesses);
  try {
    return await task(scratch);
  } finally {
    for (const name of readdirSync(scratch)) if (name !== "writers") rmSync(path.join(scratch, name));
    await lock.release();
    removeEmpty(path.join(scratch, "writers"));
    removeEmpty(scratch);
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
