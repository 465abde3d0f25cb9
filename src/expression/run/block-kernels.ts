import type { Recurrence } from "#kernels/recurrence/recurrence";
import type { AppliedOperator } from "../ir/node.ts";
import type { OperandType } from "../operators/dtype.ts";
import { kernelBack } from "./append-reach.ts";
import { QUAD } from "./block-program.ts";
import type { BlockData, BlockMemory, Rows } from "./block-memory.ts";

/**
 * A node without vector code, by the operator's own kernel, instrument by instrument over its own span. Rows of the
 * inputs before `from` are read as far as the kernel looks back; those of the result from `from` on are written.
 */
export interface KernelRun extends Rows {
  readonly data: BlockData;
}

/** States of a recurrence in an array of `[instrument][width]`. */
export interface StatePlace {
  readonly states: Float64Array;
  readonly width: number;
  readonly offset: number;
}

export interface RecurrenceRun extends KernelRun {
  /** States after row `from` − 1; without, the recurrence starts at each instrument's first row. */
  readonly resume: StatePlace | null;
  /** Where to keep the states after some rows, in ascending order. */
  readonly keep: readonly (StatePlace & { readonly row: number; readonly after: number })[];
}

export function runKernel(node: AppliedOperator, memory: BlockMemory, run: KernelRun): void {
  const { graph } = memory.program.plan;
  const { from, to } = run;
  const inputTypes = node.inputs.map((id): OperandType => {
    const input = graph.nodes[id]!;
    return input.kind === "number" ? { type: input.type, number: input.value } : { type: input.type };
  });
  const earliest = Math.max(0, from - kernelBack(graph, node));
  eachLane(node, memory, run, (lane, span) => {
    const start = Math.max(span.first, earliest);
    const end = Math.min(span.last + 1, to);
    if (end <= Math.max(start, from)) return;
    const out = new Float64Array(end - start);
    const inputs = inputsOf(node, memory, { lane, from: start, to: end });
    node.operator.compute({ inputs, inputTypes, type: node.type, arguments: node.arguments, out });
    write(node, memory, { lane, from: Math.max(start, from), values: out, first: start });
  });
}

export function runStated(
  node: AppliedOperator,
  memory: BlockMemory,
  run: RecurrenceRun & { readonly recurrence: Recurrence },
): void {
  const { from, to, recurrence, resume, keep } = run;
  const state = new Float64Array(recurrence.width);
  const row = new Float64Array(node.inputs.length);
  eachLane(node, memory, run, (lane, { first, last }) => {
    const resumed = resume !== null && first < from;
    if (resumed)
      state.set(resume.states.subarray(placeOf(resume, lane), placeOf(resume, lane) + state.length));
    else recurrence.reset(state);
    const start = resumed ? from : Math.max(first, 0);
    const end = Math.min(last + 1, to);
    let done = start;
    const advance = (until: number): void => {
      if (until <= done) return;
      const out = new Float64Array(until - done);
      const inputs = inputsOf(node, memory, { lane, from: done, to: until });
      for (let at = 0; at < out.length; at++) {
        for (const [index, values] of inputs.entries())
          row[index] = typeof values === "number" ? values : values[at]!;
        out[at] = recurrence.step(state, row);
      }
      write(node, memory, { lane, from: Math.max(done, from), values: out, first: done });
      done = until;
    };
    for (const place of keep) {
      advance(Math.min(place.after + 1, end));
      if (last >= place.row - 1) place.states.set(state, placeOf(place, lane));
    }
    advance(end);
  });
}

function placeOf({ width, offset }: StatePlace, lane: number): number {
  return lane * width + offset;
}

/** Calls for every instrument, after making the rows outside its span harmless. */
function eachLane(
  { id }: AppliedOperator,
  memory: BlockMemory,
  { data, from, to }: KernelRun,
  run: (lane: number, span: { readonly first: number; readonly last: number }) => void,
): void {
  const source = memory.program.plan.sources.get(id)!;
  for (let lane = 0; lane < memory.program.shape.lanes; lane++) {
    const used = lane < data.instruments;
    const span = used ? { first: data.first[lane]!, last: data.last[lane]! } : { first: 0, last: -1 };
    memory.fillOutside(source, lane, { from, to, ...span });
    if (used) run(lane, span);
  }
}

interface LaneRows extends Rows {
  readonly lane: number;
}

function inputsOf(
  node: AppliedOperator,
  memory: BlockMemory,
  { lane, from, to }: LaneRows,
): (Float64Array | number)[] {
  const { graph, sources } = memory.program.plan;
  return node.inputs.map((id) => {
    const input = graph.nodes[id]!;
    if (input.kind === "number") return input.value;
    const source = sources.get(id)!;
    const values = memory.of(source);
    const series = new Float64Array(to - from);
    let at = memory.slot(lane >> 2, source) + (lane & 3) + from * QUAD;
    for (let row = 0; row < series.length; row++, at += QUAD) series[row] = values[at]!;
    return series;
  });
}

/** Writes the values from row `from` on; `first` is the row of `values[0]`. */
function write(
  { id }: AppliedOperator,
  memory: BlockMemory,
  run: {
    readonly lane: number;
    readonly from: number;
    readonly first: number;
    readonly values: Float64Array;
  },
): void {
  const { lane, from, first, values } = run;
  const source = memory.program.plan.sources.get(id)!;
  const target = memory.of(source);
  const place = memory.slot(lane >> 2, source) + (lane & 3);
  for (let row = from; row < first + values.length; row++) target[place + row * QUAD] = values[row - first]!;
}
