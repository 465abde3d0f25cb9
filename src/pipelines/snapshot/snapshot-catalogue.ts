/** The snapshots below a root. */
import { rename, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { syncFolder } from "#data/export/atomic-file";
import { SnapshotError } from "./errors.ts";
import { checkOurs } from "./export-snapshot.ts";
import { readMeta, type SnapshotMeta } from "./snapshot-meta.ts";
import {
  isSnapshotId,
  isTaken,
  lockSnapshot,
  settleSnapshot,
  snapshotIn,
  stagingFolder,
  type SnapshotPlace,
} from "./snapshot-place.ts";

export interface ListedSnapshot {
  readonly id: string;
  /** Null when its meta.json cannot be read; `problem` says why. */
  readonly meta: SnapshotMeta | null;
  readonly problem: string | null;
}

/** Snapshots in code-point order of their ids; folders that are none are left out. Empty where there is no root. */
export async function listSnapshots(root: string): Promise<readonly ListedSnapshot[]> {
  let names: string[];
  try {
    names = await readdir(root);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  // A replacement that was cut off has its folder under a hidden name only.
  const waiting = names.map((name) => /^\.(.+)\.replaced$/.exec(name)?.[1]).filter((id) => id !== undefined);
  const found: ListedSnapshot[] = [];
  for (const id of [...new Set([...names, ...waiting])].filter(isSnapshotId).sort()) {
    const listed = await listedSnapshot(root, id);
    if (listed !== null) found.push(listed);
  }
  return found;
}

async function listedSnapshot(root: string, id: string): Promise<ListedSnapshot | null> {
  try {
    const { meta } = await showSnapshot(root, id);
    return { id, meta, problem: null };
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    if (error.code === "SNAPSHOT_MISSING" || error.code === "SNAPSHOT_UNSAFE") return null;
    return { id, meta: null, problem: error.message };
  }
}

/** Throws SNAPSHOT_ID_INVALID, SNAPSHOT_UNSAFE, SNAPSHOT_MISSING, SNAPSHOT_FOREIGN, SNAPSHOT_DAMAGED. */
export async function showSnapshot(
  root: string,
  id: string,
): Promise<{ readonly place: SnapshotPlace; readonly meta: SnapshotMeta }> {
  const place = await snapshotIn(root, id);
  await settleSnapshot(place);
  return { place, meta: await readMeta(place) };
}

/**
 * Removes a snapshot. It takes a hidden name first, so that nobody meets half of it. Throws SNAPSHOT_ID_INVALID,
 * SNAPSHOT_UNSAFE, SNAPSHOT_MISSING, SNAPSHOT_FOREIGN when the folder holds no meta.json, SNAPSHOT_LOCKED.
 */
export async function deleteSnapshot(root: string, id: string): Promise<void> {
  const place = await snapshotIn(root, id);
  if (!(await isTaken(place))) throw missing(place);
  const lock = await lockSnapshot(place, { replaces: true });
  try {
    if (!(await isTaken(place))) throw missing(place);
    checkOurs(place);
    const hidden = stagingFolder(place);
    await rename(place.folder, hidden);
    syncFolder(path.dirname(place.folder));
    await rm(hidden, { recursive: true });
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

function missing({ id, root }: SnapshotPlace): SnapshotError {
  return new SnapshotError("SNAPSHOT_MISSING", `there is no snapshot ${id} in ${root}`, {
    remedy: "`alphaloom snapshot list` shows those there are",
    place: { file: path.join(root, id) },
  });
}
