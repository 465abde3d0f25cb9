import type { Day } from "#market/day";
import type { TimeAxis } from "#panel/axes";
import type { Column } from "#panel/panel";
import { DataError } from "../errors.ts";
import type { StoreAxis } from "./axis.ts";
import { coverSessions, firstRow, rowCount, timeAxisOf } from "./axis.ts";
import { FieldSetTable } from "./field-set-table.ts";
import type { Span } from "./layers.ts";
import { visibleEntries } from "./layers.ts";
import type { Manifest, ManifestInstrument, SegmentEntry } from "./manifest.ts";
import { blockCount, indexOf, MANIFEST, runOfFile, segmentKey, segmentPath } from "./manifest.ts";
import { manifestText } from "./manifest-text.ts";
import type { Mark } from "./marks.ts";
import type {
  FieldSet,
  ListedFile,
  StoredInstrument,
  StoreListings,
  StoreSnapshot,
  StoreWriter,
} from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import type { Retention } from "./retention.ts";
import { DamageFound, damageError } from "./segment-files.ts";
import { SegmentStage } from "./segment-stage.ts";
import { storedInstrument } from "./snapshot.ts";
import type { StagedBlock } from "./staged-run.ts";
import type { ReadManifest, StoreParts } from "./store-parts.ts";
import { readWhole } from "./storage.ts";

const TIDY_LATER = new Set(["DATA_DISK_FULL", "DATA_NOT_PERMITTED"]);

export interface WriterStart {
  readonly lock: Mark;
  readonly current: ReadManifest | null;
  readonly base: StoreSnapshot | null;
  readonly retention: Retention;
}

