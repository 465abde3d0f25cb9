import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type RowRange, type StoreSnapshot } from "#data/store/panel-store";
import type { Day } from "#market/day";
import { StoredBlocks } from "../stored-blocks.ts";
import { compileSet, partition, type CompiledSet, type Engine } from "./factor-parts.ts";
import { PinnedHistory } from "../pinned-history.ts";
import { rowsTouched } from "../stale-rows.ts";
import { inputGeneration } from "./input-generation.ts";
import {
  portableSet,
  problemOf,
  type PlannedSet,
  type PortableSet,
  type StorableSet,
} from "./portable-set.ts";

/**
 * What a run will do, decided from the manifest alone: which blocks of which sets are due, cut into shards that any
 * process can carry out. The plan is plain data: it goes into the database and comes back.
 */
export interface PrecomputePlan {
  readonly run: string;
  /** The generation that everything is computed from. */
  readonly generation: number;
  readonly engine: Engine;
  readonly mode: PrecomputeMode;
  /** Only these rows, where a scope of dates was asked for. */
  readonly rows: RowRange | null;
  /** Blocks of the store. */
  readonly blocks: number;
  /** Blocks that are computed again whatever is stored. */
  readonly damaged: readonly number[];
  readonly sets: readonly PlannedSet[];
  readonly shards: readonly PlannedShard[];
  readonly totals: PrecomputeTotals;
}

/** `update` computes what is new or changed, `full` everything again. */
export type PrecomputeMode = "update" | "full";

export interface PlannedShard {
  /** Share of the work, in cells. */
  readonly work: number;
  readonly input: PrecomputeShard;
}

/** Some blocks, of the sets that stay within one instrument; or a whole set with factors across instruments. */
export type PrecomputeShard =
  | { readonly kind: "blocks"; readonly blocks: readonly number[] }
  | { readonly kind: "across"; readonly set: string };

export interface PrecomputeTotals {
  /** Sessions of the store. */
  readonly rows: number;
  readonly instruments: number;
  /** Sessions × instruments that may have to be computed. */
  readonly instrumentDays: number;
  readonly factors: number;
  /** Bytes that the results take at most. */
  readonly bytes: number;
}

export interface PrecomputeRequest {
  readonly run: string;
  readonly sets: readonly StorableSet[];
  readonly engine: Engine;
  readonly mode?: PrecomputeMode;
  /** Only blocks that hold these instruments. */
  readonly codes?: ReadonlySet<string>;
  /** Only sessions from `start` to `end`, both included. */
  readonly start?: Day;
  readonly end?: Day;
  /** Blocks whose stored factors are damaged: they are computed again whatever is stored. */
  readonly damaged?: ReadonlySet<number>;
  /** Nothing but what is damaged. */
  readonly onlyDamaged?: boolean;
  /** Shards there should be at least, so that as many can be under way. */
  readonly shardsAtLeast?: number;
}

/** Cells of one shard at most: a few seconds of computing and writing. */
const SHARD_CELLS = 2e8;
/** Cells that are worth a shard: a thread takes as long to start and to compile the factors. */
const LEAST_CELLS = 6e7;
/** Rows that a block costs besides its own: what is read, compared and written for it whatever is due. */
const BLOCK_ROWS = 32;

/**
 * Throws STORE_MISSING, STORE_EMPTY, STORE_INSTRUMENT_MISSING for a code that is not stored, DATA_VALUE_INVALID for a
 * range that ends before it starts.
 */
