import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { OpenedStore } from "#data/store/open-store";
import {
  LANES_PER_BLOCK,
  type FieldSet,
  type RowRange,
  type StoredField,
  type StoreSnapshot,
  type StoreWriter,
} from "#data/store/panel-store";
import { missingStore } from "#data/store/store-parts";
import type { Graph } from "#expression/ir/node";
import type { Checkpoint } from "#expression/run/checkpoint";
import { lookBackOf } from "#expression/operators/reach";
import { formatExpression } from "#expression/syntax/format";
import { factorGraph, type FactorFailure, type FactorList } from "#factors/compute";
import type { Column, Panel } from "#panel/panel";
import { FactorBlocks, holdsInfinity, type BlockRequest } from "./factor-blocks.ts";
import { factorGroups } from "./factor-table.ts";
import { viewOfStore } from "./market-view.ts";
import { changedInputs } from "./stale-rows.ts";
import { RecurrenceStates } from "./recurrence-states.ts";
import { PinnedHistory } from "./pinned-history.ts";
import { WritesInTurn } from "./writes-in-turn.ts";
import { StoredBlocks } from "./stored-blocks.ts";

/**
 * Computes factor sets from a store's bars into the same store, block by block, as one generation. What is stored already
 * is brought up to date: rows whose inputs changed since, and those after them as far as windows look back; the result is
 * bit for bit what computing everything gives.
 */
export interface StoreFactorsOptions {
  /** Version of the engine, for the lineage; values of another version are computed again. */
  readonly engine: string;
  readonly precision?: "f32" | "f64";
  readonly vwap?: VwapRule;
  readonly signal?: AbortSignal;
  readonly onBlock?: (done: number, of: number) => void;
}

/** A factor set as far as storing it goes: its name becomes the field set's. */
export interface StorableSet extends FactorList {
  readonly name: string;
  readonly factors: readonly (FactorList["factors"][number] & { readonly unit?: string })[];
}

export interface StoredSet {
  readonly set: string;
  /** Factors that are in the store and up to date. */
  readonly factors: number;
  /** Factors that could not be computed, with the reason. What an earlier run stored of them stays, with its lineage. */
  readonly failures: readonly FactorFailure[];
  /** Rows × blocks that were computed, over all parts of the set. */
  readonly computedRows: number;
}

export interface StoreFactorsReport {
  /** Current afterwards; the same as before when everything was up to date. */
  readonly generation: number;
  readonly inputGeneration: number;
  readonly sets: readonly StoredSet[];
}

/** Throws STORE_MISSING, STORE_LOCKED, STORE_DAMAGED, DATA_DISK_FULL; after an error the store is as it was. */
export async function storeFactors(
  store: OpenedStore,
  sets: readonly StorableSet[],
  options: StoreFactorsOptions,
): Promise<StoreFactorsReport> {
  await using writer = await store.writer();
  const { base } = writer;
  if (base === null) throw missingStore(store.parts);
  await using history = new PinnedHistory(store, base);
  const blocks = new StoredBlocks(base, options.vwap === undefined ? {} : { vwap: options.vwap });
  const prepared = sets.map((set) => prepare(set, blocks, { base, ...options }));
  const jobs: Job[] = [];
  for (const { target, parts } of prepared) {
    for (const part of parts)
      jobs.push({ target, part, since: await history.of(sinceOf(base, target, part)) });
    const declared = new Set(target.declared);
    const gone = base.fieldSets.get(target.set.name)?.fields.filter(({ name }) => !declared.has(name)) ?? [];
    if (gone.length > 0)
      writer.drop(
        target.set.name,
        gone.map(({ name }) => name),
      );
  }
  for (const { part, since } of jobs) if (since === null) part.states?.forget(writer);
  const run = { writer, base, blocks, options };
  await storeWithin(jobs.filter(isWithin), run);
  await storeAcross(
    jobs.filter((job) => !isWithin(job)),
    run,
  );
  for (const { target, part } of jobs) {
    // The lineage of what was brought up to date, also where no value changed.
    if (target.computedRows === 0) continue;
    await writer.put(target.set, 0, 0, part.names.map(emptyColumn(target)));
    await part.states?.renew(writer);
  }
  const generation = await writer.commit({ reason: `factors ${sets.map(({ name }) => name).join(", ")}` });
  return {
    generation,
    inputGeneration: base.generation,
    sets: prepared.map(({ target, parts, failures }) => ({
      set: target.set.name,
      factors: parts.reduce((sum, { names }) => sum + names.length, 0),
      failures,
      computedRows: target.computedRows,
    })),
  };
}

interface Target {
  readonly set: FieldSet;
  readonly declared: readonly string[];
  readonly list: StorableSet;
  computedRows: number;
}

/** Factors of a set that are computed together. They do not depend on what is stored already. */
interface Part {
  readonly names: readonly string[];
  /** Null for what reaches across instruments. */
  readonly blocks: FactorBlocks | null;
  /** Of recurrences that can go on from a state. */
  readonly states: RecurrenceStates | null;
}

