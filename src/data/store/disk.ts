/**
 * The file-system calls that a local store makes, as a port, so that a crash test can record them, lose the unsynced
 * ones and replay the rest. Paths are absolute with forward slashes. Errors are Node's, with their `code`.
 */
export interface Disk {
  /** One level; an existing folder is fine. */
  makeFolder(path: string): Promise<void>;
  /**
   * Creates a file that must not exist and writes the parts. The next part is asked for while one is being written, so
   * that it may be computed meanwhile.
   */
  write(path: string, parts: Iterable<FilePart>): Promise<void>;
  /** Makes the file's content durable. */
  sync(path: string): Promise<void>;
  /** Makes the folder's entries durable: files created, renamed and removed in it. */
  syncFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file that is not there is fine. */
  remove(path: string): Promise<void>;
  read(path: string, reads: readonly DiskRead[]): Promise<ReadOutcome>;
  /** Bytes, or null when there is no such file. */
  size(path: string): Promise<number | null>;
  /** Names in a folder, files and folders alike; none when the folder does not exist. */
  list(folder: string): Promise<readonly string[]>;
}

/** Bytes and where they belong; together the parts of a file leave no gap. */
export interface FilePart {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Fill `into` with the bytes from `at` on. */
export interface DiskRead {
  readonly at: number;
  readonly into: Uint8Array;
}

/** `short` when the file ends before the last byte asked for. */
export type ReadOutcome = "whole" | "short" | "missing";
