import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet, type RowRange, type StoreSnapshot } from "#data/store/panel-store";
import { stagedBlocks, stagedGroups, type StagedBlock, type StagedGroups } from "#data/store/staged-run";
import type { ProgramCache } from "#expression/run/program-cache";
import type { Column, Panel } from "#panel/panel";
import { factorGroups } from "../factor-table.ts";
import { viewOfStore } from "../market-view.ts";
import { PinnedHistory } from "../pinned-history.ts";
import type { BlockSink } from "../recurrence-states.ts";
import { StoredBlocks } from "../stored-blocks.ts";
import { WritesInTurn } from "../writes-in-turn.ts";
import { dueRows, firstRead, type DueContext, type DueRows } from "./due-rows.ts";
import { compileSet, partition, partsWithin, type CompiledSet, type Part } from "./factor-parts.ts";
import type { PrecomputePlan, PrecomputeShard } from "./plan.ts";

/** What an attempt at a shard did: plain data, whose files lie in the store already. */
export interface ShardResult {
  readonly staged: readonly StagedBlock[];
  /** Blocks whose factors are all as the plan's generation gives them, by set. */
  readonly done: Readonly<Record<string, readonly number[]>>;
  /** Blocks that could not be computed. The others were. */
  readonly failed: readonly FailedBlock[];
  /** Descriptions of the states of recurrences that belong to the sets. */
  readonly states: Readonly<Record<string, readonly FieldSet[]>>;
  /** Rows × blocks that were computed, over all parts of a set. */
  readonly computedRows: Readonly<Record<string, number>>;
  readonly instruments: number;
  readonly instrumentDays: number;
  /** Milliseconds of computing by set, and of reading inputs and of writing. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** A result as it goes to other threads and into the database. */
export type PortableResult = Omit<ShardResult, "staged"> & { readonly staged: StagedGroups };

export function portableResult({ staged, ...result }: ShardResult): PortableResult {
  return { ...result, staged: stagedGroups(staged) };
}

export function resultOf({ staged, ...result }: PortableResult): ShardResult {
  return { ...result, staged: stagedBlocks(staged) };
}

export interface FailedBlock {
  readonly block: number;
  readonly instruments: readonly string[];
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface ShardOptions {
  readonly run: string;
  /** Tells attempts of one run apart. */
  readonly attempt: number;
  readonly signal?: AbortSignal;
  readonly onBlock?: (done: BlockDone) => void;
}

export interface BlockDone {
  readonly block: number;
  readonly instruments: readonly string[];
  readonly instrumentDays: number;
}

/** A plan made ready to compute: what is read and compiled once serves all shards that this thread takes. */
export class ShardComputer implements AsyncDisposable {
  readonly #store: OpenedStore;
  readonly #plan: PrecomputePlan;
  readonly #programs: ProgramCache | undefined;
  readonly #base: StoreSnapshot;
  readonly #blocks: StoredBlocks;
  readonly #history: PinnedHistory;
  readonly #compiled: readonly CompiledSet[];
  readonly #parts = new Map<string, readonly Part[]>();

  /** `programs`: where compiled factors are kept beyond the process. */
  static async open(
    store: OpenedStore,
    plan: PrecomputePlan,
    programs?: ProgramCache,
  ): Promise<ShardComputer> {
    return new ShardComputer(store, { plan, programs }, await store.snapshot(plan.generation));
  }

  private constructor(
    store: OpenedStore,
    { plan, programs }: { readonly plan: PrecomputePlan; readonly programs: ProgramCache | undefined },
    base: StoreSnapshot,
  ) {
    const { engine, generation } = plan;
    this.#store = store;
    this.#plan = plan;
    this.#programs = programs;
    this.#base = base;
    this.#blocks = new StoredBlocks(base, engine.vwap === undefined ? {} : { vwap: engine.vwap });
    this.#history = new PinnedHistory(store, base);
    this.#compiled = plan.sets.map(({ list }) => compileSet(list, this.#blocks, { engine, generation }));
  }

  /** Compiles everything that shards of the plan may need; `run` compiles what it needs itself otherwise. */
  compile(): void {
    this.#partsOf({ kind: "blocks", blocks: [] });
  }

