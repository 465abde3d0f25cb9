import { FIRST_ROWS, LAST_ROWS, SEEN_ROW } from "#kernels/wasm/family-function";
import { MOST_PAGES } from "#kernels/wasm/module";
import type { Source } from "#kernels/wasm/vector-graph";
import { QUAD, type BlockProgram } from "./block-program.ts";

/**
 * The linear memory of a block program: for every four instruments their spans and arrays (fields and intermediate
 * results), `[slot][pad + rows][4]`, then whatever is reserved.
 */
export interface BlockData {
  /** Instruments in use; lanes beyond them stay empty. */
  readonly instruments: number;
  /**
   * Own span of each, as rows of the block; an instrument without rows has first > last. A negative first row: listed
   * before the rows at hand.
   */
  readonly first: ArrayLike<number>;
  readonly last: ArrayLike<number>;
  /** Column `values[row * stride + offset + lane]` of a field or given node. */
  column(node: number): {
    readonly values: Float32Array | Float64Array;
    readonly stride: number;
    readonly offset: number;
  };
}

/** Half-open. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

const PAGE = 65_536;
/** What rows outside an instrument's span hold: finite, so that they call for no masked version. */
const OUTSIDE = 1;

export class BlockMemory {
  readonly program: BlockProgram;
  readonly quads: number;
  readonly #dataAddress: number;
  #next: number;
  #memory: WebAssembly.Memory | null = null;
  #f32: Float32Array = new Float32Array(0);
  #f64: Float64Array = new Float64Array(0);
  #i32: Int32Array = new Int32Array(0);

  constructor(program: BlockProgram) {
    this.program = program;
    const { layout, shape } = program;
    this.quads = shape.lanes / QUAD;
    // Addresses of rows before row 0 must not fall below zero.
    this.#dataAddress = aligned((layout.pad + 1) * 32);
    this.#next = aligned(this.#dataAddress + this.quads * layout.quadBytes);
  }

