import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import { isEqual, near } from "./shape.ts";

/** Three bars around a gap between the first two bodies, in the direction of the trend. */
function tasukiGap(c: Candles, t: number): number {
  const up =
    c.bodyGapUp(t - 1, t - 2) &&
    c.isWhite(t - 1) &&
    c.isBlack(t) &&
    c.open(t) < c.close(t - 1) &&
    c.open(t) > c.open(t - 1) &&
    c.close(t) < c.open(t - 1) &&
    c.close(t) > c.top(t - 2);
  const down =
    c.bodyGapDown(t - 1, t - 2) &&
    c.isBlack(t - 1) &&
    c.isWhite(t) &&
    c.open(t) < c.open(t - 1) &&
    c.open(t) > c.close(t - 1) &&
    c.close(t) > c.open(t - 1) &&
    c.close(t) < c.bottom(t - 2);
  if (!up && !down) return 0;
  return Math.abs(c.body(t - 1) - c.body(t)) < near(c, t - 1) ? c.color(t - 1) * 100 : 0;
}

function sideBySideWhite(c: Candles, t: number): number {
  if (!c.isWhite(t - 1) || !c.isWhite(t)) return 0;
  const up = c.bodyGapUp(t - 1, t - 2) && c.bodyGapUp(t, t - 2);
  const down = c.bodyGapDown(t - 1, t - 2) && c.bodyGapDown(t, t - 2);
  if (!up && !down) return 0;
  const nearness = near(c, t - 1);
  if (c.body(t) < c.body(t - 1) - nearness || c.body(t) > c.body(t - 1) + nearness) return 0;
  if (!isEqual(c, t - 1, [c.open(t), c.open(t - 1)])) return 0;
  return up ? 100 : -100;
}

const isInside = (c: Candles, body: number, price: number): boolean =>
  price < c.top(body) && price > c.bottom(body);

function gapThreeMethods(c: Candles, t: number): number {
  const color = c.color(t - 2);
  if (c.color(t - 1) !== color || c.color(t) === color) return 0;
  if (!isInside(c, t - 1, c.open(t)) || !isInside(c, t - 2, c.close(t))) return 0;
  const gap = color === 1 ? c.bodyGapUp(t - 1, t - 2) : c.bodyGapDown(t - 1, t - 2);
  return gap ? color * 100 : 0;
}

export const gaps: readonly Pattern[] = [
  { name: "CDLTASUKIGAP", bars: 3, lookBack: 7, at: tasukiGap },
  { name: "CDLGAPSIDESIDEWHITE", bars: 3, lookBack: 7, at: sideBySideWhite },
  { name: "CDLXSIDEGAP3METHODS", bars: 3, lookBack: 2, at: gapThreeMethods },
];
