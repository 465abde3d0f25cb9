import { DataError } from "../errors.ts";
import type { Disk, FilePart } from "./disk.ts";
import { nodeDisk } from "./node-disk.ts";
import type { Storage } from "./storage.ts";
import { readWhole } from "./storage.ts";

/** Files whose content is made durable at the same time: one journal commit then serves many of them. */
const SYNCS_AT_ONCE = 16;

/** A file of this size is made durable while others are still written, one at a time: the disk need not wait for the flush. */
const EARLY_BYTES = 2 ** 22;

/**
 * Storage in a folder. A file is written under its own name: until the manifest names it, nobody reads it. The manifest
 * is written beside, synced, renamed over the old one, and the folder synced.
 */
export function localStorage(folder: string, disk: Disk = nodeDisk): Storage {
  const root = folder.replaceAll("\\", "/").replace(/(?<=.)\/+$/, "");
  const known = new Set<string>();
  const unsyncedFiles = new Set<string>();
  const unsyncedFolders = new Set<string>();
  /** What became of early syncs; a failure counts when the file is flushed. */
  const earlySyncs = new Map<string, Promise<{ readonly error: unknown } | null>>();
  let isSyncing = false;
  const locate = (path: string): string => (path === "" ? root : `${root}/${path}`);

  async function makeFolders(path: string): Promise<void> {
    if (known.has(path)) return;
    const parent = parentOf(path);
    if (parent !== path && parent !== "" && (await disk.size(path)) === null) {
      await makeFolders(parent);
      await disk.makeFolder(path);
      unsyncedFolders.add(parent);
    }
    // A folder that a killed process made may not be durable yet.
    if (path === root || path.startsWith(`${root}/`)) unsyncedFolders.add(parent);
    known.add(path);
  }

  function syncEarly(file: string): void {
    if (isSyncing) return;
    isSyncing = true;
    const sync = disk.sync(file).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    earlySyncs.set(
      file,
      sync.finally(() => {
        isSyncing = false;
      }),
    );
  }

  async function syncFile(file: string): Promise<void> {
    const early = earlySyncs.get(file);
    earlySyncs.delete(file);
    if (early === undefined) return disk.sync(file);
    const failure = await early;
    if (failure !== null) throw failure.error;
  }

  async function syncAll(): Promise<void> {
    const files = [...unsyncedFiles];
    unsyncedFiles.clear();
    const next = files.values();
    await Promise.all(
      Array.from({ length: Math.min(SYNCS_AT_ONCE, files.length) }, async () => {
        for (const file of next) await syncFile(file);
      }),
    );
    const folders = [...unsyncedFolders];
    unsyncedFolders.clear();
    for (const path of folders) await disk.syncFolder(path);
  }

  const storage: Storage = {
    place: root,
    locate,
    put: (path, parts) =>
      coded(locate(path), async () => {
        const file = locate(path);
        await makeFolders(parentOf(file));
        unsyncedFolders.add(parentOf(file));
        unsyncedFiles.add(file);
        const counted = new CountedParts(parts);
        await disk.write(file, counted);
        if (counted.bytes >= EARLY_BYTES) syncEarly(file);
      }),
    mark: (path) =>
      coded(locate(path), async () => {
        await makeFolders(parentOf(locate(path)));
        try {
          await disk.write(locate(path), []);
        } catch (error) {
          await disk.remove(locate(path));
          throw error;
        }
      }),
    read: (path, reads) => coded(locate(path), () => disk.read(locate(path), reads)),
    size: (path) => coded(locate(path), () => disk.size(locate(path))),
    list: (path) => coded(locate(path), () => disk.list(locate(path))),
    remove: (paths) =>
      coded(root, async () => {
        for (const path of paths) {
          const file = locate(path);
          await earlySyncs.get(file);
          earlySyncs.delete(file);
          await disk.remove(file);
          unsyncedFiles.delete(file);
          unsyncedFolders.add(parentOf(file));
        }
      }),
    flush: () => coded(root, syncAll),
    swap: (path, bytes, expected) =>
      coded(locate(path), async () => {
        const found = await readWhole(storage, path);
        if (!sameBytes(found, expected)) {
          throw new DataError("STORE_CHANGED", `${locate(path)} is not what this writer started from`, {
            remedy: "run the command again; if it happens again, look for two writers without a common lock",
            place: { file: locate(path) },
          });
        }
        const file = locate(path);
        const beside = `${file}.tmp`;
        await makeFolders(parentOf(file));
        await disk.remove(beside);
        await disk.write(beside, [{ at: 0, bytes }]);
        await disk.sync(beside);
        await disk.rename(beside, file);
        await disk.syncFolder(parentOf(file));
      }),
  };
  return storage;
}

/** Parts on their way, and how many bytes they were. */
class CountedParts implements Iterable<FilePart> {
  bytes = 0;
  readonly #parts: Iterable<FilePart>;

  constructor(parts: Iterable<FilePart>) {
    this.#parts = parts;
  }

  *[Symbol.iterator](): Generator<FilePart> {
    for (const part of this.#parts) {
      this.bytes += part.bytes.length;
      yield part;
    }
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? (slash === 0 ? "/" : "") : path.slice(0, slash);
}

function sameBytes(left: Uint8Array | null, right: Uint8Array | null): boolean {
  if (left === null || right === null) return left === right;
  return Buffer.compare(left, right) === 0;
}

const full = new Set(["ENOSPC", "EDQUOT"]);
const refused = new Set(["EACCES", "EPERM", "EROFS"]);

async function coded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (full.has(code)) {
      throw new DataError("DATA_DISK_FULL", `no space is left to write ${path}`, {
        remedy: "free some space or move the workspace, then run the command again; the store is as it was",
        place: { file: path },
        cause: error,
      });
    }
    if (refused.has(code)) {
      throw new DataError("DATA_NOT_PERMITTED", `${path} cannot be written or read (${code})`, {
        remedy: "check the owner and the permissions of the folder, and that it is not mounted read-only",
        place: { file: path },
        cause: error,
      });
    }
    throw error;
  }
}
