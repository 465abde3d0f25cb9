/**
 * What is remembered of a file so that a later look can tell whether it is still the same: first by what the file system
 * says and the Parquet footer, then by the hashes of its content. Timestamps that are too young to be trusted mark the
 * fingerprint unsettled, as git does with its index: a file that was written within a clock's tick of the look may change
 * once more and keep its timestamp.
 */
import { statSync } from "node:fs";
import { asDataError } from "../../system-errors.ts";
import { type FooterHash, readFooter } from "./parquet-footer.ts";

/** A stretch of a file and its hash: a Parquet row group, or a piece of any other file. */
export interface ContentPiece {
  readonly from: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Text of the smallest and largest value of each column that the footer states exactly; Parquet only. */
  readonly bounds?: Readonly<Record<string, readonly [least: string, greatest: string]>> | undefined;
}

/** What a file is to its source: rows, a file read beside them (factor files, map files), or the mapping. */
export type FileRole = "rows" | "beside" | "mapping";

export interface FileFingerprint {
  /** Absolute. */
  readonly path: string;
  readonly role: FileRole;
  readonly size: number;
  /** Nanoseconds since 1970, inode and device as decimal texts: they exceed what a number holds. */
  readonly mtimeNs: string;
  readonly inode: string;
  readonly device: string;
  readonly footer?: FooterHash | undefined;
  /** Whether the timestamp was old enough, when this was taken, to change with the next write. */
  readonly settled: boolean;
  readonly pieces?: readonly ContentPiece[] | undefined;
  /** Hash of what is in none of the pieces; absent where that is nothing. */
  readonly rest?: string | undefined;
}

/** File systems stamp at best to the clock's tick and at worst to two seconds. */
const SETTLED_AFTER_MS = 2_000;

/**
 * The fingerprint without content, null when there is no such file. `now` is the wall clock in milliseconds. Throws
 * DATA_NOT_PERMITTED.
 */
export function lookAt(
  path: string,
  options: { readonly role: FileRole; readonly now: number },
): FileFingerprint | null {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return null;
    const size = Number(found.size);
    const footer = readFooter(path, size);
    return {
      path,
      role: options.role,
      size,
      mtimeNs: String(found.mtimeNs),
      inode: String(found.ino),
      device: String(found.dev),
      ...(footer === null ? {} : { footer }),
      settled: Number(found.mtimeMs) + SETTLED_AFTER_MS < options.now,
    };
  } catch (error) {
    if (isGone(error)) return null;
    throw asDataError(error, { file: path, doing: "read" });
  }
}

/** What the file system says of a file, in one text; null when there is none. Throws DATA_NOT_PERMITTED. */
export function identityAt(path: string): string | null {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return null;
    const { size, mtimeNs, ino, dev } = found;
    return identityOf({
      size: Number(size),
      mtimeNs: String(mtimeNs),
      inode: String(ino),
      device: String(dev),
    });
  } catch (error) {
    if (isGone(error)) return null;
    throw asDataError(error, { file: path, doing: "read" });
  }
}

/** The same text of a file that was looked at. */
export function identityOf(file: Pick<FileFingerprint, "size" | "mtimeNs" | "inode" | "device">): string {
  return `${file.size} ${file.mtimeNs} ${file.inode} ${file.device}`;
}

/** Whether the file system and the footer say that it is the file it was. */
export function looksTheSame(known: FileFingerprint, now: FileFingerprint): boolean {
  return identityOf(known) === identityOf(now) && known.footer?.sha256 === now.footer?.sha256;
}

/** Whether both were hashed and hold the same bytes, whatever their names and timestamps. */
export function holdsTheSame(known: FileFingerprint, now: FileFingerprint): boolean {
  if (known.pieces === undefined || now.pieces === undefined) return false;
  return (
    known.size === now.size &&
    known.rest === now.rest &&
    known.pieces.length === now.pieces.length &&
    known.pieces.every((piece, index) => piece.sha256 === now.pieces![index]!.sha256)
  );
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
