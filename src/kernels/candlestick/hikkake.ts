import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import { near } from "./shape.ts";

/**
 * Hikkake: an inside bar whose break is expected to fail. ±100 on the bar that breaks out; ±200 on the first of the three
 * bars after it that closes beyond the inside bar on the other side, unless a new hikkake stands on that bar.
 */
type Setup = (c: Candles, t: number) => 0 | 1 | -1;

const CONFIRMING_BARS = 3;

const isInside = (c: Candles, t: number): boolean => c.high(t) < c.high(t - 1) && c.low(t) > c.low(t - 1);

/** 1 when bar t breaks below the bar before (bullish), −1 when above. */
function breakOut(c: Candles, t: number): 0 | 1 | -1 {
  if (c.high(t) < c.high(t - 1) && c.low(t) < c.low(t - 1)) return 1;
  return c.high(t) > c.high(t - 1) && c.low(t) > c.low(t - 1) ? -1 : 0;
}

const plain: Setup = (c, t) => (isInside(c, t - 1) ? breakOut(c, t) : 0);

/** Two inside bars, the first of which closes near the end that the break leaves by. */
const modified: Setup = (c, t) => {
  if (!isInside(c, t - 1) || !isInside(c, t - 2)) return 0;
  const side = breakOut(c, t);
  if (side === 1) return c.close(t - 2) <= c.low(t - 2) + near(c, t - 2) ? 1 : 0;
  if (side === -1) return c.close(t - 2) >= c.high(t - 2) - near(c, t - 2) ? -1 : 0;
  return 0;
};

function withConfirmation(setup: Setup): Pattern["at"] {
  return (c, t) => {
    const now = setup(c, t);
    if (now !== 0) return now * 100;
    for (let at = t - 1; at >= t - CONFIRMING_BARS; at--) {
      const side = setup(c, at);
      if (side === 0) continue;
      for (let bar = at + 1; bar < t; bar++) if (confirms(c, bar, { at, side })) return 0;
      return confirms(c, t, { at, side }) ? side * 200 : 0;
    }
    return 0;
  };
}

function confirms(
  c: Candles,
  bar: number,
  { at, side }: { readonly at: number; readonly side: 1 | -1 },
): boolean {
  return side === 1 ? c.close(bar) > c.high(at - 1) : c.close(bar) < c.low(at - 1);
}

export const hikkakes: readonly Pattern[] = [
  { name: "CDLHIKKAKE", bars: 6, lookBack: 5, at: withConfirmation(plain) },
  { name: "CDLHIKKAKEMOD", bars: 7, lookBack: 10, at: withConfirmation(modified) },
];