  /** Address of so many bytes; before `open` only. */
  reserve(bytes: number, alignment = 64): number {
    const address = aligned(this.#next, alignment);
    this.#next = aligned(address + bytes);
    return address;
  }

  open(): WebAssembly.Memory {
    const initial = Math.ceil((this.#next + PAGE) / PAGE);
    if (initial > MOST_PAGES) throw new RangeError(`a block of ${this.#next} bytes, beyond 32-bit addresses`);
    const memory = new WebAssembly.Memory(
      this.program.shape.shared === true ? { initial, maximum: initial, shared: true } : { initial },
    );
    this.#memory = memory;
    this.#f32 = new Float32Array(memory.buffer);
    this.#f64 = new Float64Array(memory.buffer);
    this.#i32 = new Int32Array(memory.buffer);
    const { plan, layout } = this.program;
    for (let quad = 0; quad < this.quads; quad++) {
      for (const source of plan.sources.values()) {
        const start = this.slot(quad, source);
        this.of(source).fill(OUTSIDE, start - layout.pad * QUAD, start);
      }
    }
    return memory;
  }

  /** The last watched row of a quad that was computed together with the one before it. */
  seenRow(quad: number): number {
    return this.#i32[(this.base(quad) + SEEN_ROW) / 4]!;
  }

  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.#memory!.buffer;
  }

  get f32(): Float32Array {
    return this.#f32;
  }

  get f64(): Float64Array {
    return this.#f64;
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory!.buffer, address, length);
  }

  /** Address of a quad's data. */
  base(quad: number): number {
    return this.#dataAddress + quad * this.program.layout.quadBytes;
  }

  /** Index of row 0 of a slot in the typed array of its type. */
  slot(quad: number, source: Source): number {
    const { layout } = this.program;
    const region = layout[source.type];
    const width = source.type === "f32" ? 16 : 32;
    const address = this.base(quad) + region.offset + source.index * region.stride + layout.pad * width;
    return address / (source.type === "f32" ? 4 : 8);
  }

  of(source: Source): Float32Array | Float64Array {
    return source.type === "f32" ? this.#f32 : this.#f64;
  }

  writeSpans(data: BlockData): void {
    const { pad } = this.program.layout;
    for (let lane = 0; lane < this.program.shape.lanes; lane++) {
      const used = lane < data.instruments && data.first[lane]! <= data.last[lane]!;
      const base = this.base(lane >> 2);
      const at = lane & 3;
      // No window reaches beyond the pad.
      const first = used ? Math.max(data.first[lane]!, -pad) : 1e7;
      this.#f32[base / 4 + at] = first;
      this.#f64[(base + FIRST_ROWS) / 8 + at] = first;
      this.#f32[(base + LAST_ROWS) / 4 + at] = used ? data.last[lane]! : -1;
    }
  }

  /** Copies some rows of a field or given node into its slot. */
  stage(node: number, data: BlockData, { from, to }: Rows): void {
    const source = this.program.plan.sources.get(node)!;
    const { values, stride, offset } = data.column(node);
    const target = this.of(source);
    for (let quad = 0; quad < this.quads; quad++) {
      const start = this.slot(quad, source);
      const lane = quad * QUAD;
      const used = Math.max(0, Math.min(QUAD, data.instruments - lane));
      if (used < QUAD) {
        target.fill(OUTSIDE, start + from * QUAD, start + to * QUAD);
        for (let at = 0; at < used; at++) {
          for (let row = from; row < to; row++)
            target[start + row * QUAD + at] = values[row * stride + offset + lane + at]!;
        }
      }
    }
    const whole = Math.min(this.quads, Math.floor(data.instruments / QUAD));
    const between = this.quads > 1 ? this.slot(1, source) - this.slot(0, source) : 0;
    const places = { quads: whole, between, place: this.slot(0, source) + from * QUAD };
    copyQuads({ target, values, stride, from: from * stride + offset, rows: to - from, ...places });
    for (let lane = 0; lane < Math.min(data.instruments, this.quads * QUAD); lane++) {
      const span = { first: data.first[lane]!, last: data.last[lane]! };
      this.fillOutside(source, lane, { from, to, ...span });
    }
  }

  /** Makes the rows of a lane that lie outside its span harmless. */
  fillOutside(
    source: Source,
    lane: number,
    { from, to, first, last }: Rows & { readonly first: number; readonly last: number },
  ): void {
    const target = this.of(source);
    const start = this.slot(lane >> 2, source) + (lane & 3);
    const listed = Math.max(from, Math.min(first, to));
    for (let row = from; row < listed; row++) target[start + row * QUAD] = OUTSIDE;
    for (let row = Math.max(listed, last + 1); row < to; row++) target[start + row * QUAD] = OUTSIDE;
  }

  /** Moves the rows from `from` on to the beginning of every slot. */
  shift({ from, to }: Rows): void {
    for (let quad = 0; quad < this.quads; quad++) {
      for (const source of this.program.plan.sources.values()) {
        const start = this.slot(quad, source);
        this.of(source).copyWithin(start, start + from * QUAD, start + to * QUAD);
      }
    }
  }
}

interface QuadCopy<Target, Values> {
  readonly target: Target;
  readonly values: Values;
  readonly rows: number;
  /** Index of the first value, and from one row's to the next one's. */
  readonly from: number;
  readonly stride: number;
  /** Index of the first quad's first place, and from one quad to the next. */
  readonly place: number;
  readonly between: number;
  readonly quads: number;
}

/** Rows at a time: their values stay in the cache from one quad to its neighbours, who lie in the same cache lines. */
const STAGED_ROWS = 32;
type Floats = Float32Array | Float64Array;

/** Values of float32 to places of float32, the usual case, in a loop of its own: such a loop runs twice as fast. */
function copyQuads(copy: QuadCopy<Floats, Floats>): void {
  const { target, values } = copy;
  if (target instanceof Float32Array && values instanceof Float32Array)
    copyNarrow({ ...copy, target, values });
  else copyAny(copy);
}

function copyNarrow(copy: QuadCopy<Float32Array, Float32Array>): void {
  const { target, values, rows, stride, between, quads } = copy;
  for (let start = 0; start < rows; start += STAGED_ROWS) {
    const end = Math.min(rows, start + STAGED_ROWS);
    for (let quad = 0; quad < quads; quad++) {
      let read = copy.from + start * stride + quad * QUAD;
      let place = copy.place + start * QUAD + quad * between;
      for (let row = start; row < end; row++) {
        target[place] = values[read]!;
        target[place + 1] = values[read + 1]!;
        target[place + 2] = values[read + 2]!;
        target[place + 3] = values[read + 3]!;
        place += QUAD;
        read += stride;
      }
    }
  }
}

function copyAny(copy: QuadCopy<Floats, Floats>): void {
  const { target, values, rows, stride, between, quads } = copy;
  for (let row = 0; row < rows; row++) {
    for (let quad = 0; quad < quads; quad++) {
      const read = copy.from + row * stride + quad * QUAD;
      const place = copy.place + row * QUAD + quad * between;
      for (let at = 0; at < QUAD; at++) target[place + at] = values[read + at]!;
    }
  }
}

function aligned(address: number, to = 64): number {
  return Math.ceil(address / to) * to;
}
