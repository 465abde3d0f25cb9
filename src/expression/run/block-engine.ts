import { NEVER } from "#kernels/wasm/family-function";
import { deliverName } from "#kernels/wasm/deliver-function";
import type { Family } from "../plan/families.ts";
import { appendReach } from "./append-reach.ts";
import { runKernel, runStated } from "./block-kernels.ts";
import { BlockMemory, type BlockData, type Rows } from "./block-memory.ts";
import {
  firstCheckpoint,
  keeping,
  restoring,
  statedRecurrences,
  type Checkpoint,
  type StateMove,
  type StatedRecurrences,
} from "./checkpoint.ts";
import { CHUNK_ROWS, GROUP, QUAD, warmName, type BlockProgram, type VersionFacts } from "./block-program.ts";

/**
 * Runs a block program: walks blocks in chunks of rows that stay in the cache, and decides chunk by chunk whether the
 * masked version of a family has to correct what the complete one wrote. A run may start at any row: what lies before
 * it is read as far as the windows reach, and no bit depends on where runs and chunks begin.
 */
export type { BlockData } from "./block-memory.ts";

export interface RunStatistics {
  /** Chunks of four instruments × families that were computed, and those where the masked version ran as well. */
  chunks: number;
  masked: number;
}

export interface RunOptions {
  /** First row whose outputs are wanted; default 0. */
  readonly from?: number;
  /** Row after the last one; default the program's rows. */
  readonly to?: number;
  /** Rows before `from` are in memory from an earlier run over the same instruments, and none is computed again. */
  readonly continues?: boolean;
  /**
   * Called with results as they are made, a chunk of rows at a time, oldest first: `output` then gives these rows. What is
   * still in the cache need not be written to memory and read again. Graphs of several stages deliver all rows at once.
   */
  readonly consume?: (rows: Rows) => void;
  /** Which of the program's areas gets the results; default the first. */
  readonly area?: number;
  /** Where recurrences go on; of row `from`. */
  readonly resume?: Checkpoint;
  /** Rows, in ascending order, for which `checkpoints` shall be there afterwards: after `from`, and up to `to`. */
  readonly checkpoints?: readonly number[];
}

export interface ResultMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly address: number;
}

/** One output of an area of results, `[row − from][lane]`. */
export function outputOf(
  { layout, plan, places, shape }: BlockProgram,
  { buffer, address }: ResultMemory,
  which: { readonly index: number; readonly area: number; readonly rows: number },
): Float32Array | Float64Array {
  const outputs = which.area * plan.graph.outputs.length;
  const start = address + (outputs + places[which.index]!) * layout.resultStride;
  const length = which.rows * shape.lanes;
  return plan.precision === "f32"
    ? new Float32Array(buffer, start, length)
    : new Float64Array(buffer, start, length);
}

type Call = (...parameters: number[]) => number;

interface BoundVersion {
  readonly call: Call;
  /** The same without outputs. */
  readonly warm: Call;
  readonly stateBytes: number;
  /** The rings after rows on which nothing was listed. */
  readonly empty: Uint8Array[];
  readonly pairs: readonly number[];
  /** Those that are called for. */
  readonly calls: readonly number[];
  /** Quads that a call computes: the given one, or the next one as well. */
  readonly quads: 1 | 2;
  /** Address of the rings by quad of a group and pair: groups run one after another. */
  readonly state: readonly (readonly number[])[];
}

interface BoundFamily {
  readonly family: Family;
  readonly complete: BoundVersion;
  readonly masked: BoundVersion | null;
}

/** How far a family has come for a quad. */
interface Progress {
  completeUntil: number;
  lastUnfit: number;
  maskedUntil: number;
  maskedOrigin: number;
}

export class BlockEngine {
  readonly program: BlockProgram;
  readonly statistics: RunStatistics = { chunks: 0, masked: 0 };
  /** Rows before the first wanted one that every field must hold; Infinity when all earlier ones. */
  readonly lookBack: number;
  /** The same of a run that resumes at a checkpoint. */
  readonly resumedLookBack: number;
  /** States of recurrences for the rows that the last run was asked for. */
  checkpoints: readonly Checkpoint[] = [];
  readonly #memory: BlockMemory;
  readonly #stages: readonly (readonly BoundFamily[])[];
  readonly #deliver: ReadonlyMap<number, Call>;
  readonly #stated: StatedRecurrences;
  readonly #reach: ReadonlyMap<number, number>;
  readonly #resumedReach: ReadonlyMap<number, number>;
  readonly #outputBytes: number;
  readonly #outputAddress: number;
  readonly #resultAddress: number;
  readonly #areaBytes: number;
  #area = 0;
  #results: Rows = { from: 0, to: 0 };

