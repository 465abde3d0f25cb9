import type { Column, Panel } from "#panel/panel";
import type { Section } from "../plan/phases.ts";

/**
 * Values across instruments: an operator's numbers row by row, over the instruments whose span holds the row. They are
 * handed to it in code-point order of their ids, so the result does not depend on where in memory an instrument lies.
 */
export type Universe = Pick<Panel, "instruments" | "first" | "last">;

/** Values by field name, time-major as in a panel of the universe. */
export type Columns = ReadonlyMap<string, Float32Array | Float64Array>;

/** Results of the sections in order, each with its operands in `columns` or among the results. NaN outside an instrument's span. */
export function computeSections(
  sections: readonly Section[],
  columns: Columns,
  universe: Universe,
): Column[] {
  const order = idOrder(universe.instruments);
  const known = new Map(columns);
  return sections.map((section) => {
    const values = computeSection(section, { columns: known, universe, order });
    known.set(section.name, values);
    return { name: section.name, values };
  });
}

function computeSection(
  { node, operands }: Section,
  market: { readonly columns: Columns; readonly universe: Universe; readonly order: Int32Array },
): Float64Array {
  const { first, last } = market.universe;
  const sources = operands.map((name) => market.columns.get(name)!);
  const lanes = market.order.length;
  const rows = lanes === 0 ? 0 : sources[0]!.length / lanes;
  const results = new Float64Array(rows * lanes).fill(Number.NaN);
  const present = new Int32Array(lanes);
  const buffers = sources.map(() => new Float64Array(lanes));
  const out = new Float64Array(lanes);
  const inputTypes = operands.map(() => ({ type: "f64" }) as const);
  for (let row = 0; row < rows; row++) {
    let count = 0;
    for (const lane of market.order) {
      if (first[lane]! <= row && row <= last[lane]!) present[count++] = lane;
    }
    if (count === 0) continue;
    for (const [index, source] of sources.entries()) {
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
  return results;
}

function idOrder(instruments: readonly string[]): Int32Array {
  const lanes = Int32Array.from(instruments, (_, lane) => lane);
  return lanes.sort((a, b) => {
    const [one, other] = [instruments[a]!, instruments[b]!];
    return one < other ? -1 : one > other ? 1 : a - b;
  });
}
