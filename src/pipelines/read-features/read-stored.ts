import { DataError } from "#data/errors";
import type { RowRange, StoredValues, StoreSnapshot } from "#data/store/panel-store";
import { LANES_PER_BLOCK } from "#data/store/panel-store";
import { copyLanes, lanesOf, overlap, type Place } from "./lane-panel.ts";
import type { ChangedRows, InputHistory, StoredFactor, Unusable } from "./freshness.ts";
import type { FactorReach, FactorScope } from "./factor-programs.ts";

/** A factor that may be read from the store, and where its values go. */
export interface ReadableFactor {
  readonly id: string;
  readonly stored: StoredFactor;
  readonly scope: FactorScope;
  /** Of a `window` factor. */
  readonly reach: () => FactorReach;
  readonly into: readonly StoredValues[];
}

/** Rows of some instruments that have to be computed, and why. */
export interface ToCompute {
  readonly id: string;
  readonly rows: RowRange;
  readonly places: readonly Place[];
  readonly why: Unusable;
}

export interface ReadContext {
  readonly snapshot: StoreSnapshot;
  readonly history: InputHistory;
  readonly rows: RowRange;
  readonly columns: number;
  readonly signal?: AbortSignal;
}

/** Blocks that are read at the same time. */
const BLOCKS_AT_ONCE = 4;

/** Reads what is usable of every block, several blocks at a time; returns what is left to compute. */
export async function readStored(
  factors: readonly ReadableFactor[],
  places: readonly Place[],
  context: ReadContext,
): Promise<ToCompute[]> {
  const blocks = [...Map.groupBy(places, ({ stored }) => stored.block)].sort(([a], [b]) => a - b);
  const left = new Map<number, readonly ToCompute[]>();
  const waiting = blocks.values();
  const readOn = async (): Promise<void> => {
    for (const [block, some] of waiting) {
      context.signal?.throwIfAborted();
      left.set(block, await readBlock(factors, { block, places: some }, context));
    }
  };
  await Promise.all(Array.from({ length: Math.min(BLOCKS_AT_ONCE, blocks.length) }, readOn));
  return blocks.flatMap(([block]) => left.get(block)!);
}

interface BlockPlaces {
  readonly block: number;
  readonly places: readonly Place[];
}

async function readBlock(
  factors: readonly ReadableFactor[],
  { block, places }: BlockPlaces,
  context: ReadContext,
): Promise<ToCompute[]> {
  const left: ToCompute[] = [];
  const usable = new Map<string, ReadableFactor[]>();
  for (const factor of factors) {
    const due = await dueRows(factor, block, context);
    if (due !== null) left.push({ id: factor.id, places, ...due });
    if (due !== null && due.rows.from <= context.rows.from && due.rows.to >= context.rows.to) continue;
    const { set } = factor.stored;
    usable.set(set, [...(usable.get(set) ?? []), factor]);
  }
  for (const [set, some] of usable) {
    const { values, damaged } = await readFields(set, { block, factors: some }, context);
    for (const { id, stored, into } of some) {
      const source = values.get(stored.field.name);
      for (const target of source === undefined ? [] : into) {
        const { rows, columns } = context;
        copyLanes(
          { values: source!, lanes: LANES_PER_BLOCK, row: rows.from },
          { values: target, columns, row: rows.from },
          { rows, places: lanesOf(places) },
        );
      }
      const why = damaged.get(stored.field.name);
      if (why !== undefined) left.push({ id, places, rows: context.rows, why });
    }
  }
  return left;
}

/** Rows of those asked for whose stored values are of older inputs. */
async function dueRows(
  factor: ReadableFactor,
  block: number,
  context: ReadContext,
): Promise<{ readonly rows: RowRange; readonly why: Unusable } | null> {
  const { stored, scope } = factor;
  const { history, rows } = context;
  const { generation, changed } =
    scope === "across" ? await history.sinceAnywhere(stored) : await history.since(stored, block);
  if (changed === null) return null;
  if (generation === 0) return { rows, why: { reason: "missing", detail: "this block was never computed" } };
  const due = overlap(rows, await reached(changed, { factor, block, generation }, context));
  const detail = `computed from generation ${generation}, whose bars have changed since`;
  return due === null ? null : { rows: due, why: { reason: "behind", detail } };
}

/** Rows on which a change is felt: as far as windows look back, or to the end. */
async function reached(
  changed: Exclude<ChangedRows, null>,
  of: { readonly factor: ReadableFactor; readonly block: number; readonly generation: number },
  { history, snapshot }: ReadContext,
): Promise<RowRange> {
  const end = snapshot.time.days.length;
  if (changed === "all") return { from: 0, to: end };
  const toEnd = { from: changed.from, to: end };
  if (of.factor.scope !== "window") return toEnd;
  const { lookBack, lineFields } = of.factor.reach();
  if (await history.hasInfinity(lineFields, of.generation, of.block)) return toEnd;
  return { from: changed.from, to: Math.min(end, changed.to + lookBack) };
}

/** Fields of a block; those whose bytes are damaged are told apart by reading one by one. */
async function readFields(
  set: string,
  { block, factors }: { readonly block: number; readonly factors: readonly ReadableFactor[] },
  { snapshot, rows }: ReadContext,
): Promise<{
  readonly values: ReadonlyMap<string, StoredValues>;
  readonly damaged: ReadonlyMap<string, Unusable>;
}> {
  const names = [...new Set(factors.map(({ stored }) => stored.field.name))];
  const damaged = new Map<string, Unusable>();
  try {
    return { values: await snapshot.readBlock(set, block, names, rows), damaged };
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  const values = new Map<string, StoredValues>();
  for (const name of names) {
    try {
      for (const [field, read] of await snapshot.readBlock(set, block, [name], rows)) values.set(field, read);
    } catch (error) {
      if (!isDamage(error)) throw error;
      damaged.set(name, { reason: "damaged", detail: error.message });
    }
  }
  return { values, damaged };
}

function isDamage(error: unknown): error is DataError {
  return error instanceof DataError && error.code === "STORE_DAMAGED";
}
