import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { panelOf } from "#panel/panel";
import { buildGraph } from "../ir/build.ts";
import { printGraph } from "../ir/print.ts";
import { evaluateExpressions } from "../run/evaluate.ts";
import { rewriteGraph, rules } from "./rewrite.ts";

const rows = 40;
const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1, 3e38, 1e-40];

function panelFrom(seed: number): ReturnType<typeof panelOf> {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => row) },
    instruments: ["A", "B", "C"],
    first: Int32Array.of(0, 7, 39),
    last: Int32Array.of(39, 30, 39),
    columns: ["close", "open", "volume"].map((name) => ({
      name,
      values: Float32Array.from({ length: rows * 3 }, () =>
        next() < 0.2
          ? special[Math.floor(next() * special.length)]!
          : (next() - 0.4) * 10 ** Math.floor(next() * 6),
      ),
    })),
  });
}

/** What each rule turns into what, and what it has to leave alone. */
const cases: Readonly<
  Record<
    string,
    { readonly changed: readonly (readonly [string, string])[]; readonly kept: readonly string[] }
  >
> = {
  "neutral element": {
    changed: [
      ["$close*1", "$close"],
      ["1*$close", "$close"],
      ["$close/1", "$close"],
      ["$close-0", "$close"],
    ],
    kept: ["$close+0", "($close>$open)*1", "$close*2"],
  },
  "nested shift": {
    changed: [
      ["Ref(Ref($close,2),3)", "Ref($close,5)"],
      ["Ref(Ref(Ref($close,-1),-2),-3)", "Ref($close,-6)"],
      ["Ref(Ref($close>$open,2),3)", "Ref($close>$open,5)"],
    ],
    kept: ["Ref(Ref($close,2),-3)", "Ref(Ref($close,0),3)", "Ref(Ref($close,3),0)"],
  },
  "common difference": {
    changed: [
      ["Delta($close,3)", "$close-Ref($close,3)"],
      ["Delta(Mean($close,3),2)", "Mean($close,3)-Ref(Mean($close,3),2)"],
    ],
    kept: ["Delta($close,0)", "Delta($close,-2)", "Delta($close>$open,2)"],
  },
  "mirrored comparison": {
    changed: [
      ["$close<$open", "$open>$close"],
      ["$close<=3", "3>=$close"],
      ["Ref($close,1)<$open*2", "$open*2>Ref($close,1)"],
    ],
    kept: ["$close>$open", "$close==$open"],
  },
  "mirrored magnitude": {
    changed: [["$close+$open+Abs($open-$close)", "$close+$open+Abs($close-$open)"]],
    kept: ["Abs($close-$open)", "Abs($close)"],
  },
  "commuted operands": {
    changed: [
      ["$close/$open+($open+$close)", "$close/$open+($close+$open)"],
      ["2+$close", "$close+2"],
      ["$close/$open+($open*$close)", "$close/$open+($close*$open)"],
      ["$close/$open+Greater($open,$close)", "$close/$open+Greater($close,$open)"],
      [
        "($close>$open) | (($open>$close) & ($close>$open))",
        "($close>$open) | (($close>$open) & ($open>$close))",
      ],
    ],
    kept: [
      "$close/$open-($open-$close)",
      "($close>$open) & Ref($close>$open,1)",
      "Ref($close>$open,1) & ($close>$open)",
    ],
  },
};

test("every rule has cases", () => {
  expect(Object.keys(cases).sort()).toEqual(rules.map(({ name }) => name).sort());
});

describe.each(rules.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  const { changed, kept } = cases[name]!;
  const live = (text: string, applied: readonly (typeof rule)[]): string => {
    // Built again from the rewritten graph, so that nodes nobody needs do not count.
    const graph = rewriteGraph(buildGraph([{ name: "x", expression: text }]), applied);
    return nodesOf(graph, graph.outputs[0]!.node);
  };

  test.each(changed)("turns %s into %s", (before, after) => {
    expect(live(before, [rule])).toBe(live(after, []));
    expect(live(before, [])).not.toBe(live(after, []));
  });

  test.each([...kept])("leaves %s alone", (text) => {
    expect(live(text, [rule])).toBe(live(text, []));
  });

  test("keeps every value bit for bit, types and reach included", () => {
    const texts = [...changed.flat(), ...kept];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const panel = panelFrom(seed);
        const graph = buildGraph(texts.filter((text, index) => texts.indexOf(text) === index));
        const rewritten = rewriteGraph(graph, [rule]);
        for (const precision of ["f32", "f64"] as const) {
          const before = evaluateExpressions(graph, panel, { backend: "js", precision });
          const after = evaluateExpressions(rewritten, panel, { backend: "js", precision });
          for (const [index, column] of before.entries()) {
            const { values, ...facts } = after[index]!;
            expect(facts).toEqual({ ...column, values: undefined, ...facts, type: column.type });
            for (const [at, value] of column.values.entries())
              expect(
                Object.is(values[at], value),
                `${column.name} at ${at}: ${value} and ${values[at]}`,
              ).toBe(true);
          }
        }
      }),
      { numRuns: process.env["DEPTH"] === "full" ? 200 : 10, seed: 23 },
    );
  });
});

/** A node with all that is below it, as text. */
function nodesOf(graph: ReturnType<typeof buildGraph>, id: number): string {
  const node = graph.nodes[id]!;
  if (node.kind === "number") return `${node.value}`;
  if (node.kind !== "apply") return node.name;
  const inputs = node.inputs.map((input) => nodesOf(graph, input));
  return `${node.operator.name}(${[...inputs, ...node.arguments].join(",")}):${node.type}`;
}

test("all rules together end, and share what they make equal", () => {
  const graph = buildGraph([
    "Abs($close-$open)+Abs($open-$close)",
    "Delta($close,1)<0",
    "0>$close-Ref($close,1)",
  ]);
  const { nodes, outputs } = rewriteGraph(graph);
  expect(outputs[1]!.node).toBe(outputs[2]!.node);
  const sum = nodes[outputs[0]!.node]!;
  expect(sum.kind === "apply" && sum.inputs[0] === sum.inputs[1]).toBe(true);
  expect(printGraph({ nodes, outputs })).toContain("Gt");
});
