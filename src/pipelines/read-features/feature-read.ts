import { byText } from "#data/export/series-table";
import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoredInstrument, StoredValues, StoreSnapshot } from "#data/store/panel-store";
import type { FactorFailure } from "#factors/compute";
import { readInstrument } from "#market/instrument";
import type { TimeAxis } from "#panel/axes";
import { panelOf, type Column } from "#panel/panel";
import { rowsWithin } from "../market-view.ts";
import { engineOf } from "../precompute/factor-parts.ts";
import { StoredBlocks } from "../stored-blocks.ts";
import type { BlockCache } from "./block-cache.ts";
import { OriginNotes, type ComputedReason } from "./column-origin.ts";
import { computeAcross } from "./compute-across.ts";
import { computeColumns } from "./compute-columns.ts";
import { ReadError } from "./errors.ts";
import type { CheckedFactors, FactorPrograms, FactorReach, NamedFactor } from "./factor-programs.ts";
import type { FeatureOptions, FeatureRequest, LoadedFeatures } from "./feature-request.ts";
import { InputHistory, storedFactor, type StoredFactor } from "./freshness.ts";
import { featuresOf } from "./instrument-features.ts";
import { emptyColumn, type Place } from "./lane-panel.ts";
import { marketColumns, marketFields } from "./market-columns.ts";
import { readStored, type ReadableFactor } from "./read-stored.ts";
import { wantedColumns, type WantedColumn } from "./wanted-columns.ts";

export interface FeatureReadParts {
  readonly snapshot: StoreSnapshot;
  readonly store: OpenedStore;
  readonly cache: BlockCache;
  readonly programs: FactorPrograms;
  readonly options: FeatureOptions;
}

/** A factor or expression asked for, once however many columns show it. */
interface Wanted {
  readonly declared: NamedFactor;
  readonly stored: StoredFactor | { readonly reason: ComputedReason; readonly detail: string };
  readonly columns: readonly string[];
  readonly factor: string | null;
  readonly dtype: "f32" | "f64";
  readonly values: StoredValues;
  readonly notes: OriginNotes;
}

interface Due {
  readonly wanted: Wanted;
  readonly rows: RowRange;
  readonly places: readonly Place[];
}

/** Results of factors that are computed together take at most this. */
const RESULT_BYTES = 2 ** 26;

/** One request on one generation: what is asked for, what of it is read, and what is computed. */
export class FeatureRead {
  readonly #parts: FeatureReadParts;
  readonly #request: FeatureRequest;
  readonly #blocks: StoredBlocks;
  readonly #rows: RowRange;
  readonly #asked: readonly string[];
  readonly #places: readonly Place[];
  /** Those that have a row among the ones asked for. */
  readonly #present: readonly Place[];

