import { evaluatePhase } from "#expression/run/evaluate";
import { fieldColumns, type Origins } from "#expression/run/fields";
import type { BlockProgram } from "#expression/run/block-program";
import { columnOf, type Panel } from "#panel/panel";
import { inputNodes, type Values } from "./block-computer.ts";
import type { InputSlot } from "./block-task.ts";

/**
 * What a program reads of a panel, in the order of `inputNodes`. Values of other instruments and of reports are made here,
 * by the reference backend on the calling thread. Throws `RangeError` when the panel lacks a field.
 */
export function inputValues({ plan }: BlockProgram, panel: Panel, origins: Origins): Values[] {
  const columns = fieldColumns(panel);
  const fields = plan.fields.map(({ name }) => columns.get(name) ?? columnOf(panel, name).values);
  if (plan.given.length === 0) return fields;
  const { tree } = plan.graph.outputs[0]!;
  const outputs = plan.given.map((node) => ({ name: `#${node}`, tree, node }));
  const given = evaluatePhase({ nodes: plan.graph.nodes, outputs }, panel, {
    ...origins,
    backend: "js",
    precision: "f64",
  });
  return [...fields, ...given.map(({ values }) => values)];
}

/** A whole panel as the only slot. Columns that lie in shared memory are used as they are, others are copied. */
export function wholeSlot(program: BlockProgram, panel: Panel, origins: Origins): InputSlot {
  return {
    first: shared(panel.first),
    last: shared(panel.last),
    columns: inputValues(program, panel, origins).map(shared),
    stride: panel.instruments.length,
    instruments: shared(Int32Array.of(panel.instruments.length)),
  };
}

/** Room for the inputs of one block, in the types that its first panel has. */
export function emptySlot(program: BlockProgram, like: readonly Values[]): InputSlot {
  const { rows, lanes } = program.shape;
  const cells = new Int32Array(0);
  return {
    first: onSharedMemory(cells, lanes),
    last: onSharedMemory(cells, lanes),
    columns: inputNodes(program).map((_, index) => onSharedMemory(like[index]!, rows * lanes)),
    stride: lanes,
    instruments: onSharedMemory(cells, 1),
  };
}

/** Copies a panel into a slot. Throws `RangeError` when it does not have the shape and types of the first. */
export function fillSlot(slot: InputSlot, panel: Panel, values: readonly Values[]): void {
  const lanes = panel.instruments.length;
  const rows = panel.time.days.length;
  const { stride, columns } = slot;
  if (lanes > stride) throw new RangeError(`a panel of ${lanes} instruments for blocks of ${stride}`);
  slot.instruments[0] = lanes;
  slot.first.set(panel.first);
  slot.last.set(panel.last);
  for (const [index, column] of columns.entries()) {
    const source = values[index]!;
    if (rows * stride !== column.length) {
      throw new RangeError(`a panel of ${rows} rows for blocks of ${column.length / stride}`);
    }
    if (source.BYTES_PER_ELEMENT > column.BYTES_PER_ELEMENT) {
      throw new RangeError("a panel with a float64 column where the first one has float32");
    }
    if (lanes === stride) column.set(source);
    else {
      for (let row = 0; row < rows; row++)
        column.set(source.subarray(row * lanes, (row + 1) * lanes), row * stride);
    }
  }
}

function shared<T extends Values | Int32Array>(values: T): T {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const copy = onSharedMemory(values, values.length);
  copy.set(values);
  return copy;
}

/** An array of the same type. */
function onSharedMemory<T extends Values | Int32Array>(like: T, length: number): T {
  const Type = like.constructor as new (buffer: SharedArrayBuffer) => T;
  return new Type(new SharedArrayBuffer(length * like.BYTES_PER_ELEMENT));
}
