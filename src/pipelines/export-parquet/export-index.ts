import { join } from "node:path";
import { z } from "zod";
import { writeAtomically } from "#data/export/atomic-file";
import { readJsonFile } from "#data/json-file";

/**
 * `index.json` of an exported folder: where each instrument or period lies, which dates it has, and the generation it was
 * made from, so that a reader finds it without a look at the others and the next export writes only what changed.
 */
const entrySchema = z.object({
  /** Below the folder, with forward slashes. */
  file: z.string(),
  start: z.string(),
  end: z.string(),
  rows: z.number(),
  bytes: z.number(),
  sha256: z.string(),
  generation: z.number(),
});

const indexSchema = z.object({
  version: z.literal(1),
  store: z.string(),
  /** That every entry is up to date with; null while an export is under way or was broken off. */
  generation: z.number().nullable(),
  layout: z.enum(["instrument", "month", "quarter", "year"]),
  /** What the columns are; files of another content are written again. */
  content: z.object({
    prices: z.enum(["raw", "adjusted"]),
    fields: z.array(z.string()),
    factors: z.array(z.object({ name: z.string(), expression: z.string() })),
    engine: z.string(),
    compression: z.enum(["zstd", "snappy", "uncompressed"]),
  }),
  /** By instrument, or by period: `2024-01`, `2024-Q1`, `2024`. */
  entries: z.record(z.string(), entrySchema),
});

export type ExportIndex = z.infer<typeof indexSchema>;
export type ExportEntry = z.infer<typeof entrySchema>;
export type ExportLayout = ExportIndex["layout"];
export type ExportContent = ExportIndex["content"];

export const INDEX_FILE = "index.json";

/** Null when the folder has none. Throws DATA_FILE_DAMAGED, DATA_NOT_PERMITTED. */
export async function readExportIndex(folder: string): Promise<ExportIndex | null> {
  const file = join(folder, INDEX_FILE);
  return await readJsonFile(file, indexSchema, REMEDY);
}

const REMEDY = "delete it to export everything again, or choose another folder";

export async function writeExportIndex(folder: string, index: ExportIndex): Promise<void> {
  await writeAtomically(join(folder, INDEX_FILE), [`${JSON.stringify(index, null, 1)}\n`]);
}
