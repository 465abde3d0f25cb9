import { rankBuckets, rankShares } from "#kernels/cross-section/rank";
import { crossSection } from "./cross-section.ts";

const RANKED = "NaN stays and does not count; ±inf rank as largest and smallest";

export const csRank = crossSection({
  name: "Rank",
  summary: "share of the valid values not above it, ties averaged: (number below + (number equal + 1)/2) / n",
  missing: RANKED,
  source: "pandas DataFrame.rank(axis=1, pct=True)",
  kernel:
    () =>
    ([x], out) =>
      rankShares(x!, out),
});

export const csBucket = crossSection({
  name: "Bucket",
  summary: "bucket 1 (lowest) … N of as equal size as ties allow: ⌈N · CSRank(x)⌉",
  missing: RANKED,
  source: "quantile groups as in alphalens, by rank and not by interpolated bounds",
  rest: [{ name: "N", kind: "window" }],
  window: { least: 2, zero: "refused", fraction: "refused", decimals: false },
  kernel:
    ([buckets]) =>
    ([x], out) =>
      rankBuckets(x!, buckets as number, out),
});
