import type { Frame } from "#data/export/frame";
import { byText } from "#data/export/series-table";
import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoredInstrument, StoreSnapshot } from "#data/store/panel-store";
import type { FactorRegistry } from "#factors/registry";
import type { Day } from "#market/day";
import type { Frequency } from "#panel/axes";
import { rowsWithin } from "../market-view.ts";
import { storeName } from "../workspace.ts";
import { InstrumentsFailed, SnapshotError } from "./errors.ts";
import type {
  FactorKnowledge,
  InstrumentCoverage,
  SnapshotAdjustment,
  SnapshotScope,
  SnapshotSource,
} from "./snapshot-source.ts";
import { factorsOn, isStoredAdjusted, partsOf, priceScale } from "./store-adjustment.ts";
import { storeColumns, type StoreColumn } from "./store-columns.ts";
import { storeFrame } from "./store-frame.ts";
import { storeChangesSince } from "./update/store-changes.ts";

export interface StoreSourceOptions {
  /** The current one unless told. */
  readonly generation?: number;
  /** Says what the stored factors mean. */
  readonly registry?: FactorRegistry;
  /** Of one tile of values in memory. */
  readonly tileBytes?: number;
}

/** One generation of a store as a snapshot's source; it stays pinned until the source is disposed. */
export class StoreSnapshotSource implements SnapshotSource {
  readonly locator: string;
  readonly generation: number;
  readonly calendar: string;
  readonly freq: Frequency;
  readonly adjustment: "raw" | "qfq";
  readonly columns: readonly StoreColumn[];
  readonly #store: OpenedStore;
  readonly #snapshot: StoreSnapshot;
  readonly #instruments: readonly StoredInstrument[];
  readonly #tileBytes: { readonly tileBytes?: number };

  /** Throws STORE_MISSING, STORE_GENERATION_MISSING, STORE_DAMAGED. */
  static async open(store: OpenedStore, options: StoreSourceOptions = {}): Promise<StoreSnapshotSource> {
    return new StoreSnapshotSource(store, await store.snapshot(options.generation), options);
  }

