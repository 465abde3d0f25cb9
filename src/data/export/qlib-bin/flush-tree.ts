/**
 * Flushes every file and folder below a root to the disk. Many at a time and after all have been written: the disk then
 * has most of them already, and the waits of hundreds of thousands of small files overlap.
 */
import { opendirSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";

const AT_ONCE = 16;

export async function flushTree(root: string): Promise<void> {
  const waiting = placesBelow(root);
  const worker = async (): Promise<void> => {
    for (const place of waiting) {
      const handle = await open(place, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Files before the folder that holds them. Windows keeps no handle on folders. */
function* placesBelow(folder: string): Generator<string> {
  const directory = opendirSync(folder);
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      const place = path.join(folder, entry.name);
      if (entry.isDirectory()) yield* placesBelow(place);
      else yield place;
    }
  } finally {
    directory.closeSync();
  }
  if (process.platform !== "win32") yield folder;
}
