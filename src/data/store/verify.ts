import { DataError } from "../errors.ts";
import { describeRows, firstRow, rowCount } from "./axis.ts";
import type { Manifest, SegmentEntry } from "./manifest.ts";
import { blockCount, keptManifest, MANIFEST, segmentKey, segmentPath } from "./manifest.ts";
import type { OpenedStore } from "./open-store.ts";
import type { RowRange } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import type { Damage } from "./segment-files.ts";
import { keptGenerations, readCurrent, readKept } from "./store-parts.ts";

/** One thing that is not as it was written. */
export interface StoreFinding {
  /** `manifest`: a manifest or its copy; `file`: a whole segment; `values`: some rows of a field; `span`: a row outside. */
  readonly kind: "manifest" | "file" | "values" | "span";
  readonly file: string;
  readonly message: string;
  readonly set?: string;
  readonly block?: number;
  readonly field?: string;
  /** Rows of the generation's own time axis. */
  readonly rows?: RowRange;
  /** Generations that this concerns. */
  readonly generations: readonly number[];
}

export interface VerifyReport {
  readonly generations: readonly number[];
  readonly files: number;
  readonly bytes: number;
  readonly findings: readonly StoreFinding[];
}

export interface VerifyOptions {
  /** Look at the current generation only; else at all that are kept. */
  readonly currentOnly?: boolean;
  readonly signal?: AbortSignal;
  readonly onFile?: (done: { readonly files: number; readonly of: number; readonly bytes: number }) => void;
}

/** Reads every byte of the kept generations and compares it with its checksum. Changes nothing; readers go on. */
export async function verifyStore(store: OpenedStore, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { parts } = store;
  const findings: StoreFinding[] = [];
  const manifests = await readManifests(store, options.currentOnly ?? false, findings);
  const pins = await Promise.all(
    manifests.map((manifest) => store.snapshot(manifest.generation).catch(missingMeanwhile)),
  );
  try {
    const users = new Map<string, { readonly entry: SegmentEntry; readonly in: Manifest[] }>();
    for (const manifest of manifests) {
      findings.push(...misplaced(manifest, parts.storage.locate(MANIFEST)));
      for (const entry of manifest.segments) {
        const key = segmentKey(entry);
        const known = users.get(key);
        if (known === undefined) users.set(key, { entry, in: [manifest] });
        else known.in.push(manifest);
      }
    }
    const of = new Set(Array.from(users.values(), ({ entry }) => segmentPath(entry))).size;
    const seen = new Set<string>();
    let bytes = 0;
    for (const { entry, in: inManifests } of users.values()) {
      options.signal?.throwIfAborted();
      for (const damage of await entryDamages(store, entry)) findings.push(findingOf(damage, inManifests));
      bytes += entry.bytes;
      seen.add(segmentPath(entry));
      options.onFile?.({ files: seen.size, of, bytes });
    }
    const generations = manifests.map((manifest) => manifest.generation);
    return { generations, files: seen.size, bytes, findings };
  } finally {
    for (const pin of pins) await pin?.close();
  }
}

/** Faults of one segment file, its agreement with the manifest's entry included. */
export async function entryDamages(store: OpenedStore, entry: SegmentEntry): Promise<Damage[]> {
  const { files, storage } = store.parts;
  const found = await files.damagesOf(entry);
  if (found.some((damage) => damage.field === undefined)) return found;
  const header = await files.headerOf(entry);
  const agrees =
    header.set === entry.set &&
    header.block === entry.block &&
    header.from === entry.from &&
    header.rows === entry.to - entry.from &&
    header.generation === entry.generation &&
    header.lanes === LANES_PER_BLOCK &&
    entry.fields.every((name) => header.fields.some((field) => field.name === name));
  if (agrees) return found;
  const file = storage.locate(segmentPath(entry));
  return [
    {
      entry,
      file,
      from: entry.from,
      to: entry.to,
      what: "the file holds something else than the manifest says",
    },
  ];
}

/** The manifests that can be read, newest first; the others are findings. */
async function readManifests(
  store: OpenedStore,
  currentOnly: boolean,
  findings: StoreFinding[],
): Promise<Manifest[]> {
  const { parts } = store;
  const manifests: Manifest[] = [];
  const note = (error: unknown, path: string, generations: readonly number[]): void => {
    const isOurs =
      error instanceof DataError && (error.code === "STORE_DAMAGED" || error.code === "STORE_FORMAT");
    if (!isOurs) throw error;
    findings.push({
      kind: "manifest",
      file: parts.storage.locate(path),
      message: error.message,
      generations,
    });
  };
  const kept = await keptGenerations(parts.storage);
  try {
    const current = await readCurrent(parts);
    if (current !== null) manifests.push(current.manifest);
  } catch (error) {
    note(error, MANIFEST, kept.slice(0, 1));
  }
  if (currentOnly) return manifests;
  for (const generation of kept) {
    try {
      const manifest = await readKept(parts, generation);
      if (manifest !== null && manifest.generation !== manifests[0]?.generation) manifests.push(manifest);
    } catch (error) {
      note(error, keptManifest(generation), [generation]);
    }
  }
  return manifests;
}

/** A generation that left while its manifest was read, or whose manifest is a finding already, needs no pin. */
function missingMeanwhile(error: unknown): null {
  if (
    error instanceof DataError &&
    (error.code === "STORE_GENERATION_MISSING" || error.code === "STORE_DAMAGED")
  ) {
    return null;
  }
  throw error;
}

function findingOf(damage: Damage, manifests: readonly Manifest[]): StoreFinding {
  const { entry, field } = damage;
  const { axis } = manifests[0]!;
  const what = field === undefined ? "all fields" : `field ${field}`;
  const where = `set ${entry.set}, block ${entry.block}, ${what}, ${describeRows(axis, damage.from, damage.to)}`;
  return {
    kind: field === undefined ? "file" : "values",
    file: damage.file,
    message: `${damage.what} (${where})`,
    set: entry.set,
    block: entry.block,
    ...(field === undefined ? {} : { field }),
    rows: { from: damage.from - firstRow(axis), to: damage.to - firstRow(axis) },
    generations: manifests.map((manifest) => manifest.generation),
  };
}

function misplaced(manifest: Manifest, file: string): StoreFinding[] {
  const first = firstRow(manifest.axis);
  const end = first + rowCount(manifest.axis);
  const generations = [manifest.generation];
  const found: StoreFinding[] = [];
  for (const { id, first: from, last } of manifest.instruments) {
    if (from <= last && (from < first || last >= end)) {
      const message = `the span of ${id} reaches beyond the ${end - first} rows`;
      found.push({ kind: "span", file, message, generations });
    }
  }
  for (const { set, block, from, to } of manifest.segments) {
    if (from < first || to > end || from >= to || block >= blockCount(manifest)) {
      const message = `a segment of set ${set}, block ${block} reaches beyond the ${end - first} rows and ${blockCount(manifest)} blocks`;
      found.push({ kind: "span", file, message, set, block, generations });
    }
  }
  return found;
}
