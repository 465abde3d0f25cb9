/** Zip archives: what is in them and one entry's bytes. */
import { readFile } from "node:fs/promises";
import { unzipSync } from "fflate";
import { DataError } from "../errors.ts";
import { asDataError } from "../system-errors.ts";

/** Names of the files in an archive, in its order. Throws `DataError` when it is none. */
export async function zipEntries(path: string): Promise<string[]> {
  const names: string[] = [];
  unpack(await bytesOf(path), path, (name) => {
    if (!name.endsWith("/") && !/(^|\/)(__MACOSX|\.)/.test(name)) names.push(name);
    return false;
  });
  return names;
}

/** One file of an archive. Throws `DataError` when it is damaged or has no such entry. */
export async function zipEntry(path: string, entry: string): Promise<Uint8Array> {
  const found = unpack(await bytesOf(path), path, (name) => name === entry)[entry];
  if (found !== undefined) return found;
  throw new DataError("DATA_FILE_MISSING", `${path} holds no entry ${entry}`, {
    remedy: `name one of ${(await zipEntries(path)).join(", ") || "its entries; it has none"}`,
    place: { file: path },
  });
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw asDataError(error, { file: path, doing: "read" });
  }
}

function unpack(
  bytes: Uint8Array,
  path: string,
  wanted: (name: string) => boolean,
): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter: ({ name }) => wanted(name) });
  } catch (error) {
    throw new DataError(
      "DATA_FILE_DAMAGED",
      `${path} is not a readable zip archive (${(error as Error).message})`,
      {
        remedy: "get the archive again from its origin",
        place: { file: path },
        cause: error,
      },
    );
  }
}
