/**
 * For tests: the 61 patterns once more, from their definitions in words and without regard to speed. A pattern is a list of
 * conditions on the bars as objects, `x(0)` the last one, all of which are evaluated.
 */
import type { Bar } from "./textbook-motifs.ts";

export interface Figure {
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly white: boolean;
  readonly sign: number;
  readonly hi: number;
  readonly lo: number;
  readonly body: number;
  readonly up: number;
  readonly down: number;
  /** Means of the 10 or 5 rows before, of those that are there. */
  readonly body10: number;
  readonly doji: number;
  readonly shadow: number;
  readonly near: number;
  readonly far: number;
  readonly equal: number;
}

type Look = (back: number) => Figure;
type Restated = (x: Look, penetration: number) => number;

/** Bars as figures; `null` bars are missing. */
export function figuresOf(bars: readonly (Bar | null)[]): (Figure | null)[] {
  return bars.map((bar, t) => (bar === null ? null : figureOf(bar, bars.slice(0, t))));
}

/** Values of a restated pattern. */
export function restatedValues(
  name: string,
  figures: readonly (Figure | null)[],
  rows: { readonly own: number; readonly lookBack: number; readonly penetration: number },
): number[] {
  const definition = restated[name]!;
  return figures.map((_, t) => {
    const own = figures.slice(Math.max(0, t - rows.own + 1), t + 1);
    const before = figures.slice(Math.max(0, t - rows.own - 4), Math.max(0, t - rows.own + 1));
    const averages = rows.lookBack - rows.own >= 4;
    if (t < rows.lookBack || own.includes(null)) return Number.NaN;
    if (averages && before.every((figure) => figure === null)) return Number.NaN;
    return definition((back) => figures[t - back]!, rows.penetration);
  });
}

const range = ([, high, low]: Bar): number => high - low;
const shadows = ([open, high, low, close]: Bar): number =>
  high - Math.max(open, close) + (Math.min(open, close) - low);

function figureOf([o, h, l, c]: Bar, before: readonly (Bar | null)[]): Figure {
  const mean = (rows: number, of: (bar: Bar) => number): number => {
    const there = before.slice(-rows).filter((bar) => bar !== null);
    return there.map(of).reduce((sum, value) => sum + value, 0) / there.length;
  };
  return {
    o,
    h,
    l,
    c,
    white: !(c < o),
    sign: c < o ? -1 : 1,
    hi: Math.max(o, c),
    lo: Math.min(o, c),
    body: Math.abs(c - o),
    up: h - Math.max(o, c),
    down: Math.min(o, c) - l,
    body10: mean(10, ([open, , , close]) => Math.abs(close - open)),
    doji: 0.1 * mean(10, range),
    shadow: mean(10, shadows) / 2,
    near: 0.2 * mean(5, range),
    far: 0.6 * mean(5, range),
    equal: 0.05 * mean(5, range),
  };
}

const all = (...conditions: readonly boolean[]): boolean => !conditions.includes(false);
const any = (...conditions: readonly boolean[]): boolean => conditions.includes(true);
const signed = (value: number, ...conditions: readonly boolean[]): number => (all(...conditions) ? value : 0);

const long = (f: Figure): boolean => f.body > f.body10;
const short = (f: Figure): boolean => f.body < f.body10;
const doji = (f: Figure): boolean => f.body <= f.doji;
const bareTop = (f: Figure): boolean => f.up < f.doji;
const bareBottom = (f: Figure): boolean => f.down < f.doji;
const bare = (f: Figure): boolean => bareTop(f) && bareBottom(f);
const about = (a: number, b: number, tolerance: number): boolean => a <= b + tolerance && a >= b - tolerance;
/** b's body lies wholly above a's. */
const jumpsUp = (a: Figure, b: Figure): boolean => b.lo > a.hi;
const jumpsDown = (a: Figure, b: Figure): boolean => b.hi < a.lo;
const jumps = (a: Figure, b: Figure, sign: number): boolean => (sign > 0 ? jumpsUp(a, b) : jumpsDown(a, b));
const between = (value: number, low: number, high: number): boolean => value > low && value < high;

function starOf(x: Look, side: 1 | -1, middle: (f: Figure) => boolean, penetration: number): number {
  const [a, b, c] = [x(2), x(1), x(0)];
  const turn = a.c + side * a.body * penetration;
  return signed(
    side * 100,
    a.sign === -side,
    c.sign === side,
    long(a),
    middle(b),
    c.body > c.body10,
    jumps(a, b, -side),
    side > 0 ? c.c > turn : c.c < turn,
  );
}

