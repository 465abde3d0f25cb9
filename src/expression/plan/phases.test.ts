import { describe, expect, test } from "vitest";
import { buildGraph } from "../ir/build.ts";
import { printGraph } from "../ir/print.ts";
import { isCrossSection, planPhases, printPhases } from "./phases.ts";

const phasesOf = (...expressions: readonly string[]): ReturnType<typeof planPhases> =>
  planPhases(buildGraph(expressions));

/** Operators, operands and results of each phase, and what it drops. */
function outline({ before }: ReturnType<typeof planPhases>): readonly string[] {
  return before.map(({ graph, sections, release }) => {
    const calls = sections.map(
      ({ node, name, operands }) => `${name}=${node.operator.name}(${operands.join(",")})`,
    );
    return `${graph.outputs.map(({ name }) => name).join(" ")} | ${calls.join(" ")} | ${[...release].sort().join(" ")}`;
  });
}

test("a graph without operators across instruments is its own last phase", () => {
  const graph = buildGraph(["Mean($close,5)/$close"]);
  expect(planPhases(graph)).toEqual({ before: [], last: graph });
  expect(planPhases(graph).last).toBe(graph);
});

test("the phases of one graph are made once, so that what a backend compiled for them can be kept", () => {
  const graph = buildGraph(["CSRank($close)"]);
  expect(planPhases(graph).last).toBe(planPhases(graph).last);
});

test("what stands inside is computed before, what stands around it after", () => {
  const { before, last } = phasesOf("Mean(CSRank(Std($close,5)),3)");
  expect(before).toHaveLength(1);
  expect(printGraph(before[0]!.graph)).toBe(
    "#0 f32    = $close\n#1 f64    = Std(#0, 5)   look-back 4\n#1 = #1",
  );
  expect(printGraph(last)).toBe(
    "#0 f64    = $#2   look-back 4\n#1 f64    = Mean(#0, 3)   look-back 6\nMean(CSRank(Std($close,5)),3) = #1",
  );
});

describe("phases", () => {
  test("share what several sections need", () => {
    expect(outline(phasesOf("CSRank($close)-CSZScore($close)"))).toEqual([
      "#0 | #1=CSRank(#0) #2=CSZScore(#0) | #0",
    ]);
  });

  test("follow each other where a section needs windows over another", () => {
    expect(outline(phasesOf("CSRank(Mean(CSRank($close),5))"))).toEqual([
      "#0 | #1=CSRank(#0) | #0",
      "#2 | #3=CSRank(#2) | #1 #2",
    ]);
  });

  test("hold a chain of sections without one between", () => {
    expect(outline(phasesOf("GroupZScore(CSWinsorize($close,0.01),$open)"))).toEqual([
      "#0 #2 | #1=CSWinsorize(#0) #3=GroupZScore(#1,#2) | #0 #1 #2",
    ]);
  });

  test("keep a result until its last reader, in a later phase or a later section", () => {
    const text = "CSDemean(Mean(CSRank($close),5))+CSRank($close)";
    expect(outline(phasesOf(text))).toEqual(["#0 | #1=CSRank(#0) | #0", "#2 | #3=CSDemean(#2) | #2"]);
    expect(outline(phasesOf("GroupMean(Mean(CSRank($close),5),CSRank($close))"))).toEqual([
      "#0 | #1=CSRank(#0) | #0",
      "#2 | #3=GroupMean(#2,#1) | #1 #2",
    ]);
  });

  test("leave out what no output needs", () => {
    const graph = buildGraph(["CSRank($close)", "$open"]);
    const { before, last } = planPhases({ ...graph, outputs: graph.outputs.slice(1) });
    expect(before).toEqual([]);
    expect(last.nodes).toHaveLength(graph.nodes.length);
  });

  test("hold no operator across instruments themselves, with inputs before the nodes that use them", () => {
    const { before, last } = phasesOf(
      "CSRank(Mean(CSRank($close)+$open,5))-ChangeInstrument('A',CSMean(Ref($close,1)))",
      "GroupRank(CSRank($open),Sign(CSDemean($close)))",
      "CSRank($close)",
    );
    expect(before.length).toBe(2);
    for (const { nodes, outputs } of [...before.map(({ graph }) => graph), last]) {
      expect(nodes.some(isCrossSection)).toBe(false);
      expect(nodes.map(({ id }) => id)).toEqual(nodes.map((_, at) => at));
      for (const node of nodes) {
        expect(node.kind !== "apply" || node.inputs.every((id) => id < node.id)).toBe(true);
      }
      expect(outputs.every(({ node }) => node < nodes.length)).toBe(true);
    }
  });
});

test("types, look-back and look-ahead are what they were", () => {
  const graph = buildGraph(["Ref(CSRank(Mean($close,5)),-2)>0.5"]);
  const { last } = planPhases(graph);
  const [whole, cut] = [graph, last].map(({ nodes, outputs }) => nodes[outputs[0]!.node]!);
  expect([cut!.type, cut!.reach]).toEqual([whole!.type, whole!.reach]);
  expect(whole!.reach).toEqual({ earliest: -2, latest: 2 });
});

test("the phases are printed with the numbers of the whole graph", () => {
  expect(printPhases(buildGraph(["CSRank(Mean(CSRank($close),5))/$close"]))).toBe(
    [
      "phase 1, instrument by instrument",
      "compute #0",
      "then, row by row over the universe: #1",
      "phase 2, instrument by instrument",
      "read #1",
      "compute #2, then release #1",
      "then, row by row over the universe: #3",
      "phase 3, instrument by instrument",
      "read #3",
      "compute #0",
      "compute #4, then release #3 #0",
    ].join("\n"),
  );
});
