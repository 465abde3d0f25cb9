import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import {
  far,
  hasAtMostShortBody,
  hasLongBody,
  hasLongUpperShadow,
  hasMoreThanShortBody,
  hasMoreThanShortUpperShadow,
  hasNoLowerShadow,
  hasNoUpperShadow,
  hasShortBody,
  hasShortUpperShadow,
  isEqual,
  near,
} from "./shape.ts";

/** Bars of one colour that climb or fall together, and crows after a gap. */
const isWhiteClimb = (c: Candles, t: number): boolean =>
  c.isWhite(t - 2) &&
  c.isWhite(t - 1) &&
  c.isWhite(t) &&
  c.close(t) > c.close(t - 1) &&
  c.close(t - 1) > c.close(t - 2);

const isBlackFall = (c: Candles, t: number): boolean =>
  c.isBlack(t - 2) &&
  c.isBlack(t - 1) &&
  c.isBlack(t) &&
  c.close(t) < c.close(t - 1) &&
  c.close(t - 1) < c.close(t - 2) &&
  hasNoLowerShadow(c, t - 2) &&
  hasNoLowerShadow(c, t - 1) &&
  hasNoLowerShadow(c, t);

/** Opens in the body before, or near above its close. */
const opensInOrNear = (c: Candles, t: number): boolean =>
  c.open(t) > c.open(t - 1) && c.open(t) <= c.close(t - 1) + near(c, t - 1);

const opensInBlackBody = (c: Candles, t: number): boolean =>
  c.open(t) < c.open(t - 1) && c.open(t) > c.close(t - 1);

/** The climb loses strength: bodies shrink, or upper shadows grow while they shrink. */
function weakens(c: Candles, t: number): boolean {
  const [first, second, third] = [c.body(t - 2), c.body(t - 1), c.body(t)];
  return (
    (second < first - far(c, t - 2) && third < second + near(c, t - 1)) ||
    third < second - far(c, t - 1) ||
    (third < second &&
      second < first &&
      (hasMoreThanShortUpperShadow(c, t) || hasMoreThanShortUpperShadow(c, t - 1))) ||
    (third < second && hasLongUpperShadow(c, t))
  );
}

export const soldiersAndCrows: readonly Pattern[] = [
  {
    name: "CDL3WHITESOLDIERS",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      isWhiteClimb(c, t) &&
      opensInOrNear(c, t - 1) &&
      opensInOrNear(c, t) &&
      hasNoUpperShadow(c, t - 2) &&
      hasNoUpperShadow(c, t - 1) &&
      hasNoUpperShadow(c, t) &&
      c.body(t - 1) > c.body(t - 2) - far(c, t - 2) &&
      c.body(t) > c.body(t - 1) - far(c, t - 1) &&
      hasMoreThanShortBody(c, t)
        ? 100
        : 0,
  },
  {
    name: "CDLADVANCEBLOCK",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      isWhiteClimb(c, t) &&
      opensInOrNear(c, t - 1) &&
      opensInOrNear(c, t) &&
      hasLongBody(c, t - 2) &&
      hasShortUpperShadow(c, t - 2) &&
      weakens(c, t)
        ? -100
        : 0,
  },
  {
    name: "CDLSTALLEDPATTERN",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      isWhiteClimb(c, t) &&
      opensInOrNear(c, t - 1) &&
      hasLongBody(c, t - 2) &&
      hasLongBody(c, t - 1) &&
      hasNoUpperShadow(c, t - 1) &&
      hasShortBody(c, t) &&
      c.open(t) >= c.close(t - 1) - c.body(t) - near(c, t - 1)
        ? -100
        : 0,
  },
  {
    name: "CDL3BLACKCROWS",
    bars: 4,
    lookBack: 13,
    at: (c, t) =>
      c.isWhite(t - 3) &&
      c.high(t - 3) > c.close(t - 2) &&
      opensInBlackBody(c, t - 1) &&
      opensInBlackBody(c, t) &&
      isBlackFall(c, t)
        ? -100
        : 0,
  },
  {
    name: "CDLIDENTICAL3CROWS",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      isBlackFall(c, t) &&
      isEqual(c, t - 2, [c.open(t - 1), c.close(t - 2)]) &&
      isEqual(c, t - 1, [c.open(t), c.close(t - 1)])
        ? -100
        : 0,
  },
  {
    name: "CDL2CROWS",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      c.isWhite(t - 2) &&
      c.isBlack(t - 1) &&
      c.isBlack(t) &&
      c.bodyGapUp(t - 1, t - 2) &&
      opensInBlackBody(c, t) &&
      c.close(t) > c.open(t - 2) &&
      c.close(t) < c.close(t - 2) &&
      hasLongBody(c, t - 2)
        ? -100
        : 0,
  },
  {
    name: "CDLUPSIDEGAP2CROWS",
    bars: 3,
    lookBack: 12,
    at: (c, t) =>
      c.isWhite(t - 2) &&
      c.isBlack(t - 1) &&
      c.isBlack(t) &&
      c.bodyGapUp(t - 1, t - 2) &&
      c.open(t) > c.open(t - 1) &&
      c.close(t) < c.close(t - 1) &&
      c.close(t) > c.close(t - 2) &&
      hasLongBody(c, t - 2) &&
      hasAtMostShortBody(c, t - 1)
        ? -100
        : 0,
  },
];
