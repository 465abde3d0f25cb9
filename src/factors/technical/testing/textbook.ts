/**
 * The catalogue's indicators said slowly and another way: windows are lists that are filtered and summed afresh, exponential
 * means are sums of weighted values without a recurrence, state machines walk over the days of trades. Series are plain
 * arrays, NaN is missing. A day without a bar has NaN prices and volume 0.
 */
export interface Bars {
  readonly open: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
  readonly close: readonly number[];
  readonly volume: readonly number[];
}

type Series = readonly number[];

const total = (values: Series): number => values.reduce((sum, value) => sum + value, 0);
const mean = (values: Series): number => total(values) / values.length;
const largest = (values: Series): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
const smallest = (values: Series): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const deviation =
  (ddof: number) =>
  (values: Series): number =>
    Math.sqrt(total(values.map((value) => (value - mean(values)) ** 2)) / (values.length - ddof));
const spread = (values: Series): number => mean(values.map((value) => Math.abs(value - mean(values))));

/** Row by row; missing where a part is. */
function each(of: (...parts: number[]) => number, ...series: readonly Series[]): number[] {
  return series[0]!.map((_, t) => {
    const parts = series.map((one) => one[t]!);
    return parts.some(Number.isNaN) ? Number.NaN : of(...parts);
  });
}

/** `of` the values of the last n rows, from row `from` on; missing when there are none. */
function over(x: Series, n: number, from: number, of: (values: Series) => number): number[] {
  return x.map((_, t) => {
    const values = x.slice(Math.max(0, t - n + 1), t + 1).filter(Number.isFinite);
    return t < from || values.length === 0 ? Number.NaN : of(values);
  });
}

const ago = (x: Series, n: number): number[] => x.map((_, t) => x[t - n] ?? Number.NaN);
const rise = (x: Series, n = 1): number[] => each((now, then) => now - then, x, ago(x, n));
const soFar = (x: Series): number[] => over(x, x.length, 0, total);

/** What all values so far come to, when each later one takes `weight` of what is there and the first `seed` are their mean. */
function smooth(x: Series, seed: number, weight: number): number[] {
  return x.map((_, t) => {
    const values = x.slice(0, t + 1).filter(Number.isFinite);
    if (values.length < seed) return Number.NaN;
    const later = values.slice(seed);
    const kept = (index: number): number => (1 - weight) ** (later.length - index);
    return mean(values.slice(0, seed)) * kept(0) + total(later.map((v, i) => weight * v * kept(i + 1)));
  });
}
const ema = (x: Series, n: number): number[] => smooth(x, n, 2 / (n + 1));
const wilder = (x: Series, n: number): number[] => smooth(x, n, 1 / n);

function wilderSum(x: Series, n: number): number[] {
  return x.map((_, t) => {
    const values = x.slice(0, t + 1).filter(Number.isFinite);
    if (values.length < n - 1) return Number.NaN;
    const age = (index: number): number => values.length - 1 - Math.max(index, n - 2);
    return total(values.map((value, index) => value * (1 - 1 / n) ** age(index)));
  });
}

function weightedMean(x: Series, n: number): number[] {
  return x.map((_, t) => {
    if (t < n - 1) return Number.NaN;
    const rows = x
      .slice(t - n + 1, t + 1)
      .flatMap((v, k) => (Number.isFinite(v) ? [[k + 1, v] as const] : []));
    return total(rows.map(([k, v]) => k * v)) / total(rows.map(([k]) => k));
  });
}

function barsSince(x: Series, n: number, best: (values: Series) => number): number[] {
  return x.map((_, t) => {
    const window = x.slice(Math.max(0, t - n + 1), t + 1).toReversed();
    const values = window.filter(Number.isFinite);
    return t < n - 1 || values.length === 0 ? Number.NaN : window.indexOf(best(values));
  });
}

/** Slope and value today of the line through the window's points, by solving the two normal equations. */
function line(x: Series, n: number): { readonly slope: number[]; readonly value: number[] } {
  const fits = x.map((_, t) => {
    const points = x
      .slice(Math.max(0, t - n + 1), t + 1)
      .flatMap((v, k) => (Number.isFinite(v) ? [[k, v] as const] : []));
    if (t < n - 1 || points.length < 2) return [Number.NaN, Number.NaN] as const;
    const [c, s] = [points.length, total(points.map(([k]) => k))];
    const ss = total(points.map(([k]) => k * k));
    const [v, sv] = [total(points.map((p) => p[1])), total(points.map(([k, p]) => k * p))];
    const slope = (c * sv - s * v) / (c * ss - s * s);
    return [slope, Number.isNaN(x[t]!) ? Number.NaN : (v - slope * s) / c + slope * (n - 1)] as const;
  });
  return { slope: fits.map(([slope]) => slope), value: fits.map(([, value]) => value) };
}

