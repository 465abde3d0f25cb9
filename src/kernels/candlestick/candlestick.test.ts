import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Bars } from "./candles.ts";
import { patternNamed, patterns } from "./catalogue.ts";
import { recognise, type Pattern } from "./pattern.ts";
import type { Facts } from "./definitions/sketch.ts";
import { definedValue, factsOf } from "./plain-definitions.ts";
import { motifs, quietBars, type Bar } from "./textbook-motifs.ts";

const DEPTH = process.env["DEPTH"] === "full" ? 20 : 1;

function columns(bars: readonly (Bar | null)[]): Bars {
  const [open, high, low, close] = [0, 1, 2, 3].map((index) =>
    Float64Array.from(bars, (bar) => bar?.[index] ?? Number.NaN),
  );
  return { open: open!, high: high!, low: low!, close: close! };
}

function valuesOf(pattern: Pattern, bars: Bars): number[] {
  const out = new Float64Array(bars.close.length).fill(12_345);
  recognise(pattern, bars, { out });
  return [...out];
}

function slowValuesOf(pattern: Pattern, figures: readonly (Facts<number> | null)[]): number[] {
  return figures.map((_, t) => definedValue(pattern, figures, t));
}

/** Moves by whole steps of a tenth, on which every setting of the quiet bars falls: equality is met exactly. */
const STEPS = Array.from({ length: 91 }, (_, index) => index - 45).concat([-90, -70, 70, 90]);

function inSteps(bar: Bar): Bar {
  return bar.map((price) => Math.round(price * 10)) as unknown as Bar;
}

/** The bars with price `moved` (four a bar) moved by some steps. */
function withMoved(bars: readonly Bar[], moved: number, steps: number): Bar[] {
  return bars.map((prices, bar) => {
    if (bar !== moved >> 2) return prices;
    return prices.map((price, field) => (field === (moved & 3) ? price + steps : price)) as unknown as Bar;
  });
}

/** Prices on a coarse grid: equal prices, doji, gaps and touching bodies are frequent. */
const gridBar = fc
  .tuple(...[8, 8, 3, 3].map((max) => fc.nat({ max })))
  .map(([open, close, above, below]): Bar => {
    const high = Math.max(open!, close!) + above! / 2;
    return [100 + open!, 100 + high, 100 + Math.min(open!, close!) - below! / 2, 100 + close!];
  });

/** Motifs one after the other, on quiet bars, every price moved by a few steps now and then. */
const movedMotifs = fc
  .array(
    fc.record({
      motif: fc.constantFrom(...motifs),
      moves: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0.1, -0.1, 0.5, -0.5, 1), {
        minLength: 24,
        maxLength: 24,
      }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts): Bar[] => [
    ...quietBars,
    ...parts.flatMap(({ motif, moves }) =>
      motif.bars.map((bar, index): Bar => {
        const [open, close] = [bar[0] + moves[4 * index]!, bar[3] + moves[4 * index + 1]!];
        const high = Math.max(open, close, bar[1] + moves[4 * index + 2]!);
        return [open, high, Math.min(open, close, bar[2] + moves[4 * index + 3]!), close];
      }),
    ),
  ]);

const withGaps = fc
  .tuple(movedMotifs, fc.array(fc.nat({ max: 24 }), { maxLength: 4 }), fc.nat({ max: 12 }))
  .map(([bars, missing, length]) => {
    const holes = new Set(missing);
    const run = missing[0] ?? 99;
    return bars.map((bar, t) => (holes.has(t) || (t >= run && t < run + length) ? null : bar));
  });

test("there are 61 patterns, each under one name", () => {
  expect(new Set(patterns.map(({ name }) => name)).size).toBe(61);
  expect(patterns).toHaveLength(61);
  expect(() => patternNamed("CDLNONE")).toThrow("CDLNONE");
});

