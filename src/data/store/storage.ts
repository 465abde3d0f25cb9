import type { DiskRead, FilePart, ReadOutcome } from "./disk.ts";

/**
 * Where a store's files are: a local or shared folder, later S3-compatible storage. Files are immutable but for the one
 * that `swap` replaces. Paths are relative, with forward slashes. Errors are coded: DATA_DISK_FULL, DATA_NOT_PERMITTED.
 */
export interface Storage {
  /** For messages: the folder or address. */
  readonly place: string;
  /** Full path of a file, for messages. */
  locate(path: string): string;
  /** Writes a file that does not exist yet; durable only after `flush`. */
  put(path: string, parts: Iterable<FilePart>): Promise<void>;
  /** Creates an empty file at once; need not survive a crash. */
  mark(path: string): Promise<void>;
  read(path: string, reads: readonly DiskRead[]): Promise<ReadOutcome>;
  /** Bytes, or null when there is no such file. */
  size(path: string): Promise<number | null>;
  /** Names directly in a folder; none when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Removes files; one that is not there is fine. Durable only after `flush`. */
  remove(paths: readonly string[]): Promise<void>;
  /** Makes everything put and removed so far durable. */
  flush(): Promise<void>;
  /**
   * Replaces a file atomically and durably if its content is still `expected` (null: there is none).
   * Throws STORE_CHANGED when it is not.
   */
  swap(path: string, bytes: Uint8Array, expected: Uint8Array | null): Promise<void>;
}

/** The whole content of a file, or null when there is none. */
export async function readWhole(storage: Storage, path: string): Promise<Uint8Array | null> {
  for (let attempt = 1; ; attempt++) {
    const size = await storage.size(path);
    if (size === null) return null;
    const bytes = new Uint8Array(size);
    const outcome = await storage.read(path, [{ at: 0, into: bytes }]);
    if (outcome === "whole") return bytes;
    // Replaced by a shorter one between the two calls: its size is asked for again.
    if (outcome !== "short" || attempt === READ_ATTEMPTS) return null;
  }
}

const READ_ATTEMPTS = 3;