function kama(x: Series, n: number): number[] {
  const change = each(Math.abs, rise(x, n));
  const path = over(each(Math.abs, rise(x)), n, 0, total);
  let last = Number.NaN;
  let started = false;
  return x.map((value, t) => {
    const straight = path[t]! <= change[t]! ? 1 : change[t]! / path[t]!;
    const weight = (straight * (2 / 3 - 2 / 31) + 2 / 31) ** 2;
    if (Number.isNaN(value) || (started && Number.isNaN(weight))) return started ? last : Number.NaN;
    if (Number.isNaN(weight)) {
      last = value;
      return Number.NaN;
    }
    last = Number.isNaN(last) ? value : weight * value + (1 - weight) * last;
    started = true;
    return last;
  });
}

function stops({ high, low }: Bars): number[] {
  const out = high.map(() => Number.NaN);
  const days = [...high.keys()].filter((t) => Number.isFinite(high[t]! + low[t]!));
  const H = days.map((t) => high[t]!);
  const L = days.map((t) => low[t]!);
  let long = !(L[0]! > L[1]! && L[0]! - L[1]! > H[1]! - H[0]!);
  let stop = long ? L[0]! : H[0]!;
  let best = long ? H[1]! : L[1]!;
  let pace = 0.02;
  const clear = (price: number, i: number): number => {
    const two = i === 1 ? [1] : [i - 1, i];
    return long ? smallest([price, ...two.map((d) => L[d]!)]) : largest([price, ...two.map((d) => H[d]!)]);
  };
  for (let i = 1; i < days.length; i++) {
    let today = stop;
    if (long ? L[i]! <= stop : H[i]! >= stop) {
      long = !long;
      today = clear(best, i);
      best = long ? H[i]! : L[i]!;
      pace = 0.02;
    } else if (long ? H[i]! > best : L[i]! < best) {
      best = long ? H[i]! : L[i]!;
      pace = Math.min(0.2, pace + 0.02);
    }
    out[days[i]!] = today;
    stop = clear((1 - pace) * today + pace * best, i);
  }
  let last = Number.NaN;
  return out.map((value) => (last = Number.isNaN(value) ? last : value));
}

const gains = (x: Series): number[] => each((d) => (d > 0 ? d : 0), rise(x));
const losses = (x: Series): number[] => each((d) => (d < 0 ? -d : 0), rise(x));
const share = (a: number, b: number): number => 100 * (a / (a + b));
const later = (x: Series, from: number): number[] => x.map((value, t) => (t < from ? Number.NaN : value));

/** Smoothed by a third from a value of 50 before the first one. */
function from50(x: Series): number[] {
  const at = x.findIndex(Number.isFinite);
  const values = x.map((value, t) => (t === at ? 50 + (value - 50) / 3 : value));
  return smooth(values, 1, 1 / 3);
}

