import type { TimeAxis } from "#panel/axes";
import type { Column, Panel } from "#panel/panel";
import { panelOf } from "#panel/panel";
import type { Role } from "#panel/roles";
import { DataError } from "../errors.ts";
import { firstRow, rowCount, timeAxisOf } from "./axis.ts";
import { layeredBytes, readLayers } from "./layered-read.ts";
import { spanOf } from "./layers.ts";
import type { Manifest, SegmentEntry } from "./manifest.ts";
import { blockCount, indexOf, segmentKey, summaryOf } from "./manifest.ts";
import type { Mark } from "./marks.ts";
import type {
  FieldSet,
  GenerationSummary,
  RowRange,
  StoreKey,
  StoreListings,
  StoreSnapshot,
  StoredField,
  StoredInstrument,
  StoredValues,
} from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { DamageFound, damageError } from "./segment-files.ts";

/** The place in the store of the instrument at `index` of the manifest. `shift` turns absolute rows into rows. */
export function storedInstrument(
  instrument: Manifest["instruments"][number],
  index: number,
  shift: number,
): StoredInstrument {
  const { id, attributes } = instrument;
  const isEmpty = instrument.first > instrument.last;
  return {
    id,
    block: Math.floor(index / LANES_PER_BLOCK),
    lane: index % LANES_PER_BLOCK,
    first: isEmpty ? 0 : instrument.first - shift,
    last: isEmpty ? -1 : instrument.last - shift,
    attributes,
  };
}

const keyOf = (entry: SegmentEntry): string => `${segmentKey(entry)} ${entry.fields.join(" ")}`;

/** Copies lanes of a block, `[row][lane]`, to their columns of a panel, `[row][column]`. */
function takeLanes(
  source: StoredValues,
  target: StoredValues,
  to: {
    readonly columns: number;
    readonly lanes: readonly { readonly lane: number; readonly column: number }[];
  },
): void {
  const { columns } = to;
  const lanes = Int32Array.from(to.lanes, ({ lane }) => lane);
  const places = Int32Array.from(to.lanes, ({ column }) => column);
  const rows = source.length / LANES_PER_BLOCK;
  for (let row = 0; row < rows; row++) {
    const from = row * LANES_PER_BLOCK;
    const into = row * columns;
    for (let index = 0; index < lanes.length; index++) {
      target[into + places[index]!] = source[from + lanes[index]!]!;
    }
  }
}

/** Rows `[from, to)` of a column become missing. */
function blank(
  values: StoredValues,
  where: { readonly column: number; readonly columns: number; readonly from: number; readonly to: number },
): void {
  for (let row = where.from; row < where.to; row++) values[row * where.columns + where.column] = Number.NaN;
}

/** Reads one generation. The pin, where there is one, keeps its files until `close`. */
export class ManifestSnapshot implements StoreSnapshot {
  readonly key: StoreKey;
  readonly generation: number;
  readonly summary: GenerationSummary;
  readonly listings: StoreListings;
  readonly time: TimeAxis;
  readonly instruments: readonly StoredInstrument[];
  readonly fieldSets: ReadonlyMap<string, FieldSet>;
  readonly blocks: number;
  readonly #manifest: Manifest;
  readonly #segments: ReturnType<typeof indexOf>;
  readonly #files: SegmentFiles;
  readonly #pin: Mark | null;
  readonly #byId: ReadonlyMap<string, StoredInstrument>;
  #isClosed = false;

