import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lookAheadOf } from "#expression/operators/reach";
import { buildGraph } from "#expression/ir/build";
import { panelOf, type Panel } from "#panel/panel";
import { factorSet, factorSets, findFactor, shippedFactors } from "./catalogue.ts";
import { computeFactors, type ComputedFactors } from "./compute.ts";
import { factorsPage } from "./reference-page.ts";
import { factsOf } from "./registry.ts";
import { factorCategories, factorUnits } from "./vocabulary.ts";

const FIELDS = ["open", "high", "low", "close", "vwap", "volume"] as const;

/** Numbers from a seed: xorshift32. */
function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Walks with suspensions, zero volumes, constant stretches and different listings. */
function market(rows: number, lanes: number, seed: number): Panel<"market"> {
  const random = randomFrom(seed);
  const columns = FIELDS.map((name) => ({ name, values: new Float32Array(rows * lanes).fill(Number.NaN) }));
  const first = Int32Array.from({ length: lanes }, (_, lane) =>
    lane % 3 === 1 ? Math.floor(random() * 40) : 0,
  );
  const last = Int32Array.from(
    { length: lanes },
    (_, lane) => rows - 1 - (lane % 4 === 3 ? Math.floor(random() * 30) : 0),
  );
  for (let lane = 0; lane < lanes; lane++) {
    let close = 5 + 20 * random();
    for (let row = first[lane]!; row <= last[lane]!; row++) {
      if (random() < 0.04) continue;
      const still = random() < 0.1;
      const open = close;
      if (!still) close *= 1 + (random() - 0.5) * 0.06;
      const high = Math.max(open, close) * (1 + (still ? 0 : random() * 0.01));
      const low = Math.min(open, close) * (1 - (still ? 0 : random() * 0.01));
      const volume = random() < 0.03 ? 0 : 1e6 * random();
      for (const [index, value] of [open, high, low, close, (high + low + close) / 3, volume].entries()) {
        columns[index]!.values[row * lanes + lane] = value;
      }
    }
  }
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => 19_000 + row) },
    instruments: Array.from({ length: lanes }, (_, lane) => `S${lane}`),
    first,
    last,
    columns,
  });
}

/** The rows before `rows` and the lanes named, with everything else unknown. */
function part(panel: Panel<"market">, rows: number, lanes: readonly number[]): Panel<"market"> {
  const width = panel.instruments.length;
  return panelOf({
    role: "market",
    time: { freq: "day", days: panel.time.days.slice(0, rows) },
    instruments: lanes.map((lane) => panel.instruments[lane]!),
    first: Int32Array.from(lanes, (lane) => panel.first[lane]!),
    last: Int32Array.from(lanes, (lane) => Math.min(rows - 1, panel.last[lane]!)),
    columns: [...panel.columns.values()].map(({ name, values }) => ({
      name,
      values: Float32Array.from({ length: rows * lanes.length }, (_, at) => {
        return values[Math.floor(at / lanes.length) * width + lanes[at % lanes.length]!]!;
      }),
    })),
  });
}

/** The rows from `from` on, as if nothing had been before. */
function since(panel: Panel<"market">, from: number): Panel<"market"> {
  const width = panel.instruments.length;
  return panelOf({
    ...panel,
    time: { freq: "day", days: panel.time.days.slice(from) },
    first: panel.first.map((row) => Math.max(0, row - from)),
    last: panel.last.map((row) => row - from),
    columns: [...panel.columns.values()].map(({ name, values }) => ({
      name,
      values: values.slice(from * width),
    })),
  });
}

/** Cells of the whole that differ in the part, by bit (NaN equals NaN). */
function differing(whole: Panel, piece: Panel): string[] {
  const found: string[] = [];
  const lanes = piece.instruments.map((id) => whole.instruments.indexOf(id));
  for (const [name, column] of piece.columns) {
    const expected = whole.columns.get(name)!.values;
    for (let at = 0; at < column.values.length; at++) {
      const row = Math.floor(at / lanes.length);
      const wanted = expected[row * whole.instruments.length + lanes[at % lanes.length]!];
      if (!Object.is(column.values[at], wanted))
        found.push(`${name} row ${row}: ${column.values[at]} and ${wanted}`);
    }
  }
  return found;
}

const panel = market(140, 7, 20240601);
const all = panel.instruments.map((_, lane) => lane);

describe.each(factorSets.map(({ name }) => name))("factor set %s", (name) => {
  const compute = (of: Panel<"market">): ComputedFactors =>
    computeFactors(factorSet(name), of, { precision: "f64" });
  const whole = compute(panel);
  const graph = buildGraph(factorSet(name).factors);
  const reaches = graph.outputs.map(({ node }) => graph.nodes[node]!.reach);

  test("computes every factor, and most of their cells are numbers", () => {
    expect(whole.failures).toEqual([]);
    expect(whole.panel.columns.size).toBe(factorSet(name).factors.length);
    for (const { name: factor, values } of whole.columns) {
      expect(values.filter(Number.isFinite).length, factor).toBeGreaterThan(values.length / 5);
    }
  });

  test("never looks ahead", () => {
    expect(reaches.map(lookAheadOf).every((ahead) => ahead === 0)).toBe(true);
  });

  test("has no value before a cut that changes when the future is cut off", () => {
    const cuts = process.env["DEPTH"] === "full" ? 50 : 5;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 139 }), (cut) => {
        expect(differing(whole.panel, compute(part(panel, cut, all)).panel)).toEqual([]);
      }),
      { numRuns: cuts, seed: 7 },
    );
  });

  test("needs no more rows than its look-back: with them a value has the same bits", () => {
    const width = panel.instruments.length;
    const byReach = Map.groupBy(factorSet(name).factors, (factor) => factsOf(factor).lookBack);
    let compared = 0;
    for (const [lookBack, factors] of byReach) {
      if (lookBack > 70) continue;
      const from = 140 - 5 - lookBack;
      const { columns } = computeFactors({ factors }, since(panel, from), {
        precision: "f64",
        backend: "js",
      });
      const known = computeFactors({ factors }, panel, { precision: "f64", backend: "js" }).panel.columns;
      for (const { name: factor, values } of columns) {
        const expected = known.get(factor)!.values.slice((from + lookBack) * width);
        expect(values.slice(lookBack * width), factor).toEqual(expected);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(factorSet(name).factors.length / 2);
  });

  test("has the same bits for a stock alone, in a batch, and in another order", () => {
    for (const lanes of [[4], [1], [6, 2], all.toReversed()]) {
      expect(differing(whole.panel, compute(part(panel, 140, lanes)).panel)).toEqual([]);
    }
  });
});

