/**
 * `export.json` beside the folders that Qlib reads: which generation of which store a directory shows, and how it was
 * written, so that it can be kept in step. While an update is under way it also names the generations whose values may
 * be in some of the files already.
 */
import path from "node:path";
import { z } from "zod";
import { readJsonFile } from "#data/json-file";

/** What a directory shows, or is about to show. A generation is told apart from one of the same number in another store. */
const shown = z.object({
  generation: z.int(),
  writtenAt: z.number(),
  /** Files of an instrument, without their endings. */
  features: z.array(z.string()),
  /** Factor sets whose values were the stored ones at that generation. */
  stored: z.array(z.string()),
});

const schema = z.object({
  engine: z.string(),
  store: z.string(),
  ...shown.shape,
  codes: z.enum(["qlib", "canonical"]),
  vwap: z.enum(["amount", "typical"]),
  /** Whether the further fields of the data are among the features. */
  extra: z.boolean(),
  /** Sets whose factors are among the features. */
  sets: z.array(z.string()),
  /** What unfinished updates were writing. */
  updating: z.array(shown).optional(),
});

export type ShownGeneration = z.output<typeof shown>;
export type ExportRecord = z.output<typeof schema>;

export const EXPORT_RECORD = "export.json";

/** Null when there is none. Throws DATA_FILE_DAMAGED when it does not say what an update needs. */
export async function readExportRecord(dir: string): Promise<ExportRecord | null> {
  return await readJsonFile(
    path.join(dir, EXPORT_RECORD),
    schema,
    "dump the directory again: `alphaloom qlib dump DIR --overwrite`",
  );
}

export function recordText(record: ExportRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}
