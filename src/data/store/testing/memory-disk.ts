import type { Disk, DiskRead, FilePart, ReadOutcome } from "../disk.ts";

/** A file-system call with what is needed to repeat it, in part or not at all. */
export type DiskCall =
  | { readonly kind: "makeFolder"; readonly path: string }
  | { readonly kind: "write"; readonly path: string; readonly inode: number; readonly bytes: Uint8Array }
  | { readonly kind: "sync"; readonly inode: number }
  | { readonly kind: "syncFolder"; readonly path: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly inode: number }
  | { readonly kind: "remove"; readonly path: string };

/** What becomes of a call's effect that was not made durable before the power failed. */
export interface Fate {
  /** Whether the change to the folder (a name made, moved or removed) survives. */
  entry(call: DiskCall): boolean;
  /** What is left of the bytes written; `bytes` itself, nothing, a part, or zeros. */
  data(bytes: Uint8Array): Uint8Array;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** The parts as one piece. Throws when they leave a gap or overlap. */
function joined(parts: Iterable<FilePart>): Uint8Array {
  const ordered = [...parts].sort((a, b) => a.at - b.at);
  const gap = ordered.findIndex(({ at }, index) => at !== endOf(ordered[index - 1]));
  if (gap >= 0) throw new RangeError(`part ${gap} begins at ${ordered[gap]!.at}`);
  return new Uint8Array(Buffer.concat(ordered.map((part) => part.bytes)));
}

const endOf = (part: FilePart | undefined): number => (part === undefined ? 0 : part.at + part.bytes.length);

/**
 * A disk in memory that records every call. {@link afterCrash} gives the disk as it may be found when the power fails
 * after some of them: what was synced is there, of the rest any part may be. The recording twin of node-disk.ts.
 */
export class MemoryDisk implements Disk {
  readonly log: DiskCall[] = [];
  readonly #folders = new Set<string>(["/"]);
  readonly #entries = new Map<string, number>();
  readonly #inodes = new Map<number, Uint8Array>();
  #nextInode = 1;

