/**
 * For tests: a hand-made example of every pattern, bars as [open, high, low, close], and its value on the last of them. They follow
 * quiet bars of body 2 and range 4 around 100.
 */
export type Bar = readonly [open: number, high: number, low: number, close: number];

export interface Motif {
  readonly name: string;
  readonly value: number;
  readonly bars: readonly Bar[];
}

const longWhite: Bar = [99, 104.2, 98.8, 104];
const longBlack: Bar = [106, 106.5, 99.5, 100];

export const quietBars: readonly Bar[] = Array.from({ length: 15 }, (_, index) =>
  index % 2 === 0 ? [101, 102, 98, 99] : [99, 102, 98, 101],
);

const inOrder: readonly (readonly [name: string, value: number, ...bars: readonly Bar[]])[] = [
  ["CDL2CROWS", -100, longWhite, [107, 107.5, 105.5, 106], [106.5, 107, 100, 101]],
  [
    "CDL3BLACKCROWS",
    -100,
    [99, 104, 98.5, 103.5],
    [103, 103.2, 100, 100.1],
    [102, 102.2, 98, 98.1],
    [100, 100.2, 96, 96.1],
  ],
  ["CDL3INSIDE", 100, [104, 104.5, 98.5, 99], [100, 101.5, 99.8, 101], [101, 105.5, 100.5, 105]],
  [
    "CDL3LINESTRIKE",
    100,
    [99, 101.2, 98.8, 101],
    [100, 103.2, 99.8, 103],
    [102, 105.2, 101.8, 105],
    [105.5, 105.8, 98, 98.5],
  ],
  ["CDL3OUTSIDE", 100, [101, 101.5, 99.5, 100], [99.5, 102.5, 99.2, 102], [102, 104, 101.5, 103.5]],
  ["CDL3STARSINSOUTH", 100, [106, 106.2, 92, 101], [104, 104.2, 95, 100.5], [100, 100.1, 98.9, 99]],
  ["CDL3WHITESOLDIERS", 100, [99, 102.1, 98.5, 102], [101, 104.1, 100.5, 104], [103, 106.1, 102.5, 106]],
  ["CDLABANDONEDBABY", -100, longWhite, [106, 106.5, 105.8, 106.1], [104.5, 105, 99.5, 100]],
  ["CDLADVANCEBLOCK", -100, longWhite, [103, 106, 102.5, 105.5], [105, 107, 104.5, 106.5]],
  ["CDLBELTHOLD", 100, [99, 105, 98.9, 104]],
  [
    "CDLBREAKAWAY",
    100,
    [110, 110.5, 104.5, 105],
    [103, 103.5, 101.5, 102],
    [102, 102.5, 100.5, 101.5],
    [101, 101.5, 98.5, 99],
    [99.5, 104.5, 99, 104],
  ],
  ["CDLCLOSINGMARUBOZU", 100, [99, 104.1, 97, 104]],
  [
    "CDLCONCEALBABYSWALL",
    100,
    [108, 108.1, 103.9, 104],
    [103, 103.1, 98.9, 99],
    [98, 100, 96.5, 97],
    [100.5, 101, 95.5, 96],
  ],
  ["CDLCOUNTERATTACK", 100, longBlack, [95, 100.5, 94.5, 100]],
  ["CDLDARKCLOUDCOVER", -100, longWhite, [105, 105.5, 100, 101]],
  ["CDLDOJI", 100, [100, 102, 98, 100.1]],
  ["CDLDOJISTAR", 100, longBlack, [98, 99, 97, 98.1]],
  ["CDLDRAGONFLYDOJI", 100, [100, 100.1, 96, 100]],
  ["CDLENGULFING", 100, [101, 101.5, 99.5, 100], [99, 102.5, 98.5, 102]],
  ["CDLENGULFING", 80, [101, 101.5, 99.5, 100], [100, 102.5, 98.5, 102]],
  ["CDLEVENINGDOJISTAR", -100, longWhite, [106, 107, 105, 106.1], [105, 105.5, 99.5, 100]],
  ["CDLEVENINGSTAR", -100, longWhite, [106, 107.5, 105.5, 107], [105, 105.5, 99.5, 100]],
  [
    "CDLGAPSIDESIDEWHITE",
    100,
    [99, 101.5, 98.5, 101],
    [103, 105.5, 102.5, 105],
    [103.1, 105.6, 102.5, 105.1],
  ],
  ["CDLGAPSIDESIDEWHITE", -100, [101, 101.5, 98.5, 99], [95, 97.5, 94.5, 97], [95.1, 97.6, 94.5, 97.1]],
  ["CDLGRAVESTONEDOJI", 100, [100, 104, 99.9, 100]],
  ["CDLHAMMER", 100, [104, 104.5, 98.5, 99], [98, 98.6, 95, 98.5]],
  ["CDLHANGINGMAN", -100, [99, 102, 98.5, 101.5], [103, 103.6, 100, 103.5]],
  ["CDLHARAMI", 100, longBlack, [102, 103.5, 101.5, 103]],
  ["CDLHARAMI", 80, longBlack, [100, 101.5, 99.5, 101]],
  ["CDLHARAMICROSS", 100, longBlack, [102, 103.5, 101.5, 102.1]],
  ["CDLHIGHWAVE", 100, [100, 103, 97, 100.5]],
  ["CDLHIKKAKE", 100, [100, 104, 96, 101], [100, 103, 97, 101], [99, 102, 95, 96]],
  ["CDLHIKKAKE", 200, [100, 104, 96, 101], [100, 103, 97, 101], [99, 102, 95, 96], [96, 105, 95.5, 104]],
  ["CDLHIKKAKEMOD", 100, [100, 106, 94, 101], [100, 104, 96, 96.5], [100, 103, 97, 101], [99, 102, 95, 96]],
  [
    "CDLHIKKAKEMOD",
    200,
    [100, 106, 94, 101],
    [100, 104, 96, 96.5],
    [100, 103, 97, 101],
    [99, 102, 95, 96],
    [97, 101, 96, 98],
    [98, 105, 97, 104],
  ],
  ["CDLHOMINGPIGEON", 100, longBlack, [103, 103.5, 101.5, 102]],
  ["CDLIDENTICAL3CROWS", -100, [106, 106.5, 102.9, 103], [103, 103.2, 99.9, 100], [100, 100.2, 96.9, 97]],
  ["CDLINNECK", -100, longBlack, [98, 100.5, 97.5, 100.1]],
  ["CDLINVERTEDHAMMER", 100, [104, 104.5, 99.5, 100], [98, 102, 97.9, 98.5]],
  ["CDLKICKING", 100, [104, 104.1, 99.9, 100], [106, 110.1, 105.9, 110]],
  ["CDLKICKINGBYLENGTH", -100, [105, 105.1, 99.9, 100], [106, 110.1, 105.9, 110]],
  [
    "CDLLADDERBOTTOM",
    100,
    [110, 110.5, 107.5, 108],
    [108, 108.5, 105.5, 106],
    [106, 106.5, 103.5, 104],
    [104, 106, 101.5, 102],
    [105, 108, 104.5, 107],
  ],
  ["CDLLONGLEGGEDDOJI", 100, [100, 103, 99.9, 100.1]],
  ["CDLLONGLINE", 100, [99, 103.5, 98.5, 103]],
  ["CDLMARUBOZU", 100, [99, 103.1, 98.9, 103]],
  ["CDLMATCHINGLOW", 100, [104, 104.5, 99.5, 100], [102, 102.5, 99.5, 100.1]],
  [
    "CDLMATHOLD",
    100,
    [99, 106.5, 98.5, 106],
    [108, 108.5, 106.8, 107],
    [106.5, 107.2, 105, 105.5],
    [105.5, 106, 104.5, 104.8],
    [105.5, 110, 105, 109.5],
  ],
  ["CDLMORNINGDOJISTAR", 100, longBlack, [98, 99, 97, 98.1], [99, 104.5, 98.5, 104]],
  ["CDLMORNINGSTAR", 100, longBlack, [98, 98.5, 96.5, 97], [98.5, 104.5, 98, 104]],
  ["CDLONNECK", -100, [106, 106.5, 98, 100], [96, 98.5, 95.5, 98.1]],
  ["CDLPIERCING", 100, longBlack, [98, 105, 97.5, 104]],
  ["CDLRICKSHAWMAN", 100, [100, 103, 97, 100.1]],
  [
    "CDLRISEFALL3METHODS",
    100,
    [99, 106.5, 98.5, 106],
    [105, 105.5, 103.5, 104],
    [104, 104.5, 102.5, 103],
    [103, 103.5, 101.5, 102],
    [103, 108.5, 102.5, 108],
  ],
  ["CDLSEPARATINGLINES", 100, [103, 103.5, 99.5, 100], [103, 107, 102.9, 106.5]],
  ["CDLSHOOTINGSTAR", -100, [99, 102, 98.5, 101.5], [103, 107, 102.9, 103.5]],
  ["CDLSHORTLINE", 100, [100, 101.3, 99.5, 101]],
  ["CDLSPINNINGTOP", 100, [100, 102, 99, 100.5]],
  ["CDLSTALLEDPATTERN", -100, [99, 103.5, 98.5, 103], [102, 106.1, 101.5, 106], [106, 107.2, 105.8, 107]],
  ["CDLSTICKSANDWICH", 100, [104, 104.5, 99.5, 100], [101, 104.5, 100.5, 104], [105, 105.5, 99.5, 100.1]],
  ["CDLTAKURI", 100, [100, 100.1, 96, 100.1]],
  ["CDLTASUKIGAP", 100, [99, 101.5, 98.5, 101], [103, 106.5, 102.5, 106], [105, 105.5, 101.5, 102]],
  ["CDLTHRUSTING", -100, longBlack, [98, 102.5, 97.5, 102]],
  ["CDLTRISTAR", -100, [100, 101, 99, 100.1], [102, 103, 101, 102.1], [101, 102, 100, 101.1]],
  ["CDLUNIQUE3RIVER", 100, longBlack, [104, 104.5, 97, 101], [98, 99.5, 97.5, 99]],
  ["CDLUPSIDEGAP2CROWS", -100, longWhite, [107, 107.5, 105.5, 106], [108, 108.5, 104.5, 105]],
  ["CDLXSIDEGAP3METHODS", 100, [99, 101.5, 98.5, 101], [103, 106.5, 102.5, 106], [104, 104.5, 99.5, 100]],
];

/** Patterns that have a mirror image, in which highs are lows, of the opposite value. */
const MIRRORED =
  "CDL3INSIDE CDL3LINESTRIKE CDL3OUTSIDE CDLABANDONEDBABY CDLBREAKAWAY CDLHIKKAKE CDLHIKKAKEMOD CDLKICKING CDLRISEFALL3METHODS CDLTASUKIGAP CDLXSIDEGAP3METHODS".split(
    " ",
  );

const asWritten: readonly Motif[] = inOrder.map(([name, value, ...bars]) => ({ name, value, bars }));

export const motifs: readonly Motif[] = [
  ...asWritten,
  ...asWritten
    .filter(({ name }) => MIRRORED.includes(name))
    .map(({ name, value, bars }) => ({ name, value: -value, bars: bars.map(mirrored) })),
];

function mirrored([open, high, low, close]: Bar): Bar {
  return [200 - open, 200 - low, 200 - high, 200 - close];
}
