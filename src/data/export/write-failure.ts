/** The operating system's refusals to write, as coded errors; unknown failures are returned as they came. */
import { DataError } from "#data/errors";

export function writeFailure(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new DataError("DATA_DISK_FULL", `no space is left to write ${file}; nothing was replaced`, {
      remedy: "free space or choose another place, then run it again",
      place: { file },
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new DataError("DATA_NOT_PERMITTED", `${file} cannot be written`, {
      remedy: "choose a place that this user may write to",
      place: { file },
      cause: error,
    });
  }
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new DataError("DATA_FILE_MISSING", `the folder of ${file} does not exist`, {
      remedy: "create the folder first",
      place: { file },
      cause: error,
    });
  }
  return error;
}