  constructor(program: BlockProgram, module = new WebAssembly.Module(program.bytes)) {
    this.program = program;
    const { layout, plan } = program;
    const memory = new BlockMemory(program);
    this.#memory = memory;
    this.#stated = statedRecurrences(program);
    this.#reach = appendReach(plan, { resumed: false });
    this.#resumedReach = appendReach(plan, { resumed: true });
    const inputs = [...plan.fields.map(({ node }) => node), ...plan.given];
    this.lookBack = Math.max(0, ...inputs.map((node) => this.#reach.get(node)!));
    this.resumedLookBack = Math.max(0, ...inputs.map((node) => this.#resumedReach.get(node)!));
    const together = Math.min(GROUP, memory.quads);
    const rings = new Map<string, number[][]>();
    for (const { complete, masked } of program.versions.values()) {
      for (const version of [complete, masked]) {
        if (version === null) continue;
        const pairs = version.lanes === "f32x4" ? 1 : 2;
        const base = memory.reserve(together * pairs * version.stateBytes);
        const state = Array.from({ length: together }, (_, place) =>
          Array.from({ length: pairs }, (__, pair) => base + (place * pairs + pair) * version.stateBytes),
        );
        rings.set(version.name, state);
      }
    }
    const outputs = plan.graph.outputs.length;
    this.#outputBytes = layout.outputBytes;
    this.#outputAddress = memory.reserve(together * this.#outputBytes);
    this.#areaBytes = outputs * layout.resultStride;
    this.#resultAddress = memory.reserve((program.shape.areas ?? 1) * this.#areaBytes, 4096);
    const { exports } = new WebAssembly.Instance(module, { engine: { memory: memory.open() } });
    const bind = (version: VersionFacts): BoundVersion => ({
      call: exports[version.name] as Call,
      warm: exports[program.shape.results === undefined ? version.name : warmName(version.name)] as Call,
      stateBytes: version.stateBytes,
      empty: [],
      pairs: version.lanes === "f32x4" ? [0] : [0, 1],
      calls: version.lanes === "f32x4" || version.both ? [0] : [0, 1],
      quads: version.lanes === "f32x4" && version.both ? 2 : 1,
      state: rings.get(version.name)!,
    });
    this.#stages = plan.stages.map(({ families }) =>
      families.map((family) => {
        const { complete, masked } = program.versions.get(family.name)!;
        return {
          family,
          complete: bind(complete),
          masked: masked === null ? null : bind(masked),
        };
      }),
    );
    this.#deliver = new Map(
      [1, 2, 3, 4, 5, 6, 7, 8].flatMap((quads) => {
        const call = exports[deliverName(quads)] as Call | undefined;
        return call === undefined ? [] : [[quads, call] as const];
      }),
    );
  }

  /**
   * Computes the outputs of a block on some rows; read them with `output` before the next run. Throws `RangeError` when
   * an instrument was listed before the rows at hand and these do not reach back far enough.
   */
  run(data: BlockData, options: RunOptions = {}): void {
    const { plan, shape } = this.program;
    const { from = 0, to = shape.rows, area = 0, resume } = options;
    const reach = resume === undefined ? this.#reach : this.#resumedReach;
    const startOf = (node: number): number =>
      options.continues === true ? from : Math.max(0, from - (reach.get(node) ?? 0));
    this.#check(data, { ...options, from, to });
    this.#results = { from, to };
    this.#area = area;
    this.checkpoints = (options.checkpoints ?? []).map((row) => ({
      ...firstCheckpoint(this.#stated, data.instruments),
      row,
    }));
    this.#memory.writeSpans(data);
    for (const node of [...plan.fields.map((field) => field.node), ...plan.given])
      this.#memory.stage(node, data, { from: startOf(node), to });
    for (const [index, { kernels }] of plan.stages.entries()) {
      for (const id of kernels) this.#runKernel(id, { data, from: startOf(id), to }, options);
      this.#runFamilies(index, { data, from, to, startOf, options });
    }
    if (!this.#consumesChunks(options)) options.consume?.({ from, to });
  }

  /** Whether every chunk is complete as soon as it is delivered. */
  #consumesChunks({ consume }: RunOptions): boolean {
    return consume !== undefined && this.#stages.length === 1 && this.#memory.quads <= GROUP;
  }

  /**
   * One output of the last run, `[row − from][lane]`; NaN outside the instruments' spans. Valid until the next run.
   */
  output(index: number): Float32Array | Float64Array {
    const { from, to } = this.#results;
    return outputOf(this.program, this.results, { index, area: this.#area, rows: to - from });
  }

  /** Where the results lie: another thread can read them with `outputOf` when the program's memory is shared. */
  get results(): ResultMemory {
    return { buffer: this.#memory.buffer, address: this.#resultAddress };
  }

  /** Moves what is in memory of some rows to row 0 and after, for runs that continue there. */
  shift(rows: Rows): void {
    this.#memory.shift(rows);
  }

  #check(data: BlockData, options: RunOptions & Rows): void {
    const { rows, results = rows } = this.program.shape;
    const { from, to, resume, checkpoints = [] } = options;
    const most = this.#consumesChunks(options) ? Math.min(results, CHUNK_ROWS) : results;
    const held = this.#consumesChunks(options) ? Math.min(to - from, CHUNK_ROWS) : to - from;
    if (options.area !== undefined && options.area >= (this.program.shape.areas ?? 1))
      throw new RangeError(`no area ${options.area} for results`);
    if (from < 0 || to > rows || from > to || held > most)
      throw new RangeError(`rows ${from} to ${to} of a program for ${rows} rows and ${results} results`);
    if (resume !== undefined && (resume.row !== from || resume.width !== this.#stated.width))
      throw new RangeError(
        `a checkpoint of row ${resume.row} and ${resume.width} numbers for row ${from} and ${this.#stated.width}`,
      );
    for (const row of checkpoints)
      if (row <= from || row > to)
        throw new RangeError(`no checkpoint of row ${row} from rows ${from} to ${to}`);
    const lookBack = resume === undefined ? this.lookBack : this.resumedLookBack;
    if (options.continues === true || from >= lookBack) return;
    for (let lane = 0; lane < data.instruments; lane++) {
      if (data.first[lane]! >= 0 || data.first[lane]! > data.last[lane]!) continue;
      throw new RangeError(`row ${from} needs ${lookBack} rows before it`);
    }
  }

  #runKernel(id: number, run: Rows & { readonly data: BlockData }, options: RunOptions): void {
    const node = this.program.plan.graph.nodes[id]!;
    if (node.kind !== "apply") return;
    const stated = this.#stated.byNode.get(id);
    if (stated === undefined) {
      runKernel(node, this.#memory, run);
      return;
    }
    const { recurrence, offset } = stated;
    const ahead = options.continues === true ? 0 : (this.#resumedReach.get(id) ?? 0);
    runStated(node, this.#memory, {
      ...run,
      recurrence,
      resume: options.resume === undefined ? null : { ...options.resume, offset },
      keep: this.checkpoints.map((place) => ({ ...place, offset, after: place.row - ahead - 1 })),
    });
  }

  #runFamilies(stage: number, run: FamiliesRun): void {
    const families = this.#stages[stage]!;
    const { quads } = this.#memory;
    const inChunks = this.#consumesChunks(run.options);
    const starts = families.map(({ family }) => Math.min(...family.targets.map((id) => run.startOf(id))));
    const earliest = Math.min(run.from, ...starts);
    const moments = families.map(({ family }, index) =>
      family.continuous ? this.#momentsOf(family, starts[index]!, run) : [],
    );
    for (let group = 0; group < quads; group += GROUP) {
      const end = Math.min(quads, group + GROUP);
      const progress = families.map(() => Array.from({ length: end - group }, newProgress));
      const alive = new Uint8Array(end - group);
      for (let from = earliest; from < run.to; from = chunkEnd(from, run.to)) {
        const to = chunkEnd(from, run.to);
        for (let place = 0; place < alive.length; place++)
          alive[place] = isAlive(run.data, group + place, from, to) ? 1 : 0;
        // All families of two quads, which may be computed together, before the next two.
        for (let two = group; two < end; two += 2) {
          const last = Math.min(two + 2, end);
          if (!alive.subarray(two - group, last - group).includes(1)) continue;
          for (let index = 0; index < families.length; index++) {
            const bound = families[index]!;
            const of = progress[index]!;
            const start = Math.max(from, starts[index]!);
            if (start >= to) continue;
            const isJoint = bound.complete.quads === 2;
            if (isJoint) this.#runComplete(bound, of, { data: run.data, quad: two, from: start, to });
            for (let quad = two; quad < last; quad++) {
              if (alive[quad - group] === 0) continue;
              const chunk = { data: run.data, quad, from: start, to };
              this.statistics.chunks++;
              if (bound.family.continuous) {
                this.#runContinuous(bound, of[quad - group]!, { ...chunk, moments: moments[index]! });
                continue;
              }
              if (!isJoint) this.#runComplete(bound, of, chunk);
              this.#correct(bound, of[quad - group]!, chunk);
            }
          }
        }
        const wanted = Math.max(from, run.from);
        if (wanted >= to) continue;
        if (inChunks) this.#results = { from: wanted, to };
        this.#deliverChunk({ stage, group, quads: end - group, from: wanted, to });
        if (inChunks) run.options.consume!({ from: wanted, to });
      }
    }
  }

  #deliverChunk(
    chunk: Rows & { readonly stage: number; readonly group: number; readonly quads: number },
  ): void {
    const { layout, delivered } = this.program;
    const { group, quads, from, to } = chunk;
    const places = delivered[chunk.stage]!;
    if (places.from === places.to) return;
    this.#deliver.get(quads)!(
      this.#memory.base(group),
      layout.quadBytes,
      this.#outputAddress + places.from * layout.outputStride + (from % CHUNK_ROWS) * layout.outputRow,
      this.#resultAddress +
        this.#area * this.#areaBytes +
        places.from * layout.resultStride +
        (from - this.#results.from) * layout.resultRow +
        group * layout.outputRow,
      from,
      to,
      places.to - places.from,
    );
  }

  /**
   * Runs the complete version on the quads that it computes in a call, and notes where each was unfit for it; `progress` by
   * quad of the group.
   */
  #runComplete({ complete, family }: BoundFamily, progress: readonly Progress[], chunk: Chunk): void {
    const { quad, from, to } = chunk;
    const { reach } = family;
    const place = quad % GROUP;
    if (progress[place]!.completeUntil !== from && from > 0 && reach > 0) {
      const seen = this.#call(complete, { quad, from: from - reach, to: from, commit: 0, origin: 0 });
      this.#noteUnfit(complete, progress, { quad, seen });
    }
    const seen = this.#call(complete, { quad, from, to, commit: 1, origin: 0 });
    this.#noteUnfit(complete, progress, { quad, seen });
    progress[place]!.completeUntil = to;
  }

  #noteUnfit(
    { quads }: BoundVersion,
    progress: readonly Progress[],
    { quad, seen }: { readonly quad: number; readonly seen: number },
  ): void {
    const first = progress[quad % GROUP]!;
    first.lastUnfit = Math.max(first.lastUnfit, seen);
    if (quads === 1) return;
    const second = progress[(quad % GROUP) + 1]!;
    second.lastUnfit = Math.max(second.lastUnfit, this.#memory.seenRow(quad + 1));
  }

  /** Runs the masked version where the complete one is not enough. */
  #correct({ masked, family }: BoundFamily, progress: Progress, chunk: Chunk): void {
    if (masked === null) return;
    const { quad, from, to } = chunk;
    const { reach } = family;
    const isMissing = progress.lastUnfit + reach >= from || listedWithin(chunk, reach);
    if (!isMissing) return;
    this.statistics.masked++;
    if (progress.maskedUntil !== from) this.#warm(masked, progress, { ...chunk, reach });
    this.#call(masked, { quad, from, to, commit: 1, origin: progress.maskedOrigin });
    progress.maskedUntil = to;
  }

  /** Takes a family with recurrences on from where it stopped, or from a checkpoint. */
  #runContinuous(
    bound: BoundFamily,
    progress: Progress,
    chunk: Chunk & { readonly moments: readonly Moment[] },
  ): void {
    const { data, quad, from, to, moments } = chunk;
    const { complete, family } = bound;
    const isBegun = progress.completeUntil === from;
    if (!isBegun) progress.maskedOrigin = from - family.reach - 1;
    const origin = progress.maskedOrigin;
    let done = isBegun ? from : origin;
    const advance = (until: number): void => {
      for (const [start, end, commit] of [
        [done, Math.min(until, from), 0],
        [Math.max(done, from), until, 1],
      ] as const)
        if (start < end) this.#call(complete, { quad, from: start, to: end, origin, commit });
      done = Math.max(done, until);
    };
    for (const { row, move } of moments) {
      if (row < done || row > to || (row === from && isBegun)) continue;
      advance(row);
      for (const pair of complete.pairs)
        move(this.#rings(complete, quad, pair), { data, lane: quad * QUAD + pair * 2 });
    }
    advance(to);
    progress.completeUntil = to;
  }

  /** When a family's recurrences take their states from a checkpoint or leave them in one, in order. */
  #momentsOf(family: Family, start: number, { options }: FamiliesRun): Moment[] {
    const { resume, continues = false } = options;
    const ahead = continues ? 0 : Math.max(...family.targets.map((id) => this.#resumedReach.get(id) ?? 0));
    return this.#stated.byFamily
      .get(family.name)!
      .flatMap((stated) => {
        const { lead } = stated.recurrence;
        const kept = this.checkpoints.map((checkpoint) => {
          const row = checkpoint.row - ahead - lead;
          return { row, move: keeping(stated, checkpoint, row) };
        });
        if (resume === undefined) return kept;
        const row = start - lead;
        return [{ row, move: restoring(stated, resume, row) }, ...kept];
      })
      .toSorted((a, b) => a.row - b.row);
  }

  /** Fills the rings with what came before the chunk. Before any listing that is always the same. */
  #warm(version: BoundVersion, progress: Progress, chunk: Chunk & { readonly reach: number }): void {
    const { quad, from, reach } = chunk;
    const origin = from - reach - 1;
    progress.maskedOrigin = origin;
    const isFirst = !isAlive(chunk.data, quad, origin, from);
    if (isFirst && from === 0 && version.empty.length > 0) {
      for (const pair of version.pairs) this.#rings(version, quad, pair).set(version.empty[pair]!);
      return;
    }
    this.#call(version, { quad, from: origin, to: from, origin, commit: 0 });
    if (!isFirst || from !== 0) return;
    for (const pair of version.pairs) version.empty[pair] = this.#rings(version, quad, pair).slice();
  }

  #rings(version: BoundVersion, quad: number, pair: number): Uint8Array {
    return this.#memory.bytes(version.state[quad % GROUP]![pair]!, version.stateBytes);
  }

  /** Runs one version over some rows; without `commit` what it writes goes to the row after the last one. */
  #call(
    version: BoundVersion,
    run: Rows & { readonly quad: number; readonly commit: 0 | 1; readonly origin: number },
  ): number {
    const { layout, plan, shape } = this.program;
    const { quad, from, to, commit, origin } = run;
    const commitFrom = commit === 1 ? from : shape.rows;
    const width = plan.precision === "f32" ? 4 : 8;
    const row = commit === 1 ? from % CHUNK_ROWS : CHUNK_ROWS;
    const place = quad % GROUP;
    const out = this.#outputAddress + place * this.#outputBytes + row * layout.outputRow;
    let last = NEVER;
    for (const pair of version.calls) {
      const seen = (commit === 1 ? version.call : version.warm)(
        this.#memory.base(quad),
        out + pair * 2 * width,
        from,
        to,
        commitFrom,
        commit,
        version.state[place]![pair]!,
        origin,
        pair,
      );
      if (seen > last) last = seen;
    }
    return last;
  }
}

interface Chunk extends Rows {
  readonly data: BlockData;
  readonly quad: number;
}

interface FamiliesRun extends Rows {
  readonly data: BlockData;
  startOf(node: number): number;
  readonly options: RunOptions;
}

/** Before a row is computed, something happens to the states of two lanes. */
interface Moment {
  readonly row: number;
  readonly move: StateMove;
}

function newProgress(): Progress {
  return { completeUntil: NEVER, lastUnfit: NEVER, maskedUntil: NEVER, maskedOrigin: 0 };
}

/** Chunks end at multiples of CHUNK_ROWS, wherever a run starts. */
function chunkEnd(from: number, last: number): number {
  return Math.min(last, from - (from % CHUNK_ROWS) + CHUNK_ROWS);
}

function isAlive({ instruments, first, last }: BlockData, quad: number, from: number, to: number): boolean {
  const end = Math.min(quad * QUAD + QUAD, instruments);
  for (let lane = quad * QUAD; lane < end; lane++)
    if (first[lane]! <= last[lane]! && first[lane]! < to && last[lane]! >= from) return true;
  return false;
}

/** Whether a window of a row of the chunk reaches before an instrument's first row. */
function listedWithin({ data, quad, from, to }: Chunk, reach: number): boolean {
  const { instruments, first, last } = data;
  const end = Math.min(quad * QUAD + QUAD, instruments);
  for (let lane = quad * QUAD; lane < end; lane++) {
    const start = first[lane]!;
    if (start <= last[lane]! && start < to && start + reach > from && last[lane]! >= from) return true;
  }
  return false;
}