  /** The same content, all of it durable, with an empty record. */
  copy(): MemoryDisk {
    const disk = new MemoryDisk();
    for (const folder of this.#folders) disk.#folders.add(folder);
    for (const [path, inode] of this.#entries) disk.#entries.set(path, inode);
    for (const [inode, bytes] of this.#inodes) disk.#inodes.set(inode, bytes);
    disk.#nextInode = this.#nextInode;
    return disk;
  }

  files(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#entries].map(([path, inode]) => [path, this.#inodes.get(inode)!]));
  }

  /** Replaces a file's content behind everybody's back. */
  tamper(path: string, bytes: Uint8Array): void {
    this.#inodes.set(this.#entries.get(path)!, bytes);
  }

  async makeFolder(path: string): Promise<void> {
    if (!this.#folders.has(folderOf(path))) throw failure("ENOENT", path);
    if (this.#folders.has(path)) return;
    this.#folders.add(path);
    this.log.push({ kind: "makeFolder", path });
  }

  async write(path: string, parts: Iterable<FilePart>): Promise<void> {
    if (!this.#folders.has(folderOf(path))) throw failure("ENOENT", path);
    if (this.#entries.has(path)) throw failure("EEXIST", path);
    const bytes = joined(parts);
    const inode = this.#nextInode++;
    this.#entries.set(path, inode);
    this.#inodes.set(inode, bytes);
    this.log.push({ kind: "write", path, inode, bytes });
  }

  async sync(path: string): Promise<void> {
    const inode = this.#entries.get(path);
    if (inode === undefined) throw failure("ENOENT", path);
    this.log.push({ kind: "sync", inode });
  }

  async syncFolder(path: string): Promise<void> {
    if (!this.#folders.has(path)) throw failure("ENOENT", path);
    this.log.push({ kind: "syncFolder", path });
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#entries.get(from);
    if (inode === undefined) throw failure("ENOENT", from);
    this.#entries.delete(from);
    this.#entries.set(to, inode);
    this.log.push({ kind: "rename", from, to, inode });
  }

  async remove(path: string): Promise<void> {
    if (!this.#entries.delete(path)) return;
    this.log.push({ kind: "remove", path });
  }

  async read(path: string, reads: readonly DiskRead[]): Promise<ReadOutcome> {
    const inode = this.#entries.get(path);
    if (inode === undefined) return "missing";
    const bytes = this.#inodes.get(inode)!;
    for (const { at, into } of reads) {
      if (at + into.length > bytes.length) return "short";
      into.set(bytes.subarray(at, at + into.length));
    }
    return "whole";
  }

  async size(path: string): Promise<number | null> {
    const inode = this.#entries.get(path);
    if (inode !== undefined) return this.#inodes.get(inode)!.length;
    return this.#folders.has(path) ? 0 : null;
  }

  async list(folder: string): Promise<readonly string[]> {
    const paths = [...this.#entries.keys(), ...this.#folders].filter(
      (path) => path !== "/" && folderOf(path) === folder,
    );
    return paths.map((path) => path.slice(path.lastIndexOf("/") + 1));
  }

  /** The disk after the first `count` calls recorded since `start`, with the given fate of what was not yet durable. */
  static afterCrash(start: MemoryDisk, log: readonly DiskCall[], count: number, fate: Fate): MemoryDisk {
    const disk = start.copy();
    const lastSync = new Map<number, number>();
    const lastFolderSync = new Map<string, number>();
    for (const [index, call] of log.slice(0, count).entries()) {
      if (call.kind === "sync") lastSync.set(call.inode, index);
      if (call.kind === "syncFolder") lastFolderSync.set(call.path, index);
    }
    for (const [index, call] of log.slice(0, count).entries()) {
      if (call.kind === "sync" || call.kind === "syncFolder") continue;
      const path = call.kind === "rename" ? call.to : call.path;
      const isDurable = (lastFolderSync.get(folderOf(path)) ?? -1) > index;
      if (call.kind === "write") {
        const isWritten = (lastSync.get(call.inode) ?? -1) > index;
        disk.#inodes.set(call.inode, isWritten ? call.bytes : fate.data(call.bytes));
      }
      if (!isDurable && !fate.entry(call)) continue;
      if (call.kind === "makeFolder") disk.#folders.add(call.path);
      else if (call.kind === "remove") disk.#entries.delete(call.path);
      else {
        if (call.kind === "rename" && disk.#entries.get(call.from) === call.inode)
          disk.#entries.delete(call.from);
        disk.#entries.set(path, call.inode);
      }
    }
    disk.#dropUnreachable();
    disk.#nextInode = Math.max(start.#nextInode, ...disk.#inodes.keys()) + 1;
    return disk;
  }

  #dropUnreachable(): void {
    const isReachable = (folder: string): boolean =>
      folder === "/" || (this.#folders.has(folder) && isReachable(folderOf(folder)));
    for (const folder of this.#folders) if (!isReachable(folder)) this.#folders.delete(folder);
    for (const path of this.#entries.keys()) if (!isReachable(folderOf(path))) this.#entries.delete(path);
  }
}

/** Fails from the `from`-th call that needs space on (counted from 0), `times` times, as a full disk does. */
export function fullDisk(
  disk: Disk,
  from: number,
  times = Infinity,
): Disk & { readonly calls: () => number } {
  let calls = 0;
  const claim = (path: string): void => {
    const call = calls++;
    if (call >= from && call < from + times) throw failure("ENOSPC", path);
  };
  return {
    calls: () => calls,
    async makeFolder(path) {
      claim(path);
      await disk.makeFolder(path);
    },
    async write(path, parts) {
      try {
        claim(path);
      } catch (error) {
        // A full disk takes part of what is written.
        await disk.write(path, [{ at: 0, bytes: joined(parts).slice(0, 10) }]);
        throw error;
      }
      await disk.write(path, parts);
    },
    async sync(path) {
      claim(path);
      await disk.sync(path);
    },
    async syncFolder(path) {
      claim(path);
      await disk.syncFolder(path);
    },
    async rename(from, to) {
      claim(to);
      await disk.rename(from, to);
    },
    remove: (path) => disk.remove(path),
    read: (path, reads) => disk.read(path, reads),
    size: (path) => disk.size(path),
    list: (folder) => disk.list(folder),
  };
}

/** A disk that passes every call on; spread it to change some. */
export function forwarded(disk: Disk): Disk {
  return {
    makeFolder: (path) => disk.makeFolder(path),
    write: (path, parts) => disk.write(path, parts),
    sync: (path) => disk.sync(path),
    syncFolder: (path) => disk.syncFolder(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    read: (path, reads) => disk.read(path, reads),
    size: (path) => disk.size(path),
    list: (folder) => disk.list(folder),
  };
}
