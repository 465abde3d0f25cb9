import type { Day } from "#market/day";
import type { TimeAxis } from "#panel/axes";
import type { Column } from "#panel/panel";
import { DataError } from "../errors.ts";
import type { StoreAxis } from "./axis.ts";
import { coverSessions, firstRow, rowCount, rowsPerSession, timeAxisOf } from "./axis.ts";
import { changedPart } from "./changed-part.ts";
import { foldsAfter } from "./fold.ts";
import { readLayers } from "./layered-read.ts";
import type { Span } from "./layers.ts";
import { visibleEntries } from "./layers.ts";
import type { Manifest, ManifestInstrument, SegmentEntry } from "./manifest.ts";
import { blockCount, MANIFEST, SegmentIndex, segmentPath } from "./manifest.ts";
import { manifestText } from "./manifest-text.ts";
import type { Mark } from "./marks.ts";
import type {
  FieldSet,
  ListedFile,
  StoredField,
  StoredInstrument,
  StoreListings,
  StoreSnapshot,
  StoreWriter,
} from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import type { Retention } from "./retention.ts";
import { bytesPerValue, SegmentEncoder } from "./segment.ts";
import { DamageFound, damageError } from "./segment-files.ts";
import { storedInstrument } from "./snapshot.ts";
import type { ReadManifest, StoreParts } from "./store-parts.ts";
import { readWhole } from "./storage.ts";

