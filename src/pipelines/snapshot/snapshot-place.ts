import { lstat, readdir, realpath, rm } from "node:fs/promises";
import path from "node:path";
import { makeFolder, besidePlace } from "#data/export/atomic-file";
import { recoverDirectory } from "#data/export/qlib-bin/replace-directory";
import { hostProcesses } from "#data/store/holder";
import { localStorage } from "#data/store/local-storage";
import { lockForWriting, type Mark } from "#data/store/marks";
import { DataError } from "#data/errors";
import { SnapshotError } from "./errors.ts";
import { PENDING_FOLDER, recoverSnapshot } from "./update/commit-record.ts";

/**
 * Where a snapshot lies: `<root>/<id>`, and nowhere else. Ids come from command lines and web forms, so that the name is
 * held against a narrow pattern and the folder against what is on the disk: a link is never followed.
 */
export interface SnapshotPlace {
  /** Absolute, without links. */
  readonly root: string;
  readonly id: string;
  readonly folder: string;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const LOCKS = ".locks";

export const isSnapshotId = (id: string): boolean => ID.test(id);

/** The place of an id; nothing is created. Throws SNAPSHOT_ID_INVALID, SNAPSHOT_UNSAFE. */
export async function snapshotIn(root: string, id: string): Promise<SnapshotPlace> {
  if (!isSnapshotId(id)) {
    throw new SnapshotError("SNAPSHOT_ID_INVALID", `${JSON.stringify(id.slice(0, 80))} is no snapshot id`, {
      remedy: "use 1 to 64 letters, digits, _ and -, beginning with a letter or digit",
    });
  }
  const real = await realRoot(root);
  const folder = path.join(real, id);
  const found = await lstat(folder).catch(absent);
  if (found !== null && (found.isSymbolicLink() || !found.isDirectory())) {
    throw new SnapshotError(
      "SNAPSHOT_UNSAFE",
      `${folder} is ${found.isSymbolicLink() ? "a link" : "no folder"}`,
      { remedy: "remove it or choose another id; snapshots are plain folders", place: { file: folder } },
    );
  }
  return { root: real, id, folder };
}

/** Whether there is a folder; it need not be a snapshot. */
export async function isTaken(place: SnapshotPlace): Promise<boolean> {
  return (await lstat(place.folder).catch(absent)) !== null;
}

/** Where a new state of the snapshot is built before it is put in place. */
export const stagingFolder = (place: SnapshotPlace): string => besidePlace(place.folder);

/**
 * Takes the id for one writer, and clears what killed ones left: half-built folders go, a replacement that was cut off
 * between its two renames is undone, an update that counts already is finished. Who `replaces` the snapshot whole needs no
 * finished update. Throws SNAPSHOT_LOCKED naming the writer that has it.
 */
export async function lockSnapshot(
  place: SnapshotPlace,
  options: { readonly replaces?: boolean } = {},
): Promise<AsyncDisposable> {
  makeFolder(place.root);
  const mark = await takeMark(place);
  try {
    await clearLeftovers(place);
    if (options.replaces !== true) await recoverSnapshot(place.folder);
  } catch (error) {
    await mark.release();
    throw error;
  }
  return { [Symbol.asyncDispose]: () => mark.release() };
}

/** As {@link lockSnapshot} and released at once, for those who only read; without effect while somebody writes. */
export async function settleSnapshot(place: SnapshotPlace): Promise<void> {
  if (!(await leftoversOf(place)).isUnsettled) return;
  try {
    await (await lockSnapshot(place))[Symbol.asyncDispose]();
  } catch (error) {
    const isBusy = error instanceof SnapshotError && error.code === "SNAPSHOT_LOCKED";
    const isReadOnly = error instanceof DataError && error.code === "DATA_NOT_PERMITTED";
    if (!isBusy && !isReadOnly) throw error;
  }
}

async function takeMark(place: SnapshotPlace): Promise<Mark> {
  const storage = localStorage(path.join(place.root, LOCKS, place.id));
  try {
    return await lockForWriting(storage, hostProcesses);
  } catch (error) {
    if (!(error instanceof DataError && error.code === "STORE_LOCKED")) throw error;
    throw new SnapshotError("SNAPSHOT_LOCKED", `the snapshot ${place.id}: ${error.message}`, {
      remedy: error.remedy,
      place: { file: place.folder },
      cause: error,
    });
  }
}

async function leftoversOf({
  root,
  id,
}: SnapshotPlace): Promise<{ readonly parts: string[]; readonly isUnsettled: boolean }> {
  const names = await readdir(root).catch((error: unknown): string[] => absent(error) ?? []);
  const part = new RegExp(`^\\.${id}\\.\\d+\\.part$`);
  const parts = names.filter((name) => part.test(name));
  const isUnsettled =
    parts.length > 0 ||
    names.includes(`.${id}.replaced`) ||
    (await lstat(path.join(root, id, PENDING_FOLDER)).catch(absent)) !== null;
  return { parts, isUnsettled };
}

async function clearLeftovers(place: SnapshotPlace): Promise<void> {
  recoverDirectory(place.folder);
  for (const name of (await leftoversOf(place)).parts)
    await rm(path.join(place.root, name), { recursive: true, force: true });
}

async function realRoot(root: string): Promise<string> {
  const resolved = path.resolve(root);
  return (await realpath(resolved).catch(absent)) ?? resolved;
}

/** Null for what is not there; every other error goes on. */
function absent(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}
