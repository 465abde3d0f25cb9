import { FIRST_ROWS, HEADER_BYTES, LAST_ROWS, NEVER } from "#kernels/wasm/family-function";
import { deliverName } from "#kernels/wasm/deliver-function";
import type { Source } from "#kernels/wasm/vector-graph";
import type { OperandType } from "../operators/dtype.ts";
import type { Family } from "../plan/families.ts";
import { CHUNK_ROWS, GROUP, QUAD, type BlockProgram, type VersionFacts } from "./block-program.ts";

/**
 * Runs a block program: owns the memory, walks blocks in chunks of rows that stay in the cache, and decides chunk by
 * chunk whether the masked version of a family has to correct what the complete one wrote.
 */
export interface BlockData {
  /** Instruments in use; lanes beyond them stay empty. */
  readonly instruments: number;
  /** Own span of each, as rows of the block; an instrument without rows has first > last. */
  readonly first: ArrayLike<number>;
  readonly last: ArrayLike<number>;
  /** Column `values[row * stride + offset + lane]` of a field or given node. */
  column(node: number): {
    readonly values: Float32Array | Float64Array;
    readonly stride: number;
    readonly offset: number;
  };
}

export interface RunStatistics {
  /** Chunks of four instruments × families that were computed, and those where the masked version ran as well. */
  chunks: number;
  masked: number;
}

const PAGE = 65_536;
/** What rows outside an instrument's span hold: finite, so that they call for no masked version. */
const OUTSIDE = 1;

type Call = (...parameters: number[]) => number;

interface BoundVersion {
  readonly call: Call;
  readonly stateBytes: number;
  /** The rings after rows on which nothing was listed. */
  readonly empty: Uint8Array[];
  readonly pairs: readonly number[];
  /** Address of the rings by quad and pair. */
  readonly state: readonly (readonly number[])[];
}

interface BoundFamily {
  readonly family: Family;
  readonly complete: BoundVersion;
  readonly masked: BoundVersion | null;
}

/** How far the masked version of a family has come for a quad. */
interface Progress {
  lastUnfit: number;
  maskedUntil: number;
  maskedOrigin: number;
}

export class BlockEngine {
  readonly program: BlockProgram;
  readonly statistics: RunStatistics = { chunks: 0, masked: 0 };
  readonly #memory: WebAssembly.Memory;
  readonly #stages: readonly (readonly BoundFamily[])[];
  readonly #deliver: ReadonlyMap<number, Call>;
  readonly #outputBytes: number;
  readonly #quads: number;
  readonly #quadBytes: number;
  readonly #dataAddress: number;
  readonly #outputAddress: number;
  readonly #resultAddress: number;
  readonly #f32: Float32Array;
  readonly #f64: Float64Array;

  constructor(program: BlockProgram, module = new WebAssembly.Module(program.bytes)) {
    this.program = program;
    const { layout, plan, shape } = program;
    this.#quads = shape.lanes / QUAD;
    const dataBytes = layout.f64.offset + plan.slots.f64 * layout.f64.stride;
    this.#quadBytes = aligned(Math.max(dataBytes, HEADER_BYTES) + 64);
    // Addresses of rows before row 0 must not fall below zero.
    this.#dataAddress = aligned((layout.pad + 1) * 32);
    let next = aligned(this.#dataAddress + this.#quads * this.#quadBytes);
    const reserve = (bytes: number): number => {
      const address = next;
      next = aligned(next + bytes);
      return address;
    };
    const rings = new Map<string, number[][]>();
    for (const { complete, masked } of program.versions.values()) {
      for (const version of [complete, masked]) {
        if (version === null) continue;
        const pairs = version.lanes === "f32x4" ? 1 : 2;
        rings.set(
          version.name,
          Array.from({ length: this.#quads }, () =>
            Array.from({ length: pairs }, () => reserve(version.stateBytes)),
          ),
        );
      }
    }
    const outputs = plan.graph.outputs.length;
    this.#outputBytes = aligned(outputs * layout.outputStride);
    this.#outputAddress = reserve(this.#quads * this.#outputBytes);
    this.#resultAddress = aligned(next, 4096);
    const end = this.#resultAddress + outputs * layout.resultStride + PAGE;
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) });
    this.#f32 = new Float32Array(this.#memory.buffer);
    this.#f64 = new Float64Array(this.#memory.buffer);
    const { exports } = new WebAssembly.Instance(module, { engine: { memory: this.#memory } });
    const bind = (version: VersionFacts): BoundVersion => ({
      call: exports[version.name] as Call,
      stateBytes: version.stateBytes,
      empty: [],
      pairs: version.lanes === "f32x4" ? [0] : [0, 1],
      state: rings.get(version.name)!,
    });
    this.#stages = plan.stages.map(({ families }) =>
      families.map((family) => {
        const { complete, masked } = program.versions.get(family.name)!;
        return { family, complete: bind(complete), masked: masked === null ? null : bind(masked) };
      }),
    );
    this.#deliver = new Map(
      [1, 2, 3, 4, 5, 6, 7, 8].flatMap((quads) => {
        const call = exports[deliverName(quads)] as Call | undefined;
        return call === undefined ? [] : [[quads, call] as const];
      }),
    );
    this.#fillPads();
  }

