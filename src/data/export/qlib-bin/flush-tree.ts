/**
 * Makes files durable. Many at a time and after all have been written: the disk then has most of them already, and the
 * waits of hundreds of thousands of small files overlap. Where the system can flush a file system at once (`sync -f`), a
 * great number of files is one wait instead of one for each.
 */
import { spawn } from "node:child_process";
import { opendirSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";

const AT_ONCE = 16;
/** More files than this are flushed with their file system. */
const ONE_BY_ONE = 2_000;

/** Flushes every file and folder below a root; `files` is about how many there are, where they may be a great many. */
export async function flushTree(root: string, files = 0): Promise<void> {
  if (files > ONE_BY_ONE && (await flushFileSystem(root))) return;
  await flushEach(placesBelow(root));
}

/** Flushes these files and folders, all below a root. */
export async function flushPlaces(root: string, places: readonly string[]): Promise<void> {
  if (places.length > ONE_BY_ONE && (await flushFileSystem(root))) return;
  await flushEach(new Set(places));
}

async function flushEach(places: Iterable<string>): Promise<void> {
  const waiting = places[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      const handle = await open(next.value, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** False where there is no such command. */
async function flushFileSystem(root: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  return await new Promise((settle) => {
    const child = spawn("sync", ["-f", root], { stdio: "ignore" });
    child.on("error", () => settle(false));
    child.on("close", (code) => settle(code === 0));
  });
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
