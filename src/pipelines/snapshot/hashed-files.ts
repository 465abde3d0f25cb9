import { createHash, hash as hashOf } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { QLIB_FOLDER } from "./layout.ts";
import { META_FILE, type SnapshotMeta } from "./snapshot-meta.ts";
import { EXPORT_STATE_FILE } from "./update/export-state.ts";
import { sha256OfFile } from "./update/file-hash.ts";

export type HashedFiles = SnapshotMeta["files"];

/**
 * Bytes and hash of every file of a snapshot's folder that its meta.json answers for, by path. The hundred thousands of
 * files of a Qlib directory are one entry, `qlib_bin/`: the hash of the list of their hashes.
 */
export async function hashedFiles(folder: string): Promise<HashedFiles> {
  const files: Record<string, { bytes: number; sha256: string }> = {};
  const folders: string[] = [];
  for (const name of await namesBelow(folder)) {
    if (name === META_FILE || name === EXPORT_STATE_FILE) continue;
    if (name.startsWith(`${QLIB_FOLDER}/`)) folders.push(name);
    else files[name] = await hashed(path.join(folder, name));
  }
  if (folders.length > 0) files[`${QLIB_FOLDER}/`] = await hashedList(folder, folders);
  return files;
}

/** Files up to this size are read at once: a Qlib directory has hundreds of thousands of them. */
const SMALL_BYTES = 2 ** 20;

async function hashed(file: string): Promise<{ bytes: number; sha256: string }> {
  const { size } = await stat(file);
  const sha256 = size <= SMALL_BYTES ? hashOf("sha256", await readFile(file)) : await sha256OfFile(file);
  return { bytes: size, sha256 };
}

async function hashedList(
  folder: string,
  names: readonly string[],
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const name of names) {
    const own = await hashed(path.join(folder, name));
    bytes += own.bytes;
    hash.update(`${name} ${own.sha256}\n`);
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Files below a folder with forward slashes, in code-point order; hidden ones are nobody's. */
async function namesBelow(folder: string, above = ""): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(path.join(folder, above), { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const name = above === "" ? entry.name : `${above}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await namesBelow(folder, name)));
    else found.push(name);
  }
  return above === "" ? found.sort() : found;
}