/** Stages segments as they are put; `commit` folds, makes them durable and replaces the manifest. */
export class ManifestWriter implements StoreWriter {
  readonly base: StoreSnapshot | null;
  readonly #parts: StoreParts;
  readonly #start: WriterStart;
  readonly #stage: SegmentStage;
  readonly #instruments: ManifestInstrument[];
  readonly #laneOf: Map<string, number>;
  readonly #fieldSets: FieldSetTable;
  /** Sets of which nothing that was stored counts any more. */
  readonly #dropped = new Set<string>();
  /** Of files that were adopted. */
  readonly #sizes = new Map<string, number | null>();
  /** The generation that a run started from. */
  #adopted: {
    readonly base: Manifest;
    readonly isContinued: boolean;
  } | null = null;
  #listings: StoreListings;
  #axis: StoreAxis;
  #time: TimeAxis | null = null;
  #isChanged = false;
  #isClosed = false;
  #commit: Promise<number> | null = null;
  constructor(parts: StoreParts, start: WriterStart) {
    const manifest = start.current?.manifest;
    this.#parts = parts;
    this.#start = start;
    this.base = start.base;
    this.#stage = new SegmentStage(parts, manifest?.segments ?? [], { generation: this.generation });
    this.#instruments = [...(manifest?.instruments ?? [])];
    this.#laneOf = new Map(this.#instruments.map(({ id }, index) => [id, index]));
    this.#fieldSets = new FieldSetTable(manifest?.fieldSets);
    this.#listings = manifest?.listings ?? { reference: {}, events: {} };
    this.#axis = manifest?.axis ?? {
      freq: parts.key.freq,
      sessions: new Int32Array(0),
      origin: 0,
      slots: parts.slots,
    };
  }

  get time(): TimeAxis {
    return (this.#time ??= timeAxisOf(this.#axis));
  }

  /** Number the next generation gets. */
  get generation(): number {
    return (this.#start.current?.manifest.generation ?? 0) + 1;
  }

  cover(start: Day, end: Day): void {
    this.#mustBeOpen();
    if (!(start <= end)) throw new RangeError(`sessions from day ${start} to day ${end} cannot be covered`);
    const axis = coverSessions(this.#axis, { start, end }, this.#parts.sessionsBetween);
    if (axis === this.#axis || axis.sessions.length === this.#axis.sessions.length) return;
    this.#axis = axis;
    this.#time = null;
    this.#isChanged = true;
  }

  addInstruments(ids: readonly string[]): readonly StoredInstrument[] {
    this.#mustBeOpen();
    return ids.map((id) => {
      let index = this.#laneOf.get(id);
      if (index === undefined) {
        if (id === "" || id.length > 200) throw new RangeError(`"${id}" cannot be an instrument's id`);
        index = this.#instruments.push({ id, first: 0, last: -1, attributes: {} }) - 1;
        this.#laneOf.set(id, index);
        this.#isChanged = true;
      }
      return storedInstrument(this.#instruments[index]!, index, firstRow(this.#axis));
    });
  }

  setAttributes(id: string, attributes: Readonly<Record<string, string>>): void {
    const [index, known] = this.#instrument(id);
    if (sameRecord(known.attributes, attributes)) return;
    this.#instruments[index] = { ...known, attributes: { ...attributes } };
    this.#isChanged = true;
  }

  setSpan(id: string, first: number, last: number): void {
    const [index, known] = this.#instrument(id);
    const isEmpty = first > last;
    if (!isEmpty && !(first >= 0 && last < rowCount(this.#axis))) {
      throw new RangeError(`${id}: rows ${first}…${last} of ${rowCount(this.#axis)} covered rows`);
    }
    const shift = firstRow(this.#axis);
    const span = isEmpty ? { first: 0, last: -1 } : { first: first + shift, last: last + shift };
    if (known.first === span.first && known.last === span.last) return;
    this.#instruments[index] = { ...known, ...span };
    this.#isChanged = true;
  }

  async put(set: FieldSet, block: number, from: number, columns: readonly Column[]): Promise<void> {
    this.#mustBeOpen();
    const fields = this.#fieldSets.describe(set, columns);
    const rows = (columns[0]?.values.length ?? 0) / LANES_PER_BLOCK;
    if (!(block >= 0 && block < blockCount({ instruments: this.#instruments }))) {
      throw new RangeError(`block ${block} of ${blockCount({ instruments: this.#instruments })} blocks`);
    }
    if (!Number.isInteger(rows) || !(from >= 0 && from + rows <= rowCount(this.#axis))) {
      throw new RangeError(`${rows} rows from row ${from} on of ${rowCount(this.#axis)} covered rows`);
    }
    this.#fieldSets.take(set, fields);
    if (rows === 0) return;
    await this.#stage.put({
      set: set.name,
      block,
      fields,
      columns: columns.map((column) => column.values),
      from: from + firstRow(this.#axis),
    });
  }

  /**
   * Takes over what an attempt of a staged run wrote of a set and block: it lies in the store already. Throws
   * STORE_CHANGED when somebody else wrote to this set and block since the run began, or a file is gone.
   */
  async adopt(staged: StagedBlock, base: Manifest): Promise<void> {
    this.#mustBeOpen();
    if (this.#adopted?.base !== base) this.#adopted = { base, isContinued: this.#continues(base) };
    if (!this.#adopted.isContinued)
      throw changedMeanwhile(this.#parts, "other instruments or sessions were put in place by a rollback");
    const { set, block } = staged;
    const segments = staged.segments.filter(({ generation }) => generation > base.generation);
    const found = this.#stage.of(set, block);
    const keys = new Set(found.map(segmentKey));
    if (segments.every((entry) => keys.has(segmentKey(entry)))) return;
    const before = this.#dropped.has(set) ? [] : indexOf(base).of(set, block);
    const known = new Set(before.map(segmentKey));
    const mine = new Set(segments.map((entry) => runOfFile(segmentPath(entry)) ?? ""));
    const isMine = (entry: SegmentEntry): boolean => mine.has(runOfFile(segmentPath(entry)) ?? "");
    // What an earlier commit of the same run brought is its own to replace.
    const isFree = found.some(isMine)
      ? found.every((entry) => known.has(segmentKey(entry)) || isMine(entry))
      : found.length === known.size && found.every((entry) => known.has(segmentKey(entry)));
    if (!isFree)
      throw changedMeanwhile(this.#parts, `block ${block} of the set ${set} was written by somebody else`);
    for (const entry of segments) {
      const path = segmentPath(entry);
      if (await this.#isWhole(entry)) continue;
      throw changedMeanwhile(this.#parts, `${this.#parts.storage.locate(path)} is gone`);
    }
    this.#stage.adopt(set, block, visibleEntries([...before, ...segments]));
  }

  /** Whether a segment's file has the bytes it should have; of a file that several share it is looked at once. */
  async #isWhole(entry: SegmentEntry): Promise<boolean> {
    const path = segmentPath(entry);
    let size = this.#sizes.get(path);
    if (size === undefined) this.#sizes.set(path, (size = await this.#parts.storage.size(path)));
    if (size === null) return false;
    return entry.pack === undefined ? size === entry.bytes : size >= entry.pack.at + entry.bytes;
  }

  /** Whether the instruments and sessions are those of an earlier generation and perhaps more. */
  #continues(base: Manifest): boolean {
    const ids = base.instruments.every(({ id }, lane) => this.#instruments[lane]?.id === id);
    const shift = base.axis.origin - this.#axis.origin;
    return (
      ids &&
      shift >= 0 &&
      base.axis.sessions.every((day, index) => this.#axis.sessions[index + shift] === day)
    );
  }

  /** Takes over the description of a set's fields, and which of its blocks are behind it. */
  describe(set: FieldSet): void {
    this.#mustBeOpen();
    this.#fieldSets.take(set, set.fields);
    this.#fieldSets.setBehind(set.name, set.behind ?? {});
  }

  drop(set: string, fields?: readonly string[]): void {
    this.#mustBeOpen();
    const isDropped = (name: string): boolean => fields === undefined || fields.includes(name);
    if (fields === undefined) this.#dropped.add(set);
    if (this.#fieldSets.drop(set, isDropped)) this.#stage.drop(set, isDropped);
  }

  setListing(kind: keyof StoreListings, name: string, files: readonly ListedFile[]): void {
    this.#mustBeOpen();
    const listing = { ...this.#listings[kind] };
    if (files.length === 0) delete listing[name];
    else listing[name] = files.map(({ path, sha256, size }) => ({ path, sha256, size }));
    if (JSON.stringify(listing) === JSON.stringify(this.#listings[kind])) return;
    this.#listings = { ...this.#listings, [kind]: listing };
    this.#isChanged = true;
  }

  /** Takes over the content of another generation. */
  restore(manifest: Manifest): void {
    this.#mustBeOpen();
    this.#stage.reset(manifest.segments);
    this.#fieldSets.reset(manifest.fieldSets);
    this.#instruments.splice(0, Infinity, ...manifest.instruments);
    this.#laneOf.clear();
    for (const [index, { id }] of manifest.instruments.entries()) this.#laneOf.set(id, index);
    this.#listings = manifest.listings;
    this.#axis = manifest.axis;
    this.#time = null;
    this.#adopted = null;
    this.#isChanged = true;
  }

  /** Segments of a set and block as this write would leave them, in the order written. */
  segmentsOf(set: string, block: number): readonly SegmentEntry[] {
    return this.#stage.of(set, block);
  }

  /** Rewrites what is seen of a set and block in these rows (absolute) as new segments. Throws STORE_DAMAGED. */
  async refold(set: string, block: number, span: Span): Promise<void> {
    this.#mustBeOpen();
    try {
      await this.#stage.refold(set, block, { fields: this.#fieldSets.fieldsOf(set), span });
    } catch (error) {
      throw error instanceof DamageFound ? damageError(error.damage, this.#axis) : error;
    }
  }

  async commit(note: { readonly reason: string }): Promise<number> {
    this.#mustBeOpen();
    this.#commit = this.#commitAll(note.reason);
    return this.#commit;
  }

  /** During a commit this waits for its end: `await using` disposes of a writer before `return writer.commit()` is done. */
  async abort(): Promise<void> {
    if (this.#commit !== null) await Promise.allSettled([this.#commit]);
    else if (!this.#isClosed) await this.#discard();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  async #commitAll(reason: string): Promise<number> {
    try {
      await this.#stage.settle({ axis: this.#axis, fieldsOf: (set) => this.#fieldSets.fieldsOf(set) });
      if (!this.#isChanged && !this.#stage.isChanged && !this.#fieldSets.isChanged) {
        await this.#close();
        return this.base?.generation ?? 0;
      }
      const manifest = this.#manifest(reason);
      const bytes = new TextEncoder().encode(manifestText(manifest));
      await this.#parts.storage.flush();
      if (!(await this.#start.lock.isHeld())) {
        throw new DataError(
          "STORE_CHANGED",
          `the writer's lock on ${this.#parts.storage.place} was taken away`,
          {
            remedy: "run the command again; nothing was changed",
          },
        );
      }
      await this.#swap(bytes);
      await this.#tidy({ manifest, bytes });
      await this.#close();
      return manifest.generation;
    } catch (error) {
      if (!this.#isClosed) await this.#discard();
      throw error;
    }
  }

  async #swap(bytes: Uint8Array): Promise<void> {
    const { storage } = this.#parts;
    // From here on the segments may be named by the manifest: they go only if it is seen that they are not.
    const written = this.#stage.written.splice(0, Infinity);
    try {
      await storage.swap(MANIFEST, bytes, this.#start.current?.bytes ?? null);
    } catch (error) {
      const now = await readWhole(storage, MANIFEST);
      if (now === null || Buffer.compare(now, bytes) !== 0) this.#stage.written.push(...written);
      throw error;
    }
  }

  /** The generation is committed whatever happens here; the next writer does what could not be done. */
  async #tidy(current: ReadManifest): Promise<void> {
    try {
      await this.#start.retention.advance(current);
    } catch (error) {
      if (!(error instanceof DataError && TIDY_LATER.has(error.code))) throw error;
    }
  }

  async #discard(): Promise<void> {
    this.#isClosed = true;
    await this.#stage.quiet();
    try {
      await this.#parts.storage.remove(this.#stage.written);
    } catch (error) {
      // The next writer clears what cannot be removed now.
      if (!(error instanceof DataError && TIDY_LATER.has(error.code))) throw error;
    } finally {
      await this.base?.close();
      await this.#start.lock.release();
    }
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    await this.base?.close();
    await this.#start.lock.release();
  }

  #manifest(reason: string): Manifest {
    return {
      key: this.#parts.key,
      generation: this.generation,
      parent: this.#start.current?.manifest.generation ?? null,
      reason,
      writtenAt: this.#parts.now(),
      axis: this.#axis,
      instruments: this.#instruments,
      fieldSets: this.#fieldSets.all(),
      segments: this.#stage.all(),
      listings: this.#listings,
    };
  }

  #instrument(id: string): [number, ManifestInstrument] {
    this.#mustBeOpen();
    const index = this.#laneOf.get(id);
    if (index === undefined) throw new RangeError(`${id} was not added to the store`);
    return [index, this.#instruments[index]!];
  }

  #mustBeOpen(): void {
    this.#stage.mustNotHaveFailed();
    if (this.#commit !== null || this.#isClosed) throw new TypeError("this writer is closed");
  }
}

function changedMeanwhile({ storage }: StoreParts, what: string): DataError {
  return new DataError("STORE_CHANGED", `${what} while a run on ${storage.place} was under way`, {
    remedy: "start the run again; the store is as it was",
    place: { file: storage.place },
  });
}

function sameRecord(
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
