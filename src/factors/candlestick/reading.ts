/** How the literature reads a pattern (Nison, Bulkowski; the remarks in TA-Lib). None of them looks at the trend before it. */
const readings = {
  bullish: { zh: "看涨反转(下跌之后才有意义)。", en: "Bullish reversal, of meaning after a fall." },
  bearish: { zh: "看跌反转(上涨之后才有意义)。", en: "Bearish reversal, of meaning after a rise." },
  reversal: { zh: "反转:正为看涨,负为看跌。", en: "Reversal: bullish above 0, bearish below." },
  continuation: {
    zh: "持续:正为升势继续,负为跌势继续。",
    en: "Continuation: the rise goes on above 0, the fall below.",
  },
  indecision: {
    zh: "多空犹豫;符号只是颜色或存在与否,不指方向。",
    en: "Indecision; the sign is the colour, or that it is there, and no direction.",
  },
  strength: { zh: "力度:符号为该根颜色。", en: "Strength of the bar's colour." },
} as const;

const patternsBy: Readonly<Record<keyof typeof readings, string>> = {
  bullish:
    "3STARSINSOUTH 3WHITESOLDIERS CONCEALBABYSWALL HAMMER HOMINGPIGEON INVERTEDHAMMER LADDERBOTTOM MATCHINGLOW MORNINGDOJISTAR MORNINGSTAR PIERCING STICKSANDWICH TAKURI UNIQUE3RIVER",
  bearish:
    "2CROWS 3BLACKCROWS ADVANCEBLOCK DARKCLOUDCOVER EVENINGDOJISTAR EVENINGSTAR HANGINGMAN IDENTICAL3CROWS SHOOTINGSTAR STALLEDPATTERN UPSIDEGAP2CROWS",
  reversal:
    "3INSIDE 3OUTSIDE ABANDONEDBABY BELTHOLD BREAKAWAY COUNTERATTACK DOJISTAR ENGULFING HARAMI HARAMICROSS HIKKAKE HIKKAKEMOD KICKING KICKINGBYLENGTH TRISTAR",
  continuation:
    "3LINESTRIKE GAPSIDESIDEWHITE INNECK MATHOLD ONNECK RISEFALL3METHODS SEPARATINGLINES TASUKIGAP THRUSTING XSIDEGAP3METHODS",
  indecision: "DOJI DRAGONFLYDOJI GRAVESTONEDOJI HIGHWAVE LONGLEGGEDDOJI RICKSHAWMAN SHORTLINE SPINNINGTOP",
  strength: "CLOSINGMARUBOZU LONGLINE MARUBOZU",
};

export const readingOf: ReadonlyMap<string, { readonly zh: string; readonly en: string }> = new Map(
  (Object.keys(readings) as (keyof typeof readings)[]).flatMap((kind) =>
    patternsBy[kind].split(" ").map((name) => [`CDL${name}`, readings[kind]] as const),
  ),
);
