/**
 * Which files make up a reference table: `<workspace>/reference/<table>/index.json`, replaced atomically. Files are named
 * after their content, never changed, and listed in the store's manifest with the generation that uses them.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { DataError } from "#data/errors";
import { writeAtomically } from "#data/export/atomic-file";
import { asDataError } from "#data/system-errors";

const TABLE = /^[a-z][a-z0-9_-]{0,63}$/;

const file = z.strictObject({
  /** Below the workspace, with forward slashes. */
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.int(),
  rows: z.int(),
  /** Where the rows come from, as typed. */
  from: z.string(),
  /** `rows`: each row says when it became known. `whole`: all rows were stated to be known from one day on. */
  dated: z.enum(["rows", "whole"]),
  /** First and last day on which a row became known, `YYYY-MM-DD`. */
  knownFrom: z.string(),
  knownTo: z.string(),
  /** Why the table counts as known from that day, when the rows do not say. */
  knownBecause: z.string().optional(),
});

const index = z.strictObject({ version: z.literal(1), table: z.string(), files: z.array(file) });

export type ReferenceFile = z.infer<typeof file>;
export type ReferenceIndex = z.infer<typeof index>;

/** Folder of a table, relative to the workspace. Throws DATA_VALUE_INVALID on a name that is none. */
export function folderOfTable(table: string): string {
  if (!TABLE.test(table)) {
    throw new DataError("DATA_VALUE_INVALID", `"${table}" cannot be the name of a reference table`, {
      remedy: "use lower-case letters, digits, hyphens and underscores, e.g. industry",
    });
  }
  return `reference/${table}`;
}

/** The index of a table; empty when there is none yet. Throws DATA_FILE_DAMAGED. */
export function readReferenceIndex(workspace: string, table: string): ReferenceIndex {
  const place = path.join(workspace, folderOfTable(table), "index.json");
  if (!existsSync(place)) return { version: 1, table, files: [] };
  try {
    return index.parse(JSON.parse(readFileSync(place, "utf8")));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      throw new DataError("DATA_FILE_DAMAGED", `${place} is not an index of a reference table`, {
        remedy: "import the table again into an empty folder",
        place: { file: place },
        cause: error,
      });
    }
    throw asDataError(error, { file: place, doing: "read" });
  }
}

export async function writeReferenceIndex(workspace: string, content: ReferenceIndex): Promise<void> {
  const place = path.join(workspace, folderOfTable(content.table), "index.json");
  await writeAtomically(place, [`${JSON.stringify(content, null, 2)}\n`]);
}
