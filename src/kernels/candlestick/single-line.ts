import {
  hasLongBody,
  hasNoLowerShadow,
  hasNoUpperShadow,
  hasShortBody,
  hasShortLowerShadow,
  hasShortUpperShadow,
  hasVeryLongLowerShadow,
  hasVeryLongUpperShadow,
} from "./shape.ts";
import type { Pattern } from "./pattern.ts";

/** One bar by the length of its body and shadows. The sign is the bar's colour. */
export const singleLines: readonly Pattern[] = [
  {
    name: "CDLBELTHOLD",
    bars: 1,
    lookBack: 10,
    at(c, t) {
      if (!hasLongBody(c, t)) return 0;
      return (c.isWhite(t) ? hasNoLowerShadow(c, t) : hasNoUpperShadow(c, t)) ? c.color(t) * 100 : 0;
    },
  },
  {
    name: "CDLCLOSINGMARUBOZU",
    bars: 1,
    lookBack: 10,
    at(c, t) {
      if (!hasLongBody(c, t)) return 0;
      return (c.isWhite(t) ? hasNoUpperShadow(c, t) : hasNoLowerShadow(c, t)) ? c.color(t) * 100 : 0;
    },
  },
  {
    name: "CDLMARUBOZU",
    bars: 1,
    lookBack: 10,
    at: (c, t) =>
      hasLongBody(c, t) && hasNoUpperShadow(c, t) && hasNoLowerShadow(c, t) ? c.color(t) * 100 : 0,
  },
  {
    name: "CDLLONGLINE",
    bars: 1,
    lookBack: 10,
    at: (c, t) =>
      hasLongBody(c, t) && hasShortUpperShadow(c, t) && hasShortLowerShadow(c, t) ? c.color(t) * 100 : 0,
  },
  {
    name: "CDLSHORTLINE",
    bars: 1,
    lookBack: 10,
    at: (c, t) =>
      hasShortBody(c, t) && hasShortUpperShadow(c, t) && hasShortLowerShadow(c, t) ? c.color(t) * 100 : 0,
  },
  {
    name: "CDLSPINNINGTOP",
    bars: 1,
    lookBack: 10,
    at: (c, t) =>
      hasShortBody(c, t) && c.upperShadow(t) > c.body(t) && c.lowerShadow(t) > c.body(t)
        ? c.color(t) * 100
        : 0,
  },
  {
    name: "CDLHIGHWAVE",
    bars: 1,
    lookBack: 10,
    at: (c, t) =>
      hasShortBody(c, t) && hasVeryLongUpperShadow(c, t) && hasVeryLongLowerShadow(c, t)
        ? c.color(t) * 100
        : 0,
  },
];