function engulfs(a: Figure, b: Figure): number {
  const shared = Number(a.hi === b.hi) + Number(a.lo === b.lo);
  const holds = all(a.sign !== b.sign, b.hi >= a.hi, b.lo <= a.lo, shared < 2);
  return holds ? b.sign * (shared === 1 ? 80 : 100) : 0;
}

function within(a: Figure, b: Figure): number {
  if (!all(b.hi <= a.hi, b.lo >= a.lo)) return 0;
  return -a.sign * (b.hi === a.hi || b.lo === a.lo ? 80 : 100);
}

function threeWhiteRise(x: Look): boolean {
  return all(x(2).white, x(1).white, x(0).white, x(0).c > x(1).c, x(1).c > x(2).c);
}

const opensNear = (a: Figure, b: Figure): boolean => b.o > a.o && b.o <= a.c + a.near;

function threeBlackFall(x: Look): boolean {
  const three = [x(2), x(1), x(0)];
  return all(
    three.every((f) => !f.white),
    three.every(bareBottom),
    x(1).c < x(2).c,
    x(0).c < x(1).c,
  );
}

const afterLongBlack = (x: Look): boolean => all(!x(1).white, long(x(1)), x(0).white, x(0).o < x(1).l);

function kick(x: Look): boolean {
  const [a, b] = [x(1), x(0)];
  return all(a.sign !== b.sign, long(a), bare(a), long(b), bare(b), b.white ? b.l > a.h : b.h < a.l);
}

/** Hikkake: who set up, and who has been answered, from the oldest of the last four bars on. */
function hikkake(x: Look, setup: (y: Look) => number): number {
  let open: { readonly side: number; readonly level: number; readonly back: number } | null = null;
  let value = 0;
  for (let back = 3; back >= 0; back--) {
    const y: Look = (further) => x(back + further);
    const side = setup(y);
    value = 0;
    if (side !== 0) {
      open = { side, level: side > 0 ? y(1).h : y(1).l, back };
      value = side * 100;
    } else if (open !== null && open.back - back <= 3 && (x(back).c - open.level) * open.side > 0) {
      value = open.side * 200;
      open = null;
    }
  }
  return value;
}

const inside = (a: Figure, b: Figure): boolean => b.h < a.h && b.l > a.l;

function breaks(a: Figure, b: Figure): number {
  if (b.h < a.h && b.l < a.l) return 1;
  return b.h > a.h && b.l > a.l ? -1 : 0;
}

