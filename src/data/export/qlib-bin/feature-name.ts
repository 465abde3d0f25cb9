/** Names that can become files of a Qlib directory, and refusals of those that cannot. */
import { DataError } from "#data/errors";
import { folderOfInstrument } from "#data/sources/qlib-bin/folder-names";

/** What Qlib's expressions can name after `$`, Chinese names included. */
const FIELD = /^[\p{L}\p{N}_]+$/u;
const FOLDER = /^[\p{L}\p{N}_^=-][\p{L}\p{N}_.^=-]*$/u;

/**
 * File names of the fields, lower-case as on Qlib's disk. Throws DATA_VALUE_INVALID on a name that is no file of Qlib's
 * and on two names that differ in case only.
 */
export function featureNames(fields: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const field of fields) {
    const lower = field.toLowerCase();
    if (!FIELD.test(field)) {
      throw refused(
        field,
        `"${field}" cannot be a field of a Qlib directory`,
        "use letters, digits and underscores",
      );
    }
    const other = taken.get(lower);
    if (other !== undefined) {
      throw refused(
        field,
        `${other} and ${field} are one file on Qlib's disk`,
        "rename one of the two fields",
      );
    }
    taken.set(lower, field);
    names.set(field, lower);
  }
  return names;
}

/** Folder of a code. Throws DATA_INSTRUMENT_INVALID when the code cannot be a folder, DATA_INSTRUMENT_TWICE when `taken` has it. */
export function featureFolder(code: string, taken: Set<string>): string {
  const folder = folderOfInstrument(code);
  if (!FOLDER.test(folder)) {
    throw new DataError("DATA_INSTRUMENT_INVALID", `"${code}" cannot be a folder of a Qlib directory`, {
      remedy: "rename the instrument",
      place: { instrument: code },
    });
  }
  if (taken.has(folder)) {
    throw new DataError("DATA_INSTRUMENT_TWICE", `two instruments would share the folder ${folder}`, {
      remedy: "export them to two directories or choose another form of the codes",
      place: { instrument: code },
    });
  }
  taken.add(folder);
  return folder;
}

function refused(column: string, found: string, remedy: string): DataError {
  return new DataError("DATA_VALUE_INVALID", found, { remedy, place: { column } });
}
