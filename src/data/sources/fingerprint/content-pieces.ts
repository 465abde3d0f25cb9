/**
 * The content of a file as hashes: one per row group of a Parquet file, else one per 16 MB. A change is then known to the
 * row group, and a file that grew at its end is told from one that was rewritten.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Database } from "../../duckdb/database.ts";
import { rowGroupsOf, type RowGroup } from "../../duckdb/parquet-row-groups.ts";
import { asDataError } from "../../system-errors.ts";
import type { ContentPiece, FileFingerprint } from "./file-fingerprint.ts";

const PIECE_BYTES = 16 << 20;
const READ_BYTES = 1 << 20;
/** Wide files state thousands of bounds; those of a date or a code are among the first. */
const BOUNDED_COLUMNS = 64;

export interface HashingOptions {
  readonly database: () => Promise<Database>;
  readonly signal?: AbortSignal | undefined;
}

/** The fingerprint with its content. Throws DATA_FILE_MISSING, DATA_NOT_PERMITTED, and the signal's reason. */
export async function withContent(file: FileFingerprint, options: HashingOptions): Promise<FileFingerprint> {
  const { path } = file;
  const stretches = await stretchesOf(file, options);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const pieces: ContentPiece[] = [];
    for (const stretch of stretches) {
      const { sha256, bytes } = await hashOf(handle, [stretch], options.signal);
      const { bounds } = stretch;
      pieces.push({ from: stretch.from, bytes, sha256, ...(bounds === undefined ? {} : { bounds }) });
    }
    const { sha256: rest, bytes } = await hashOf(handle, gapsOf(stretches, file.size), options.signal);
    return { ...file, pieces, ...(bytes === 0 ? {} : { rest }) };
  } catch (error) {
    options.signal?.throwIfAborted();
    throw asDataError(error, { file: path, doing: "read" });
  } finally {
    await handle?.close();
  }
}

type Stretch = Pick<ContentPiece, "from" | "bytes" | "bounds">;

async function stretchesOf(file: FileFingerprint, options: HashingOptions): Promise<readonly Stretch[]> {
  if (file.footer !== undefined) {
    const groups = await readableGroups(file, await options.database());
    if (groups !== null) return groups.map((group) => ({ ...group, bounds: firstOf(group.bounds) }));
  }
  const stretches: Stretch[] = [];
  for (let from = 0; from < file.size; from += PIECE_BYTES)
    stretches.push({ from, bytes: Math.min(PIECE_BYTES, file.size - from) });
  return stretches;
}

/** Null for a footer that cannot be read: such a file is hashed like any other, and the import says what is wrong. */
async function readableGroups(file: FileFingerprint, database: Database): Promise<RowGroup[] | null> {
  let groups: RowGroup[];
  try {
    groups = await rowGroupsOf(database, file.path);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    return null;
  }
  const inside = groups.every(({ from, bytes }) => from >= 0 && bytes >= 0 && from + bytes <= file.size);
  return inside ? groups : null;
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
