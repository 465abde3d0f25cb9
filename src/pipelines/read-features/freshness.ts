import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoredField, StoreSnapshot } from "#data/store/panel-store";
import { treeOf } from "#expression/ir/build";
import { formatExpression } from "#expression/syntax/format";
import type { FactorDeclaration } from "#factors/factor-set";
import type { RegisteredFactor } from "#factors/registry";
import { holdsInfinity } from "../factor-blocks.ts";
import { changedInputs } from "../stale-rows.ts";
import { StoredBlocks } from "../stored-blocks.ts";

/**
 * Which stored values of a factor may be used: those computed from the expression that is registered now, by this engine,
 * from inputs that have not changed since. The first two are read from the store's lineage; the inputs are compared with
 * the generation that the values were computed from, which a store keeps as long as it is needed for this.
 */
export type UnusableReason = "missing" | "stale" | "behind" | "damaged";

export interface Unusable {
  readonly reason: UnusableReason;
  /** What was found, in words. */
  readonly detail: string;
}

export interface StoredFactor {
  readonly set: string;
  readonly field: StoredField;
}

/** The field that holds a factor, or why no block of it may be used. */
export function storedFactor(
  snapshot: StoreSnapshot,
  { id, set: { name: set }, factor }: RegisteredFactor,
  engine: string,
): StoredFactor | Unusable {
  const fields = snapshot.fieldSets.get(set)?.fields;
  const field = fields?.find(({ name }) => name === factor.name);
  if (field === undefined)
    return { reason: "missing", detail: `the store has no ${fields === undefined ? `set ${set}` : id}` };
  const declared = canonicalExpression(factor);
  const { from, engine: storedBy } = field.lineage;
  if (from !== declared)
    return { reason: "stale", detail: `stored as ${from}, which is not what is registered now` };
  if (storedBy !== engine)
    return { reason: "stale", detail: `computed by engine ${storedBy}, this is ${engine}` };
  return { set, field };
}

const canonical = new WeakMap<FactorDeclaration, string>();

function canonicalExpression(factor: FactorDeclaration): string {
  let text = canonical.get(factor);
  if (text === undefined) canonical.set(factor, (text = formatExpression(treeOf(factor.expression))));
  return text;
}

/** Rows whose inputs changed since; `null`: none did. */
export type ChangedRows = RowRange | "all" | null;

/** Compares inputs with the generations that stored factors were computed from. Closes what it opened. */
export class InputHistory implements AsyncDisposable {
  readonly #store: OpenedStore;
  readonly #now: StoreSnapshot;
  readonly #fields: ReadonlyMap<string, readonly string[]>;
  readonly #vwap: { readonly vwap?: VwapRule };
  readonly #generations = new Map<number, Promise<StoreSnapshot | null>>();
  readonly #changes = new Map<string, Promise<ChangedRows>>();

  /** `fields`: the inputs by set that count. */
  constructor(
    store: OpenedStore,
    parts: {
      readonly now: StoreSnapshot;
      readonly fields: ReadonlyMap<string, readonly string[]>;
      readonly vwap?: VwapRule;
    },
  ) {
    this.#store = store;
    this.#now = parts.now;
    this.#fields = parts.fields;
    this.#vwap = parts.vwap === undefined ? {} : { vwap: parts.vwap };
  }

  /** What changed in a block since its values of a factor were computed; with the generation they were computed from. */
  async since(
    { set, field }: StoredFactor,
    block: number,
  ): Promise<{ readonly generation: number; readonly changed: ChangedRows }> {
    const behind = this.#now.fieldSets.get(set)?.behind?.[String(block)];
    const generation = behind ?? field.lineage.inputGeneration;
    return { generation, changed: generation === 0 ? "all" : await this.changed(generation, block) };
  }

  /** The same of a factor that reaches across instruments: a change in any block is one in all rows of all. */
  async sinceAnywhere(
    stored: StoredFactor,
  ): Promise<{ readonly generation: number; readonly changed: ChangedRows }> {
    let generation = stored.field.lineage.inputGeneration;
    for (let block = 0; block < this.#now.blocks; block++) {
      const own = await this.since(stored, block);
      generation = Math.min(generation, own.generation);
      if (own.changed !== null) return { generation: own.generation, changed: "all" };
    }
    return { generation, changed: null };
  }

  /** Whether a field (lower case) of a block holds ±inf, now or when values were computed from a generation. */
  async hasInfinity(fields: ReadonlySet<string>, generation: number, block: number): Promise<boolean> {
    if (fields.size === 0) return false;
    for (const snapshot of [this.#now, await this.#generation(generation)]) {
      if (snapshot === null || block >= snapshot.blocks) continue;
      const blocks = new StoredBlocks(snapshot, this.#vwap);
      const own = new Set(blocks.fields.map((name) => name.toLowerCase()).filter((name) => fields.has(name)));
      if (holdsInfinity(await blocks.read(block, { wanted: own }), own)) return true;
    }
    return false;
  }

  /** Whether a generation is kept, so that what changed since can be told. */
  async keeps(generation: number): Promise<boolean> {
    return (await this.#generation(generation)) !== null;
  }

  /** What changed in a block since a generation; everything, when it is not kept. */
  changed(generation: number, block: number): Promise<ChangedRows> {
    const key = `${generation} ${block}`;
    const known = this.#changes.get(key);
    if (known !== undefined) return known;
    const found = this.#generation(generation).then((before) =>
      before === null ? "all" : changedInputs({ before, now: this.#now, fields: this.#fields }, block),
    );
    this.#changes.set(key, found);
    return found;
  }

  /** Null when it is not kept. */
  #generation(generation: number): Promise<StoreSnapshot | null> {
    if (generation === this.#now.generation) return Promise.resolve(this.#now);
    let opened = this.#generations.get(generation);
    if (opened === undefined) {
      opened = this.#store.snapshot(generation).catch((error: unknown) => {
        if (error instanceof DataError && error.code === "STORE_GENERATION_MISSING") return null;
        throw error;
      });
      this.#generations.set(generation, opened);
    }
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opened of await Promise.allSettled(this.#generations.values()))
      if (opened.status === "fulfilled") await opened.value?.close();
  }
}
