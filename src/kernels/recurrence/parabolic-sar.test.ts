import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parabolicSar } from "./parabolic-sar.ts";
import { differences, ran, resumedDifferently, scaledDifferently } from "./testing/series.ts";

/** Walks of whole ticks, so that touching and equal prices happen, with bars missing. */
const bar = fc.record({
  move: fc.integer({ min: -6, max: 6 }),
  up: fc.integer({ min: 0, max: 4 }),
  down: fc.integer({ min: 0, max: 4 }),
  missing: fc.integer({ min: 0, max: 9 }),
});
const walks = fc.array(bar, { minLength: 1, maxLength: 60 }).map((bars) => {
  let middle = 500;
  const high = new Float64Array(bars.length);
  const low = new Float64Array(bars.length);
  for (const [t, { move, up, down, missing }] of bars.entries()) {
    middle += move;
    high[t] = missing === 0 ? Number.NaN : middle + up;
    low[t] = missing === 1 ? Number.NaN : middle - down;
  }
  return [high, low] as const;
});

/**
 * The same rule told by trades: a trade runs from the bar that opens it until a bar touches the stop; its extreme is the
 * best price since it was opened and its acceleration counts the bars that set a new one.
 */
function byTrades(high: Float64Array, low: Float64Array, step: number, limit: number): number[] {
  const bars = [...high.keys()].filter((t) => Number.isFinite(high[t]!) && Number.isFinite(low[t]!));
  const H = bars.map((t) => high[t]!);
  const L = bars.map((t) => low[t]!);
  const stops: number[] = H.map(() => Number.NaN);
  const short = L[0]! > L[1]! && L[0]! - L[1]! > H[1]! - H[0]!;
  let opened = 1;
  let long = !short;
  let stop = long ? L[0]! : H[0]!;
  for (let t = 1; t < H.length; t++) {
    const two = t === 1 ? [1] : [t - 1, t];
    const lows = Math.min(...two.map((each) => L[each]!));
    const highs = Math.max(...two.map((each) => H[each]!));
    const best = (end: number): number =>
      long ? Math.max(...H.slice(opened, end + 1)) : Math.min(...L.slice(opened, end + 1));
    if (long ? L[t]! <= stop : H[t]! >= stop) {
      stops[t] = long ? Math.max(best(t - 1), highs) : Math.min(best(t - 1), lows);
      // At the start nothing came before the bar that opens the first trade.
      if (t === 1) stops[t] = long ? H[1]! : L[1]!;
      long = !long;
      opened = t;
    } else {
      stops[t] = stop;
    }
    let records = 1;
    for (let each = opened + 1; each <= t; each++) {
      if (long ? H[each]! > best(each - 1) : L[each]! < best(each - 1)) records++;
    }
    let acceleration = step;
    for (let each = 1; each < records; each++) acceleration = Math.min(acceleration + step, limit);
    const next = stops[t]! + acceleration * (best(t) - stops[t]!);
    stop = long ? Math.min(next, lows) : Math.max(next, highs);
  }
  let last = Number.NaN;
  return [...high.keys()].map((t) => {
    const place = bars.indexOf(t);
    if (place >= 0) last = stops[place]!;
    return last;
  });
}

const settings = fc.constantFrom({ step: 0.02, limit: 0.2 }, { step: 0.1, limit: 0.25 });

test("the stop is what trades opened and reversed by Wilder's rules give", () => {
  let reversals = 0;
  fc.assert(
    fc.property(walks, settings, ([high, low], { step, limit }) => {
      const expected = byTrades(high, low, step, limit);
      const found = ran(parabolicSar({ step, limit }), [high, low]);
      expect(differences(found, expected, 1e-12)).toEqual([]);
      for (let t = 1; t < high.length; t++) if (Math.abs(found[t]! - found[t - 1]!) > 8) reversals++;
    }),
    { numRuns: 300 },
  );
  expect(reversals).toBeGreaterThan(50);
});

test("it goes on from a stored state with the same bits, and is the same at any scale", () => {
  fc.assert(
    fc.property(walks, fc.nat(), fc.constantFrom(-40, 40), ([high, low], at, exponent) => {
      const recurrence = parabolicSar({ step: 0.02, limit: 0.2 });
      expect(resumedDifferently(recurrence, [high, low], at % high.length)).toEqual([]);
      expect(scaledDifferently(recurrence, [high, low], { exponent })).toEqual([]);
    }),
  );
});

test("a limit under the step is the step, and constant prices keep the stop where they are", () => {
  const flat = new Float64Array(6).fill(7.1);
  expect([...ran(parabolicSar({ step: 0.3, limit: 0.1 }), [flat, flat])]).toEqual([
    Number.NaN,
    7.1,
    7.1,
    7.1,
    7.1,
    7.1,
  ]);
});
