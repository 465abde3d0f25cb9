import { statfs } from "node:fs/promises";
import { DataError } from "#data/errors";

/** Left free on the disk whatever a run needs. */
const MARGIN_BYTES = 64 * 2 ** 20;

/** Bytes that may still be written at a place. */
export type FreeBytes = (folder: string) => Promise<number>;

export const freeBytes: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Throws DATA_DISK_FULL when results of this size would not find room beside what is stored. */
export async function needDiskSpace(
  folder: string,
  bytes: number,
  free: FreeBytes = freeBytes,
): Promise<void> {
  const left = await free(folder);
  if (left >= bytes + MARGIN_BYTES) return;
  throw new DataError(
    "DATA_DISK_FULL",
    `up to ${megabytes(bytes)} are needed at ${folder}, ${megabytes(left)} are free`,
    {
      remedy: "free some space, move the workspace, or compute fewer sets at a time; nothing was changed",
      place: { file: folder },
    },
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString("en")} MB`;
}
