import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import { hasLongBody, isEqual, equalTolerance } from "./shape.ts";

/** A long bar and the next one of the other colour, by how far into the first body the second closes. */
const opensBelowLongBlack = (c: Candles, t: number): boolean =>
  c.isBlack(t - 1) && c.isWhite(t) && c.open(t) < c.low(t - 1) && hasLongBody(c, t - 1);

export const piercings: readonly Pattern[] = [
  {
    name: "CDLPIERCING",
    bars: 2,
    lookBack: 11,
    at: (c, t) =>
      opensBelowLongBlack(c, t) &&
      hasLongBody(c, t) &&
      c.close(t) < c.open(t - 1) &&
      c.close(t) > c.close(t - 1) + c.body(t - 1) * 0.5
        ? 100
        : 0,
  },
  {
    name: "CDLDARKCLOUDCOVER",
    bars: 2,
    lookBack: 11,
    penetration: 0.5,
    at: (c, t, penetration) =>
      c.isWhite(t - 1) &&
      c.isBlack(t) &&
      hasLongBody(c, t - 1) &&
      c.open(t) > c.high(t - 1) &&
      c.close(t) > c.open(t - 1) &&
      c.close(t) < c.close(t - 1) - c.body(t - 1) * penetration
        ? -100
        : 0,
  },
  {
    name: "CDLONNECK",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (opensBelowLongBlack(c, t) && isEqual(c, t - 1, [c.close(t), c.low(t - 1)]) ? -100 : 0),
  },
  {
    name: "CDLINNECK",
    bars: 2,
    lookBack: 11,
    at: (c, t) =>
      opensBelowLongBlack(c, t) &&
      c.close(t) >= c.close(t - 1) &&
      isEqual(c, t - 1, [c.close(t), c.close(t - 1)])
        ? -100
        : 0,
  },
  {
    name: "CDLTHRUSTING",
    bars: 2,
    lookBack: 11,
    at: (c, t) =>
      opensBelowLongBlack(c, t) &&
      c.close(t) > c.close(t - 1) + equalTolerance(c, t - 1) &&
      c.close(t) <= c.close(t - 1) + c.body(t - 1) * 0.5
        ? -100
        : 0,
  },
];