  /**
   * The smallest range of rows outside of which a set and block consist of the very same files in two generations of one
   * store; null when all do. Inside it values may still be equal. Throws `TypeError` on snapshots of another kind.
   */
  static rowsRewritten(
    part: { readonly set: string; readonly block: number },
    before: StoreSnapshot,
    now: StoreSnapshot,
  ): RowRange | null {
    if (!(before instanceof ManifestSnapshot && now instanceof ManifestSnapshot))
      throw new TypeError("these are no generations of one store");
    const { set, block } = part;
    const [entriesBefore, entriesNow] = [before.#segments.of(set, block), now.#segments.of(set, block)];
    const [keysBefore, keysNow] = [new Set(entriesBefore.map(keyOf)), new Set(entriesNow.map(keyOf))];
    const differing = [
      ...entriesNow.filter((entry) => !keysBefore.has(keyOf(entry))),
      ...entriesBefore.filter((entry) => !keysNow.has(keyOf(entry))),
    ];
    if (differing.length === 0) return null;
    const { axis } = now.#manifest;
    const { from, to } = spanOf(differing);
    const shift = firstRow(axis);
    return { from: Math.max(0, from - shift), to: Math.min(to - shift, rowCount(axis)) };
  }

  constructor(
    manifest: Manifest,
    parts: { readonly files: SegmentFiles; readonly pin: Mark | null; current: number },
  ) {
    this.#manifest = manifest;
    this.#segments = indexOf(manifest);
    this.#files = parts.files;
    this.#pin = parts.pin;
    this.key = manifest.key;
    this.generation = manifest.generation;
    this.summary = summaryOf(manifest, parts.current);
    this.listings = manifest.listings;
    this.time = timeAxisOf(manifest.axis);
    const shift = firstRow(manifest.axis);
    this.instruments = manifest.instruments.map((instrument, index) =>
      storedInstrument(instrument, index, shift),
    );
    this.#byId = new Map(this.instruments.map((instrument) => [instrument.id, instrument]));
    this.fieldSets = manifest.fieldSets;
    this.blocks = blockCount(manifest);
  }

  writtenIn(set: string, block: number): number {
    let newest = 0;
    for (const { generation } of this.#segments.of(set, block)) newest = Math.max(newest, generation);
    return newest;
  }

  instrument(id: string): StoredInstrument {
    const found = this.#byId.get(id);
    if (found === undefined) {
      throw new DataError("STORE_INSTRUMENT_MISSING", `the store ${this.#name()} has no instrument ${id}`, {
        remedy: "`alphaloom data list` shows the instruments; import the missing one",
        place: { instrument: id },
      });
    }
    return found;
  }

  async readBlock(
    set: string,
    block: number,
    fields: readonly string[],
    rows: RowRange = { from: 0, to: rowCount(this.#manifest.axis) },
  ): Promise<ReadonlyMap<string, StoredValues>> {
    return this.#read(this.#fields(set, fields), { set, block, rows });
  }

  async #read(
    fields: readonly StoredField[],
    { set, block, rows, buffer }: { set: string; block: number; rows: RowRange; buffer?: ArrayBuffer },
  ): Promise<ReadonlyMap<string, StoredValues>> {
    if (this.#isClosed) throw new TypeError("this snapshot is closed");
    const { axis } = this.#manifest;
    if (!(block >= 0 && block < this.blocks)) {
      throw new RangeError(`block ${block} of ${this.blocks} blocks of the store ${this.#name()}`);
    }
    if (!(rows.from >= 0 && rows.from <= rows.to && rows.to <= rowCount(axis))) {
      throw new RangeError(
        `rows ${rows.from}…${rows.to} of ${rowCount(axis)} rows of the store ${this.#name()}`,
      );
    }
    const shift = firstRow(axis);
    try {
      return await readLayers(this.#files, this.#segments.of(set, block), {
        fields,
        span: { from: rows.from + shift, to: rows.to + shift },
        ...(buffer === undefined ? {} : { buffer }),
      });
    } catch (error) {
      throw error instanceof DamageFound ? damageError(error.damage, axis) : error;
    }
  }

  async readPanel<R extends Role>(request: {
    readonly set: string;
    readonly role: R;
    readonly fields?: readonly string[];
    readonly instruments?: readonly string[];
    readonly rows?: RowRange;
  }): Promise<Panel<R>> {
    const set = this.#set(request.set);
    if (set.role !== request.role) {
      throw new TypeError(`the set ${set.name} is a ${set.role} set, a ${request.role} panel was asked for`);
    }
    const fields = this.#fields(set.name, request.fields ?? set.fields.map((field) => field.name));
    const rows = request.rows ?? { from: 0, to: rowCount(this.#manifest.axis) };
    const members = request.instruments?.map((id) => this.instrument(id)) ?? this.instruments;
    const length = Math.max(0, rows.to - rows.from);
    const columns: Column[] = fields.map(({ name, dtype, unit }) => ({
      name,
      values:
        dtype === "f32"
          ? new Float32Array(length * members.length)
          : new Float64Array(length * members.length),
      unit,
    }));
    const first = new Int32Array(members.length);
    const last = new Int32Array(members.length).fill(-1);
    const byBlock = new Map<number, { readonly lane: number; readonly column: number }[]>();
    for (const [column, { block, lane, ...span }] of members.entries()) {
      const from = Math.max(span.first, rows.from) - rows.from;
      const to = Math.min(span.last, rows.to - 1) - rows.from;
      if (from <= to) [first[column], last[column]] = [from, to];
      byBlock.set(block, [...(byBlock.get(block) ?? []), { lane, column }]);
    }
    const dtypes = fields.map((field) => field.dtype);
    const buffer = new ArrayBuffer(layeredBytes(dtypes, length * LANES_PER_BLOCK));
    for (const [block, lanes] of byBlock) {
      const stored = await this.#read(fields, { set: set.name, block, rows, buffer });
      for (const { name, values } of columns) {
        const source = stored.get(name)!;
        takeLanes(source, values, { lanes, columns: members.length });
        for (const { column } of lanes) {
          const place = { column, columns: members.length };
          blank(values, { ...place, from: 0, to: Math.min(first[column]!, length) });
          blank(values, { ...place, from: last[column]! + 1, to: length });
        }
      }
    }
    const { freq, days, minutes } = this.time;
    const time: TimeAxis = {
      freq,
      days: days.subarray(rows.from, rows.to),
      ...(minutes === undefined ? {} : { minutes: minutes.subarray(rows.from, rows.to) }),
    };
    return panelOf({
      role: request.role,
      time,
      instruments: members.map((instrument) => instrument.id),
      first,
      last,
      columns,
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pin?.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #name(): string {
    return `${this.key.calendar}/${this.key.freq}`;
  }

  #set(name: string): FieldSet {
    const set = this.fieldSets.get(name);
    if (set === undefined) {
      const known = [...this.fieldSets.keys()].join(", ") || "none";
      throw new DataError(
        "STORE_FIELD_MISSING",
        `the store ${this.#name()} has no set ${name}; it has ${known}`,
        {
          remedy: "import or compute the set first",
        },
      );
    }
    return set;
  }

  #fields(setName: string, names: readonly string[]): StoredField[] {
    const set = this.#set(setName);
    return names.map((name) => {
      const field = set.fields.find((field) => field.name === name);
      if (field === undefined) {
        const known = set.fields.map((field) => field.name).join(", ");
        throw new DataError(
          "STORE_FIELD_MISSING",
          `the set ${setName} has no field ${name}; it has ${known}`,
          {
            remedy: "import or compute the field first",
            place: { column: name },
          },
        );
      }
      return field;
    });
  }
}
