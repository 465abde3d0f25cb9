import { DataError } from "#data/errors";
import { asDataError } from "#data/system-errors";

/**
 * What the operating system refused, as a coded error that names the path; null for any other error. A path of which a
 * part is a file reaches the command line from many places (a workspace, a store folder, an output file), so that it is
 * told here.
 */
export function systemFailure(error: unknown, path?: string): DataError | null {
  if (!isSystemError(error)) return null;
  const file = path ?? error.path;
  if (file === undefined) return null;
  if (error.code === "ENOTDIR" || error.code === "EEXIST" || error.code === "EISDIR") {
    const found =
      error.code === "EISDIR"
        ? `${file} is a folder, not a file`
        : `${file}: a part of this path is a file, not a folder`;
    return new DataError("DATA_NOT_PERMITTED", found, {
      remedy: "choose another place, or move away what is there",
      place: { file },
      cause: error,
    });
  }
  const told = asDataError(error, { file, doing: "write" });
  return told instanceof DataError ? told : null;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}