export async function planPrecompute(
  store: OpenedStore,
  base: StoreSnapshot,
  request: PrecomputeRequest,
): Promise<PrecomputePlan> {
  const { engine, mode = "update" } = request;
  if (base.instruments.length === 0 || base.time.days.length === 0) throw emptyStore(store);
  const inScope = blocksOf(base, request);
  const rows = rowsOf(base, request);
  const blocks = new StoredBlocks(base, engine.vwap === undefined ? {} : { vwap: engine.vwap });
  const compiled = request.sets.map((set) => {
    const list = portableSet(set);
    return { list, ...compileSet(list, blocks, { engine, generation: base.generation }) };
  });
  await using history = new PinnedHistory(store, base);
  const due: Due = {
    known: new Map(),
    changes: new Map(),
    base,
    mode,
    inScope,
    damaged: request.damaged ?? new Set<number>(),
    history,
  };
  const within = compiled.filter(({ graph }) => partition(graph).across.length === 0);
  const shards = await blockShards(within, due, request.shardsAtLeast ?? 1);
  for (const set of compiled) shards.push(...(await acrossShard(set, due)));
  return {
    run: request.run,
    generation: base.generation,
    engine,
    mode,
    rows,
    blocks: base.blocks,
    damaged: [...due.damaged],
    sets: await Promise.all(
      compiled.map(async (each) => ({ ...plannedSet(each, base), due: await blocksDue(each, due) })),
    ),
    shards,
    totals: await totalsOf(shards, { due, compiled, engine }),
  };
}

interface Compiled extends CompiledSet {
  readonly list: PortableSet;
}

interface Due {
  /** Rows due by set and block. */
  readonly known: Map<string, number>;
  /** Rows touched since a generation, by generation and block. */
  readonly changes: Map<string, RowRange | "all" | null>;
  readonly base: StoreSnapshot;
  readonly mode: PrecomputeMode;
  readonly inScope: ReadonlySet<number>;
  readonly damaged: ReadonlySet<number>;
  readonly history: PinnedHistory;
}

async function blocksDue(compiled: Compiled, due: Due): Promise<readonly number[]> {
  const blocks: number[] = [];
  for (let block = 0; block < due.base.blocks; block++)
    if ((await rowsDue(compiled, block, due)) > 0) blocks.push(block);
  return blocks;
}

function plannedSet({ list, set, graph, failures }: Compiled, base: StoreSnapshot): Omit<PlannedSet, "due"> {
  const declared = new Set(list.factors.map(({ name }) => name));
  const stored = base.fieldSets.get(list.name)?.fields ?? [];
  return {
    list,
    isAcross: partition(graph).across.length > 0,
    fields: set.fields,
    failures: failures.map(problemOf),
    gone: stored.map(({ name }) => name).filter((name) => !declared.has(name)),
  };
}

/** Rows of a block that may have to be computed for a set: 0 when nothing of it can have changed. */
async function rowsDue(compiled: Compiled, block: number, due: Due): Promise<number> {
  const key = `${compiled.set.name} ${block}`;
  let rows = due.known.get(key);
  if (rows === undefined) due.known.set(key, (rows = await rowsDueNow(compiled, block, due)));
  return rows;
}

async function rowsDueNow(
  { set }: Compiled,
  block: number,
  { base, mode, damaged, history, changes }: Due,
): Promise<number> {
  const end = base.time.days.length;
  if (mode === "full" || damaged.has(block)) return end;
  const since = inputGeneration(base, { set: set.name, fields: set.fields, block });
  const before = since === 0 ? null : await history.of(since);
  if (before === null) return end;
  const key = `${since} ${block}`;
  if (!changes.has(key)) changes.set(key, rowsTouched({ before, now: base }, block));
  const touched = changes.get(key) ?? null;
  if (touched === null) return 0;
  return touched === "all" ? end : end - touched.from;
}

async function blockShards(sets: readonly Compiled[], due: Due, atLeast: number): Promise<PlannedShard[]> {
  const open: { readonly block: number; readonly work: number }[] = [];
  for (const block of due.inScope) {
    let work = 0;
    for (const set of sets) {
      const rows = await rowsDue(set, block, due);
      if (rows > 0) work += (rows + BLOCK_ROWS) * LANES_PER_BLOCK * set.set.fields.length;
    }
    if (work > 0) open.push({ block, work });
  }
  const all = open.reduce((sum, { work }) => sum + work, 0);
  const worth = Math.max(1, Math.min(atLeast, Math.floor(all / LEAST_CELLS)));
  const most = Math.min(SHARD_CELLS, all / worth);
  const shards: { work: number; blocks: number[] }[] = [];
  let before = 0;
  for (const { block, work } of open) {
    // Each as near to the size as the blocks allow: a last one of a single block would be waited for.
    const at = Math.floor((before + work / 2) / most);
    before += work;
    const last = shards[at];
    if (last === undefined) shards[at] = { work, blocks: [block] };
    else {
      last.work += work;
      last.blocks.push(block);
    }
  }
  return Object.values(shards).map(({ work, blocks }) => ({ work, input: { kind: "blocks", blocks } }));
}