  private constructor(store: OpenedStore, snapshot: StoreSnapshot, options: StoreSourceOptions) {
    this.#store = store;
    this.#snapshot = snapshot;
    this.#tileBytes = options.tileBytes === undefined ? {} : { tileBytes: options.tileBytes };
    this.locator = `store ${storeName(snapshot.key)}`;
    this.generation = snapshot.generation;
    this.calendar = snapshot.key.calendar;
    this.freq = snapshot.key.freq;
    this.#instruments = snapshot.instruments
      .filter(({ first, last }) => first <= last)
      .sort((a, b) => byText(a.id, b.id));
    this.adjustment = isStoredAdjusted(this.#instruments) ? "qfq" : "raw";
    this.columns = storeColumns(snapshot, options.registry);
  }

  /** Sets whose values were computed from other bars than this generation has. */
  staleSets(): readonly string[] {
    const newest = Math.max(
      0,
      ...Array.from({ length: this.#snapshot.blocks }, (_, block) => this.#snapshot.writtenIn("bars", block)),
    );
    return [...this.#snapshot.fieldSets.values()]
      .filter(({ role }) => role === "factor" || role === "label")
      .filter(
        ({ behind, fields }) =>
          Object.keys(behind ?? {}).length > 0 ||
          fields.some(({ lineage }) => lineage.inputGeneration > 0 && lineage.inputGeneration < newest),
      )
      .map(({ name }) => name);
  }

  /** Bars that were imported without any factor have the factor 1 throughout. */
  factorKnowledge(): Promise<FactorKnowledge> {
    const raw = this.#instruments.filter(({ attributes }) => (attributes["adjustment"] ?? "raw") === "raw");
    const without = raw.filter(({ attributes }) => attributes["factorFrom"] === "none");
    const some = without.slice(0, 3).map(({ id }) => id);
    const notes =
      without.length === 0
        ? []
        : [
            `${without.length} of ${raw.length} instruments (${some.join(", ")}${without.length > 3 ? ", …" : ""}) were imported without adjustment factors: their prices are those traded, whatever the adjustment`,
          ];
    return Promise.resolve({ isKnown: this.#hasFactor(), notes });
  }

  sessions(scope: SnapshotScope): Promise<readonly Day[]> {
    const { from, to } = this.#rows(scope);
    return Promise.resolve([...new Set(this.#snapshot.time.days.subarray(from, to))]);
  }

  async coverage(scope: SnapshotScope): Promise<readonly InstrumentCoverage[]> {
    const rows = this.#rows(scope);
    const members = this.#members(scope, rows);
    const { days } = this.#snapshot.time;
    const hasFactor = this.#hasFactor();
    const factors =
      hasFactor && rows.from < rows.to
        ? await this.#factorsOn(members, days[rows.to - 1]!)
        : new Map<StoredInstrument, number>();
    return members.map((member) => {
      const [first, last] = [Math.max(member.first, rows.from), Math.min(member.last, rows.to - 1)];
      const { adjustment = "raw", baseDay = "" } = member.attributes;
      return {
        instrument: member.id,
        first: days[first]!,
        last: days[last]!,
        rows: last - first + 1,
        fingerprint: [adjustment, baseDay, days[member.first]!, factors.get(member) ?? 1].join(":"),
      };
    });
  }

  async frame(
    scope: SnapshotScope,
    request: { readonly columns: readonly string[]; readonly adjustment: SnapshotAdjustment },
  ): Promise<Frame> {
    const columns = request.columns.map((name) => this.#column(name));
    const rows = this.#rows(scope);
    const instruments = this.#members(scope, rows);
    const scale = await priceScale(this.#snapshot, instruments, request.adjustment);
    return storeFrame(this.#snapshot, { columns, instruments, rows, scale, ...this.#tileBytes });
  }

  async changedSince(
    generation: number,
    columns: readonly string[],
  ): Promise<ReadonlyMap<string, Day> | null> {
    const chosen = columns.map((name) => this.#column(name));
    const fields = new Map<string, Set<string>>();
    for (const { role, set, field } of chosen) {
      if (role === "market") continue;
      fields.set(set, (fields.get(set) ?? new Set()).add(field));
    }
    const market = chosen.filter(({ role }) => role === "market");
    const scale = { kind: "qlib", hasFactor: this.#hasFactor(), divisors: new Map() } as const;
    for (const [set, names] of partsOf(market, scale)) fields.set(set, new Set(names));
    return await storeChangesSince(this.#store, {
      now: this.#snapshot,
      generation,
      fields: new Map([...fields].map(([set, names]) => [set, [...names]])),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#snapshot.close();
  }

  /** Without those of damaged files, which are found when their rows are read. */
  async #factorsOn(
    members: readonly StoredInstrument[],
    day: Day,
  ): Promise<ReadonlyMap<StoredInstrument, number>> {
    try {
      return await factorsOn(this.#snapshot, members, day);
    } catch (error) {
      if (!(error instanceof InstrumentsFailed)) throw error;
      const failed = new Set(error.instruments);
      return await this.#factorsOn(
        members.filter(({ id }) => !failed.has(id)),
        day,
      );
    }
  }

  #hasFactor(): boolean {
    return this.columns.some(
      ({ field, set, derived }) => set === "bars" && field === "factor" && derived === null,
    );
  }

  #column(name: string): StoreColumn {
    const found = this.columns.find((column) => column.name === name);
    if (found !== undefined) return found;
    throw new SnapshotError("SNAPSHOT_COLUMN_UNKNOWN", `${this.locator} has no column ${name}`, {
      remedy: `choose from ${this.columns
        .slice(0, 12)
        .map((column) => column.name)
        .join(", ")}, …`,
      place: { column: name },
    });
  }

  #rows({ start, end }: SnapshotScope): RowRange {
    const { from, to } = rowsWithin(this.#snapshot.time, start, end);
    return { from, to: Math.max(from, to) };
  }

  #members({ instruments }: SnapshotScope, rows: RowRange): readonly StoredInstrument[] {
    return this.#instruments.filter(
      ({ id, first, last }) =>
        (instruments?.has(id) ?? true) && Math.max(first, rows.from) <= Math.min(last, rows.to - 1),
    );
  }
}
