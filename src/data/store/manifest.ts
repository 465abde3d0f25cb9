import type { StoreAxis } from "./axis.ts";
import type { FieldSet, GenerationSummary, StoreKey, StoreListings } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import { rowCount } from "./axis.ts";

/**
 * What a generation consists of. Everything a reader must know to find a value, and nothing of the values.
 * Its text form is in manifest-text.ts.
 */
export interface Manifest {
  readonly key: StoreKey;
  readonly generation: number;
  readonly parent: number | null;
  readonly reason: string;
  readonly writtenAt: number;
  readonly axis: StoreAxis;
  /** By lane: instrument i lives in block ⌊i / 32⌋, lane i mod 32, for ever. Own spans in absolute rows. */
  readonly instruments: readonly ManifestInstrument[];
  readonly fieldSets: ReadonlyMap<string, FieldSet>;
  /** In the order in which they were written: within a set and block a later one hides an earlier one. */
  readonly segments: readonly SegmentEntry[];
  readonly listings: StoreListings;
}

export interface ManifestInstrument {
  readonly id: string;
  readonly first: number;
  readonly last: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A segment as the manifest lists it. Rows are absolute, `[from, to)`. */
export interface SegmentEntry {
  readonly set: string;
  readonly block: number;
  readonly generation: number;
  /** Tells several segments of one set, block and generation apart, in the order they were written. */
  readonly part: number;
  /** `<run>.<attempt>` that staged it, where it was not a writer itself: several attempts at one place have names of their own. */
  readonly run?: string;
  readonly from: number;
  readonly to: number;
  /** Fields whose values count; the segment may hold more when some were dropped since. */
  readonly fields: readonly string[];
  /** The file it shares with other segments, and the byte it begins at; it has one of its own unless told. */
  readonly pack?: { readonly file: string; readonly at: number };
  readonly bytes: number;
  /** The header's own checksum, and with it the checksum of all others. */
  readonly checksum: number;
}

export const MANIFEST = "manifest.json";
export const SEGMENTS = "segments";
const KEPT = /^manifest-(\d+)\.json$/;

export const keptManifest = (generation: number): string => `manifest-${generation}.json`;

/** The generation whose manifest a file holds, or null for another file. */
export function generationOfFile(name: string): number | null {
  const match = KEPT.exec(name);
  return match === null ? null : Number(match[1]);
}

type SegmentPlace = Pick<SegmentEntry, "set" | "block" | "generation" | "part" | "run" | "pack">;

/** The file that a segment lies in. */
export function segmentPath(entry: SegmentPlace): string {
  if (entry.pack !== undefined) return `${SEGMENTS}/${entry.pack.file}`;
  const part = entry.part === 0 ? "" : `-${entry.part}`;
  const run = entry.run === undefined ? "" : `~${entry.run}`;
  return `${SEGMENTS}/${entry.set}-${entry.block}-${entry.generation}${part}${run}.seg`;
}

/** Tells segments apart: no two have the same file and place in it. */
export function segmentKey(entry: SegmentPlace): string {
  return entry.pack === undefined ? segmentPath(entry) : `${segmentPath(entry)} ${entry.pack.at}`;
}

/** The segments of each file. */
export function entriesByFile(
  entries: readonly SegmentEntry[],
): ReadonlyMap<string, readonly SegmentEntry[]> {
  const files = new Map<string, SegmentEntry[]>();
  for (const entry of entries) {
    const path = segmentPath(entry);
    const known = files.get(path);
    if (known === undefined) files.set(path, [entry]);
    else known.push(entry);
  }
  return files;
}

/** Name of a file of several segments. The hash is that of its content, so that a name means one content for ever. */
export function packFile(pack: {
  readonly generation: number;
  readonly ordinal: number;
  readonly hash: string;
  readonly run?: string;
}): string {
  const run = pack.run === undefined ? "" : `~${pack.run}`;
  return `pack-g${pack.generation}-${pack.ordinal}-${pack.hash}${run}.seg`;
}

/** The run that staged a segment file, by its name; null for a writer's own files. */
export function runOfFile(path: string): string | null {
  return /~([^~/]+)\.\d+\.seg$/.exec(path)?.[1] ?? null;
}

export const blockCount = (manifest: Pick<Manifest, "instruments">): number =>
  Math.ceil(manifest.instruments.length / LANES_PER_BLOCK);

export function summaryOf(manifest: Manifest, current: number): GenerationSummary {
  return {
    generation: manifest.generation,
    parent: manifest.parent,
    reason: manifest.reason,
    writtenAt: manifest.writtenAt,
    current: manifest.generation === current,
    rows: rowCount(manifest.axis),
    instruments: manifest.instruments.length,
  };
}

const indexes = new WeakMap<Manifest, SegmentIndex>();

/** The segments of a manifest by set and block, to look at. */
export function indexOf(manifest: Manifest): Pick<SegmentIndex, "of"> {
  let index = indexes.get(manifest);
  if (index === undefined) indexes.set(manifest, (index = new SegmentIndex(manifest.segments)));
  return index;
}

/** Entries by set and block, each list in the order written. */
export class SegmentIndex {
  readonly #lists = new Map<string, SegmentEntry[]>();

  constructor(entries: Iterable<SegmentEntry>) {
    for (const entry of entries) this.add(entry);
  }

  static #key(set: string, block: number): string {
    return `${set}/${block}`;
  }

  of(set: string, block: number): readonly SegmentEntry[] {
    return this.#lists.get(SegmentIndex.#key(set, block)) ?? [];
  }

  add(entry: SegmentEntry): void {
    const key = SegmentIndex.#key(entry.set, entry.block);
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [entry]);
    else list.push(entry);
  }

  replace(set: string, block: number, entries: readonly SegmentEntry[]): void {
    this.#lists.set(SegmentIndex.#key(set, block), [...entries]);
  }

  all(): SegmentEntry[] {
    return [...this.#lists.values()].flat();
  }
}