const restated: Readonly<Record<string, Restated>> = {
  CDL2CROWS: (x) =>
    signed(
      -100,
      x(2).white,
      long(x(2)),
      !x(1).white,
      jumpsUp(x(2), x(1)),
      !x(0).white,
      between(x(0).o, x(1).c, x(1).o),
      between(x(0).c, x(2).o, x(2).c),
    ),
  CDL3BLACKCROWS: (x) =>
    signed(
      -100,
      x(3).white,
      threeBlackFall(x),
      between(x(1).o, x(2).c, x(2).o),
      between(x(0).o, x(1).c, x(1).o),
      x(3).h > x(2).c,
    ),
  CDL3INSIDE: (x) =>
    signed(
      -x(2).sign * 100,
      long(x(2)),
      x(1).body <= x(1).body10,
      Math.abs(within(x(2), x(1))) === 100,
      x(0).sign !== x(2).sign,
      x(2).white ? x(0).c < x(2).o : x(0).c > x(2).o,
    ),
  CDL3LINESTRIKE: (x) => {
    const [a, b, c, d] = [x(3), x(2), x(1), x(0)];
    return signed(
      c.sign * 100,
      a.sign === b.sign,
      b.sign === c.sign,
      d.sign !== c.sign,
      b.o >= a.lo - a.near,
      b.o <= a.hi + a.near,
      c.o >= b.lo - b.near,
      c.o <= b.hi + b.near,
      c.white
        ? all(c.c > b.c, b.c > a.c, d.o > c.c, d.c < a.o)
        : all(c.c < b.c, b.c < a.c, d.o < c.c, d.c > a.o),
    );
  },
  CDL3OUTSIDE: (x) =>
    signed(
      x(1).sign * 100,
      Math.abs(engulfs(x(2), x(1))) === 100,
      x(1).white ? x(0).c > x(1).c : x(0).c < x(1).c,
    ),
  CDL3STARSINSOUTH: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      100,
      !a.white,
      !b.white,
      !c.white,
      long(a),
      a.down > a.body,
      b.body < a.body,
      b.o > a.c,
      b.o <= a.h,
      b.l < a.c,
      b.l >= a.l,
      b.down > b.doji,
      short(c),
      bare(c),
      c.l > b.l,
      c.h < b.h,
    );
  },
  CDL3WHITESOLDIERS: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      100,
      threeWhiteRise(x),
      bareTop(a),
      bareTop(b),
      bareTop(c),
      opensNear(a, b),
      opensNear(b, c),
      b.body > a.body - a.far,
      c.body > b.body - b.far,
      c.body > c.body10,
    );
  },
  CDLABANDONEDBABY: (x, penetration) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      c.sign * 100,
      a.sign !== c.sign,
      long(a),
      doji(b),
      c.body > c.body10,
      a.white
        ? all(b.l > a.h, c.h < b.l, c.c < a.c - a.body * penetration)
        : all(b.h < a.l, c.l > b.h, c.c > a.c + a.body * penetration),
    );
  },
  CDLADVANCEBLOCK: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      -100,
      threeWhiteRise(x),
      opensNear(a, b),
      opensNear(b, c),
      long(a),
      a.up < a.shadow,
      any(
        all(b.body < a.body - a.far, c.body < b.body + b.near),
        c.body < b.body - b.far,
        all(c.body < b.body, b.body < a.body, any(c.up > c.shadow, b.up > b.shadow)),
        all(c.body < b.body, c.up > c.body),
      ),
    );
  },
  CDLBELTHOLD: (x) => signed(x(0).sign * 100, long(x(0)), x(0).white ? bareBottom(x(0)) : bareTop(x(0))),
  CDLBREAKAWAY: (x) => {
    const [a, b, c, d, e] = [x(4), x(3), x(2), x(1), x(0)];
    const same = all(long(a), a.sign === b.sign, b.sign === d.sign, e.sign !== a.sign, jumps(a, b, a.sign));
    const on = a.white
      ? all(c.h > b.h, c.l > b.l, d.h > c.h, d.l > c.l, between(e.c, a.c, b.o))
      : all(c.h < b.h, c.l < b.l, d.h < c.h, d.l < c.l, between(e.c, b.o, a.c));
    return signed(e.sign * 100, same, on);
  },
  CDLCLOSINGMARUBOZU: (x) =>
    signed(x(0).sign * 100, long(x(0)), x(0).white ? bareTop(x(0)) : bareBottom(x(0))),
  CDLCONCEALBABYSWALL: (x) => {
    const [a, b, c, d] = [x(3), x(2), x(1), x(0)];
    return signed(
      100,
      !a.white,
      !b.white,
      !c.white,
      !d.white,
      bare(a),
      bare(b),
      jumpsDown(b, c),
      c.up > c.doji,
      c.h > b.c,
      d.h > c.h,
      d.l < c.l,
    );
  },
  CDLCOUNTERATTACK: (x) =>
    signed(
      x(0).sign * 100,
      x(0).sign !== x(1).sign,
      long(x(0)),
      long(x(1)),
      about(x(0).c, x(1).c, x(1).equal),
    ),
  CDLDARKCLOUDCOVER: (x, penetration) =>
    signed(
      -100,
      x(1).white,
      long(x(1)),
      !x(0).white,
      x(0).o > x(1).h,
      x(0).c > x(1).o,
      x(0).c < x(1).c - x(1).body * penetration,
    ),
  CDLDOJI: (x) => signed(100, doji(x(0))),
  CDLDOJISTAR: (x) => signed(-x(1).sign * 100, long(x(1)), doji(x(0)), jumps(x(1), x(0), x(1).sign)),
  CDLDRAGONFLYDOJI: (x) => signed(100, doji(x(0)), bareTop(x(0)), x(0).down > x(0).doji),
  CDLENGULFING: (x) => engulfs(x(1), x(0)),
  CDLEVENINGDOJISTAR: (x, penetration) => starOf(x, -1, doji, penetration),
  CDLEVENINGSTAR: (x, penetration) => starOf(x, -1, (f) => f.body <= f.body10, penetration),
  CDLGAPSIDESIDEWHITE: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    const up = jumpsUp(a, b) && jumpsUp(a, c);
    return signed(
      up ? 100 : -100,
      up || (jumpsDown(a, b) && jumpsDown(a, c)),
      b.white,
      c.white,
      about(c.body, b.body, b.near),
      about(c.o, b.o, b.equal),
    );
  },
  CDLGRAVESTONEDOJI: (x) => signed(100, doji(x(0)), bareBottom(x(0)), x(0).up > x(0).doji),
  CDLHAMMER: (x) =>
    signed(100, short(x(0)), x(0).down > x(0).body, bareTop(x(0)), x(0).lo <= x(1).l + x(1).near),
  CDLHANGINGMAN: (x) =>
    signed(-100, short(x(0)), x(0).down > x(0).body, bareTop(x(0)), x(0).lo >= x(1).h - x(1).near),
  CDLHARAMI: (x) => (all(long(x(1)), x(0).body <= x(0).body10) ? within(x(1), x(0)) : 0),
  CDLHARAMICROSS: (x) => (all(long(x(1)), doji(x(0))) ? within(x(1), x(0)) : 0),
  CDLHIGHWAVE: (x) =>
    signed(x(0).sign * 100, short(x(0)), x(0).up > 2 * x(0).body, x(0).down > 2 * x(0).body),
  CDLHIKKAKE: (x) => hikkake(x, (y) => (inside(y(2), y(1)) ? breaks(y(1), y(0)) : 0)),
  CDLHIKKAKEMOD: (x) =>
    hikkake(x, (y) => {
      const [a, b, c, d] = [y(3), y(2), y(1), y(0)];
      const side = all(inside(a, b), inside(b, c)) ? breaks(c, d) : 0;
      if (side > 0) return b.c <= b.l + b.near ? 1 : 0;
      return side < 0 && b.c >= b.h - b.near ? -1 : 0;
    }),
  CDLHOMINGPIGEON: (x) =>
    signed(
      100,
      !x(1).white,
      !x(0).white,
      long(x(1)),
      x(0).body <= x(0).body10,
      x(0).o < x(1).o,
      x(0).c > x(1).c,
    ),
  CDLIDENTICAL3CROWS: (x) =>
    signed(-100, threeBlackFall(x), about(x(1).o, x(2).c, x(2).equal), about(x(0).o, x(1).c, x(1).equal)),
  CDLINNECK: (x) => signed(-100, afterLongBlack(x), x(0).c >= x(1).c, x(0).c <= x(1).c + x(1).equal),
  CDLINVERTEDHAMMER: (x) =>
    signed(100, short(x(0)), x(0).up > x(0).body, bareBottom(x(0)), jumpsDown(x(1), x(0))),
  CDLKICKING: (x) => signed(x(0).sign * 100, kick(x)),
  CDLKICKINGBYLENGTH: (x) => signed((x(0).body > x(1).body ? x(0).sign : x(1).sign) * 100, kick(x)),
  CDLLADDERBOTTOM: (x) => {
    const [a, b, c, d, e] = [x(4), x(3), x(2), x(1), x(0)];
    return signed(
      100,
      !a.white,
      !b.white,
      !c.white,
      !d.white,
      e.white,
      b.o < a.o,
      c.o < b.o,
      b.c < a.c,
      c.c < b.c,
      d.up > d.doji,
      e.o > d.o,
      e.c > d.h,
    );
  },
  CDLLONGLEGGEDDOJI: (x) => signed(100, doji(x(0)), any(x(0).up > x(0).body, x(0).down > x(0).body)),
  CDLLONGLINE: (x) => signed(x(0).sign * 100, long(x(0)), x(0).up < x(0).shadow, x(0).down < x(0).shadow),
  CDLMARUBOZU: (x) => signed(x(0).sign * 100, long(x(0)), bare(x(0))),
  CDLMATCHINGLOW: (x) => signed(100, !x(1).white, !x(0).white, about(x(0).c, x(1).c, x(1).equal)),
  CDLMATHOLD: (x, penetration) => {
    const [a, b, c, d, e] = [x(4), x(3), x(2), x(1), x(0)];
    const floor = a.c - a.body * penetration;
    return signed(
      100,
      a.white,
      !b.white,
      e.white,
      long(a),
      short(b),
      short(c),
      short(d),
      jumpsUp(a, b),
      between(c.lo, floor, a.c),
      between(d.lo, floor, a.c),
      c.hi < b.o,
      d.hi < c.hi,
      e.o > d.c,
      e.c > b.h,
      e.c > c.h,
      e.c > d.h,
    );
  },
  CDLMORNINGDOJISTAR: (x, penetration) => starOf(x, 1, doji, penetration),
  CDLMORNINGSTAR: (x, penetration) => starOf(x, 1, (f) => f.body <= f.body10, penetration),
  CDLONNECK: (x) => signed(-100, afterLongBlack(x), about(x(0).c, x(1).l, x(1).equal)),
  CDLPIERCING: (x) =>
    signed(100, afterLongBlack(x), long(x(0)), x(0).c < x(1).o, x(0).c > x(1).c + x(1).body * 0.5),
  CDLRICKSHAWMAN: (x) => {
    const f = x(0);
    const middle = f.l + (f.h - f.l) / 2;
    return signed(
      100,
      doji(f),
      f.up > f.body,
      f.down > f.body,
      f.lo <= middle + f.near,
      f.hi >= middle - f.near,
    );
  },
  CDLRISEFALL3METHODS: (x) => {
    const [a, e] = [x(4), x(0)];
    const rests = [x(3), x(2), x(1)];
    const order = [rests[0]!.c, rests[1]!.c, rests[2]!.c, e.o] as const;
    const along = (from: number, to: number): boolean => (a.white ? to > from : to < from);
    return signed(
      a.sign * 100,
      long(a),
      rests.every(short),
      long(e),
      rests.every((f) => f.sign !== a.sign),
      e.sign === a.sign,
      rests.every((f) => f.lo < a.h && f.hi > a.l),
      along(order[1], order[0]),
      along(order[2], order[1]),
      along(order[2], order[3]),
      along(a.c, e.c),
    );
  },
  CDLSEPARATINGLINES: (x) =>
    signed(
      x(0).sign * 100,
      x(0).sign !== x(1).sign,
      about(x(0).o, x(1).o, x(1).equal),
      long(x(0)),
      x(0).white ? bareBottom(x(0)) : bareTop(x(0)),
    ),
  CDLSHOOTINGSTAR: (x) =>
    signed(-100, short(x(0)), x(0).up > x(0).body, bareBottom(x(0)), jumpsUp(x(1), x(0))),
  CDLSHORTLINE: (x) => signed(x(0).sign * 100, short(x(0)), x(0).up < x(0).shadow, x(0).down < x(0).shadow),
  CDLSPINNINGTOP: (x) => signed(x(0).sign * 100, short(x(0)), x(0).up > x(0).body, x(0).down > x(0).body),
  CDLSTALLEDPATTERN: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      -100,
      threeWhiteRise(x),
      long(a),
      long(b),
      bareTop(b),
      opensNear(a, b),
      short(c),
      c.o >= b.c - c.body - b.near,
    );
  },
  CDLSTICKSANDWICH: (x) =>
    signed(100, !x(2).white, x(1).white, !x(0).white, x(1).l > x(2).c, about(x(0).c, x(2).c, x(2).equal)),
  CDLTAKURI: (x) => signed(100, doji(x(0)), bareTop(x(0)), x(0).down > 2 * x(0).body),
  CDLTASUKIGAP: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      b.sign * 100,
      jumps(a, b, b.sign),
      c.sign !== b.sign,
      between(c.o, b.lo, b.hi),
      Math.abs(b.body - c.body) < b.near,
      b.white ? between(c.c, a.hi, b.o) : between(c.c, b.o, a.lo),
    );
  },
  CDLTHRUSTING: (x) =>
    signed(-100, afterLongBlack(x), x(0).c > x(1).c + x(1).equal, x(0).c <= x(1).c + x(1).body * 0.5),
  CDLTRISTAR: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    if (![a, b, c].every((f) => f.body <= a.doji)) return 0;
    if (jumpsUp(a, b) && c.hi < b.hi) return -100;
    return jumpsDown(a, b) && c.lo > b.lo ? 100 : 0;
  },
  CDLUNIQUE3RIVER: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      100,
      long(a),
      !a.white,
      !b.white,
      b.c > a.c,
      b.o <= a.o,
      b.l < a.l,
      short(c),
      c.white,
      c.o > b.l,
    );
  },
  CDLUPSIDEGAP2CROWS: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      -100,
      a.white,
      long(a),
      !b.white,
      b.body <= b.body10,
      jumpsUp(a, b),
      !c.white,
      c.o > b.o,
      c.c < b.c,
      c.c > a.c,
    );
  },
  CDLXSIDEGAP3METHODS: (x) => {
    const [a, b, c] = [x(2), x(1), x(0)];
    return signed(
      a.sign * 100,
      a.sign === b.sign,
      c.sign !== b.sign,
      between(c.o, b.lo, b.hi),
      between(c.c, a.lo, a.hi),
      jumps(a, b, a.sign),
    );
  },
};
