/** What the operating system and DuckDB report, as coded data errors that name the file and the remedy. */
import { MarketError } from "#market/errors";
import { DataError, type DataErrorPlace } from "./errors.ts";

export interface FailedAttempt extends DataErrorPlace {
  readonly file: string;
  readonly doing: "read" | "write";
}

const byCode = {
  ENOENT: ["DATA_FILE_MISSING", "check the path; it is relative to the current folder"],
  ENOTDIR: ["DATA_FILE_MISSING", "a part of the path is a file, not a folder"],
  EACCES: ["DATA_NOT_PERMITTED", "give this user the right to it, or choose another place"],
  EPERM: ["DATA_NOT_PERMITTED", "give this user the right to it, or choose another place"],
  EROFS: ["DATA_NOT_PERMITTED", "the file system is read-only; choose another place"],
  ENOSPC: ["DATA_DISK_FULL", "free space on the disk, then run the command again"],
  EDQUOT: ["DATA_DISK_FULL", "the disk quota is used up; free space, then run the command again"],
  ENOMEM: ["DATA_MEMORY_LIMIT", "raise the memory limit of the import, or split the file"],
} as const;

/** Patterns in DuckDB's messages, most telling first. */
const byMessage: readonly (readonly [RegExp, keyof typeof byCode])[] = [
  [/permission denied|operation not permitted/i, "EACCES"],
  [/out of memory|could not allocate block/i, "ENOMEM"],
  [/no space left|disk full/i, "ENOSPC"],
  [/no such file|no files found|cannot open file|does not exist/i, "ENOENT"],
];

/**
 * The error itself when it is coded already, a programmer's, or (writing) that of whoever delivers the rows;
 * else the `DataError` it amounts to.
 */
export function asDataError(error: unknown, attempt: FailedAttempt): Error {
  if (error instanceof DataError) return error;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
    return error;
  if (error instanceof MarketError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const { doing, ...place } = attempt;
  const known = systemCode(error) ?? byMessage.find(([pattern]) => pattern.test(message))?.[1];
  if (known !== undefined) {
    const [code, remedy] = byCode[known];
    const what =
      code === "DATA_FILE_MISSING" ? "does not exist" : `cannot be ${doing === "read" ? "read" : "written"}`;
    return new DataError(code, `${attempt.file} ${what} (${firstLine(message)})`, {
      remedy,
      place,
      cause: error,
    });
  }
  if (doing === "write") return error instanceof Error ? error : new Error(message);
  return new DataError("DATA_FILE_DAMAGED", `${attempt.file}: ${firstLine(message)}`, {
    remedy: "get the file again from its origin, or remove it from the folder",
    place,
    cause: error,
  });
}

function systemCode(error: unknown): keyof typeof byCode | undefined {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === "string" && code in byCode ? (code as keyof typeof byCode) : undefined;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0]!.trim();
}