  /** Throws DATA_DISK_FULL, DATA_NOT_PERMITTED, and an abort; blocks that cannot be computed are in the result. */
  async run(shard: PrecomputeShard, options: ShardOptions): Promise<ShardResult> {
    const parts = this.#partsOf(shard);
    const dropped = new Set(parts.flatMap(({ states }) => states?.foreign() ?? []));
    await using attempt = await this.#store.attempt(this.#plan.generation, {
      run: options.run,
      attempt: options.attempt,
      dropped,
    });
    const tally = new ShardTally();
    const blocks =
      shard.kind === "blocks" ? shard.blocks : Array.from({ length: this.#plan.blocks }, (_, block) => block);
    const writes = new Map(parts.map((part) => [part, new WritesInTurn()]));
    try {
      for (const block of parts.length === 0 ? [] : blocks) {
        options.signal?.throwIfAborted();
        // Sets with factors across instruments are computed for all dates or not at all.
        const rows = shard.kind === "across" ? null : this.#plan.rows;
        const isDone = await this.#computeBlock(block, { sink: attempt, parts, writes, tally, rows });
        if (shard.kind === "across") continue;
        if (isDone) for (const name of new Set(parts.map(({ set }) => set.name))) tally.done(name, block);
        tally.report(
          this.#blocks.members(block).map(({ id }) => id),
          block,
          options,
        );
      }
    } finally {
      // What is being written lies in the engines' memory.
      await Promise.all([...writes.values()].map((inTurn) => inTurn.settled()));
    }
    for (const inTurn of writes.values()) await inTurn.done();
    if (shard.kind === "across") await this.#computeAcross(shard.set, { sink: attempt, tally, options });
    const settling = performance.now();
    const staged = await attempt.settle();
    tally.time("write", performance.now() - settling);
    return tally.result(staged, parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#history[Symbol.asyncDispose]();
    await this.#base.close();
  }

  /** Parts within one instrument, of all sets that have no others, or of one that has. */
  #partsOf(shard: PrecomputeShard): readonly Part[] {
    return this.#compiled.flatMap((compiled) => {
      const { set, graph } = compiled;
      const isAcross = partition(graph).across.length > 0;
      if (shard.kind === "blocks" ? isAcross : shard.set !== set.name) return [];
      let parts = this.#parts.get(set.name);
      if (parts === undefined) {
        const how = {
          engine: this.#plan.engine,
          ...(this.#programs === undefined ? {} : { programs: this.#programs }),
        };
        this.#parts.set(set.name, (parts = partsWithin(compiled, this.#base, how)));
      }
      return parts;
    });
  }

