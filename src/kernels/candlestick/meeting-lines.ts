import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import { hasLongBody, hasNoLowerShadow, hasNoUpperShadow, isEqual } from "./shape.ts";

/** Bars that meet at one price or part from it: counterattacks, separating lines, kicks, equal closes. */
const isLongMarubozu = (c: Candles, t: number): boolean =>
  hasLongBody(c, t) && hasNoUpperShadow(c, t) && hasNoLowerShadow(c, t);

const kicks = (c: Candles, t: number): boolean =>
  c.color(t - 1) !== c.color(t) &&
  (c.isWhite(t) ? c.gapUp(t, t - 1) : c.gapDown(t, t - 1)) &&
  isLongMarubozu(c, t - 1) &&
  isLongMarubozu(c, t);

export const meetingLines: readonly Pattern[] = [
  {
    name: "CDLCOUNTERATTACK",
    bars: 2,
    lookBack: 11,
    at: (c, t) =>
      c.color(t - 1) !== c.color(t) &&
      hasLongBody(c, t - 1) &&
      hasLongBody(c, t) &&
      isEqual(c, t - 1, [c.close(t), c.close(t - 1)])
        ? c.color(t) * 100
        : 0,
  },
  {
    name: "CDLSEPARATINGLINES",
    bars: 2,
    lookBack: 11,
    at: (c, t) =>
      c.color(t - 1) !== c.color(t) &&
      isEqual(c, t - 1, [c.open(t), c.open(t - 1)]) &&
      hasLongBody(c, t) &&
      (c.isWhite(t) ? hasNoLowerShadow(c, t) : hasNoUpperShadow(c, t))
        ? c.color(t) * 100
        : 0,
  },
  { name: "CDLKICKING", bars: 2, lookBack: 11, at: (c, t) => (kicks(c, t) ? c.color(t) * 100 : 0) },
  {
    name: "CDLKICKINGBYLENGTH",
    bars: 2,
    lookBack: 11,
    at: (c, t) => (kicks(c, t) ? c.color(c.body(t) > c.body(t - 1) ? t : t - 1) * 100 : 0),
  },
  {
    name: "CDLMATCHINGLOW",
    bars: 2,
    lookBack: 6,
    at: (c, t) =>
      c.isBlack(t - 1) && c.isBlack(t) && isEqual(c, t - 1, [c.close(t), c.close(t - 1)]) ? 100 : 0,
  },
  {
    name: "CDLSTICKSANDWICH",
    bars: 3,
    lookBack: 7,
    at: (c, t) =>
      c.isBlack(t - 2) &&
      c.isWhite(t - 1) &&
      c.isBlack(t) &&
      c.low(t - 1) > c.close(t - 2) &&
      isEqual(c, t - 2, [c.close(t), c.close(t - 2)])
        ? 100
        : 0,
  },
];
