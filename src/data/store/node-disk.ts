import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import type { Disk } from "./disk.ts";

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

async function writeAll(path: string, parts: readonly Uint8Array[]): Promise<void> {
  await using file = await open(path, "wx");
  let rest = parts.filter((part) => part.byteLength > 0);
  while (rest.length > 0) {
    // A vector of at most 1,024 buffers (IOV_MAX) and less than 2 GB is what one call takes.
    let bytes = 0;
    let count = 0;
    while (
      count < rest.length &&
      count < 1024 &&
      (count === 0 || bytes + rest[count]!.byteLength < 2 ** 30)
    ) {
      bytes += rest[count++]!.byteLength;
    }
    let { bytesWritten } = await file.writev(rest.slice(0, count));
    let whole = 0;
    while (whole < count && bytesWritten >= rest[whole]!.byteLength)
      bytesWritten -= rest[whole++]!.byteLength;
    rest = rest.slice(whole);
    if (bytesWritten > 0) rest[0] = rest[0]!.subarray(bytesWritten);
  }
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
      for (const { at, into } of reads) {
        let done = 0;
        while (done < into.byteLength) {
          const { bytesRead } = await file.read(into, done, into.byteLength - done, at + done);
          if (bytesRead === 0) return "short";
          done += bytesRead;
        }
      }
      return "whole";
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
