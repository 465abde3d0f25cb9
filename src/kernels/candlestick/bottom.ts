import type { Pattern } from "./pattern.ts";
import {
  hasLongBody,
  hasLongLowerShadow,
  hasLowerShadow,
  hasNoLowerShadow,
  hasNoUpperShadow,
  hasShortBody,
  hasUpperShadow,
} from "./shape.ts";

/** Bottoms that a run of black bars makes as it runs out of force. */
export const bottoms: readonly Pattern[] = [
  {
    name: "CDL3STARSINSOUTH",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      c.isBlack(t - 2) &&
      c.isBlack(t - 1) &&
      c.isBlack(t) &&
      hasLongBody(c, t - 2) &&
      hasLongLowerShadow(c, t - 2) &&
      c.body(t - 1) < c.body(t - 2) &&
      c.open(t - 1) > c.close(t - 2) &&
      c.open(t - 1) <= c.high(t - 2) &&
      c.low(t - 1) < c.close(t - 2) &&
      c.low(t - 1) >= c.low(t - 2) &&
      hasLowerShadow(c, t - 1) &&
      hasShortBody(c, t) &&
      hasNoLowerShadow(c, t) &&
      hasNoUpperShadow(c, t) &&
      c.low(t) > c.low(t - 1) &&
      c.high(t) < c.high(t - 1)
        ? 100
        : 0,
  },
  {
    name: "CDLUNIQUE3RIVER",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      c.isBlack(t - 2) &&
      c.isBlack(t - 1) &&
      c.isWhite(t) &&
      c.close(t - 1) > c.close(t - 2) &&
      c.open(t - 1) <= c.open(t - 2) &&
      c.low(t - 1) < c.low(t - 2) &&
      c.open(t) > c.low(t - 1) &&
      hasLongBody(c, t - 2) &&
      hasShortBody(c, t)
        ? 100
        : 0,
  },
  {
    name: "CDLCONCEALBABYSWALL",
    bars: 4,
    lookBack: 13,
    at: (c, t) =>
      c.isBlack(t - 3) &&
      c.isBlack(t - 2) &&
      c.isBlack(t - 1) &&
      c.isBlack(t) &&
      hasNoUpperShadow(c, t - 3) &&
      hasNoLowerShadow(c, t - 3) &&
      hasNoUpperShadow(c, t - 2) &&
      hasNoLowerShadow(c, t - 2) &&
      c.bodyGapDown(t - 1, t - 2) &&
      hasUpperShadow(c, t - 1) &&
      c.high(t - 1) > c.close(t - 2) &&
      c.high(t) > c.high(t - 1) &&
      c.low(t) < c.low(t - 1)
        ? 100
        : 0,
  },
  {
    name: "CDLLADDERBOTTOM",
    bars: 5,
    lookBack: 14,
    at: (c, t) =>
      c.isBlack(t - 4) &&
      c.isBlack(t - 3) &&
      c.isBlack(t - 2) &&
      c.isBlack(t - 1) &&
      c.isWhite(t) &&
      c.open(t - 4) > c.open(t - 3) &&
      c.open(t - 3) > c.open(t - 2) &&
      c.close(t - 4) > c.close(t - 3) &&
      c.close(t - 3) > c.close(t - 2) &&
      hasUpperShadow(c, t - 1) &&
      c.open(t) > c.open(t - 1) &&
      c.close(t) > c.high(t - 1)
        ? 100
        : 0,
  },
];
