import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import { hasAtMostShortBody, hasDojiBody, hasLongBody } from "./shape.ts";

/**
 * One body around another: engulfing (the later is larger), harami (the later is smaller), and both with a third bar that
 * confirms. Where one end of the bodies coincides, engulfing and harami are ±80.
 */
function engulfing(c: Candles, t: number): number {
  const white = c.isWhite(t) && c.isBlack(t - 1);
  const black = c.isBlack(t) && c.isWhite(t - 1);
  if (!white && !black) return 0;
  if (c.top(t) < c.top(t - 1) || c.bottom(t) > c.bottom(t - 1)) return 0;
  const sharedTop = c.top(t) === c.top(t - 1);
  const sharedBottom = c.bottom(t) === c.bottom(t - 1);
  if (sharedTop && sharedBottom) return 0;
  return c.color(t) * (sharedTop || sharedBottom ? 80 : 100);
}

function harami(c: Candles, t: number): number {
  if (c.top(t) < c.top(t - 1) && c.bottom(t) > c.bottom(t - 1)) return -c.color(t - 1) * 100;
  if (c.top(t) <= c.top(t - 1) && c.bottom(t) >= c.bottom(t - 1)) return -c.color(t - 1) * 80;
  return 0;
}

export const engulfings: readonly Pattern[] = [
  { name: "CDLENGULFING", bars: 2, lookBack: 2, at: engulfing },
  {
    name: "CDL3OUTSIDE",
    bars: 3,
    lookBack: 3,
    at(c, t) {
      if (Math.abs(engulfing(c, t - 1)) !== 100) return 0;
      const color = c.color(t - 1);
      return c.close(t) * color > c.close(t - 1) * color ? color * 100 : 0;
    },
  },
  {
    name: "CDLHARAMI",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (hasLongBody(c, t - 1) && hasAtMostShortBody(c, t) ? harami(c, t) : 0),
  },
  {
    name: "CDLHARAMICROSS",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (hasLongBody(c, t - 1) && hasDojiBody(c, t) ? harami(c, t) : 0),
  },
  {
    name: "CDL3INSIDE",
    bars: 3,
    lookBack: 12,
    at(c, t) {
      if (!hasLongBody(c, t - 2) || !hasAtMostShortBody(c, t - 1) || Math.abs(harami(c, t - 1)) !== 100) {
        return 0;
      }
      const color = c.color(t - 2);
      if (c.color(t) === color) return 0;
      return c.close(t) * color < c.open(t - 2) * color ? -color * 100 : 0;
    },
  },
  {
    name: "CDLHOMINGPIGEON",
    bars: 2,
    lookBack: 11,
    at: (c, t) =>
      c.isBlack(t - 1) &&
      c.isBlack(t) &&
      hasLongBody(c, t - 1) &&
      hasAtMostShortBody(c, t) &&
      c.open(t) < c.open(t - 1) &&
      c.close(t) > c.close(t - 1)
        ? 100
        : 0,
  },
];
