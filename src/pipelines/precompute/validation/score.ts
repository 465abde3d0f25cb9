import type { Dimension } from "./rules.ts";

/**
 * A number from 0 to 100 for a report: five dimensions, each 100 less what is wrong as a share of what was looked at, in
 * units of the share at which the dimension is worth nothing; weighted over those that the mode looked at. A report with
 * an error is never above 84, so that its level is `fair` at best.
 */
export const weights: Readonly<Record<Dimension, number>> = {
  completeness: 0.3,
  consistency: 0.3,
  integrity: 0.15,
  quality: 0.15,
  freshness: 0.1,
};

/** The share of bad units at which a dimension scores 0; a kind of unit may have its own. */
export const limits: Readonly<Record<Dimension, number>> = {
  completeness: 0.05,
  consistency: 0.001,
  integrity: 0.05,
  quality: 0.01,
  freshness: 1,
};
const limitsOfKinds: Readonly<Record<string, number>> = { "quality factors": 0.2 };

const BEST_WITH_ERROR = 84;

const levels = [
  ["excellent", 95],
  ["good", 85],
  ["fair", 75],
  ["poor", 60],
  ["bad", 50],
  ["unusable", 0],
] as const;

export type Level = (typeof levels)[number][0];

export interface DimensionScore {
  readonly dimension: Dimension;
  readonly weight: number;
  /** Null when the mode looked at nothing of it. */
  readonly score: number | null;
  /** What was looked at and what was bad of it, by kind. */
  readonly shares: readonly { readonly of: string; readonly checked: number; readonly bad: number }[];
}

/** Counts what was looked at, by dimension and kind. */
export class ScoreCard {
  readonly #counts = new Map<Dimension, Map<string, { readonly of: string; checked: number; bad: number }>>();

  add(dimension: Dimension, of: string, counts: { readonly checked?: number; readonly bad?: number }): void {
    let kinds = this.#counts.get(dimension);
    if (kinds === undefined) this.#counts.set(dimension, (kinds = new Map()));
    let count = kinds.get(of);
    if (count === undefined) kinds.set(of, (count = { of, checked: 0, bad: 0 }));
    count.checked += counts.checked ?? 0;
    count.bad += counts.bad ?? 0;
  }

  dimensions(): DimensionScore[] {
    return (Object.keys(weights) as Dimension[]).map((dimension) => {
      const shares = [...(this.#counts.get(dimension)?.values() ?? [])];
      const looked = shares.filter(({ checked }) => checked > 0);
      const lost = looked.reduce(
        (sum, { of, checked, bad }) =>
          sum + bad / checked / (limitsOfKinds[`${dimension} ${of}`] ?? limits[dimension]),
        0,
      );
      const score = looked.length === 0 ? null : rounded(100 * Math.max(0, 1 - lost));
      return { dimension, weight: weights[dimension], score, shares };
    });
  }
}

/** The whole score and its level. */
export function scoreOf(
  dimensions: readonly DimensionScore[],
  ok: boolean,
): { readonly score: number; readonly level: Level } {
  const looked = dimensions.filter(({ score }) => score !== null);
  const weight = looked.reduce((sum, { weight }) => sum + weight, 0);
  const mean =
    weight === 0 ? 0 : looked.reduce((sum, { weight, score }) => sum + weight * score!, 0) / weight;
  const score = rounded(ok ? mean : Math.min(mean, BEST_WITH_ERROR));
  return { score, level: levels.find(([, least]) => score >= least)![0] };
}

function rounded(score: number): number {
  return Math.floor(score * 10 + 1e-9) / 10;
}