  /** Computes all outputs of a block; read them with `output` before the next run. */
  run(data: BlockData): void {
    const { plan } = this.program;
    this.#writeSpans(data);
    for (const { node } of plan.fields) this.#stage(node, data);
    for (const node of plan.given) this.#stage(node, data);
    for (const [index, { kernels }] of plan.stages.entries()) {
      for (const node of kernels) this.#runKernel(node, data);
      this.#runFamilies(index, data);
    }
  }

  /** One output of the last run, `[row][lane]`; NaN outside the instruments' spans. Valid until the next run. */
  output(index: number): Float32Array | Float64Array {
    const { layout, plan, shape } = this.program;
    const address = this.#resultAddress + this.program.places[index]! * layout.resultStride;
    const length = shape.rows * shape.lanes;
    return plan.precision === "f32"
      ? this.#f32.subarray(address / 4, address / 4 + length)
      : this.#f64.subarray(address / 8, address / 8 + length);
  }

  #base(quad: number): number {
    return this.#dataAddress + quad * this.#quadBytes;
  }

  /** Index of row 0 of a slot in the typed array of its type. */
  #slot(quad: number, source: Source): number {
    const { layout } = this.program;
    const region = layout[source.type];
    const width = source.type === "f32" ? 16 : 32;
    const address = this.#base(quad) + region.offset + source.index * region.stride + layout.pad * width;
    return address / (source.type === "f32" ? 4 : 8);
  }

  #memoryOf(source: Source): Float32Array | Float64Array {
    return source.type === "f32" ? this.#f32 : this.#f64;
  }

  #fillPads(): void {
    const { plan, layout } = this.program;
    for (let quad = 0; quad < this.#quads; quad++) {
      for (const source of plan.sources.values()) {
        const start = this.#slot(quad, source);
        this.#memoryOf(source).fill(OUTSIDE, start - layout.pad * QUAD, start);
      }
    }
  }

  #writeSpans(data: BlockData): void {
    for (let lane = 0; lane < this.program.shape.lanes; lane++) {
      const used = lane < data.instruments && data.first[lane]! <= data.last[lane]!;
      const base = this.#base(lane >> 2);
      const at = lane & 3;
      const first = used ? data.first[lane]! : 1e7;
      this.#f32[base / 4 + at] = first;
      this.#f64[(base + FIRST_ROWS) / 8 + at] = first;
      this.#f32[(base + LAST_ROWS) / 4 + at] = used ? data.last[lane]! : -1;
    }
  }

  #stage(node: number, data: BlockData): void {
    const source = this.program.plan.sources.get(node)!;
    const { rows } = this.program.shape;
    const { values, stride, offset } = data.column(node);
    const target = this.#memoryOf(source);
    for (let quad = 0; quad < this.#quads; quad++) {
      const start = this.#slot(quad, source);
      const lane = quad * QUAD;
      const used = Math.min(QUAD, data.instruments - lane);
      if (used === QUAD) {
        let to = start;
        let from = offset + lane;
        for (let row = 0; row < rows; row++) {
          target[to] = values[from]!;
          target[to + 1] = values[from + 1]!;
          target[to + 2] = values[from + 2]!;
          target[to + 3] = values[from + 3]!;
          to += QUAD;
          from += stride;
        }
      } else {
        target.fill(OUTSIDE, start, start + rows * QUAD);
        for (let at = 0; at < used; at++) {
          for (let row = 0; row < rows; row++)
            target[start + row * QUAD + at] = values[row * stride + offset + lane + at]!;
        }
      }
      for (let at = 0; at < used; at++) this.#fillOutside(target, start + at, data, lane + at);
    }
  }

  #fillOutside(target: Float32Array | Float64Array, start: number, data: BlockData, lane: number): void {
    const { rows } = this.program.shape;
    const first = Math.min(data.first[lane]!, rows);
    for (let row = 0; row < first; row++) target[start + row * QUAD] = OUTSIDE;
    for (let row = Math.max(first, data.last[lane]! + 1); row < rows; row++)
      target[start + row * QUAD] = OUTSIDE;
  }

  /** A node without vector code, by the operator's own kernel, instrument by instrument over its own span. */
  #runKernel(id: number, data: BlockData): void {
    const { graph, sources } = this.program.plan;
    const node = graph.nodes[id]!;
    if (node.kind !== "apply") return;
    const inputs = node.inputs.map((input) => graph.nodes[input]!);
    const inputTypes = inputs.map((input): OperandType =>
      input.kind === "number" ? { type: input.type, number: input.value } : { type: input.type },
    );
    const source = sources.get(id)!;
    const target = this.#memoryOf(source);
    for (let lane = 0; lane < this.program.shape.lanes; lane++) {
      const quad = lane >> 2;
      const start = this.#slot(quad, source) + (lane & 3);
      const used = lane < data.instruments;
      const first = used ? data.first[lane]! : 0;
      const length = used ? Math.max(0, data.last[lane]! - first + 1) : 0;
      for (let row = 0; row < this.program.shape.rows; row++) target[start + row * QUAD] = OUTSIDE;
      if (length === 0) continue;
      const out = new Float64Array(length);
      node.operator.compute({
        inputs: inputs.map((input) => {
          if (input.kind === "number") return input.value;
          const from = sources.get(input.id)!;
          const values = this.#memoryOf(from);
          const at = this.#slot(quad, from) + (lane & 3);
          return Float64Array.from({ length }, (_, row) => values[at + (first + row) * QUAD]!);
        }),
        inputTypes,
        type: node.type,
        arguments: node.arguments,
        out,
      });
      for (let row = 0; row < length; row++) target[start + (first + row) * QUAD] = out[row]!;
    }
  }

  #runFamilies(stage: number, data: BlockData): void {
    const families = this.#stages[stage]!;
    const { rows } = this.program.shape;
    const progress = families.map(() =>
      Array.from({ length: this.#quads }, (): Progress => ({
        lastUnfit: NEVER,
        maskedUntil: NEVER,
        maskedOrigin: 0,
      })),
    );
    for (let group = 0; group < this.#quads; group += GROUP) {
      const end = Math.min(this.#quads, group + GROUP);
      for (let from = 0; from < rows; from += CHUNK_ROWS) {
        const to = Math.min(rows, from + CHUNK_ROWS);
        for (let quad = group; quad < end; quad++) {
          if (!isAlive(data, quad, from, to)) continue;
          for (const [index, family] of families.entries()) {
            this.#runChunk(family, progress[index]![quad]!, { data, quad, from, to });
          }
        }
        this.#deliverChunk({ stage, group, quads: end - group, from, to });
      }
    }
  }

  #deliverChunk(chunk: {
    readonly stage: number;
    readonly group: number;
    readonly quads: number;
    readonly from: number;
    readonly to: number;
  }): void {
    const { layout, delivered } = this.program;
    const { group, quads, from, to } = chunk;
    const places = delivered[chunk.stage]!;
    if (places.from === places.to) return;
    this.#deliver.get(quads)!(
      this.#base(group),
      this.#quadBytes,
      this.#outputAddress + group * this.#outputBytes + places.from * layout.outputStride,
      this.#outputBytes,
      this.#resultAddress +
        places.from * layout.resultStride +
        from * layout.resultRow +
        group * layout.outputRow,
      from,
      to,
      places.to - places.from,
    );
  }

  #runChunk(bound: BoundFamily, progress: Progress, chunk: Chunk): void {
    const { quad, from, to } = chunk;
    const { family, complete, masked } = bound;
    this.statistics.chunks++;
    const seen = this.#call(complete, { quad, from, to, commit: 1, origin: 0 });
    if (seen > progress.lastUnfit) progress.lastUnfit = seen;
    if (masked === null) return;
    const { reach } = family;
    const isMissing = progress.lastUnfit + reach >= from || listedWithin(chunk, reach);
    if (!isMissing) return;
    this.statistics.masked++;
    if (progress.maskedUntil !== from) this.#warm(masked, progress, { ...chunk, reach });
    this.#call(masked, { quad, from, to, commit: 1, origin: progress.maskedOrigin });
    progress.maskedUntil = to;
  }

  /** Fills the rings with what came before the chunk. Before any listing that is always the same. */
  #warm(version: BoundVersion, progress: Progress, chunk: Chunk & { readonly reach: number }): void {
    const { quad, from, reach } = chunk;
    const origin = from - reach - 1;
    progress.maskedOrigin = origin;
    const isFirst = !isAlive(chunk.data, quad, origin, from);
    if (isFirst && from === 0 && version.empty.length > 0) {
      for (const pair of version.pairs) {
        const state = version.state[quad]![pair]!;
        new Uint8Array(this.#memory.buffer, state, version.stateBytes).set(version.empty[pair]!);
      }
      return;
    }
    this.#call(version, { quad, from: origin, to: from, origin, commit: 0 });
    if (!isFirst || from !== 0) return;
    for (const pair of version.pairs) {
      const state = version.state[quad]![pair]!;
      version.empty[pair] = new Uint8Array(this.#memory.buffer).slice(state, state + version.stateBytes);
    }
  }

  /** Runs one version over some rows; without `commit` what it writes goes to the row after the last one. */
  #call(
    version: BoundVersion,
    run: {
      readonly quad: number;
      readonly from: number;
      readonly to: number;
      readonly commit: 0 | 1;
      readonly origin: number;
    },
  ): number {
    const { layout, plan, shape } = this.program;
    const { quad, from, to, commit, origin } = run;
    const commitFrom = commit === 1 ? from : shape.rows;
    const width = plan.precision === "f32" ? 4 : 8;
    const row = commit === 1 ? from % CHUNK_ROWS : CHUNK_ROWS;
    const out = this.#outputAddress + quad * this.#outputBytes + row * layout.outputRow;
    let last = NEVER;
    for (const pair of version.pairs) {
      const seen = version.call(
        this.#base(quad),
        out + pair * 2 * width,
        from,
        to,
        commitFrom,
        commit,
        version.state[quad]![pair]!,
        origin,
        pair,
      );
      if (seen > last) last = seen;
    }
    return last;
  }
}

interface Chunk {
  readonly data: BlockData;
  readonly quad: number;
  readonly from: number;
  readonly to: number;
}

function* lanesOf(data: BlockData, quad: number): Generator<number> {
  for (let lane = quad * QUAD; lane < Math.min(quad * QUAD + QUAD, data.instruments); lane++) {
    if (data.first[lane]! <= data.last[lane]!) yield lane;
  }
}

function isAlive(data: BlockData, quad: number, from: number, to: number): boolean {
  for (const lane of lanesOf(data, quad)) {
    if (data.first[lane]! < to && data.last[lane]! >= from) return true;
  }
  return false;
}

/** Whether a window of a row of the chunk reaches before an instrument's first row. */
function listedWithin({ data, quad, from, to }: Chunk, reach: number): boolean {
  for (const lane of lanesOf(data, quad)) {
    const first = data.first[lane]!;
    if (first < to && first + reach > from && data.last[lane]! >= from) return true;
  }
  return false;
}

function aligned(address: number, to = 64): number {
  return Math.ceil(address / to) * to;
}
