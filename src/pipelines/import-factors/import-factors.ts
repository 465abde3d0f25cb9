/**
 * Takes factor values from a file into the store of their calendar, as a field set of role factor that depends on no bar:
 * precompute leaves it alone, and it is never stale. Values replace those of the same factors, whole; the store has them
 * all in one new generation, or, where nothing differs, none.
 */
import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import {
  LANES_PER_BLOCK,
  type FieldSet,
  type StoredField,
  type StoreSnapshot,
} from "#data/store/panel-store";
import { isStateSet } from "#data/store/state-sets";
import { readInstrument } from "#market/instrument";
import type { FactorColumn, FactorFile } from "./factor-file.ts";
import { RowPlaces, type LeftOut } from "./row-places.ts";

/** What one pass over the file may hold in memory. */
const passBytes = 256 * 1024 * 1024;

export interface ImportFactorsOptions {
  /** The field set; `user` unless told. */
  readonly set?: string;
  /** Names that are taken: the shipped sets and those of the workspace. */
  readonly taken?: ReadonlySet<string>;
  /** Version, for the lineage. */
  readonly engine: string;
  readonly signal?: AbortSignal;
  /** Rows read of all that will be read. */
  readonly onRows?: (done: number, of: number) => void;
}

export interface ImportedFactors {
  readonly set: string;
  readonly factors: readonly string[];
  readonly generation: number;
  /** False when the store held all of it already. */
  readonly changed: boolean;
  readonly rows: number;
  /** Rows that found their place. */
  readonly stored: number;
  readonly instruments: number;
  /** What found none, by instrument, most rows first. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Throws STORE_MISSING, STORE_LOCKED; DATA_INSTRUMENT_INVALID when not a single row belongs to the store;
 * DATA_ROW_CONFLICT when a day of an instrument comes twice with different values; DATA_KIND_OTHER for a set that is
 * someone else's. After an error the store is as it was.
 */
export async function importFactors(
  store: OpenedStore,
  file: FactorFile,
  options: ImportFactorsOptions,
): Promise<ImportedFactors> {
  await using writer = await store.writer();
  const { base } = writer;
  if (base === null) {
    throw new DataError("STORE_MISSING", "there is no store to take factors into", {
      remedy: "import bars first; factors are kept beside them",
    });
  }
  const set = options.set ?? "user";
  checkSet(set, base, options.taken);
  const places = new RowPlaces(base, file);
  const fields = fieldsOf(file, options.engine);
  const perColumn = base.blocks * LANES_PER_BLOCK * Math.max(1, places.rows.count) * 8;
  const atOnce = Math.max(1, Math.floor(passBytes / Math.max(1, perColumn)));
  const passes = Math.ceil(fields.length / atOnce);
  let read = 0;
  for (let pass = 0; pass < passes; pass += 1) {
    const some = fields.slice(pass * atOnce, (pass + 1) * atOnce);
    const columns = some.map((field) => new Dense(field, places.cells));
    places.begin();
    const names = some.map(({ name }) => name);
    for await (const batch of file.read(names, options.signal)) {
      options.signal?.throwIfAborted();
      const found = places.of(batch);
      for (const [at, column] of columns.entries())
        column.take(found, batch.values[at]!, { file: file.name, places });
      read += batch.days.length;
      options.onRows?.(read, file.rows * passes);
    }
    if (pass === 0 && places.stored === 0) throw nothingFits(file, places);
    for (let block = 0; block < base.blocks; block += 1) {
      options.signal?.throwIfAborted();
      await writer.put(
        { name: set, role: "factor", fields: some },
        block,
        0,
        columns.map((column) => ({ name: column.field.name, values: column.block(block, places) })),
      );
    }
  }
  const generation = await writer.commit({ reason: `factors of ${file.name} as ${set}` });
  return {
    set,
    factors: fields.map(({ name }) => name),
    generation,
    changed: generation !== base.generation,
    rows: file.rows,
    stored: places.stored,
    instruments: places.instruments,
    leftOut: places.leftOut(),
  };
}

const setName = /^[A-Za-z][A-Za-z0-9_]{0,31}$/;

function checkSet(set: string, base: StoreSnapshot, taken: ReadonlySet<string> | undefined): void {
  const there: FieldSet | undefined = base.fieldSets.get(set);
  const isOwn =
    there === undefined ||
    (there.role === "factor" && there.fields.every(({ lineage }) => lineage.from.startsWith(origin)));
  if (setName.test(set) && !isStateSet(set) && isOwn && taken?.has(set.toLowerCase()) !== true) return;
  const found = setName.test(set) ? "belongs to other values" : "is no name for a set";
  throw new DataError("DATA_KIND_OTHER", `"${set}" ${found}`, {
    remedy: "name another set: letters, digits and _, beginning with a letter",
  });
}

const origin = "file ";

function fieldsOf(file: FactorFile, engine: string): readonly StoredField[] {
  return file.columns.map(({ name, dtype }: FactorColumn) => ({
    name,
    dtype,
    unit: "",
    lineage: { from: `${origin}${file.name}: ${name}`, engine, inputGeneration: 0 },
  }));
}

/** One factor over the file's days, all lanes of the store. */
class Dense {
  readonly field: StoredField;
  readonly #values: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

  constructor(field: StoredField, cells: number) {
    this.field = field;
    this.#values = field.dtype === "f32" ? new Float32Array(cells) : new Float64Array(cells);
    this.#values.fill(Number.NaN);
  }

  take(
    found: { readonly cells: Int32Array; readonly again: Uint8Array },
    values: ArrayLike<number>,
    about: { readonly file: string; readonly places: RowPlaces },
  ): void {
    const { cells, again } = found;
    for (let row = 0; row < cells.length; row += 1) {
      const cell = cells[row]!;
      if (cell < 0) continue;
      const value = this.field.dtype === "f32" ? Math.fround(values[row]!) : values[row]!;
      if (again[row] === 1 && !Object.is(this.#values[cell]! + 0, value + 0)) {
        const { instrument, day } = about.places.at(cell);
        throw new DataError(
          "DATA_ROW_CONFLICT",
          `${about.file} has ${this.field.name} of ${instrument} on ${day} twice: ${this.#values[cell]!} and ${value}`,
          {
            remedy: "keep one row for each day and instrument",
            place: { file: about.file, column: this.field.name, instrument },
          },
        );
      }
      this.#values[cell] = value;
    }
  }

  /** All rows of the store in one block; days that the file lacks are missing. */
  block(block: number, { rows }: RowPlaces): Float32Array | Float64Array {
    const length = rows.all * LANES_PER_BLOCK;
    const whole = this.field.dtype === "f32" ? new Float32Array(length) : new Float64Array(length);
    whole.fill(Number.NaN);
    const own = rows.count * LANES_PER_BLOCK;
    whole.set(this.#values.subarray(block * own, (block + 1) * own), rows.from * LANES_PER_BLOCK);
    return whole;
  }
}

function nothingFits(file: FactorFile, places: RowPlaces): DataError {
  const [first] = places.leftOut();
  const told =
    first === undefined ? "it has no row" : `${first.instrument}: ${first.reason}, ${first.rows} rows`;
  const isKnown = first !== undefined && readInstrument(first.instrument).ok;
  return new DataError("DATA_INSTRUMENT_INVALID", `no row of ${file.name} belongs to the store (${told})`, {
    remedy: isKnown
      ? "import bars of these instruments and days first, or name the right store with --store"
      : "write codes as SZ000001, sh600000 or 000001.SZ",
    place: { file: file.name },
  });
}
