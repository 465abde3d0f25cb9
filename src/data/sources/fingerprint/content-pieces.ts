/**
 * The content of a file as hashes: one per row group of a Parquet file, else one per 16 MB. A change is then known to the
 * row group, and a file that grew at its end is told from one that was rewritten.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { RowGroup } from "../../duckdb/parquet-row-groups.ts";
import { asDataError } from "../../system-errors.ts";
import type { ContentPiece, FileFingerprint } from "./file-fingerprint.ts";

const PIECE_BYTES = 16 << 20;
const READ_BYTES = 1 << 20;
/** Wide files state thousands of bounds; those of a date or a code are among the first. */
const BOUNDED_COLUMNS = 64;

/**
 * The fingerprint with its content; `groups` are the file's row groups, undefined for any other file and for one whose
 * footer cannot be read, which is hashed like any other. Throws DATA_FILE_MISSING, DATA_NOT_PERMITTED, and the signal's
 * reason.
 */
export async function withContent(
  file: FileFingerprint,
  options: { readonly groups: readonly RowGroup[] | undefined; readonly signal: AbortSignal | undefined },
): Promise<FileFingerprint> {
  const { signal } = options;
  const stretches = stretchesOf(file, options.groups);
  let handle: FileHandle | undefined;
  try {
    handle = await open(file.path, "r");
    const pieces: ContentPiece[] = [];
    for (const stretch of stretches) {
      const { sha256, bytes } = await hashOf(handle, [stretch], signal);
      const { from, bounds } = stretch;
      pieces.push({ from, bytes, sha256, ...(bounds === undefined ? {} : { bounds }) });
    }
    const { sha256: rest, bytes } = await hashOf(handle, gapsOf(stretches, file.size), signal);
    return { ...file, pieces, ...(bytes === 0 ? {} : { rest }) };
  } catch (error) {
    signal?.throwIfAborted();
    throw asDataError(error, { file: file.path, doing: "read" });
  } finally {
    await handle?.close();
  }
}

type Stretch = Pick<ContentPiece, "from" | "bytes" | "bounds">;

function stretchesOf({ size }: FileFingerprint, groups: readonly RowGroup[] | undefined): readonly Stretch[] {
  if (groups?.every(({ from, bytes }) => from >= 0 && bytes >= 0 && from + bytes <= size) === true)
    return groups.map((group) => ({ ...group, bounds: firstOf(group.bounds) }));
  const stretches: Stretch[] = [];
  for (let from = 0; from < size; from += PIECE_BYTES)
    stretches.push({ from, bytes: Math.min(PIECE_BYTES, size - from) });
  return stretches;
}

function firstOf(bounds: RowGroup["bounds"]): RowGroup["bounds"] {
  return Object.fromEntries(Object.entries(bounds).slice(0, BOUNDED_COLUMNS));
}

/** What lies between the stretches and after them: indexes, filters, the footer. */
function gapsOf(stretches: readonly Stretch[], size: number): Stretch[] {
  const gaps: Stretch[] = [];
  let done = 0;
  for (const { from, bytes } of [...stretches].sort((a, b) => a.from - b.from)) {
    if (from > done) gaps.push({ from: done, bytes: from - done });
    done = Math.max(done, from + bytes);
  }
  if (done < size) gaps.push({ from: done, bytes: size - done });
  return gaps;
}

/** One hash over some stretches, and the bytes that were there. */
async function hashOf(
  handle: FileHandle,
  stretches: readonly Stretch[],
  signal: AbortSignal | undefined,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash("sha256");
  const longest = Math.max(1, ...stretches.map(({ bytes }) => bytes));
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, longest));
  let read = 0;
  for (const { from, bytes } of stretches) {
    for (let done = 0; done < bytes;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - done), from + done);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
      read += bytesRead;
    }
  }
  return { sha256: hash.digest("hex"), bytes: read };
}
