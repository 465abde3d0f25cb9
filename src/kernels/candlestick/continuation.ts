import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import { hasLongBody, hasShortBody, near } from "./shape.ts";

/** Four and five bars: a trend, a pause against it, and a last bar that resumes or breaks it. */
function threeLineStrike(c: Candles, t: number): number {
  const color = c.color(t - 1);
  if (c.color(t - 3) !== color || c.color(t - 2) !== color || c.color(t) === color) return 0;
  if (!opensAroundBody(c, t - 2) || !opensAroundBody(c, t - 1)) return 0;
  const strikes =
    c.close(t - 1) * color > c.close(t - 2) * color &&
    c.close(t - 2) * color > c.close(t - 3) * color &&
    c.open(t) * color > c.close(t - 1) * color &&
    c.close(t) * color < c.open(t - 3) * color;
  return strikes ? color * 100 : 0;
}

/** Opens within the body before, or near it. */
function opensAroundBody(c: Candles, t: number): boolean {
  const nearness = near(c, t - 1);
  return c.open(t) >= c.bottom(t - 1) - nearness && c.open(t) <= c.top(t - 1) + nearness;
}

function breakaway(c: Candles, t: number): number {
  const color = c.color(t - 4);
  if (c.color(t - 3) !== color || c.color(t - 1) !== color || c.color(t) === color) return 0;
  if (!(color === 1 ? c.bodyGapUp(t - 3, t - 4) : c.bodyGapDown(t - 3, t - 4))) return 0;
  for (const later of [t - 2, t - 1]) {
    if (!(c.high(later) * color > c.high(later - 1) * color)) return 0;
    if (!(c.low(later) * color > c.low(later - 1) * color)) return 0;
  }
  const fillsGap = c.close(t) * color < c.open(t - 3) * color && c.close(t) * color > c.close(t - 4) * color;
  return fillsGap && hasLongBody(c, t - 4) ? -color * 100 : 0;
}

const pauses = (c: Candles, t: number): boolean =>
  hasShortBody(c, t - 3) && hasShortBody(c, t - 2) && hasShortBody(c, t - 1);

function riseFallThreeMethods(c: Candles, t: number): number {
  const color = c.color(t - 4);
  for (const pause of [t - 3, t - 2, t - 1]) {
    if (c.color(pause) === color) return 0;
    if (!(c.bottom(pause) < c.high(t - 4) && c.top(pause) > c.low(t - 4))) return 0;
  }
  const resumes =
    c.color(t) === color &&
    c.close(t - 2) * color < c.close(t - 3) * color &&
    c.close(t - 1) * color < c.close(t - 2) * color &&
    c.open(t) * color > c.close(t - 1) * color &&
    c.close(t) * color > c.close(t - 4) * color;
  return resumes && hasLongBody(c, t - 4) && pauses(c, t) && hasLongBody(c, t) ? color * 100 : 0;
}

function matHold(c: Candles, t: number, penetration: number): number {
  if (!c.isWhite(t - 4) || !c.isBlack(t - 3) || !c.isWhite(t) || !c.bodyGapUp(t - 3, t - 4)) return 0;
  const floor = c.close(t - 4) - c.body(t - 4) * penetration;
  for (const pause of [t - 2, t - 1]) {
    if (!(c.bottom(pause) < c.close(t - 4) && c.bottom(pause) > floor)) return 0;
  }
  const resumes =
    c.top(t - 2) < c.open(t - 3) &&
    c.top(t - 1) < c.top(t - 2) &&
    c.open(t) > c.close(t - 1) &&
    c.close(t) > Math.max(c.high(t - 3), c.high(t - 2), c.high(t - 1));
  return resumes && hasLongBody(c, t - 4) && pauses(c, t) ? 100 : 0;
}

export const continuations: readonly Pattern[] = [
  { name: "CDL3LINESTRIKE", bars: 4, lookBack: 8, at: threeLineStrike },
  { name: "CDLBREAKAWAY", bars: 5, lookBack: 14, at: breakaway },
  { name: "CDLRISEFALL3METHODS", bars: 5, lookBack: 14, at: riseFallThreeMethods },
  { name: "CDLMATHOLD", bars: 5, lookBack: 14, penetration: 0.5, at: matHold },
];
