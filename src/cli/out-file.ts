import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "#data/errors";
import { systemFailure } from "./system-failure.ts";

/** Makes the folder that `--out` names. Throws `DataError` when no file can be written there. */
export async function makeRoomFor(out: string): Promise<void> {
  try {
    await makeFolder(dirname(out));
  } catch (error) {
    throw systemFailure(error, out) ?? error;
  }
  const there = await stat(out).catch(() => null);
  if (there?.isDirectory() === true) {
    throw new DataError("DATA_NOT_PERMITTED", `${out} is a folder, not a file`, {
      remedy: "name a file in it",
      place: { file: out },
    });
  }
}

/** Node's own recursive mkdir never ends below a folder that takes no new ones, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory() === true) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  await mkdir(path).catch(async (error: unknown) => {
    if (!(await stat(path).catch(() => null))?.isDirectory()) throw error;
  });
}
