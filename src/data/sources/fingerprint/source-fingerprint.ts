/**
 * All files of a source against what is remembered of them. Files that look the same are not opened beyond their footer;
 * the content of the others is hashed and compared, so that a file that was only touched counts as unchanged.
 */
import { Database } from "../../duckdb/database.ts";
import { type RowGroup, rowGroupsOf } from "../../duckdb/parquet-row-groups.ts";
import { withContent } from "./content-pieces.ts";
import {
  type ContentPiece,
  type FileFingerprint,
  type FileRole,
  holdsTheSame,
  lookAt,
  looksTheSame,
} from "./file-fingerprint.ts";

/** Which pieces (row groups, or 16 MB pieces) of a changed file hold other bytes; by number. */
export interface PieceChanges {
  readonly added: readonly number[];
  readonly changed: readonly number[];
  /** Pieces there were and are not any more. */
  readonly removed: readonly number[];
  readonly of: number;
}

export type FileChange =
  | { readonly kind: "new"; readonly path: string }
  | { readonly kind: "changed"; readonly path: string; readonly pieces: PieceChanges | null }
  | { readonly kind: "renamed"; readonly path: string; readonly from: string }
  | { readonly kind: "gone"; readonly path: string };

export interface ComparedFiles {
  /** The files there are, each with its content's hashes. */
  readonly files: readonly FileFingerprint[];
  readonly changes: readonly FileChange[];
  /** What is remembered of the files that are gone. */
  readonly gone: readonly FileFingerprint[];
  /** Files that were opened and hashed, and their bytes. */
  readonly hashed: { readonly files: number; readonly bytes: number };
}

export interface FileToLookAt {
  readonly path: string;
  readonly role: FileRole;
}

export interface LookOptions {
  /** Wall clock in milliseconds; it says which timestamps are too young to be trusted. */
  readonly now: () => number;
  /** Compare the content of every file, whatever its timestamp says. */
  readonly rehash?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each file whose content was hashed. */
  readonly onFile?: ((done: number, of: number) => void) | undefined;
}

/** Between slices of this many files other work of the process gets its turn. */
const SLICE_FILES = 128;

/**
 * Compares the files there are with the ones known (none: takes their fingerprints). Throws DATA_NOT_PERMITTED,
 * DATA_FILE_MISSING for a file that goes away meanwhile, and the signal's reason.
 */
export async function compareFiles(
  known: readonly FileFingerprint[],
  there: readonly FileToLookAt[],
  options: LookOptions,
): Promise<ComparedFiles> {
  const remembered = new Map(known.map((file) => [file.path, file]));
  const seen = await lookAtAll(there, options);
  const trusted = (look: FileFingerprint): FileFingerprint | undefined => {
    const before = remembered.get(look.path);
    return before !== undefined && options.rehash !== true && isTrusted(before, look) ? before : undefined;
  };
  const hashed = await hashAll(
    seen.filter((look) => trusted(look) === undefined),
    options,
  );
  const files: FileFingerprint[] = [];
  const changes: FileChange[] = [];
  for (const look of seen) {
    const { path } = look;
    const before = remembered.get(path);
    const file = trusted(look) ?? hashed.get(path)!;
    remembered.delete(path);
    files.push(file);
    if (before === undefined) changes.push({ kind: "new", path });
    else if (file !== before && !holdsTheSame(before, file))
      changes.push({ kind: "changed", path, pieces: pieceChanges(before.pieces, file.pieces) });
  }
  const bytes = [...hashed.values()].reduce((sum, { size }) => sum + size, 0);
  return {
    files,
    ...withRenames(files, changes, [...remembered.values()]),
    hashed: { files: hashed.size, bytes },
  };
}

/** Whether every file still looks as it did when the fingerprints were taken. */
export async function stillLooksTheSame(
  files: readonly FileFingerprint[],
  options: LookOptions,
): Promise<boolean> {
  const seen = await lookAtAll(files, options);
  return seen.length === files.length && seen.every((look, index) => looksTheSame(files[index]!, look));
}

function isTrusted(before: FileFingerprint, look: FileFingerprint): boolean {
  return (
    before.settled && before.pieces !== undefined && before.role === look.role && looksTheSame(before, look)
  );
}

async function lookAtAll(there: readonly FileToLookAt[], options: LookOptions): Promise<FileFingerprint[]> {
  const seen: FileFingerprint[] = [];
  for (const [index, { path, role }] of there.entries()) {
    if (index % SLICE_FILES === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      options.signal?.throwIfAborted();
    }
    const look = lookAt(path, { role, now: options.now() });
    if (look !== null) seen.push(look);
  }
  return seen;
}

/** The files with their content, by path. */
async function hashAll(
  files: readonly FileFingerprint[],
  { signal, onFile }: LookOptions,
): Promise<ReadonlyMap<string, FileFingerprint>> {
  const hashed = new Map<string, FileFingerprint>();
  const groups = await groupsOf(files.filter(({ footer }) => footer !== undefined));
  for (const file of files) {
    signal?.throwIfAborted();
    hashed.set(file.path, await withContent(file, { groups: groups.get(file.path), signal }));
    onFile?.(hashed.size, files.length);
  }
  return hashed;
}

async function groupsOf(
  files: readonly FileFingerprint[],
): Promise<ReadonlyMap<string, readonly RowGroup[]>> {
  if (files.length === 0) return new Map();
  using database = await Database.open({ threads: 1, memoryLimit: "256MB" });
  return await rowGroupsOf(
    database,
    files.map(({ path }) => path),
  );
}

function pieceChanges(
  before: readonly ContentPiece[] | undefined,
  after: readonly ContentPiece[] | undefined,
): PieceChanges | null {
  if (before === undefined || after === undefined) return null;
  const had = new Set(before.map(({ sha256 }) => sha256));
  const has = new Set(after.map(({ sha256 }) => sha256));
  const other = [...after.keys()].filter((index) => !had.has(after[index]!.sha256));
  return {
    added: other.filter((index) => index >= before.length),
    changed: other.filter((index) => index < before.length),
    removed: [...before.keys()].filter((index) => index >= after.length && !has.has(before[index]!.sha256)),
    of: after.length,
  };
}

/** A file that is gone and one that is new with the same bytes are one file under another name. */
function withRenames(
  files: readonly FileFingerprint[],
  changes: readonly FileChange[],
  missing: readonly FileFingerprint[],
): Pick<ComparedFiles, "changes" | "gone"> {
  const left = new Map(missing.map((file) => [file.path, file]));
  const byPath = new Map(files.map((file) => [file.path, file]));
  const named = changes.map((change): FileChange => {
    if (change.kind !== "new") return change;
    const file = byPath.get(change.path)!;
    const from = [...left.values()].find((each) => each.role === file.role && holdsTheSame(each, file));
    if (from === undefined) return change;
    left.delete(from.path);
    return { kind: "renamed", path: change.path, from: from.path };
  });
  const gone = [...left.values()];
  return { changes: [...named, ...gone.map(({ path }): FileChange => ({ kind: "gone", path }))], gone };
}
