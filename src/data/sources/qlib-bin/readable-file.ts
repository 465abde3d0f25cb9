/** Reading small files of a Qlib directory, with the operating system's refusals as coded errors. */
import { readFileSync, readdirSync } from "node:fs";
import { DataError } from "#data/errors";
import { asDataError } from "#data/system-errors";

/** The coded error for a failed read of `file`; `remedy` is for a file that is not there. */
export function readFailure(error: unknown, file: string, remedy: string): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new DataError("DATA_FILE_MISSING", `${file} does not exist`, {
      remedy,
      place: { file },
      cause: error,
    });
  }
  return asDataError(error, { file, doing: "read" });
}

/** Lines of a text file without their line ends; a final empty line is dropped. Throws DATA_FILE_MISSING, DATA_NOT_PERMITTED. */
export function readLines(file: string, remedy: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw readFailure(error, file, remedy);
  }
  const lines = (text.startsWith("\uFEFF") ? text.slice(1) : text).split(/\r?\n/);
  while (lines.length > 0 && lines.at(-1)!.trim() === "") lines.pop();
  return lines;
}

/** Names in a folder, sorted. Throws DATA_FILE_MISSING, DATA_NOT_PERMITTED. */
export function listFolder(folder: string, remedy: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw readFailure(error, folder, remedy);
  }
}
