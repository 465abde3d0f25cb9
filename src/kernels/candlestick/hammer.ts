import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import {
  hasLongLowerShadow,
  hasLongUpperShadow,
  hasNoLowerShadow,
  hasNoUpperShadow,
  hasShortBody,
  near,
} from "./shape.ts";

/** A small body at one end of its range, and where it stands against the bar before. Reversals. */
const standsOnItsShadow = (c: Candles, t: number): boolean =>
  hasShortBody(c, t) && hasLongLowerShadow(c, t) && hasNoUpperShadow(c, t);

const hangsFromItsShadow = (c: Candles, t: number): boolean =>
  hasShortBody(c, t) && hasLongUpperShadow(c, t) && hasNoLowerShadow(c, t);

export const hammers: readonly Pattern[] = [
  {
    name: "CDLHAMMER",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (standsOnItsShadow(c, t) && c.bottom(t) <= c.low(t - 1) + near(c, t - 1) ? 100 : 0),
  },
  {
    name: "CDLHANGINGMAN",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (standsOnItsShadow(c, t) && c.bottom(t) >= c.high(t - 1) - near(c, t - 1) ? -100 : 0),
  },
  {
    name: "CDLINVERTEDHAMMER",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (hangsFromItsShadow(c, t) && c.bodyGapDown(t, t - 1) ? 100 : 0),
  },
  {
    name: "CDLSHOOTINGSTAR",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (hangsFromItsShadow(c, t) && c.bodyGapUp(t, t - 1) ? -100 : 0),
  },
];
