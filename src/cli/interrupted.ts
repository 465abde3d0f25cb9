import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hostProcesses, holderOfName } from "#data/store/holder";
import type { OpenedStore } from "#data/store/open-store";

/**
 * Whether a run on this store may have been cut off: a run holds the store, or a process that had the state database
 * open did not close it. Cheap: the database stays closed.
 */
export async function mayBeInterrupted(workspace: string, store: OpenedStore): Promise<boolean> {
  if ((await store.runs()).length > 0) return true;
  const holders = (await lockFiles(workspace)).map((name) => holderOfName(name));
  return holders.some((holder) => holder !== null && hostProcesses.isGone(holder));
}

async function lockFiles(workspace: string): Promise<string[]> {
  try {
    return await readdir(join(workspace, "state", "holder"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
