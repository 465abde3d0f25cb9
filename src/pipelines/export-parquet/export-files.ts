import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ExportEntry, ExportIndex } from "./export-index.ts";

/** Size of a file; null when it is not there. */
export async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Size and hash of a file as it lies on the disk. */
export async function contentSum(path: string): Promise<Pick<ExportEntry, "bytes" | "sha256">> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(part);
    bytes += part.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** A path that an export gives its files; nothing else that an index names is ever deleted. */
const OWN_FILE = /^(stock_data|periods)\/[^/\\]+\.parquet$/;

/** Removes files of an earlier index that are nobody's any more; returns how many. */
export async function removeGone(
  folder: string,
  known: ExportIndex | null,
  files: ReadonlySet<string>,
): Promise<number> {
  let removed = 0;
  for (const { file } of Object.values(known?.entries ?? {})) {
    if (files.has(file) || !OWN_FILE.test(file)) continue;
    await rm(join(folder, file), { force: true });
    removed++;
  }
  return removed;
}