describe("every pattern", () => {
  test("has an example here", () => {
    expect(new Set(motifs.map(({ name }) => name))).toEqual(new Set(patterns.map(({ name }) => name)));
  });

  test.each(motifs)("$name is $value on the last bar of its example", ({ name, value, bars }) => {
    expect(valuesOf(patternNamed(name), columns([...quietBars, ...bars])).at(-1)).toBe(value);
  });

  test("is what its definition says when one price of its example moves through every step", () => {
    const quiet = quietBars.map(inSteps);
    const known = factsOf(quiet);
    for (const { name, bars } of motifs) {
      const pattern = patternNamed(name);
      const example = bars.map(inSteps);
      const length = quiet.length + example.length;
      for (let moved = 0; moved < 4 * example.length; moved++) {
        const series = STEPS.map((steps) => [...quiet, ...withMoved(example, moved, steps)]);
        const values = valuesOf(pattern, columns(series.flat()));
        const differing = series.flatMap((each, index) => {
          const figures = [...known, ...factsOf(each, quiet.length)];
          const expected = definedValue(pattern, figures, length - 1);
          const value = values[(index + 1) * length - 1];
          return value === expected ? [] : [`${STEPS[index]} steps: ${value}, expected ${expected}`];
        });
        expect(differing, `${name}, price ${moved & 3} of bar ${moved >> 2}`).toEqual([]);
      }
    }
  });

  test.each([
    ["on prices of a coarse grid", fc.array(gridBar, { minLength: 1, maxLength: 60 }), 40],
    ["on examples that are moved a little", movedMotifs, 250],
    ["with missing bars", withGaps, 200],
  ] as const)("is what its definition says %s", (_, series: fc.Arbitrary<(Bar | null)[]>, numRuns) => {
    fc.assert(
      fc.property(series, (bars) => {
        const fast = columns(bars);
        const slow = factsOf(bars);
        for (const pattern of patterns) {
          expect(valuesOf(pattern, fast), pattern.name).toEqual(slowValuesOf(pattern, slow));
        }
      }),
      { numRuns: numRuns * DEPTH },
    );
  });

  test("is the same at any scale of the prices", () => {
    fc.assert(
      fc.property(movedMotifs, fc.constantFrom(2 ** 40, 2 ** -40), (bars, scale) => {
        const scaled = bars.map((bar) => bar.map((price) => price * scale) as unknown as Bar);
        for (const pattern of patterns) {
          expect(valuesOf(pattern, columns(scaled)), pattern.name).toEqual(valuesOf(pattern, columns(bars)));
        }
      }),
      { numRuns: 60 * DEPTH },
    );
  });

  test.each([1e12, 1e-12])("is what its definition says at prices times %d", (scale) => {
    fc.assert(
      fc.property(movedMotifs, (bars) => {
        const scaled = bars.map((bar) => bar.map((price) => price * scale) as unknown as Bar);
        const [fast, slow] = [columns(scaled), factsOf(scaled)];
        for (const pattern of patterns) {
          expect(valuesOf(pattern, fast), pattern.name).toEqual(slowValuesOf(pattern, slow));
        }
      }),
      { numRuns: 40 * DEPTH },
    );
  });

  test("does not change when later bars arrive, and needs no bar before its look-back", () => {
    fc.assert(
      fc.property(withGaps, fc.nat({ max: 29 }), (bars, at) => {
        const t = Math.min(at, bars.length - 1);
        for (const pattern of patterns) {
          const whole = valuesOf(pattern, columns(bars));
          const early = valuesOf(pattern, columns(bars.slice(0, t + 1)));
          expect(early, pattern.name).toEqual(whole.slice(0, t + 1));
          const from = Math.max(0, t - pattern.lookBack);
          expect(valuesOf(pattern, columns(bars.slice(from, t + 1))).at(-1), pattern.name).toBe(whole[t]);
        }
      }),
      { numRuns: 150 * DEPTH },
    );
  });

  test("is NaN on fewer bars than its look-back and one, and on constant prices 0 or a doji", () => {
    for (const pattern of patterns) {
      const values = valuesOf(pattern, columns(Array.from({ length: 40 }, (): Bar => [7, 7, 7, 7])));
      expect(values.slice(0, pattern.lookBack).every(Number.isNaN), pattern.name).toBe(true);
      expect(new Set(values.slice(pattern.lookBack)), pattern.name).toEqual(
        new Set([["CDLDOJI"].includes(pattern.name) ? 100 : 0]),
      );
    }
  });
});

test("a bar that lacks one price, or has an infinite one, is missing as a whole", () => {
  const bars = [...quietBars, ...motifs.find(({ name }) => name === "CDLHARAMI")!.bars];
  for (const field of ["open", "high", "low", "close"] as const) {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = columns(bars);
      broken[field][8] = value;
      const kept = broken[field].slice();
      const holed = columns(bars.map((bar, t) => (t === 8 ? null : bar)));
      for (const pattern of patterns) {
        expect(valuesOf(pattern, broken), pattern.name).toEqual(valuesOf(pattern, holed));
      }
      expect(broken[field]).toEqual(kept);
    }
  }
});

test("a bar on its own after five missing rows has no average to be measured by", () => {
  const gap = [null, null, null, null, null];
  const bars = [...quietBars, ...gap, [100, 102, 98, 100.1], [100, 102, 98, 100.1]] as (Bar | null)[];
  expect(valuesOf(patternNamed("CDLDOJI"), columns(bars)).slice(-2)).toEqual([Number.NaN, 100]);
  expect(valuesOf(patternNamed("CDLDOJI"), columns(bars.toSpliced(15, 1))).slice(-2)).toEqual([100, 100]);
});

test("other bars in the same arrays are other bars", () => {
  const doji = patternNamed("CDLDOJI");
  const bars = columns([...quietBars, [100, 102, 98, 100]]);
  expect(valuesOf(doji, bars).at(-1)).toBe(100);
  bars.open[15] = 101;
  expect(valuesOf(doji, bars).at(-1)).toBe(0);
  bars.close[15] = 101;
  expect(valuesOf(doji, bars).at(-1)).toBe(100);
  bars.high[3] = Number.NaN;
  expect(valuesOf(doji, bars).slice(10, 12)).toEqual([0, 0]);
  bars.low.fill(Number.NaN, 10);
  expect(valuesOf(doji, bars).at(-1)).toBe(Number.NaN);
});