interface Job {
  readonly target: Target;
  readonly part: Part;
  /** The inputs that the stored values were computed from; null when they have to be computed from the first row. */
  readonly since: StoreSnapshot | null;
}

interface Run {
  readonly writer: StoreWriter;
  readonly base: StoreSnapshot;
  readonly blocks: StoredBlocks;
  readonly options: StoreFactorsOptions;
}

/** Results of one engine beyond this are computed by several. */
const PART_BYTES = 2 ** 28;

function prepare(
  list: StorableSet,
  blocks: StoredBlocks,
  options: StoreFactorsOptions & { readonly base: StoreSnapshot },
): { readonly target: Target; readonly parts: readonly Part[]; readonly failures: readonly FactorFailure[] } {
  const { base, precision = "f32", vwap } = options;
  const { graph, failures } = factorGraph(list, blocks.shape());
  const units = new Map(list.factors.map(({ name, unit }) => [name, unit]));
  const engine = vwap === "typical" ? `${options.engine} vwap:typical` : options.engine;
  const fields = graph.outputs.map(({ name, tree }): StoredField => ({
    name,
    dtype: precision,
    unit: units.get(name) ?? "1",
    lineage: { from: formatExpression(tree), engine, inputGeneration: base.generation },
  }));
  const target: Target = {
    set: { name: list.name, role: "factor", fields },
    declared: list.factors.map(({ name }) => name),
    list,
    computedRows: 0,
  };
  const rows = base.time.days.length;
  const most = Math.max(1, Math.floor(PART_BYTES / (rows * LANES_PER_BLOCK * (precision === "f32" ? 4 : 8))));
  const parts: Part[] = [];
  const { within, endless, across } = partition(graph);
  for (const outputs of [within, endless]) {
    for (let from = 0; from < outputs.length; from += most) {
      const some: Graph = { nodes: graph.nodes, outputs: outputs.slice(from, from + most) };
      const computed = new FactorBlocks(some, { rows, precision });
      const name = `${list.name}${from === 0 ? "" : `.${from / most}`}`;
      const { stateWidth: width, meaning } = computed;
      const isResumable = outputs === endless && Number.isFinite(computed.resumedLookBack) && width > 0;
      const states = isResumable ? new RecurrenceStates(name, { width, meaning, engine }, base) : null;
      parts.push({ names: computed.names, blocks: computed, states });
    }
  }
  if (across.length > 0) parts.push({ names: across.map(({ name }) => name), blocks: null, states: null });
  return { target, parts, failures };
}

/** Outputs with a bounded look-back, those that depend on all earlier rows, and those that reach across instruments. */
function partition(graph: Graph): Readonly<Record<"within" | "endless" | "across", Graph["outputs"]>> {
  const reaching = new Set<number>();
  for (const node of graph.nodes) {
    if (node.kind === "periodic") reaching.add(node.id);
    if (node.kind !== "apply") continue;
    if (node.operator.scope !== undefined || node.inputs.some((id) => reaching.has(id)))
      reaching.add(node.id);
  }
  const own = graph.outputs.filter(({ node }) => !reaching.has(node));
  const isEndless = (node: number): boolean =>
    lookBackOf(graph.nodes[node]!.reach) === Number.POSITIVE_INFINITY;
  return {
    within: own.filter(({ node }) => !isEndless(node)),
    endless: own.filter(({ node }) => isEndless(node)),
    across: graph.outputs.filter(({ node }) => reaching.has(node)),
  };
}

/** The generation that all stored values of a part were computed from; null when some are missing or others. */
function sinceOf(base: StoreSnapshot, { set }: Target, { names }: Part): number | null {
  const stored = new Map(base.fieldSets.get(set.name)?.fields.map((field) => [field.name, field]));
  const wanted = new Map(set.fields.map((field) => [field.name, field]));
  const generations = new Set<number>();
  for (const name of names) {
    const [field, known] = [wanted.get(name)!, stored.get(name)];
    if (known === undefined || known.dtype !== field.dtype) return null;
    if (known.lineage.from !== field.lineage.from || known.lineage.engine !== field.lineage.engine)
      return null;
    generations.add(known.lineage.inputGeneration);
  }
  const [only] = generations;
  return generations.size === 1 ? only! : null;
}

interface WithinJob extends Job {
  readonly part: Part & { readonly blocks: FactorBlocks };
}

function isWithin(job: Job): job is WithinJob {
  return job.part.blocks !== null;
}

