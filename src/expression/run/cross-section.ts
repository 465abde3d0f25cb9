import type { Panel } from "#panel/panel";
import type { Phase, Section } from "../plan/phases.ts";

/**
 * Values across instruments: an operator's numbers row by row, over the instruments whose span holds the row. They are
 * handed to it in code-point order of their ids, so the result does not depend on where in memory an instrument lies.
 */
export type Universe = Pick<Panel, "instruments" | "first" | "last">;

export type Values = Float32Array | Float64Array;

/**
 * Computes the sections of a phase in order, each with its operands in `columns` (by field name, time-major as in a panel of
 * the universe), and puts the results there. What the phase releases leaves `columns` as soon as its last section
 * is done, so that few of many columns are there at once. Results are NaN outside an instrument's span, as operands must be.
 */
export function computeSections(
  { sections, release }: Pick<Phase, "sections" | "release">,
  columns: Map<string, Values>,
  universe: Universe,
): void {
  const order = idOrder(universe.instruments);
  const lastReader = new Map(
    sections.flatMap((section) => section.operands.map((operand) => [operand, section] as const)),
  );
  for (const section of sections) {
    const operands = section.operands.map((name) => columns.get(name)!);
    const done = section.operands.filter(
      (name) => lastReader.get(name) === section && release.includes(name),
    );
    for (const name of done) columns.delete(name);
    const spare = operands.find(
      (values, at): values is Float64Array =>
        values instanceof Float64Array && done.includes(section.operands[at]!),
    );
    const results = spare ?? new Float64Array(operands[0]!.length).fill(Number.NaN);
    computeSection(section, { operands, universe, order, results });
    columns.set(section.name, results);
  }
  for (const name of release) columns.delete(name);
}

/** Row by row; `results` may be one of the operands, since a row is read whole before it is written. */
function computeSection(
  { node }: Section,
  task: {
    readonly operands: readonly Values[];
    readonly universe: Universe;
    readonly order: Int32Array;
    readonly results: Float64Array;
  },
): void {
  const { first, last } = task.universe;
  const { order, operands, results } = task;
  const lanes = order.length;
  const rows = lanes === 0 ? 0 : results.length / lanes;
  const present = new Int32Array(lanes);
  const buffers = operands.map(() => new Float64Array(lanes));
  const out = new Float64Array(lanes);
  const inputTypes = operands.map(() => ({ type: "f64" }) as const);
  for (let row = 0; row < rows; row++) {
    let count = 0;
    for (const lane of order) {
      if (first[lane]! <= row && row <= last[lane]!) present[count++] = lane;
    }
    if (count === 0) continue;
    for (const [index, source] of operands.entries()) {
      const buffer = buffers[index]!;
      for (let at = 0; at < count; at++) buffer[at] = source[row * lanes + present[at]!]!;
    }
    node.operator.compute({
      inputs: buffers.map((buffer) => buffer.subarray(0, count)),
      inputTypes,
      type: node.type,
      arguments: node.arguments,
      out: out.subarray(0, count),
    });
    for (let at = 0; at < count; at++) results[row * lanes + present[at]!] = out[at]!;
  }
}

function idOrder(instruments: readonly string[]): Int32Array {
  const lanes = Int32Array.from(instruments, (_, lane) => lane);
  return lanes.sort((a, b) => {
    const [one, other] = [instruments[a]!, instruments[b]!];
    return one < other ? -1 : one > other ? 1 : a - b;
  });
}
