import type { StoreAxis } from "./axis.ts";
import { rowsPerSession } from "./axis.ts";
import { changedPart } from "./changed-part.ts";
import { foldsAfter } from "./fold.ts";
import { readLayers } from "./layered-read.ts";
import type { Span } from "./layers.ts";
import { visibleEntries } from "./layers.ts";
import type { SegmentEntry } from "./manifest.ts";
import { SegmentIndex, segmentPath } from "./manifest.ts";
import { SegmentPacks, type StagedSegment } from "./segment-packs.ts";
import type { StoredField, StoredValues } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import { bytesPerValue, SegmentEncoder } from "./segment.ts";
import { DamageFound } from "./segment-files.ts";
import type { StoreParts } from "./store-parts.ts";

/** A rectangle of a set and block; `columns[i]` is field i as `[row][lane]`. Rows are absolute. */
export interface StagedRectangle {
  readonly set: string;
  readonly block: number;
  readonly fields: readonly StoredField[];
  readonly columns: readonly StoredValues[];
  readonly from: number;
}

/** The segments of a generation in the making: those of its base, and the files that were written since. */
export class SegmentStage {
  readonly #parts: StoreParts;
  readonly #generation: number;
  readonly #run: string | null;
  readonly #before: SegmentIndex;
  readonly #segments: SegmentIndex;
  readonly #touched = new Map<string, { readonly set: string; readonly block: number }>();
  readonly #nextPart = new Map<string, number>();
  readonly #turns = new Map<string, Promise<void>>();
  /** A write that failed: what was staged is incomplete, so that nothing of it may be committed. */
  #failure: { readonly error: unknown } | null = null;
  #isChanged = false;
  /** Paths of the files written since. */
  readonly written: string[] = [];
  /** Small segments that wait for others to share a file with. */
  readonly #packs: SegmentPacks;