const SET_NAME = /^[A-Za-z0-9_.]{1,64}$/;
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
  readonly #before: SegmentIndex;
  readonly #segments: SegmentIndex;
  readonly #touched = new Map<string, { readonly set: string; readonly block: number }>();
  readonly #nextPart = new Map<string, number>();
  readonly #written: string[] = [];
  readonly #instruments: ManifestInstrument[];
  readonly #laneOf: Map<string, number>;
  readonly #fieldSets: Map<string, FieldSet>;
  #listings: StoreListings;
  #axis: StoreAxis;
  #time: TimeAxis | null = null;
  /** Descriptions that were taken over already, told by their object: the same one comes with every block. */
  readonly #described = new Map<string, { readonly set: FieldSet; readonly names: Set<string> }>();
  readonly #turns = new Map<string, Promise<void>>();
  #isChanged = false;
  #isClosed = false;
  #commit: Promise<number> | null = null;
  /** A write that failed: what was put is incomplete, so that nothing of it may be committed. */
  #failure: { readonly error: unknown } | null = null;

  constructor(parts: StoreParts, start: WriterStart) {
    const manifest = start.current?.manifest;
    this.#parts = parts;
    this.#start = start;
    this.base = start.base;
    this.#before = new SegmentIndex(manifest?.segments ?? []);
    this.#segments = new SegmentIndex(manifest?.segments ?? []);
    this.#instruments = [...(manifest?.instruments ?? [])];
    this.#laneOf = new Map(this.#instruments.map(({ id }, index) => [id, index]));
    this.#fieldSets = new Map(manifest?.fieldSets);
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
    const fields = this.#fieldsOf(set, columns);
    const rows = (columns[0]?.values.length ?? 0) / LANES_PER_BLOCK;
    if (!(block >= 0 && block < blockCount({ instruments: this.#instruments }))) {
      throw new RangeError(`block ${block} of ${blockCount({ instruments: this.#instruments })} blocks`);
    }
    if (!Number.isInteger(rows) || !(from >= 0 && from + rows <= rowCount(this.#axis))) {
      throw new RangeError(`${rows} rows from row ${from} on of ${rowCount(this.#axis)} covered rows`);
    }
    this.#describeSet(set, fields);
    if (rows === 0) return;
    const start = from + firstRow(this.#axis);
    await this.#inTurn(`${set.name}/${block}`, async () => {
      const changed = await changedPart({
        files: this.#parts.files,
        entries: this.#segments.of(set.name, block),
        fields,
        columns: columns.map((column) => column.values),
        span: { from: start, to: start + rows },
      });
      if (changed !== null) await this.#write({ set: set.name, block, ...changed });
    });
  }

  drop(setName: string, fields?: readonly string[]): void {
    this.#mustBeOpen();
    this.#described.delete(setName);
    const set = this.#fieldSets.get(setName);
    if (set === undefined) return;
    const isDropped = (name: string): boolean => fields === undefined || fields.includes(name);
    const left = set.fields.filter((field) => !isDropped(field.name));
    if (left.length === set.fields.length) return;
    if (left.length === 0) this.#fieldSets.delete(setName);
    else this.#fieldSets.set(setName, { ...set, fields: left });
    for (let block = 0; block < blockCount({ instruments: this.#instruments }); block++) {
      const entries = this.#segments
        .of(setName, block)
        .map((entry) => ({ ...entry, fields: entry.fields.filter((field) => !isDropped(field)) }));
      this.#segments.replace(
        setName,
        block,
        entries.filter((entry) => entry.fields.length > 0),
      );
    }
    this.#isChanged = true;
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
    this.#described.clear();
    for (const { set, block } of this.#segments.all()) this.#segments.replace(set, block, []);
    for (const entry of manifest.segments) this.#segments.add(entry);
    this.#instruments.splice(0, Infinity, ...manifest.instruments);
    this.#laneOf.clear();
    for (const [index, { id }] of manifest.instruments.entries()) this.#laneOf.set(id, index);
    this.#fieldSets.clear();
    for (const set of manifest.fieldSets.values()) this.#fieldSets.set(set.name, set);
    this.#listings = manifest.listings;
    this.#axis = manifest.axis;
    this.#time = null;
    this.#isChanged = true;
  }

  /** Segments of a set and block as this write would leave them, in the order written. */
  segmentsOf(set: string, block: number): readonly SegmentEntry[] {
    return this.#segments.of(set, block);
  }

  /** Rewrites what is seen of a set and block in these rows (absolute) as new segments. Throws STORE_DAMAGED. */
  async refold(set: string, block: number, span: Span): Promise<void> {
    this.#mustBeOpen();
    await this.#inTurn(`${set}/${block}`, async () => {
      try {
        await this.#fold(set, block, span);
      } catch (error) {
        throw error instanceof DamageFound ? damageError(error.damage, this.#axis) : error;
      }
    });
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
      await Promise.all(this.#turns.values());
      for (const { set, block } of this.#touched.values()) await this.#settle(set, block);
      if (!this.#isChanged) {
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
    const written = this.#written.splice(0, Infinity);
    try {
      await storage.swap(MANIFEST, bytes, this.#start.current?.bytes ?? null);
    } catch (error) {
      const now = await readWhole(storage, MANIFEST);
      if (now === null || Buffer.compare(now, bytes) !== 0) this.#written.push(...written);
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
    await Promise.allSettled(this.#turns.values());
    try {
      await this.#parts.storage.remove(this.#written);
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

  /** Folds what this write completed and drops segments of which nothing is seen any more. */
  async #settle(set: string, block: number): Promise<void> {
    const visible = visibleEntries(this.#segments.of(set, block));
    this.#segments.replace(set, block, visible);
    const folds = foldsAfter(this.#before.of(set, block), visible, {
      layout: this.#parts.layout,
      phase: block,
      rowsPerSession: rowsPerSession(this.#axis),
    });
    for (const span of folds) {
      try {
        await this.#fold(set, block, span);
      } catch (error) {
        // Damaged pieces stay as they are: folding them would seal the damage under a fresh checksum.
        if (!(error instanceof DamageFound)) throw error;
      }
    }
    if (folds.length > 0) this.#segments.replace(set, block, visibleEntries(this.#segments.of(set, block)));
  }

  async #fold(set: string, block: number, span: Span): Promise<void> {
    const entries = this.#segments.of(set, block);
    const within = entries.filter((entry) => entry.from < span.to && entry.to > span.from);
    const held = new Set(within.flatMap((entry) => entry.fields));
    const fields = this.#fieldSets.get(set)?.fields.filter((field) => held.has(field.name)) ?? [];
    if (fields.length === 0) return;
    const rowBytes = fields.reduce((sum, field) => sum + bytesPerValue(field.dtype) * LANES_PER_BLOCK, 0);
    const step = this.#rowsPerFile(rowBytes);
    for (let from = span.from; from < span.to; from += step) {
      const part = { from, to: Math.min(from + step, span.to) };
      const values = await readLayers(this.#parts.files, entries, { fields, span: part });
      await this.#write({ set, block, fields, columns: [...values.values()], from });
    }
  }

  #rowsPerFile(rowBytes: number): number {
    const { splitBytes, chunkRows } = this.#parts.layout;
    return Math.max(1, Math.floor(splitBytes / rowBytes / chunkRows)) * chunkRows;
  }

  /** Writes a rectangle as one segment, or several where it would be too large. Rows are absolute. */
  async #write(content: {
    readonly set: string;
    readonly block: number;
    readonly fields: readonly StoredField[];
    readonly columns: readonly (Float32Array | Float64Array)[];
    readonly from: number;
  }): Promise<void> {
    const { set, block, fields, columns } = content;
    const rows = columns[0]!.length / LANES_PER_BLOCK;
    const rowBytes = columns.reduce((sum, values) => sum + values.BYTES_PER_ELEMENT * LANES_PER_BLOCK, 0);
    const step = this.#rowsPerFile(rowBytes);
    for (let row = 0; row < rows; row += step) {
      const end = Math.min(row + step, rows);
      const place = { set, block, generation: this.generation, from: content.from + row, rows: end - row };
      const encoder = new SegmentEncoder(
        { ...place, lanes: LANES_PER_BLOCK, fields },
        columns.map((values) => values.subarray(row * LANES_PER_BLOCK, end * LANES_PER_BLOCK)),
        this.#parts.layout.chunkRows,
      );
      const key = `${set}/${block}`;
      const part = this.#nextPart.get(key) ?? 0;
      this.#nextPart.set(key, part + 1);
      const path = segmentPath({ ...place, part });
      this.#written.push(path);
      await this.#parts.storage.put(path, encoder.parts());
      const { header } = encoder;
      const { from, rows: height, fileBytes: bytes, checksum } = header;
      const names = fields.map((field) => field.name);
      const { generation } = place;
      this.#segments.add({
        set,
        block,
        generation,
        part,
        from,
        to: from + height,
        fields: names,
        bytes,
        checksum,
      });
      this.#touched.set(key, { set, block });
      this.#isChanged = true;
    }
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
      fieldSets: this.#fieldSets,
      segments: this.#segments.all(),
      listings: this.#listings,
    };
  }

  #instrument(id: string): [number, ManifestInstrument] {
    this.#mustBeOpen();
    const index = this.#laneOf.get(id);
    if (index === undefined) throw new RangeError(`${id} was not added to the store`);
    return [index, this.#instruments[index]!];
  }

  #fieldsOf(set: FieldSet, columns: readonly Column[]): StoredField[] {
    if (!SET_NAME.test(set.name)) throw new RangeError(`"${set.name}" cannot be the name of a field set`);
    const length = columns[0]?.values.length;
    return columns.map(({ name, values }, index) => {
      const field = set.fields.find((field) => field.name === name);
      if (field === undefined) throw new RangeError(`the set ${set.name} describes no field ${name}`);
      if (columns.findIndex((column) => column.name === name) !== index) {
        throw new RangeError(`column ${name} is put twice`);
      }
      if (values.length !== length)
        throw new RangeError(`column ${name} holds ${values.length} values, not ${length}`);
      if (values.BYTES_PER_ELEMENT !== bytesPerValue(field.dtype)) {
        throw new TypeError(
          `column ${name} is described as ${field.dtype} and put as ${values.constructor.name}`,
        );
      }
      return field;
    });
  }

  /** Brings the stored description of a set up to date with the fields that are put. */
  #describeSet(set: FieldSet, fields: readonly StoredField[]): void {
    let described = this.#described.get(set.name);
    if (described?.set !== set) this.#described.set(set.name, (described = { set, names: new Set() }));
    if (fields.every((field) => described.names.has(field.name))) return;
    const known = this.#fieldSets.get(set.name);
    if (known !== undefined && known.role !== set.role) {
      throw new TypeError(`the set ${set.name} is a ${known.role} set and cannot become a ${set.role} set`);
    }
    const merged = [...(known?.fields ?? [])];
    let isNew = known === undefined;
    for (const field of fields) {
      const index = merged.findIndex((other) => other.name === field.name);
      if (index >= 0 && JSON.stringify(merged[index]) === JSON.stringify(plainField(field))) continue;
      if (index < 0) merged.push(plainField(field));
      else merged[index] = plainField(field);
      isNew = true;
    }
    for (const field of fields) described.names.add(field.name);
    if (!isNew) return;
    this.#fieldSets.set(set.name, { name: set.name, role: set.role, fields: merged });
    this.#isChanged = true;
  }

  /** Puts to one set and block take effect in the order they were called in. */
  async #inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(async () => {
      this.#mustNotHaveFailed();
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

  #mustNotHaveFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #mustBeOpen(): void {
    this.#mustNotHaveFailed();
    if (this.#commit !== null || this.#isClosed) throw new TypeError("this writer is closed");
  }
}

/** A field's description with its members in one order, so that two can be compared as text. */
function plainField({ name, dtype, unit, lineage }: StoredField): StoredField {
  const { from, engine, inputGeneration } = lineage;
  return { name, dtype, unit, lineage: { from, engine, inputGeneration } };
}

function sameRecord(
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
