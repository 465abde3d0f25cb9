import { expect, test } from "vitest";
import type { Argument } from "./declaration.ts";
import { operatorNamed } from "./registry.ts";

const NAN = Number.NaN;
const x = Float64Array.of(3.5, -1.25, NAN, 3.5, 0.1, 7.75, 2.2, -4);
const other = Float64Array.of(1, 2.5, 3, NAN, -0.7, 4.4, 0.3, 1.1);
const group = Float64Array.of(1, 2, 1, 1, 2, 2, NAN, 1);

const every = (value: number): number[] => Array.from(x, () => value);

/**
 * Printed by pandas 3.0.6 for these values: rank(pct=True), mean, std, median, quantile with clip, the same by
 * groupby(group).transform, and the residuals of numpy.linalg.lstsq over the pairs.
 */
const pandas: readonly (readonly [
  string,
  readonly Float64Array[],
  readonly Argument[],
  readonly number[],
])[] = [
  ["CSRank", [x], [], [11 / 14, 4 / 14, NAN, 11 / 14, 6 / 14, 1, 8 / 14, 2 / 14]],
  ["CSBucket", [x], [3], [3, 1, NAN, 3, 2, 3, 2, 1]],
  [
    "CSZScore",
    [x],
    [],
    [
      0.47622609628218865,
      -0.7705863211495259,
      NAN,
      0.47622609628218865,
      -0.41622910777419636,
      1.5917951013526699,
      0.13499322414298265,
      -1.4924250891363078,
    ],
  ],
  [
    "CSDemean",
    [x],
    [],
    [
      1.8142857142857143,
      -2.935714285714286,
      NAN,
      1.8142857142857143,
      -1.5857142857142856,
      6.064285714285714,
      0.5142857142857145,
      -5.685714285714286,
    ],
  ],
  [
    "CSScale",
    [x],
    [],
    [
      0.1569506726457399,
      -0.05605381165919282,
      NAN,
      0.1569506726457399,
      0.004484304932735426,
      0.3475336322869955,
      0.09865470852017938,
      -0.17937219730941703,
    ],
  ],
  ["CSWinsorize", [x], [0.1], [3.5, -1.25, NAN, 3.5, 0.1, 5.2, 2.2, -2.35]],
  [
    "CSResi",
    [other, x],
    [],
    [
      -0.9105644095623269,
      1.6603872181956514,
      NAN,
      NAN,
      -1.843988507588195,
      1.5312157129700088,
      -1.3174618588075118,
      0.8804118447923759,
    ],
  ],
  ["CSMean", [x], [], every(1.6857142857142857)],
  ["CSStd", [x], [], every(3.809715024962966)],
  ["CSMedian", [x], [], every(2.2)],
  ["CSSum", [x], [], every(11.8)],
  ["CSCount", [x], [], every(7)],
  ["GroupRank", [x, group], [], [5 / 6, 1 / 3, NAN, 5 / 6, 2 / 3, 1, NAN, 1 / 3]],
  [
    "GroupZScore",
    [x, group],
    [],
    [
      0.5773502691896257,
      -0.7108115812977248,
      NAN,
      0.5773502691896257,
      -0.432667919050789,
      1.143479500348514,
      NAN,
      -1.1547005383792515,
    ],
  ],
  ["GroupMedian", [x, group], [], [3.5, 0.1, 3.5, 3.5, 0.1, 0.1, NAN, 3.5]],
];

test.each(pandas)("%s gives what pandas gives", (name, inputs, rest, expected) => {
  const out = new Float64Array(x.length);
  operatorNamed(name)!.compute({
    inputs,
    inputTypes: inputs.map(() => ({ type: "f64" })),
    type: "f64",
    arguments: rest,
    out,
  });
  const far = expected.filter((value, at) => {
    const near = Math.abs(out[at]! - value) <= 4e-15 * Math.max(1, Math.abs(value));
    return !near && !(Number.isNaN(value) && Number.isNaN(out[at]));
  });
  expect(far).toEqual([]);
});