  /** Whether everything that is due of the block was computed. */
  async #computeBlock(
    block: number,
    work: {
      readonly sink: BlockSink;
      readonly parts: readonly Part[];
      readonly writes: ReadonlyMap<Part, WritesInTurn>;
      readonly tally: ShardTally;
      readonly rows: RowRange | null;
    },
  ): Promise<boolean> {
    const { sink, parts, writes, tally, rows } = work;
    const { mode, engine } = this.#plan;
    const context: DueContext = {
      ...(engine.vwap === undefined ? {} : { vwap: engine.vwap }),
      base: this.#base,
      blocks: this.#blocks,
      lineFields: new Set(parts.flatMap((part) => [...part.blocks.lineFields])),
      broken: new Map(),
      history: this.#history,
      isFull: mode === "full" || this.#plan.damaged.includes(block),
      ...(rows === null ? {} : { rows }),
    };
    const due: { readonly part: Part; readonly rows: DueRows }[] = [];
    let panel: Panel<"market"> | null = null;
    try {
      for (const part of parts) {
        const found = await dueRows(part, block, context);
        if (found !== null) due.push({ part, rows: found });
      }
      const wanted = due.filter(({ rows: { request } }) => request.from < request.to);
      if (wanted.length > 0) {
        const reading = performance.now();
        panel = await this.#blocks.read(block, {
          wanted: new Set(wanted.flatMap(({ part }) => [...part.blocks.fields])),
          from: Math.min(...wanted.map(({ part, rows: { request } }) => firstRead(part, request))),
        });
        tally.time("read", performance.now() - reading);
      }
    } catch (error) {
      if (!isOfBlock(error)) throw error;
      tally.fail(
        block,
        this.#blocks.members(block).map(({ id }) => id),
        error,
      );
      return false;
    }
    for (const {
      part,
      rows: { request },
    } of due) {
      if (panel === null || request.from >= request.to) continue;
      const inTurn = writes.get(part)!;
      await inTurn.room();
      const computing = performance.now();
      const { columns, checkpoints } = part.blocks.compute(panel, request);
      tally.time(part.set.name, performance.now() - computing);
      tally.computed(part.set.name, { ...request, panel });
      inTurn.add(sink.put(part.set, block, request.from, columns));
      await part.states?.put(sink, block, checkpoints);
    }
    return due.every(({ rows: { isAll } }) => isAll);
  }

  /** Values that depend on other instruments: all are computed again, since a day of one is a day of all. */
  async #computeAcross(
    name: string,
    { sink, tally, options }: { sink: BlockSink; tally: ShardTally; options: ShardOptions },
  ): Promise<void> {
    const index = this.#plan.sets.findIndex(({ list }) => list.name === name);
    const { set, graph } = this.#compiled[index]!;
    const names = new Set(partition(graph).across.map((output) => output.name));
    const { precision, vwap } = this.#plan.engine;
    const base = this.#base;
    const view = viewOfStore(base, vwap === undefined ? {} : { vwap });
    const list = { factors: this.#plan.sets[index]!.list.factors.filter((each) => names.has(each.name)) };
    // Groups of a store's own order are its blocks.
    const ordered = {
      ...view,
      instruments: base.instruments.map(({ id }) => id),
      universe: view.instruments,
    };
    const { groups } = await factorGroups(ordered, list, {
      precision,
      group: LANES_PER_BLOCK,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let block = 0;
    for await (const { factors } of groups()) {
      await sink.put(set, block, 0, blockColumns(factors));
      tally.computed(set.name, { from: 0, to: base.time.days.length, panel: factors });
      tally.done(set.name, block);
      tally.report(factors.instruments, block, options);
      block++;
    }
  }
}

/** Collects what a shard did. */
class ShardTally {
  readonly #done = new Map<string, number[]>();
  readonly #failed: FailedBlock[] = [];
  readonly #rows = new Map<string, number>();
  readonly #milliseconds = new Map<string, number>();
  #instruments = 0;
  #instrumentDays = 0;
  #ofBlock = 0;

  time(what: string, milliseconds: number): void {
    this.#milliseconds.set(what, (this.#milliseconds.get(what) ?? 0) + milliseconds);
  }

  computed(set: string, { from, to, panel }: RowRange & { readonly panel: Panel }): void {
    this.#rows.set(set, (this.#rows.get(set) ?? 0) + to - from);
    let cells = 0;
    for (let lane = 0; lane < panel.instruments.length; lane++)
      cells += Math.max(0, Math.min(to - 1, panel.last[lane]!) - Math.max(from, panel.first[lane]!) + 1);
    this.#ofBlock = Math.max(this.#ofBlock, cells);
  }

  done(set: string, block: number): void {
    const blocks = this.#done.get(set);
    if (blocks === undefined) this.#done.set(set, [block]);
    else blocks.push(block);
  }

  fail(block: number, instruments: readonly string[], { code, message, remedy }: DataError): void {
    this.#failed.push({ block, instruments, code, message, remedy });
  }

  report(instruments: readonly string[], block: number, { onBlock }: ShardOptions): void {
    this.#instruments += instruments.length;
    this.#instrumentDays += this.#ofBlock;
    onBlock?.({ block, instruments, instrumentDays: this.#ofBlock });
    this.#ofBlock = 0;
  }

  result(staged: readonly StagedBlock[], parts: readonly Part[]): ShardResult {
    const states = new Map<string, FieldSet[]>();
    for (const { set, states: own } of parts)
      states.set(set.name, [...(states.get(set.name) ?? []), ...(own?.sets ?? [])]);
    return {
      staged,
      done: Object.fromEntries(this.#done),
      failed: this.#failed,
      states: Object.fromEntries(states),
      computedRows: Object.fromEntries(this.#rows),
      instruments: this.#instruments,
      instrumentDays: this.#instrumentDays,
      milliseconds: Object.fromEntries(this.#milliseconds),
    };
  }
}

/** What is wrong with a block's own data; everything else ends the attempt. */
function isOfBlock(error: unknown): error is DataError {
  return (
    error instanceof DataError && (error.code === "STORE_DAMAGED" || error.code === "STORE_FIELD_MISSING")
  );
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
