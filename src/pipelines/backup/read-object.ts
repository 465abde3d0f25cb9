import type { Processes } from "#data/store/holder";
import type { Mark } from "#data/store/marks";
import { pinGeneration } from "#data/store/marks";
import type { Storage } from "#data/store/storage";
import { readWhole } from "#data/store/storage";
import { objectPath, sha256Of } from "./catalogue.ts";

/** A content of a backup, or what is wrong with it. */
export async function readObject(
  target: Storage,
  file: { readonly sha256: string; readonly size: number },
): Promise<Uint8Array | string> {
  const bytes = await readWhole(target, objectPath(file.sha256));
  if (bytes === null) return "the content is missing";
  if (bytes.length !== file.size) return `the content has ${bytes.length} bytes, ${file.size} were written`;
  return sha256Of(bytes) === file.sha256 ? bytes : "the content differs from its checksum";
}

/** Keeps `pruneBackups` away while backups are read; null where the target may only be read. */
export function pinBackups(target: Storage, processes: Processes): Promise<Mark | null> {
  return pinGeneration(target, processes, 0);
}