/** Every factor of the set by name. */
export function textbook(bars: Bars): Readonly<Record<string, readonly number[]>> {
  const { open, high, low, close, volume } = bars;
  const traded = (x: Series): number[] => x.map((value, t) => (close[t]! > 0 ? value : Number.NaN));
  const sma = (x: Series, n: number, from = n - 1): number[] => over(x, n, from, mean);
  const middle = (n: number): number[] =>
    each((a, b) => (a + b) / 2, over(high, n, n - 1, largest), over(low, n, n - 1, smallest));
  const place = (n: number): number[] =>
    each(
      (c, h, l) => 100 * ((c - l) / (h - l)),
      close,
      over(high, n, n - 1, largest),
      over(low, n, n - 1, smallest),
    );
  const typical = each((h, l, c) => (h + l + c) / 3, high, low, close);
  const before = ago(close, 1);
  const trueRange = each((h, l, c) => Math.max(h, c) - Math.min(l, c), high, low, before);

  const e20 = ema(close, 20);
  const ee20 = ema(traded(e20), 20);
  const e5 = [ema(close, 5)];
  for (let level = 1; level < 6; level++) e5.push(ema(traded(e5[level - 1]!), 5));
  const e14 = ema(traded(ema(traded(ema(close, 14)), 14)), 14);
  const rsiWilder = each(share, wilder(gains(close), 14), wilder(losses(close), 14));
  const rsiRange = [over(rsiWilder, 14, 27, largest), over(rsiWilder, 14, 27, smallest)] as const;
  const rsiPlace = each((r, h, l) => 100 * ((r - l) / (h - l)), rsiWilder, ...rsiRange);
  const late = close.map((value, t) => (t < 14 ? Number.NaN : value));
  const macd = each((a, b) => a - b, ema(late, 12), ema(close, 26));
  const signal = ema(traded(macd), 9);

  const k = from50(place(9));
  const d = from50(traded(k));

  const [up, down] = [rise(high), each((v) => -v, rise(low))];
  const plusDm = wilderSum(
    each((u, w) => (u > w && u > 0 ? u : 0), up, down),
    14,
  );
  const minusDm = wilderSum(
    each((u, w) => (w > u && w > 0 ? w : 0), up, down),
    14,
  );
  const range14 = wilderSum(trueRange, 14);
  const dx = later(
    each((p, m) => 100 * (Math.abs(p - m) / (p + m)), plusDm, minusDm),
    14,
  );
  const adx = wilder(traded(dx), 14);
  const aroonUp = each((n) => (100 * (14 - n)) / 14, barsSince(high, 15, largest));
  const aroonDown = each((n) => (100 * (14 - n)) / 14, barsSince(low, 15, smallest));
  const fit = line(close, 14);

  const pressure = each((c, l, b) => c - Math.min(l, b), close, low, before);
  const buying = (n: number): number[] =>
    each((a, b) => a / b, over(pressure, n, n, total), over(trueRange, n, n, total));
  const flow = each((p, v) => p * v, typical, volume);
  const typicalRise = rise(typical);
  const flowWhere = (sign: number): number[] =>
    flow.map((value, t) => (Number.isNaN(value) || Math.sign(typicalRise[t]!) === sign ? value : 0));
  const firstClose = close.findIndex(Number.isFinite);
  const obv = soFar(volume.map((v, t) => (t <= firstClose ? v : v * Math.sign(close[t]! - before[t]!))));
  const ad = soFar(
    each((h, l, c, v) => (h === l ? 0 : ((2 * c - h - l) / (h - l)) * v), high, low, close, volume),
  );
  const adosc = each((a, b) => a - b, smooth(traded(ad), 1, 2 / 4), smooth(traded(ad), 1, 2 / 11));

  const bandMean = sma(close, 20);
  const sigma = over(close, 20, 19, deviation(0));
  const wide = each((h, l) => (4 * (h - l)) / (h + l), high, low);
  const atr = wilder(trueRange, 14);

  return {
    ...Object.fromEntries([5, 10, 20, 30, 50, 60].map((n) => [`MA${n}`, sma(close, n)])),
    SMA20: bandMean,
    EMA20: e20,
    WMA20: weightedMean(close, 20),
    DEMA20: each((a, b) => 2 * a - b, e20, ee20),
    TEMA20: each((a, b, c) => 3 * a - 3 * b + c, e20, ee20, ema(traded(ee20), 20)),
    TRIMA20: sma(sma(close, 11, 0), 10, 19),
    T3_5: each(
      // Three times over (1 + v)·EMA − v·EMA(EMA), multiplied out.
      (e3, e4, e5th, e6) =>
        1.7 ** 3 * e3 - 3 * 1.7 ** 2 * 0.7 * e4 + 3 * 1.7 * 0.7 ** 2 * e5th - 0.7 ** 3 * e6,
      ...e5.slice(2),
    ),
    KAMA10: kama(close, 10),
    MIDPOINT14: each((a, b) => (a + b) / 2, over(close, 14, 13, largest), over(close, 14, 13, smallest)),
    MIDPRICE14: middle(14),
    AVGPRICE: each((o, h, l, c) => (o + h + l + c) / 4, open, high, low, close),
    MEDPRICE: each((h, l) => (h + l) / 2, high, low),
    TYPPRICE: typical,
    WCLPRICE: each((h, l, c) => (h + l + 2 * c) / 4, high, low, close),
    RSI14: each(share, over(gains(close), 14, 14, mean), over(losses(close), 14, 14, mean)),
    RSI14_WILDER: rsiWilder,
    STOCH_K: place(14),
    STOCH_D: sma(place(14), 3, 15),
    STOCH_SLOW_K: sma(place(14), 3, 15),
    STOCH_SLOW_D: sma(sma(place(14), 3, 15), 3, 17),
    STOCHRSI_K: rsiPlace,
    STOCHRSI_D: sma(rsiPlace, 3, 29),
    WILLIAMS_R14: each(
      (c, h, l) => (-100 * (h - c)) / (h - l),
      close,
      over(high, 14, 13, largest),
      over(low, 14, 13, smallest),
    ),
    CCI20: each((p, m, s) => (p - m) / (0.015 * s), typical, sma(typical, 20), over(typical, 20, 19, spread)),
    MOMENTUM10: rise(close, 10),
    ROC12: each((a, b) => (100 * (a - b)) / b, close, ago(close, 12)),
    ROCP12: each((a, b) => (a - b) / b, close, ago(close, 12)),
    ROCR12: each((a, b) => a / b, close, ago(close, 12)),
    CMO14: each((g, l) => (100 * (g - l)) / (g + l), wilder(gains(close), 14), wilder(losses(close), 14)),
    IMI14: each(
      share,
      over(
        each((o, c) => Math.max(c - o, 0), open, close),
        14,
        13,
        total,
      ),
      over(
        each((o, c) => Math.max(o - c, 0), open, close),
        14,
        13,
        total,
      ),
    ),
    ULTOSC: later(
      each((a, b, c) => (100 * (4 * a + 2 * b + c)) / 7, buying(7), buying(14), buying(28)),
      28,
    ),
    BOP: each((o, h, l, c) => (c - o) / (h - l), open, high, low, close),
    APO: each((a, b) => a - b, ema(close, 12), ema(close, 26)),
    PPO: each((a, b) => (100 * (a - b)) / b, ema(close, 12), ema(close, 26)),
    TRIX14: each((a, b) => (100 * (a - b)) / b, e14, ago(e14, 1)),
    KDJ_K: k,
    KDJ_D: d,
    KDJ_J: each((a, b) => 3 * a - 2 * b, k, d),
    MACD: macd,
    MACD_SIGNAL: signal,
    MACD_HIST: each((a, b) => a - b, macd, signal),
    SAR: stops(bars),
    ADX14: adx,
    ADXR14: each((a, b) => (a + b) / 2, adx, ago(adx, 13)),
    DX14: dx,
    PLUS_DI14: later(
      each((p, r) => (100 * p) / r, plusDm, range14),
      14,
    ),
    MINUS_DI14: later(
      each((m, r) => (100 * m) / r, minusDm, range14),
      14,
    ),
    PLUS_DM14: plusDm,
    MINUS_DM14: minusDm,
    AROON_UP14: aroonUp,
    AROON_DOWN14: aroonDown,
    AROONOSC14: each((a, b) => a - b, aroonUp, aroonDown),
    ICHIMOKU_TENKAN: middle(9),
    ICHIMOKU_KIJUN: middle(26),
    ICHIMOKU_SENKOU_A: ago(
      each((a, b) => (a + b) / 2, middle(9), middle(26)),
      26,
    ),
    ICHIMOKU_SENKOU_B: ago(middle(52), 26),
    LINEARREG14: fit.value,
    LINEARREG_SLOPE14: fit.slope,
    LINEARREG_INTERCEPT14: each((v, s) => v - 13 * s, fit.value, fit.slope),
    LINEARREG_ANGLE14: each((s) => (Math.atan(s) * 180) / Math.PI, fit.slope),
    TSF14: each((v, s) => v + s, fit.value, fit.slope),
    VWAP20: each((a, b) => a / b, over(flow, 20, 19, total), over(volume, 20, 19, total)),
    VWAP_ANCHORED: each((a, b) => a / b, soFar(flow), soFar(volume)),
    OBV: obv,
    AD_LINE: ad,
    ADOSC: later(adosc, 9),
    MFI14: each(share, over(flowWhere(1), 14, 14, total), over(flowWhere(-1), 14, 14, total)),
    VOLUME_RSI14: each(share, over(gains(volume), 14, 14, mean), over(losses(volume), 14, 14, mean)),
    BOLLINGER_UPPER: each((m, s) => m + 2 * s, bandMean, sigma),
    BOLLINGER_MIDDLE: bandMean,
    BOLLINGER_LOWER: each((m, s) => m - 2 * s, bandMean, sigma),
    BOLLINGER_PCTB: each((c, m, s) => (c - m + 2 * s) / (4 * s), close, bandMean, sigma),
    BOLLINGER_WIDTH: each((m, s) => (4 * s) / m, bandMean, sigma),
    TRANGE: trueRange,
    ATR14: atr,
    NATR14: each((a, c) => (100 * a) / c, atr, close),
    VOLATILITY20: over(
      each((a, b) => a / b - 1, close, before),
      20,
      20,
      deviation(1),
    ),
    HISTORICAL_VOLATILITY20: each(
      (s) => s * Math.sqrt(252),
      over(
        each((a, b) => Math.log(a / b), close, before),
        20,
        20,
        deviation(1),
      ),
    ),
    STDDEV20: sigma,
    VAR20: each((s) => s * s, sigma),
    ACCBANDS_UPPER: sma(
      each((h, w) => h * (1 + w), high, wide),
      20,
    ),
    ACCBANDS_MIDDLE: bandMean,
    ACCBANDS_LOWER: sma(
      each((l, w) => l * (1 - w), low, wide),
      20,
    ),
  };
}
