import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import type { Disk, DiskRead, FilePart } from "./disk.ts";

/** As many as Node's thread pool has threads. */
const READS_AT_ONCE = 4;

const GATHER_BYTES = 2 ** 20;
/** Parts that lie one behind the other in memory too go out together, up to this size, so that one call keeps a thread busy. */
const RUN_BYTES = 2 ** 26;
const idleBuffers: Uint8Array[] = [];

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

/**
 * Gathers small parts that follow one another, and writes while the next parts are made. Neither a vector of large
 * buffers nor fresh large buffers for each call are as fast as a few that are used again, or as none at all: parts that
 * are contiguous in memory are written from there.
 */
async function writeAll(path: string, parts: Iterable<FilePart>): Promise<void> {
  await using file = await open(path, "wx");
  const buffers = [
    idleBuffers.pop() ?? new Uint8Array(GATHER_BYTES),
    idleBuffers.pop() ?? new Uint8Array(GATHER_BYTES),
  ];
  let pending = Promise.resolve();
  let start = 0;
  let length = 0;
  const write = async (part: FilePart): Promise<void> => {
    await pending;
    pending = writeAt(file, part);
  };
  const writeGathered = async (): Promise<void> => {
    if (length === 0) return;
    await write({ at: start, bytes: buffers[0]!.subarray(0, length) });
    buffers.reverse();
    length = 0;
  };
  for (const run of contiguousRuns(parts)) {
    const { at, bytes } = run;
    if (at !== start + length || length + bytes.length > GATHER_BYTES) await writeGathered();
    if (bytes.length >= GATHER_BYTES / 2) {
      await writeGathered();
      await write(run);
      continue;
    }
    if (length === 0) start = at;
    buffers[0]!.set(bytes, length);
    length += bytes.length;
  }
  await writeGathered();
  await pending;
  if (idleBuffers.length < 8) idleBuffers.push(...buffers);
}

/** Joins parts that follow one another in the file and in memory. */
function* contiguousRuns(parts: Iterable<FilePart>): Generator<FilePart> {
  let run: FilePart | null = null;
  for (const part of parts) {
    const joined: FilePart | null = run === null ? part : joinedParts(run, part);
    if (joined === null) yield run!;
    run = joined ?? part;
  }
  if (run !== null) yield run;
}

function joinedParts(left: FilePart, right: FilePart): FilePart | null {
  const length = left.bytes.length + right.bytes.length;
  if (length > RUN_BYTES || right.at !== left.at + left.bytes.length) return null;
  const { buffer, byteOffset } = left.bytes;
  if (right.bytes.buffer !== buffer || right.bytes.byteOffset !== byteOffset + left.bytes.length) return null;
  return { at: left.at, bytes: new Uint8Array(buffer, byteOffset, length) };
}

async function writeAt(file: FileHandle, { at, bytes }: FilePart): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, at + done);
    done += bytesWritten;
  }
}

async function readAt(file: FileHandle, { at, into }: DiskRead): Promise<boolean> {
  for (let done = 0; done < into.byteLength;) {
    const { bytesRead } = await file.read(into, done, into.byteLength - done, at + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}

async function syncPath(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}

/** The real file system. */
export const nodeDisk: Disk = {
  async makeFolder(path) {
    await mkdir(path).catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    });
  },
  write: writeAll,
  sync: syncPath,
  async syncFolder(path) {
    // Windows opens no folders; its file systems order such changes themselves.
    if (process.platform !== "win32") await syncPath(path);
  },
  rename,
  async remove(path) {
    await rm(path, { force: true });
  },
  async read(path, reads) {
    try {
      await using file = await open(path, "r");
      let isWhole = true;
      for (let first = 0; first < reads.length; first += READS_AT_ONCE) {
        const some = reads.slice(first, first + READS_AT_ONCE);
        const whole = await Promise.all(some.map((read) => readAt(file, read)));
        isWhole &&= whole.every(Boolean);
      }
      return isWhole ? "whole" : "short";
    } catch (error) {
      if (isMissing(error)) return "missing";
      throw error;
    }
  },
  async size(path) {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },
  async list(folder) {
    try {
      return await readdir(folder);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
};
