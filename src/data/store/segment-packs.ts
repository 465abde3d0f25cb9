import { createHash } from "node:crypto";
import type { SegmentEntry } from "./manifest.ts";
import { packFile, SEGMENTS, segmentPath } from "./manifest.ts";
import type { SegmentEncoder } from "./segment.ts";
import type { Storage } from "./storage.ts";

/** A segment that has no place yet. */
export type StagedSegment = Omit<SegmentEntry, "bytes" | "checksum" | "pack">;

/** A file is written when it holds so much, so that little waits in memory. */
const FILE_BYTES = 2 ** 24;

export interface PacksOptions {
  readonly generation: number;
  readonly run?: string;
  /** Told before a file is written. */
  readonly onFile: (path: string) => void;
  /** Told once a segment can be read. */
  readonly onSegment: (entry: SegmentEntry) => void;
}

interface Packed {
  staged: StagedSegment;
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly checksum: number;
}

interface Pack {
  readonly members: Packed[];
  bytes: number;
}

/**
 * Small segments on their way into files that they share: a day of a market is one file, and one sync, instead of thousands.
 * What is folded away together lies together: rows of days apart from those of months, so that a file does not outlive what
 * is needed of it. One that would hold a single segment is that segment's own file.
 */
export class SegmentPacks {
  readonly #storage: Storage;
  readonly #options: PacksOptions;
  readonly #open = new Map<number, Pack>();
  readonly #held = new Map<string, StagedSegment[]>();
  readonly #writing = new Set<Promise<void>>();
  #ordinal = 0;

  constructor(storage: Storage, options: PacksOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  /** Whether segments of a set and block that hold some of these cells are not in their file yet. */
  holds(set: string, block: number, cells?: Pick<StagedSegment, "from" | "to" | "fields">): boolean {
    const held = this.#held.get(keyOf({ set, block })) ?? [];
    if (cells === undefined) return held.length > 0;
    const { from, to, fields } = cells;
    return held.some(
      (each) => each.from < to && from < each.to && each.fields.some((field) => fields.includes(field)),
    );
  }

  /** Copies the segment; its own arrays are the caller's again. */
  async add(staged: StagedSegment, encoder: SegmentEncoder): Promise<void> {
    const tier = Math.floor(Math.log2(staged.to - staged.from) / TIER_BITS);
    let pack = this.#open.get(tier);
    if (pack === undefined) this.#open.set(tier, (pack = { members: [], bytes: 0 }));
    const bytes = encoder.whole();
    pack.members.push({ staged, at: pack.bytes, bytes, checksum: encoder.header.checksum });
    pack.bytes += bytes.length;
    const key = keyOf(staged);
    this.#held.set(key, [...(this.#held.get(key) ?? []), staged]);
    if (pack.bytes >= FILE_BYTES) await this.#close(tier);
  }

  /** Writes what is held, and waits for what is being written. */
  async write(): Promise<void> {
    const closing = [...this.#open.keys()].map((tier) => this.#close(tier));
    await Promise.all([...closing, ...this.#writing]);
  }

  /** Waits until nothing is being written, however it ends. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  /** Forgets fields of a set. */
  drop(set: string, isDropped: (field: string) => boolean): void {
    for (const { members } of this.#open.values()) {
      for (const packed of members) {
        if (packed.staged.set !== set) continue;
        const fields = packed.staged.fields.filter((field) => !isDropped(field));
        packed.staged = { ...packed.staged, fields };
      }
    }
  }

  /** Forgets all that is held. */
  clear(): void {
    this.#open.clear();
    this.#held.clear();
  }

  async #close(tier: number): Promise<void> {
    const pack = this.#open.get(tier);
    if (pack === undefined) return;
    this.#open.delete(tier);
    const writing = this.#write(pack);
    this.#writing.add(writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  async #write({ members }: Pack): Promise<void> {
    const file = this.#fileOf(members);
    const path = file === null ? segmentPath(members[0]!.staged) : `${SEGMENTS}/${file}`;
    this.#options.onFile(path);
    await this.#storage.put(
      path,
      members.map(({ at, bytes }) => ({ at, bytes })),
    );
    for (const { staged, at, bytes, checksum } of members) {
      const place = file === null ? {} : { pack: { file, at } };
      if (staged.fields.length > 0)
        this.#options.onSegment({ ...staged, ...place, bytes: bytes.length, checksum });
    }
    // Each is told of before any is forgotten: a put of the same cells in between has to wait for this file.
    for (const { staged } of members) {
      const key = keyOf(staged);
      const left = this.#held.get(key)?.filter(({ part }) => part !== staged.part) ?? [];
      if (left.length > 0) this.#held.set(key, left);
      else this.#held.delete(key);
    }
  }

  /** Null for a file of one segment. */
  #fileOf(members: readonly Packed[]): string | null {
    if (members.length === 1) return null;
    const hash = createHash("sha256");
    for (const { bytes } of members) hash.update(bytes);
    const { generation, run } = this.#options;
    return packFile({
      generation,
      ordinal: this.#ordinal++,
      hash: hash.digest("hex").slice(0, HASH_DIGITS),
      ...(run === undefined ? {} : { run }),
    });
  }
}

/** Segments of 1 to 7, 8 to 63, 64 to 511, … rows have files of their own. */
const TIER_BITS = 3;
const HASH_DIGITS = 16;

const keyOf = ({ set, block }: Pick<StagedSegment, "set" | "block">): string => `${set}/${block}`;
