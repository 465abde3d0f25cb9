import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { openFrame } from "#data/hdf5/open-frame";
import { CALENDAR_FILE, DAILY_FILE, FRAME_KEY, INSTRUMENTS_FILE, LABELS_FILE } from "../../layout.ts";
import { metaText, readMetaIn } from "../../snapshot-meta.ts";
import { EXPORT_STATE_FILE, readExportState } from "../export-state.ts";
import { sha256OfFile } from "../file-hash.ts";

/**
 * All that two snapshots of the same rows have in common: every value of every row in order, the listings' bytes, and
 * meta.json without the moment and the hashes of files that may lay the same rows out otherwise.
 */
export interface SnapshotContent {
  readonly daily: FrameContent;
  readonly labels: FrameContent | null;
  readonly instruments: string;
  readonly calendar: string;
  readonly meta: string;
  readonly coverage: string;
}

interface FrameContent {
  readonly levels: readonly string[];
  readonly keys: readonly string[];
  readonly columns: string;
  /** Times, keys and values, one after the other. */
  readonly bytes: Buffer;
}

export async function contentOf(folder: string): Promise<SnapshotContent> {
  const meta = await readMetaIn(folder, path.basename(folder));
  for (const [name, { sha256 }] of Object.entries(meta.files)) {
    if (!name.endsWith("/") && (await sha256OfFile(path.join(folder, name))) !== sha256)
      throw new Error(`${name} in ${folder} is not what meta.json says`);
  }
  const state = await readExportState(folder);
  if (state === null || state.dataSha256 !== meta.files[DAILY_FILE]?.sha256)
    throw new Error(`${EXPORT_STATE_FILE} in ${folder} is not of these rows`);
  const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  return {
    daily: await frameContent(path.join(folder, DAILY_FILE)),
    labels: existsSync(path.join(folder, LABELS_FILE))
      ? await frameContent(path.join(folder, LABELS_FILE))
      : null,
    instruments: read(INSTRUMENTS_FILE),
    calendar: read(CALENDAR_FILE),
    meta: metaText({ ...meta, snapshot_id: "", generated_at: "", files: {}, notes: [], generation: null }),
    coverage: JSON.stringify(state.instruments),
  };
}

async function frameContent(file: string): Promise<FrameContent> {
  using frame = await openFrame(file, { key: FRAME_KEY });
  const parts: Buffer[] = [];
  for await (const { times, keys, values } of frame.batches()) {
    for (const array of [times, keys, ...values])
      parts.push(Buffer.from(array.buffer.slice(array.byteOffset, array.byteOffset + array.byteLength)));
  }
  return {
    levels: frame.levels,
    keys: frame.keys,
    columns: frame.columns.map(({ name, dtype }) => `${name} ${dtype}`).join(", "),
    bytes: Buffer.concat(parts),
  };
}
