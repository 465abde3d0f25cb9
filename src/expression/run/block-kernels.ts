import type { OperandType } from "../operators/dtype.ts";
import { QUAD } from "./block-program.ts";
import { kernelBack } from "./append-reach.ts";
import type { BlockData, BlockMemory, Rows } from "./block-memory.ts";

/**
 * A node without vector code, by the operator's own kernel, instrument by instrument over its own span. Rows of the
 * inputs before `from` are read as far as the kernel looks back; those of the result from `from` on are written.
 */
export function runKernel(id: number, memory: BlockMemory, run: Rows & { readonly data: BlockData }): void {
  const { graph, sources } = memory.program.plan;
  const node = graph.nodes[id]!;
  if (node.kind !== "apply") return;
  const { data, from, to } = run;
  const inputs = node.inputs.map((input) => graph.nodes[input]!);
  const inputTypes = inputs.map((input): OperandType =>
    input.kind === "number" ? { type: input.type, number: input.value } : { type: input.type },
  );
  const source = sources.get(id)!;
  const target = memory.of(source);
  const earliest = Math.max(0, from - kernelBack(graph, node, { resumed: false }));
  for (let lane = 0; lane < memory.program.shape.lanes; lane++) {
    const used = lane < data.instruments;
    const first = used ? data.first[lane]! : 0;
    const last = used ? data.last[lane]! : -1;
    memory.fillOutside(source, lane, { from, to, first, last });
    const start = Math.max(first, earliest);
    const end = Math.min(last + 1, to);
    if (end <= Math.max(start, from)) continue;
    const length = end - start;
    const quad = lane >> 2;
    const out = new Float64Array(length);
    node.operator.compute({
      inputs: inputs.map((input) => {
        if (input.kind === "number") return input.value;
        const read = sources.get(input.id)!;
        const values = memory.of(read);
        let at = memory.slot(quad, read) + (lane & 3) + start * QUAD;
        const series = new Float64Array(length);
        for (let row = 0; row < length; row++, at += QUAD) series[row] = values[at]!;
        return series;
      }),
      inputTypes,
      type: node.type,
      arguments: node.arguments,
      out,
    });
    const place = memory.slot(quad, source) + (lane & 3);
    for (let row = Math.max(start, from); row < end; row++) target[place + row * QUAD] = out[row - start]!;
  }
}