async function storeWithin(jobs: readonly WithinJob[], run: Run): Promise<void> {
  const { writer, blocks, options } = run;
  const writes = new Map(jobs.map((job) => [job, new WritesInTurn()]));
  try {
    for (let block = 0; block < blocks.count; block++) {
      options.signal?.throwIfAborted();
      const due: { readonly job: WithinJob; readonly request: BlockRequest }[] = [];
      for (const job of jobs) {
        const request = await dueRows(job, run, block);
        if (request !== null) due.push({ job, request });
      }
      if (due.length > 0) {
        const panel = await blocks.read(block, {
          wanted: new Set(due.flatMap(({ job }) => [...job.part.blocks.fields])),
          from: Math.min(...due.map(({ job, request }) => firstRead(job.part.blocks, request))),
        });
        for (const { job, request } of due) {
          const { target, part } = job;
          const inTurn = writes.get(job)!;
          await inTurn.room();
          const { columns, checkpoints } = part.blocks.compute(panel, request);
          target.computedRows += request.to - request.from;
          inTurn.add(writer.put(target.set, block, request.from, columns));
          await part.states?.put(writer, block, checkpoints);
        }
      }
      options.onBlock?.(block + 1, blocks.count);
    }
  } finally {
    // What is being written lies in the engines' memory.
    await Promise.all([...writes.values()].map((inTurn) => inTurn.settled()));
  }
  for (const inTurn of writes.values()) await inTurn.done();
}

/** Rows of a block to compute: none, those that changed and what depends on them, or all. */
async function dueRows({ part, since }: WithinJob, run: Run, block: number): Promise<BlockRequest | null> {
  const { base, blocks } = run;
  const { states } = part;
  const end = base.time.days.length;
  if (end === 0) return null;
  const request = (rows: RowRange, resume?: Checkpoint): BlockRequest => ({
    ...rows,
    ...(resume === undefined ? {} : { resume }),
    ...(states === null ? {} : { checkpoints: RecurrenceStates.rowsWithin(rows.from, rows.to) }),
  });
  const whole = request({ from: 0, to: end });
  if (since === null) return whole;
  const { lookBack, fields, lineFields } = part.blocks;
  const changed = await changedInputs({ before: since, now: base, fields: blocks.inputsOf(fields) }, block);
  if (changed === null) return null;
  const isBounded = lookBack !== Number.POSITIVE_INFINITY;
  if (changed === "all" || (!isBounded && states === null)) return whole;
  if (lineFields.size > 0 && holdsInfinity(await blocks.read(block, { wanted: lineFields }), lineFields))
    return whole;
  if (isBounded) return request({ from: changed.from, to: Math.min(end, changed.to + lookBack) });
  const resume = (await states?.before(block, changed.from, since)) ?? null;
  return resume === null ? whole : request({ from: resume.row, to: end }, resume);
}

/** First row whose inputs a run reads. */
function firstRead(blocks: FactorBlocks, { from, resume }: BlockRequest): number {
  return Math.max(0, from - (resume === undefined ? blocks.lookBack : blocks.resumedLookBack));
}

/** Values that depend on other instruments: computed again whenever any input changed, since a day of one is a day of all. */
async function storeAcross(jobs: readonly Job[], run: Run): Promise<void> {
  const { writer, base, blocks, options } = run;
  for (const { target, part, since } of jobs) {
    const names = new Set(part.names);
    const inputs = blocks.inputsOf(new Set(blocks.fields.map((name) => name.toLowerCase())));
    if (since !== null && !(await anyChange({ before: since, now: base, fields: inputs }, blocks.count)))
      continue;
    const view = viewOfStore(base, options.vwap === undefined ? {} : { vwap: options.vwap });
    const list = { factors: target.list.factors.filter(({ name }) => names.has(name)) };
    const { precision = "f32", signal } = options;
    // Groups of a store's own order are its blocks.
    const ordered = {
      ...view,
      instruments: base.instruments.map(({ id }) => id),
      universe: view.instruments,
    };
    const { groups } = await factorGroups(ordered, list, {
      precision,
      group: LANES_PER_BLOCK,
      ...(signal === undefined ? {} : { signal }),
    });
    let block = 0;
    for await (const { factors } of groups()) {
      await writer.put(target.set, block++, 0, blockColumns(factors));
      target.computedRows += base.time.days.length;
    }
  }
}

async function anyChange(change: Parameters<typeof changedInputs>[0], blocks: number): Promise<boolean> {
  for (let block = 0; block < blocks; block++) if ((await changedInputs(change, block)) !== null) return true;
  return false;
}

/** A panel's columns with the lanes of a block; the last one may have fewer instruments. */
function blockColumns(panel: Panel): Column[] {
  const lanes = panel.instruments.length;
  return [...panel.columns.values()].map(({ name, values }) => {
    if (lanes === LANES_PER_BLOCK) return { name, values };
    const rows = panel.time.days.length;
    const size = rows * LANES_PER_BLOCK;
    const wide = values instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
    wide.fill(Number.NaN);
    for (let row = 0; row < rows; row++)
      wide.set(values.subarray(row * lanes, (row + 1) * lanes), row * LANES_PER_BLOCK);
    return { name, values: wide };
  });
}

function emptyColumn({ set }: Target): (name: string) => Column {
  const isWide = set.fields[0]?.dtype === "f64";
  return (name) => ({ name, values: isWide ? new Float64Array(0) : new Float32Array(0) });
}
