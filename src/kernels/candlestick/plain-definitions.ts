/** For tests: the definitions of patterns read with plain numbers, every mean formed afresh, without regard to speed. */
import { patternDefinitions } from "./definitions/definitions.ts";
import { Sketch, type Algebra, type Facts } from "./definitions/sketch.ts";
import type { Pattern } from "./pattern.ts";
import type { Bar } from "./textbook-motifs.ts";

const plain: Algebra<number, boolean> = {
  number: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  abs: Math.abs,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  and: (a, b) => a && b,
  or: (a, b) => a || b,
  not: (a) => !a,
  select: (condition, yes, no) => (condition ? yes : no),
};

/** Bars with their means, from row `from` on; `null` bars are missing. */
export function factsOf(bars: readonly (Bar | null)[], from = 0): (Facts<number> | null)[] {
  return bars.slice(from).map((bar, index) => {
    const t = from + index;
    return bar === null ? null : factsAt(bar, bars.slice(Math.max(0, t - 10), t));
  });
}

/** Value of a pattern on row `t`. */
export function definedValue(pattern: Pattern, facts: readonly (Facts<number> | null)[], t: number): number {
  const { name, bars, lookBack, penetration = 0 } = pattern;
  const own = facts.slice(Math.max(0, t - bars + 1), t + 1);
  const before = facts.slice(Math.max(0, t - bars - 4), Math.max(0, t - bars + 1));
  const averages = lookBack - bars >= 4;
  if (t < lookBack || own.includes(null)) return Number.NaN;
  if (averages && before.every((each) => each === null)) return Number.NaN;
  return patternDefinitions.get(name)!(new Sketch(plain, (back) => facts[t - back]!, penetration));
}

function factsAt([open, high, low, close]: Bar, before: readonly (Bar | null)[]): Facts<number> {
  const mean = (rows: number, of: (bar: Bar) => number): number => {
    const there = before.slice(-rows).filter((bar) => bar !== null);
    return there.map(of).reduce((sum, value) => sum + value, 0) / there.length;
  };
  return {
    open,
    high,
    low,
    close,
    body10: mean(10, bodyOf),
    range10: mean(10, rangeOf),
    range5: mean(5, rangeOf),
    shadows10: mean(10, shadowsOf),
  };
}

const bodyOf = ([open, , , close]: Bar): number => Math.abs(close - open);
const rangeOf = ([, high, low]: Bar): number => high - low;
const shadowsOf = ([open, high, low, close]: Bar): number =>
  high - Math.max(open, close) + (Math.min(open, close) - low);
