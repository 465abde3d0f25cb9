import type { Candles } from "./candles.ts";
import type { Pattern } from "./pattern.ts";
import { candleSettings, threshold } from "./settings.ts";
import { hasAtMostShortBody, hasDojiBody, hasLongBody, hasMoreThanShortBody } from "./shape.ts";

/** A small body that gaps away from a long one, with or without a third bar that returns into the first body. */
type Star = (c: Candles, t: number) => boolean;

function morning(star: Star): Pattern["at"] {
  return (c, t, penetration) =>
    c.isBlack(t - 2) &&
    c.isWhite(t) &&
    c.bodyGapDown(t - 1, t - 2) &&
    hasLongBody(c, t - 2) &&
    star(c, t - 1) &&
    hasMoreThanShortBody(c, t) &&
    c.close(t) > c.close(t - 2) + c.body(t - 2) * penetration
      ? 100
      : 0;
}

function evening(star: Star): Pattern["at"] {
  return (c, t, penetration) =>
    c.isWhite(t - 2) &&
    c.isBlack(t) &&
    c.bodyGapUp(t - 1, t - 2) &&
    hasLongBody(c, t - 2) &&
    star(c, t - 1) &&
    hasMoreThanShortBody(c, t) &&
    c.close(t) < c.close(t - 2) - c.body(t - 2) * penetration
      ? -100
      : 0;
}

/** Gaps of whole bars, shadows included, on both sides of the doji. */
function abandonedBaby(c: Candles, t: number, penetration: number): number {
  const reach = c.body(t - 2) * penetration;
  const top =
    c.isWhite(t - 2) &&
    c.isBlack(t) &&
    c.close(t) < c.close(t - 2) - reach &&
    c.gapUp(t - 1, t - 2) &&
    c.gapDown(t, t - 1);
  const bottom =
    c.isBlack(t - 2) &&
    c.isWhite(t) &&
    c.close(t) > c.close(t - 2) + reach &&
    c.gapDown(t - 1, t - 2) &&
    c.gapUp(t, t - 1);
  if (!top && !bottom) return 0;
  return hasLongBody(c, t - 2) && hasDojiBody(c, t - 1) && hasMoreThanShortBody(c, t) ? c.color(t) * 100 : 0;
}

/** All three bodies are measured with the average before the first. */
function triStar(c: Candles, t: number): number {
  const gapUp = c.bodyGapUp(t - 1, t - 2) && c.top(t) < c.top(t - 1);
  const gapDown = c.bodyGapDown(t - 1, t - 2) && c.bottom(t) > c.bottom(t - 1);
  if (!gapUp && !gapDown) return 0;
  const doji = threshold(c, candleSettings.bodyDoji, t - 2);
  if (c.body(t - 2) > doji || c.body(t - 1) > doji || c.body(t) > doji) return 0;
  return gapUp ? -100 : 100;
}

const threeBars = { bars: 3, lookBack: 12 } as const;

export const stars: readonly Pattern[] = [
  { name: "CDLMORNINGSTAR", ...threeBars, penetration: 0.3, at: morning(hasAtMostShortBody) },
  { name: "CDLMORNINGDOJISTAR", ...threeBars, penetration: 0.3, at: morning(hasDojiBody) },
  { name: "CDLEVENINGSTAR", ...threeBars, penetration: 0.3, at: evening(hasAtMostShortBody) },
  { name: "CDLEVENINGDOJISTAR", ...threeBars, penetration: 0.3, at: evening(hasDojiBody) },
  { name: "CDLABANDONEDBABY", ...threeBars, penetration: 0.3, at: abandonedBaby },
  { name: "CDLTRISTAR", ...threeBars, at: triStar },
  {
    name: "CDLDOJISTAR",
    bars: 2,
    lookBack: 11,
    at: (c, t) =>
      (c.isWhite(t - 1) ? c.bodyGapUp(t, t - 1) : c.bodyGapDown(t, t - 1)) &&
      hasLongBody(c, t - 1) &&
      hasDojiBody(c, t)
        ? -c.color(t - 1) * 100
        : 0,
  },
];