/** A day of one instrument is a day of all: due as soon as any block is. */
async function acrossShard(compiled: Compiled, due: Due): Promise<PlannedShard[]> {
  const { base } = due;
  const { across } = partition(compiled.graph);
  if (across.length === 0) return [];
  const { set } = compiled;
  let isDue = false;
  for (let block = 0; block < base.blocks && !isDue; block++)
    isDue = (await rowsDue(compiled, block, due)) > 0;
  if (!isDue) return [];
  const work = base.blocks * base.time.days.length * LANES_PER_BLOCK * set.fields.length;
  return [{ work, input: { kind: "across", set: set.name } }];
}

async function totalsOf(
  shards: readonly PlannedShard[],
  { due, compiled, engine }: { due: Due; compiled: readonly Compiled[]; engine: Engine },
): Promise<PrecomputeTotals> {
  const { base } = due;
  const all = Array.from({ length: base.blocks }, (_, block) => block);
  const touched = new Set(shards.flatMap(({ input }) => (input.kind === "across" ? all : input.blocks)));
  let [instruments, instrumentDays, cells] = [0, 0, 0];
  const membersOf = new Int32Array(base.blocks);
  for (const { block } of base.instruments) membersOf[block]!++;
  for (const block of touched) {
    const rows = await Promise.all(compiled.map((set) => rowsDue(set, block, due)));
    const members = membersOf[block]!;
    instruments += members;
    instrumentDays += members * Math.max(0, ...rows);
    for (const [index, { set }] of compiled.entries())
      cells += rows[index]! * LANES_PER_BLOCK * set.fields.length;
  }
  const factors = compiled.reduce((sum, { set }) => sum + set.fields.length, 0);
  return {
    rows: base.time.days.length,
    instruments,
    instrumentDays,
    factors: shards.length === 0 ? 0 : factors,
    bytes: cells * (engine.precision === "f32" ? 4 : 8),
  };
}

function blocksOf(
  base: StoreSnapshot,
  { codes, damaged, onlyDamaged = false }: PrecomputeRequest,
): ReadonlySet<number> {
  if (onlyDamaged) return new Set([...(damaged ?? [])].sort((a, b) => a - b));
  if (codes === undefined) return new Set(Array.from({ length: base.blocks }, (_, block) => block));
  return new Set([...codes].map((code) => base.instrument(code).block).sort((a, b) => a - b));
}

function rowsOf(base: StoreSnapshot, { start, end }: PrecomputeRequest): RowRange | null {
  if (start === undefined && end === undefined) return null;
  if (start !== undefined && end !== undefined && start > end) {
    throw new DataError("DATA_VALUE_INVALID", "the range of dates ends before it starts", {
      remedy: "give --start a day that is not after --end",
    });
  }
  const { days } = base.time;
  const from = start === undefined ? 0 : lowerBound(days, start);
  const to = end === undefined ? days.length : lowerBound(days, end + 1);
  return { from, to };
}

function lowerBound(days: Int32Array, day: Day): number {
  const at = days.findIndex((each) => each >= day);
  return at < 0 ? days.length : at;
}

/** Whether there is nothing to compute and nothing to forget. */
export function isNothing({ shards, sets }: PrecomputePlan): boolean {
  return shards.length === 0 && sets.every(({ gone }) => gone.length === 0);
}

function emptyStore(store: OpenedStore): DataError {
  const { calendar, freq } = store.key;
  return new DataError("STORE_EMPTY", `the store ${calendar}/${freq} holds no bars`, {
    remedy: "import some data first: `alphaloom import SOURCE`",
    place: { file: store.parts.storage.place },
  });
}
