import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FactorSet } from "./factor-set.ts";
import { factsOf, registryOf } from "./registry.ts";

function setOf(name: string, factors: FactorSet["factors"], flatNames = false): FactorSet {
  return { name, title: { zh: name, en: name }, source: "a test", factors, flatNames };
}

const tech = setOf("tech", [{ name: "MA5", expression: "Mean($close,5)" }], true);
const alpha = setOf("alpha", [
  { name: "MA5", expression: "Mean($close,5)/$close", alias: "alpha_1" },
  { name: "ROC5", expression: "Ref($close,5)/$close", category: "momentum", version: "3" },
]);

describe("a registry", () => {
  const registry = registryOf([tech, alpha]);

  test("finds a factor by namespace and name, by alias, and by its bare name where the set's names are flat", () => {
    expect(registry.clashes).toEqual([]);
    expect(registry.find("MA5")?.id).toBe("tech.MA5");
    expect(registry.find("tech.MA5")).toBe(registry.find("MA5"));
    expect(registry.find("alpha_1")?.id).toBe("alpha.MA5");
    expect(registry.find("ROC5")).toBeUndefined();
    expect(registry.find("ma5")).toBeUndefined();
  });

  test("names the nearest factor when one is unknown", () => {
    for (const [name, nearest] of [
      ["alpha.ROC6", "alpha.ROC5"],
      ["TECH.ma5", "tech.MA5"],
    ] as const) {
      expect(() => registry.factor(name)).toThrow(
        expect.objectContaining({
          code: "FACTOR_UNKNOWN",
          remedy: expect.stringContaining(`did you mean ${nearest}?`),
        }),
      );
    }
  });

  test("gives a factor the version and source of its set unless it has its own", () => {
    expect(registry.list().map(({ id, version, source }) => [id, version, source])).toEqual([
      ["tech.MA5", "1", "a test"],
      ["alpha.MA5", "1", "a test"],
      ["alpha.ROC5", "3", "a test"],
    ]);
  });

  test("filters by set, category and a word in either language", () => {
    const spoken = registryOf([
      setOf("x", [
        { name: "A", expression: "$close", title: { zh: "收盘价", en: "closing price" } },
        { name: "B", expression: "$open", category: "price" },
      ]),
      setOf("y", [{ name: "C", expression: "$low", category: "price", formula: "low price" }]),
    ]);
    const ids = (filter: Parameters<typeof spoken.list>[0]): string[] =>
      spoken.list(filter).map(({ id }) => id);
    expect(ids({ search: "收盘" })).toEqual(["x.A"]);
    expect(ids({ search: "PRICE" })).toEqual(["x.A", "x.B", "y.C"]);
    expect(ids({ category: "price" })).toEqual(["x.B", "y.C"]);
    expect(ids({ category: "price", set: "y", search: "low" })).toEqual(["y.C"]);
  });

  test("knows which factors have the same values, however they are written", () => {
    const twins = registryOf([
      setOf("a", [
        { name: "change", expression: "$close/Ref($close, 5) - 1" },
        { name: "momentum", expression: "($close / Ref($close,5)) - 1" },
      ]),
      setOf("b", [
        { name: "other", expression: "1 - $close/Ref($close,5)" },
        { name: "same", expression: "Sub($close/Ref($close,5),1)" },
      ]),
    ]);
    expect(twins.twins(twins.factor("a.momentum"))).toEqual(["a.change", "b.same"]);
    expect(twins.twins(twins.factor("b.other"))).toEqual([]);
  });
});

