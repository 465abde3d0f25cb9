/**
 * The 61 candlestick patterns in words, bars in the order of time. "Long", "short", "doji", "none", "near" and "equal" are
 * TA-Lib's candle settings (kernels/candlestick/settings.ts); "gap" is between bodies unless whole bars are named.
 */
export interface PatternDefinition {
  readonly title: string;
  readonly definition: string;
}

const inWords: readonly (readonly [name: string, title: string, definition: string])[] = [
  [
    "CDL2CROWS",
    "two crows",
    "long white; black that gaps up; black that opens in the second body and closes in the first: −100",
  ],
  [
    "CDL3BLACKCROWS",
    "three black crows",
    "after a white bar, three black ones without lower shadow, each opening in the body before and closing lower: −100",
  ],
  [
    "CDL3INSIDE",
    "three inside up or down",
    "long; short body inside it; bar of the other colour that closes beyond the first open: ±100",
  ],
  [
    "CDL3LINESTRIKE",
    "three-line strike",
    "three of one colour, each closing further; a last one that opens beyond and closes back past the first open: ±100, the sign of the three",
  ],
  ["CDL3OUTSIDE", "three outside up or down", "engulfing; bar that closes further: ±100"],
  [
    "CDL3STARSINSOUTH",
    "three stars in the south",
    "long black with long lower shadow; smaller black with a higher low; short black without shadows inside the second: +100",
  ],
  [
    "CDL3WHITESOLDIERS",
    "three advancing white soldiers",
    "three white without upper shadow, each opening in or near the body before and closing higher, none far shorter than the one before, the last not short: +100",
  ],
  [
    "CDLABANDONEDBABY",
    "abandoned baby",
    "long; doji whose whole bar gaps away; bar of the other colour whose whole bar gaps back and closes into the first body by more than the penetration: ±100",
  ],
  [
    "CDLADVANCEBLOCK",
    "advance block",
    "three white that climb, the first long, while bodies shrink or upper shadows grow: −100",
  ],
  ["CDLBELTHOLD", "belt-hold", "long body without shadow at its open: ±100 by colour"],
  [
    "CDLBREAKAWAY",
    "breakaway",
    "long; same colour with a gap; two bars that go on, the second of that colour; other colour that closes in the gap: ±100, the sign of the last",
  ],
  ["CDLCLOSINGMARUBOZU", "closing marubozu", "long body without shadow at its close: ±100 by colour"],
  [
    "CDLCONCEALBABYSWALL",
    "concealing baby swallow",
    "two black without shadows; black that gaps down with an upper shadow into the second body; black that engulfs the third, shadows included: +100",
  ],
  [
    "CDLCOUNTERATTACK",
    "counterattack",
    "two long of opposite colours with equal closes: ±100, the sign of the second",
  ],
  [
    "CDLDARKCLOUDCOVER",
    "dark cloud cover",
    "long white; black that opens above its high and closes in its body by more than the penetration: −100",
  ],
  ["CDLDOJI", "doji", "close about equal to open: +100"],
  ["CDLDOJISTAR", "doji star", "long; doji that gaps away in its direction: ±100, against the first"],
  ["CDLDRAGONFLYDOJI", "dragonfly doji", "doji with a lower shadow and no upper one: +100"],
  [
    "CDLENGULFING",
    "engulfing",
    "bar of the other colour whose body holds the one before: ±100 by its colour, ±80 where one end of the bodies coincides",
  ],
  [
    "CDLEVENINGDOJISTAR",
    "evening doji star",
    "long white; doji that gaps up; black, not short, that closes into the first body by more than the penetration: −100",
  ],
  [
    "CDLEVENINGSTAR",
    "evening star",
    "long white; short that gaps up; black, not short, that closes into the first body by more than the penetration: −100",
  ],
  [
    "CDLGAPSIDESIDEWHITE",
    "side-by-side white lines",
    "two white of about the same body and open, both with a gap from the bar before them: ±100, the side of the gap",
  ],
  ["CDLGRAVESTONEDOJI", "gravestone doji", "doji with an upper shadow and no lower one: +100"],
  ["CDLHAMMER", "hammer", "short body, long lower shadow, no upper one, below or near the low before: +100"],
  [
    "CDLHANGINGMAN",
    "hanging man",
    "short body, long lower shadow, no upper one, above or near the high before: −100",
  ],
  [
    "CDLHARAMI",
    "harami",
    "long; short body inside it: ±100 against the first, ±80 where one end of the bodies coincides",
  ],
  [
    "CDLHARAMICROSS",
    "harami cross",
    "long; doji inside its body: ±100 against the first, ±80 where one end of the bodies coincides",
  ],
  ["CDLHIGHWAVE", "high-wave", "short body, both shadows very long: ±100 by colour"],
  [
    "CDLHIKKAKE",
    "hikkake",
    "inside bar, then lower high and low (+100) or higher ones (−100); ±200 on the bar, within three, that closes beyond the inside bar on the other side",
  ],
  [
    "CDLHIKKAKEMOD",
    "modified hikkake",
    "two inside bars, the first closing near its low (+) or high (−), then a break on that side: ±100; ±200 on the bar, within three, that closes back beyond the second",
  ],
  ["CDLHOMINGPIGEON", "homing pigeon", "long black; short black inside its body: +100"],
  [
    "CDLIDENTICAL3CROWS",
    "identical three crows",
    "three black without lower shadow, each opening at the close before and closing lower: −100",
  ],
  [
    "CDLINNECK",
    "in-neck",
    "long black; white that opens below its low and closes equal to its close or just above: −100",
  ],
  [
    "CDLINVERTEDHAMMER",
    "inverted hammer",
    "short body, long upper shadow, no lower one, with a gap down: +100",
  ],
  [
    "CDLKICKING",
    "kicking",
    "two long without shadows, of opposite colours, the second a whole bar's gap away in its direction: ±100, the sign of the second",
  ],
  ["CDLKICKINGBYLENGTH", "kicking by length", "as kicking, the sign of the longer body: ±100"],
  [
    "CDLLADDERBOTTOM",
    "ladder bottom",
    "three black with falling opens and closes; black with an upper shadow; white that opens above its body and closes above its high: +100",
  ],
  ["CDLLONGLEGGEDDOJI", "long-legged doji", "doji with one long shadow or both: +100"],
  ["CDLLONGLINE", "long line", "long body, both shadows short: ±100 by colour"],
  ["CDLMARUBOZU", "marubozu", "long body without shadows: ±100 by colour"],
  ["CDLMATCHINGLOW", "matching low", "two black with equal closes: +100"],
  [
    "CDLMATHOLD",
    "mat hold",
    "long white; short black that gaps up; two short that fall and stay within the penetration of the first body; white that opens above the last close and closes above the three highs: +100",
  ],
  [
    "CDLMORNINGDOJISTAR",
    "morning doji star",
    "long black; doji that gaps down; white, not short, that closes into the first body by more than the penetration: +100",
  ],
  [
    "CDLMORNINGSTAR",
    "morning star",
    "long black; short that gaps down; white, not short, that closes into the first body by more than the penetration: +100",
  ],
  ["CDLONNECK", "on-neck", "long black; white that opens below its low and closes equal to its low: −100"],
  [
    "CDLPIERCING",
    "piercing",
    "long black; long white that opens below its low and closes in the upper half of its body: +100",
  ],
  ["CDLRICKSHAWMAN", "rickshaw man", "doji with two long shadows and its body near the middle: +100"],
  [
    "CDLRISEFALL3METHODS",
    "rising or falling three methods",
    "long; three short of the other colour that go against it within its range; long that opens beyond the last close and closes beyond the first: ±100 by colour of the first",
  ],
  [
    "CDLSEPARATINGLINES",
    "separating lines",
    "opposite colours with equal opens, the second long and without shadow at its open: ±100, the sign of the second",
  ],
  ["CDLSHOOTINGSTAR", "shooting star", "short body, long upper shadow, no lower one, with a gap up: −100"],
  ["CDLSHORTLINE", "short line", "short body, both shadows short: ±100 by colour"],
  ["CDLSPINNINGTOP", "spinning top", "short body, both shadows longer than it: ±100 by colour"],
  [
    "CDLSTALLEDPATTERN",
    "stalled pattern",
    "two long white, the second without upper shadow; short white on the shoulder of the second: −100",
  ],
  [
    "CDLSTICKSANDWICH",
    "stick sandwich",
    "black; white that trades above its close; black with a close equal to the first: +100",
  ],
  ["CDLTAKURI", "takuri", "doji with a very long lower shadow and no upper one: +100"],
  [
    "CDLTASUKIGAP",
    "tasuki gap",
    "bar that gaps away in its colour; other colour of about its size that opens in its body and closes in the gap: ±100 by colour of the second",
  ],
  [
    "CDLTHRUSTING",
    "thrusting",
    "long black; white that opens below its low and closes in the lower half of its body, more than equal to its close: −100",
  ],
  [
    "CDLTRISTAR",
    "tristar",
    "three doji, the second with a gap up (−100) or down (+100), the third back from it",
  ],
  [
    "CDLUNIQUE3RIVER",
    "unique three river bottom",
    "long black; black inside its body with a lower low; short white that opens above that low: +100",
  ],
  [
    "CDLUPSIDEGAP2CROWS",
    "upside gap two crows",
    "long white; short black that gaps up; black that engulfs it and closes above the first close: −100",
  ],
  [
    "CDLXSIDEGAP3METHODS",
    "upside or downside gap three methods",
    "two of one colour with a gap in their direction; other colour that opens in the second body and closes in the first: ±100 by colour of the first",
  ],
];

export const candlestickDefinitions: ReadonlyMap<string, PatternDefinition> = new Map(
  inWords.map(([name, title, definition]) => [name, { title, definition }]),
);