  constructor(parts: FeatureReadParts, request: FeatureRequest) {
    const { snapshot, options } = parts;
    this.#parts = parts;
    this.#request = request;
    this.#blocks = new StoredBlocks(
      parts.cache.over(snapshot),
      options.vwap === undefined ? {} : { vwap: options.vwap },
    );
    const { from, to } = rowsWithin(snapshot.time, request.start, request.end);
    this.#rows = { from, to: Math.max(from, to) };
    const members = instrumentsOf(snapshot, request.codes);
    this.#asked = request.codes === "all" ? members.map(({ id }) => id) : request.codes;
    this.#places = members.map((stored, column) => ({ stored, column }));
    this.#present = this.#places.filter(
      ({ stored }) => Math.max(stored.first, from) <= Math.min(stored.last, to - 1),
    );
  }

  async load(): Promise<LoadedFeatures> {
    const { snapshot, programs, options } = this.#parts;
    const { prices = "adjusted", names, signal } = this.#request;
    const fields = marketFields(snapshot, this.#blocks, prices);
    const columns = wantedColumns(names, { registry: options.registry, fields });
    const wanted = this.#wantedOf(columns);
    const declared = wanted.map((each) => each.declared);
    const checked = programs.check(declared, this.#blocks.shape());
    const reading = marketColumns(this.#parts.cache.over(snapshot), this.#blocks, {
      names: columns.filter(({ kind }) => kind === "field").map(({ name }) => name),
      prices,
      rows: this.#rows,
      places: this.#places,
      ...(signal === undefined ? {} : { signal }),
    });
    const [market, due] = await Promise.all([reading, this.#readStored(wanted, checked)]);
    const failures = await this.#compute(due, checked);
    return this.#result(columns, { wanted, market, failures });
  }

  #wantedOf(columns: readonly WantedColumn[]): readonly Wanted[] {
    const { snapshot, options } = this.#parts;
    const { vwap } = options;
    const engine = engineOf({ engine: options.engine, ...(vwap === undefined ? {} : { vwap }) }).version;
    const cells = (this.#rows.to - this.#rows.from) * this.#places.length;
    const asked = columns.filter((column) => column.kind !== "field");
    const byId = Map.groupBy(asked, (column) => (column.kind === "factor" ? column.entry.id : column.name));
    return [...byId].map(([id, [column, ...others]]): Wanted => {
      const entry = column!.kind === "factor" ? column!.entry : null;
      const stored =
        entry === null
          ? { reason: "expression" as const, detail: "an expression is computed whenever it is asked for" }
          : storedFactor(snapshot, entry, engine);
      const dtype = "field" in stored ? stored.field.dtype : "f32";
      return {
        declared: entry === null ? { name: id, expression: id } : { ...entry.factor, name: id },
        stored,
        columns: [column!, ...others].map(({ name }) => name),
        factor: entry?.id ?? null,
        dtype,
        values: emptyColumn(cells, dtype),
        notes: new OriginNotes({
          days: snapshot.time.days,
          rows: this.#rows,
          instruments: this.#present.length,
        }),
      };
    });
  }

  /** Reads what may be read; returns the rest, with the reasons noted. */
  async #readStored(wanted: readonly Wanted[], checked: CheckedFactors): Promise<readonly Due[]> {
    const { snapshot, store, cache, programs, options } = this.#parts;
    const due: Due[] = [];
    const note = (each: Due, why: { readonly reason: ComputedReason; readonly detail: string }): void => {
      each.wanted.notes.computed(
        why,
        each.rows,
        each.places.map((place) => place.stored.id),
      );
      due.push(each);
    };
    if (this.#rows.from === this.#rows.to || this.#present.length === 0) return due;
    const readable: (ReadableFactor & { readonly wanted: Wanted })[] = [];
    for (const each of wanted) {
      const { stored, declared, values } = each;
      if (!("field" in stored)) {
        note({ wanted: each, rows: this.#rows, places: this.#present }, stored);
        continue;
      }
      // What cannot be computed any more may still be read where nothing changed.
      const scope = checked.scopes.get(declared.name) ?? "endless";
      const reach = (): FactorReach => programs.reach(declared, this.#blocks.shape(), each.dtype);
      readable.push({ id: declared.name, stored, scope, reach, into: [values], wanted: each });
    }
    await using history = new InputHistory(store, {
      now: snapshot,
      fields: this.#blocks.inputsOf(checked.fields),
      ...(options.vwap === undefined ? {} : { vwap: options.vwap }),
    });
    const { signal } = this.#request;
    const left = await readStored(readable, this.#present, {
      snapshot: cache.over(snapshot),
      history,
      rows: this.#rows,
      columns: this.#places.length,
      ...(signal === undefined ? {} : { signal }),
    });
    const byId = new Map(readable.map((each) => [each.id, each.wanted]));
    for (const { id, rows, places, why } of left) note({ wanted: byId.get(id)!, rows, places }, why);
    return due;
  }

  /** Computes what is due, together what has the same rows and instruments; returns what cannot be computed. */
  async #compute(due: readonly Due[], checked: CheckedFactors): Promise<readonly FactorFailure[]> {
    const failing = new Map(checked.failures.map((failure) => [failure.name, failure]));
    const failed = new Set(due.map(({ wanted }) => wanted.declared.name).filter((name) => failing.has(name)));
    const computable = due.filter(({ wanted }) => !failed.has(wanted.declared.name));
    const merged = mergedDue(computable);
    for (const { wanted, rows, places } of merged)
      await this.#computeTogether(wanted, { rows, places, checked });
    return [...failed].map((name) => failing.get(name)!);
  }

  async #computeTogether(
    wanted: readonly Wanted[],
    part: { readonly rows: RowRange; readonly places: readonly Place[]; readonly checked: CheckedFactors },
  ): Promise<void> {
    const { snapshot, programs, options } = this.#parts;
    const { rows, places, checked } = part;
    const { signal } = this.#request;
    const context = {
      days: snapshot.time.days,
      into: new Map(wanted.map(({ declared, values }) => [declared.name, [values]])),
      columns: this.#places.length,
      row: this.#rows.from,
      ...(options.parallel === undefined ? {} : { parallel: options.parallel }),
      ...(signal === undefined ? {} : { signal }),
    };
    const kinds = Map.groupBy(
      wanted,
      ({ declared, dtype }) => `${checked.scopes.get(declared.name)!} ${dtype}`,
    );
    for (const some of kinds.values()) {
      const [{ declared, dtype }] = some as [Wanted];
      const scope = checked.scopes.get(declared.name)!;
      if (scope === "across") {
        const factors = some.map((each) => each.declared);
        const vwap = options.vwap === undefined ? {} : { vwap: options.vwap };
        await computeAcross({ factors, places, rows, precision: dtype }, { ...context, ...vwap, snapshot });
        continue;
      }
      const most = Math.max(
        1,
        Math.floor(RESULT_BYTES / (snapshot.time.days.length * 32 * (dtype === "f32" ? 4 : 8))),
      );
      for (let from = 0; from < some.length; from += most) {
        const factors = some.slice(from, from + most).map((each) => each.declared);
        const program = programs.program(factors, this.#blocks.shape(), dtype);
        await computeColumns({ program, places, rows }, { ...context, blocks: this.#blocks });
      }
    }
  }

  #result(
    columns: readonly WantedColumn[],
    made: {
      readonly wanted: readonly Wanted[];
      readonly market: readonly Column[];
      readonly failures: readonly FactorFailure[];
    },
  ): LoadedFeatures {
    const { time, generation } = this.#parts.snapshot;
    const { from, to } = this.#rows;
    const failed = new Set(made.failures.map(({ name }) => name));
    const byColumn = new Map(
      made.wanted
        .filter(({ declared }) => !failed.has(declared.name))
        .flatMap((wanted) => wanted.columns.map((name) => [name, wanted] as const)),
    );
    const axes = {
      time: cutTime(time, this.#rows),
      instruments: this.#places.map(({ stored }) => stored.id),
      first: new Int32Array(this.#places.length),
      last: new Int32Array(this.#places.length).fill(-1),
    };
    for (const { stored, column } of this.#present) {
      axes.first[column] = Math.max(stored.first, from) - from;
      axes.last[column] = Math.min(stored.last, to - 1) - from;
    }
    const market = panelOf({ role: "market", ...axes, columns: made.market });
    const factors = panelOf({
      role: "factor",
      ...axes,
      columns: columns.flatMap(({ name }) => {
        const wanted = byColumn.get(name);
        return wanted === undefined ? [] : [{ name, values: wanted.values }];
      }),
    });
    const idOf = new Map(this.#asked.map((code, column) => [code, axes.instruments[column]!]));
    return {
      generation,
      market,
      factors,
      origins: new Map([...byColumn].map(([name, { notes, factor }]) => [name, notes.origin(name, factor)])),
      failures: made.failures,
      instrument: (code) => featuresOf(idOf.get(code) ?? code, [market, factors]),
    };
  }
}

/** Due factors by what has to be done: the same rows of the same instruments together. */
function mergedDue(due: readonly Due[]): readonly {
  readonly wanted: readonly Wanted[];
  readonly rows: RowRange;
  readonly places: readonly Place[];
}[] {
  // First the instruments of a factor and rows, over all blocks; then the factors of rows and instruments.
  const byFactor = Map.groupBy(due, ({ wanted, rows }) => `${rows.from} ${rows.to} ${wanted.declared.name}`);
  const whole = [...byFactor.values()].map((some) => {
    const places = some.flatMap((each) => each.places).sort((a, b) => a.column - b.column);
    return { wanted: some[0]!.wanted, rows: some[0]!.rows, places };
  });
  const together = Map.groupBy(
    whole,
    ({ rows, places }) => `${rows.from} ${rows.to} ${places.map(({ column }) => column).join()}`,
  );
  return [...together.values()].map((some) => ({ ...some[0]!, wanted: some.map((each) => each.wanted) }));
}

/** Instruments asked for, those of other spellings included. Throws STORE_INSTRUMENT_MISSING, READ_NOTHING_ASKED. */
function instrumentsOf(
  snapshot: StoreSnapshot,
  codes: readonly string[] | "all",
): readonly StoredInstrument[] {
  if (codes === "all")
    return snapshot.instruments.filter(({ first, last }) => first <= last).sort((a, b) => byText(a.id, b.id));
  if (codes.length === 0) {
    throw new ReadError("READ_NOTHING_ASKED", "no instrument was asked for", {
      remedy: "name instruments, or ask for all",
    });
  }
  const known = new Set(snapshot.instruments.map(({ id }) => id));
  const found = codes.map((code) => {
    if (known.has(code)) return snapshot.instrument(code);
    const read = readInstrument(code);
    return snapshot.instrument(read.ok ? read.id : code);
  });
  const seen = new Map<string, string>();
  for (const [index, { id }] of found.entries()) {
    const earlier = seen.get(id);
    if (earlier !== undefined) {
      throw new ReadError("READ_NAME_TWICE", `${earlier} and ${codes[index]!} are one instrument`, {
        remedy: "ask for it once",
      });
    }
    seen.set(id, codes[index]!);
  }
  return found;
}

function cutTime({ freq, days, minutes }: TimeAxis, { from, to }: RowRange): TimeAxis {
  return {
    freq,
    days: days.slice(from, to),
    ...(minutes === undefined ? {} : { minutes: minutes.slice(from, to) }),
  };
}