describe("a clash", () => {
  test("of namespaces leaves the later set out and names the holder and the file", () => {
    const mine = setOf("Tech", [{ name: "X", expression: "$close" }]);
    const registry = registryOf([tech, mine], new Map([[mine, "factors/mine.yaml"]]));
    expect(registry.sets).toEqual([tech]);
    expect(registry.clashes).toMatchObject([
      {
        code: "FACTOR_CLASH",
        message: "the namespace Tech belongs to a shipped set",
        place: { file: "factors/mine.yaml" },
      },
    ]);
    expect(registry.find("Tech.X")).toBeUndefined();
  });

  test.each([
    [
      "an alias and a bare name",
      { name: "X", expression: "$close", alias: "MA5" },
      /mine\.X claims the name MA5, which belongs to tech\.MA5$/,
    ],
    [
      "names that differ in case only",
      { name: "X", expression: "$close", alias: "Ma5" },
      /claims the name Ma5, which belongs to tech\.MA5 \(as MA5\)/,
    ],
    [
      "a factor's own names in two cases",
      { name: "X", expression: "$close", alias: "MINE.x" },
      /mine\.X claims the name MINE\.x, which belongs to mine\.X \(as mine\.X\)$/,
    ],
    [
      "two factors of one set",
      { name: "GOOD", expression: "$high" },
      /mine\.GOOD claims the name mine\.GOOD, which belongs to mine\.GOOD$/,
    ],
  ])("of %s leaves the later factor out and names both", (_title, bad, message) => {
    const good = { name: "GOOD", expression: "$open" };
    const last = { name: "LAST", expression: "$low" };
    const registry = registryOf([tech, setOf("mine", [good, bad, last])]);
    expect(registry.clashes.map((clash) => clash.message)).toEqual([expect.stringMatching(message)]);
    expect(registry.sets[1]!.factors).toEqual([good, last]);
    expect(registry.find("MA5")?.id).toBe("tech.MA5");
    expect(registry.find("mine.GOOD")?.factor).toBe(good);
  });

  test("does not take the names of the factor that was left out from others", () => {
    const registry = registryOf([
      tech,
      setOf("one", [{ name: "X", expression: "$close", alias: "MA5" }]),
      setOf("two", [{ name: "Y", expression: "$close", alias: "one.X" }]),
    ]);
    expect(registry.clashes).toHaveLength(1);
    expect(registry.find("one.X")?.id).toBe("two.Y");
  });
});

test("no factor is lost without a word, and every name leads to one factor that bears it", () => {
  const word = fc.constantFrom("a", "A", "b", "c", "MA5", "ma5");
  const factor = fc.record(
    { name: word, expression: fc.constant("$close"), alias: fc.oneof(word, fc.constant("s.a")) },
    { requiredKeys: ["name", "expression"] },
  );
  const set = fc.record({
    name: fc.constantFrom("s", "S", "t", "u"),
    flatNames: fc.boolean(),
    factors: fc.array(factor, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(set, { maxLength: 5 }), (drafts) => {
      const sets = drafts.map((draft) => ({ ...draft, title: { zh: "", en: "" }, source: "" }));
      const registry = registryOf(sets);
      const { clashes } = registry;
      const entries = registry.list();
      const refusedSets = clashes.filter((clash) => clash.place.factor === undefined).length;
      const namesakes = sets.filter(
        (each, index) =>
          sets.findIndex(({ name }) => name.toLowerCase() === each.name.toLowerCase()) !== index,
      );
      expect(refusedSets).toBe(namesakes.length);
      const offered = sets.filter((each) => !namesakes.includes(each)).flatMap((each) => each.factors);
      expect(entries.length + clashes.length - refusedSets).toBe(offered.length);
      const claimed = entries.flatMap((entry) => [entry.id, ...new Set(entry.aliases)]);
      for (const entry of entries)
        for (const name of [entry.id, ...entry.aliases]) expect(registry.find(name)).toBe(entry);
      expect(new Set(claimed.map((name) => name.toLowerCase())).size).toBe(claimed.length);
    }),
  );
});

test("look-back and type are what the compiler says", () => {
  expect(factsOf({ name: "a", expression: "Mean(Ref($close,2),5)" })).toEqual({
    lookBack: 6,
    lookAhead: 0,
    type: "f64",
  });
  expect(factsOf({ name: "b", expression: "EMA($close,5)" }).lookBack).toBe(Number.POSITIVE_INFINITY);
  expect(factsOf({ name: "c", expression: "Ref($close,-3)" }).lookAhead).toBe(3);
});