test.each([
  ["alpha158", 60],
  ["alpha360", 59],
  ["fund", 20],
  ["base", 60],
  ["stat", 61],
  ["time", 1],
])("%s looks back %i rows at most", (name, rows) => {
  expect(Math.max(...factorSet(name).factors.map((factor) => factsOf(factor).lookBack))).toBe(rows);
});

describe("computeFactors", () => {
  test("reports the factors that cannot be computed and goes on with the others", () => {
    const { panel: result, failures } = computeFactors(
      {
        factors: [
          { name: "good", expression: "Mean($close,5)" },
          { name: "typo", expression: "Mean($close 5)" },
          { name: "ahead", expression: "Ref($close,-1)/$close" },
          { name: "field", expression: "$turnover" },
          { name: "good", expression: "$close" },
          { name: "last", expression: "$open" },
        ],
      },
      panel,
    );
    expect([...result.columns.keys()]).toEqual(["good", "last"]);
    expect(failures.map(({ name, error }) => [name, error.code])).toEqual([
      ["typo", "EXPRESSION_SYNTAX"],
      ["ahead", "EXPRESSION_LOOKS_AHEAD"],
      ["field", "EXPRESSION_FIELD_UNKNOWN"],
      ["good", "EXPRESSION_NAME_TWICE"],
    ]);
  });

  test("computes some factors of a set by name or alias", () => {
    const { panel: some } = computeFactors(factorSet("alpha158"), panel, {
      only: new Set(["MA5", "alpha_001"]),
    });
    expect([...some.columns.keys()]).toEqual(["KMID", "MA5"]);
    expect(some.role).toBe("factor");
  });
});

describe("the catalogue", () => {
  test("numbers Alpha158 from alpha_001 to alpha_158 in Qlib's order", () => {
    const { factors } = factorSet("alpha158");
    expect(factors).toHaveLength(158);
    expect(
      [factors[0], factors[12], factors[18], factors[157]].map((factor) => [factor!.alias, factor!.name]),
    ).toEqual([
      ["alpha_001", "KMID"],
      ["alpha_013", "VWAP0"],
      ["alpha_019", "MA5"],
      ["alpha_158", "VSUMD60"],
    ]);
    expect(findFactor("alpha_019")?.factor).toBe(findFactor("alpha158.MA5")?.factor);
    expect(findFactor("MA5")?.id).toBe("tech.MA5");
  });

  test("registers every shipped factor without a clash, under the flat names of the requirement", () => {
    expect(shippedFactors.clashes).toEqual([]);
    expect(shippedFactors.sets).toEqual(factorSets);
    for (const [flat, id] of [
      ["MEAN_5", "base.MEAN_5"],
      ["STD_20", "base.STD_20"],
      ["CORR_10", "base.CORR_10"],
      ["price_change", "fund.price_change"],
      ["volatility_5d", "fund.volatility_5d"],
      ["volume_ma_ratio", "fund.volume_ma_ratio"],
      ["MA5", "tech.MA5"],
      ["RSI14", "tech.RSI14"],
      ["MACD", "tech.MACD"],
      ["BOLLINGER_UPPER", "tech.BOLLINGER_UPPER"],
      ["KDJ_K", "tech.KDJ_K"],
    ] as const) {
      expect(findFactor(flat)?.id).toBe(id);
    }
  });

  test.each(factorSets.map((set) => [set.name, set] as const))(
    "says of every factor of %s what it is in two languages, its category and its unit",
    (_name, set) => {
      for (const { name, title, category, unit } of set.factors) {
        expect(title?.zh, name).toMatch(/[\p{Script=Han}]/u);
        expect(title?.en, name).toMatch(/^[^\p{Script=Han}]{3,}$/u);
        expect(Object.keys(factorCategories), name).toContain(category);
        expect(Object.keys(factorUnits), name).toContain(unit);
      }
      expect([set.title.zh, set.title.en, set.source].every((text) => text.length > 0)).toBe(true);
    },
  );

  test("orders Alpha360 from the oldest close to today's volume", () => {
    const names = factorSet("alpha360").factors.map(({ name }) => name);
    expect([names.length, names[0], names[59], names[60], names[359]]).toEqual([
      360,
      "CLOSE59",
      "CLOSE0",
      "OPEN59",
      "VOLUME0",
    ]);
  });

  test("names the sets there are when one is unknown", () => {
    expect(() => factorSet("alpha185")).toThrow(
      expect.objectContaining({
        code: "EXPRESSION_SET_UNKNOWN",
        remedy: expect.stringContaining("did you mean alpha158?"),
      }),
    );
  });
});

test("the catalogue page is what the declarations say", async () => {
  await expect(factorsPage()).toMatchFileSnapshot("../../docs/reference/factors.md");
});
