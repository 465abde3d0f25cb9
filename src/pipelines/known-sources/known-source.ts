/**
 * A source that was imported and is kept in mind: what was asked of it, how it was understood, and the fingerprint of
 * every file behind it. One JSON file each, under `<workspace>/sources/<calendar>-<freq>/`.
 */
import { z } from "zod";

const text = z.string();
const piece = z.object({
  from: z.number(),
  bytes: z.number(),
  sha256: text,
  bounds: z.record(text, z.tuple([text, text]).readonly()).optional(),
});
const file = z.object({
  path: text,
  role: z.enum(["rows", "beside", "mapping"]),
  size: z.number(),
  mtimeNs: text,
  inode: text,
  device: text,
  footer: z.object({ bytes: z.number(), sha256: text }).optional(),
  settled: z.boolean(),
  pieces: z.array(piece).readonly().optional(),
  rest: text.optional(),
});

/** Raised when a key changes its meaning or goes. */
export const KNOWN_SOURCE_VERSION = 1;

export const knownSourceSchema = z.object({
  version: z.literal(KNOWN_SOURCE_VERSION),
  id: text,
  /** Rises with every import asked for: where two sources give one value differently, the later one holds. */
  order: z.number().int(),
  calendar: text,
  freq: z.enum(["day", "1min", "5min", "15min", "30min", "60min"]),
  /** As typed; it is what the store's lineage names. */
  locator: text,
  /** With an absolute path: where it lies. */
  place: text,
  /** Absolute path of the mapping file; null when the shape was recognised. */
  mapping: text.nullable(),
  /** The mapping that a source without mapping file was recognised to have; null where it has to be recognised anew. */
  recognised: text.nullable(),
  /** Canonical ids and `YYYY-MM-DD`; null for all. */
  request: z.object({ codes: z.array(text).nullable(), start: text.nullable(), end: text.nullable() }),
  shape: text,
  adjustment: text,
  /** Fields with the column and unit they come from: a source that says otherwise later is not read unasked. */
  fields: z.array(z.object({ name: text, from: text })),
  /** Version of the engine that imported it, the store's generation after that, and when (milliseconds since 1970). */
  engine: text,
  /** Instruments that the import could not take. */
  failures: z.number().int(),
  generation: z.number().int(),
  importedAt: z.number(),
  files: z.array(file),
});

export type KnownSource = z.output<typeof knownSourceSchema>;
export type KnownRequest = KnownSource["request"];

/** Whether everything the narrower request asks for is in the wider one. */
export function covers(wider: KnownRequest, narrower: KnownRequest): boolean {
  const startsEarlier = wider.start === null || (narrower.start !== null && wider.start <= narrower.start);
  const endsLater = wider.end === null || (narrower.end !== null && wider.end >= narrower.end);
  if (!startsEarlier || !endsLater) return false;
  if (wider.codes === null) return true;
  if (narrower.codes === null) return false;
  const all = new Set(wider.codes);
  return narrower.codes.every((code) => all.has(code));
}