  /** `run`: told in the names of the files where others stage segments of the same generation. */
  constructor(
    parts: StoreParts,
    base: readonly SegmentEntry[],
    own: { readonly generation: number; readonly run?: string },
  ) {
    this.#parts = parts;
    this.#generation = own.generation;
    this.#run = own.run ?? null;
    this.#before = new SegmentIndex(base);
    this.#segments = new SegmentIndex(base);
    this.#packs = new SegmentPacks(parts.storage, {
      ...own,
      onFile: (path) => this.written.push(path),
      onSegment: (entry) => this.#segments.add(entry),
    });
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  of(set: string, block: number): readonly SegmentEntry[] {
    return this.#segments.of(set, block);
  }

  all(): SegmentEntry[] {
    return this.#segments.all();
  }

  /** The sets and blocks that files were written for. */
  touched(): readonly { readonly set: string; readonly block: number }[] {
    return [...this.#touched.values()];
  }

  /** Takes over the segments of a set and block as another stage, which started from the same ones, left them. */
  adopt(set: string, block: number, entries: readonly SegmentEntry[]): void {
    this.#segments.replace(set, block, entries);
    this.#isChanged = true;
  }

  /** Starts over from other segments. */
  reset(entries: readonly SegmentEntry[]): void {
    this.#packs.clear();
    for (const { set, block } of this.#segments.all()) this.#segments.replace(set, block, []);
    for (const entry of entries) this.#segments.add(entry);
    this.#isChanged = true;
  }

  /** Stages what differs from what is stored. Puts to one set and block take effect in the order they were called in. */
  async put(rectangle: StagedRectangle): Promise<void> {
    const { set, block, fields, columns, from } = rectangle;
    await this.#inTurn(set, block, async () => {
      const rows = columns[0]!.length / LANES_PER_BLOCK;
      const names = fields.map((field) => field.name);
      if (this.#packs.holds(set, block, { from, to: from + rows, fields: names })) await this.#packs.write();
      const changed = await changedPart({
        files: this.#parts.files,
        entries: this.of(set, block),
        fields,
        columns,
        span: { from, to: from + rows },
      });
      if (changed !== null) await this.#write({ set, block, ...changed });
    });
  }

  /** Rewrites what is seen of these fields of a set and block in these rows as new segments. Throws DamageFound. */
  async refold(
    set: string,
    block: number,
    what: { readonly fields: readonly StoredField[]; readonly span: Span },
  ): Promise<void> {
    await this.#inTurn(set, block, () => this.#fold(set, block, what));
  }

  /** Forgets fields of a set in all blocks. */
  drop(set: string, isDropped: (field: string) => boolean): void {
    const blocks = new Set(
      this.#segments
        .all()
        .filter((entry) => entry.set === set)
        .map((entry) => entry.block),
    );
    for (const block of blocks) {
      const left = this.of(set, block).map((entry) => ({
        ...entry,
        fields: entry.fields.filter((field) => !isDropped(field)),
      }));
      this.#segments.replace(
        set,
        block,
        left.filter((entry) => entry.fields.length > 0),
      );
    }
    this.#packs.drop(set, isDropped);
  }

  /** Waits for what was called, folds what this write completed, and drops segments of which nothing is seen any more. */
  async settle(options: {
    readonly axis: StoreAxis;
    readonly fieldsOf: (set: string) => readonly StoredField[];
  }): Promise<void> {
    await Promise.all(this.#turns.values());
    await this.#packs.write();
    for (const { set, block } of this.#touched.values()) {
      const visible = visibleEntries(this.of(set, block));
      this.#segments.replace(set, block, visible);
      const folds = foldsAfter(this.#before.of(set, block), visible, {
        layout: this.#parts.layout,
        phase: block,
        rowsPerSession: rowsPerSession(options.axis),
      });
      for (const span of folds) {
        try {
          await this.#fold(set, block, { fields: options.fieldsOf(set), span });
        } catch (error) {
          // Damaged pieces stay as they are: folding them would seal the damage under a fresh checksum.
          if (!(error instanceof DamageFound)) throw error;
        }
      }
    }
    // A fold hides the segments that it is made of only once it has its place in a file.
    await this.#packs.write();
    for (const { set, block } of this.#touched.values())
      this.#segments.replace(set, block, visibleEntries(this.of(set, block)));
  }

  /** Waits until nothing is being written, however it ends. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#turns.values());
    await this.#packs.quiet();
  }

  /** Throws again what a write failed with. */
  mustNotHaveFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #inTurn(set: string, block: number, work: () => Promise<void>): Promise<void> {
    const key = `${set}/${block}`;
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(async () => {
      this.mustNotHaveFailed();
      try {
        await work();
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
    });
    this.#turns.set(key, turn);
    await turn;
  }

  async #fold(
    set: string,
    block: number,
    what: { readonly fields: readonly StoredField[]; readonly span: Span },
  ): Promise<void> {
    const { span } = what;
    if (this.#packs.holds(set, block)) await this.#packs.write();
    const entries = this.of(set, block);
    const within = entries.filter((entry) => entry.from < span.to && entry.to > span.from);
    const held = new Set(within.flatMap((entry) => entry.fields));
    const fields = what.fields.filter((field) => held.has(field.name));
    if (fields.length === 0) return;
    const step = this.#rowsPerFile(fields);
    for (let from = span.from; from < span.to; from += step) {
      const part = { from, to: Math.min(from + step, span.to) };
      const values = await readLayers(this.#parts.files, entries, { fields, span: part });
      await this.#write({ set, block, fields, columns: [...values.values()], from });
    }
  }

  #rowsPerFile(fields: readonly StoredField[]): number {
    const { splitBytes, chunkRows } = this.#parts.layout;
    const rowBytes = fields.reduce((sum, field) => sum + bytesPerValue(field.dtype) * LANES_PER_BLOCK, 0);
    return Math.max(1, Math.floor(splitBytes / rowBytes / chunkRows)) * chunkRows;
  }

  /** Writes a rectangle as one segment, or several where it would be too large. */
  async #write(rectangle: StagedRectangle): Promise<void> {
    const { set, block, fields, columns } = rectangle;
    const rows = columns[0]!.length / LANES_PER_BLOCK;
    const names = fields.map((field) => field.name);
    const step = this.#rowsPerFile(fields);
    for (let row = 0; row < rows; row += step) {
      const end = Math.min(row + step, rows);
      const from = rectangle.from + row;
      const run = this.#run === null ? {} : { run: this.#run };
      const place = { set, block, generation: this.#generation, from };
      const encoder = new SegmentEncoder(
        { ...place, rows: end - row, lanes: LANES_PER_BLOCK, fields },
        columns.map((values) => values.subarray(row * LANES_PER_BLOCK, end * LANES_PER_BLOCK)),
        this.#parts.layout.chunkRows,
      );
      const key = `${set}/${block}`;
      const part = this.#nextPart.get(key) ?? 0;
      this.#nextPart.set(key, part + 1);
      const staged = { ...place, part, ...run, to: from + end - row, fields: names };
      if (encoder.bytes <= this.#parts.layout.packBytes) await this.#packs.add(staged, encoder);
      else await this.#writeAlone(staged, encoder);
      this.#touched.set(key, { set, block });
      this.#isChanged = true;
    }
  }

  async #writeAlone(staged: StagedSegment, encoder: SegmentEncoder): Promise<void> {
    const path = segmentPath(staged);
    this.written.push(path);
    await this.#parts.storage.put(path, encoder.parts());
    this.#segments.add({ ...staged, bytes: encoder.bytes, checksum: encoder.header.checksum });
  }
}
