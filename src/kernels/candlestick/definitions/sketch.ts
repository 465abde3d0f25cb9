/**
 * The language that the definitions of patterns are written in: numbers, conditions, and the bars before as figures. It says
 * nothing of how they are computed: `N` and `B` are plain numbers and booleans in the tests, and vector code in the compiler.
 * No condition is skipped for another one's sake.
 */
export interface Algebra<N, B> {
  number(value: number): N;
  add(a: N, b: N): N;
  sub(a: N, b: N): N;
  mul(a: N, b: N): N;
  abs(a: N): N;
  lt(a: N, b: N): B;
  le(a: N, b: N): B;
  and(a: B, b: B): B;
  or(a: B, b: B): B;
  not(a: B): B;
  select(condition: B, yes: N, no: N): N;
}

/** A bar as it is handed in: its prices, and the means over the bars before it that settings compare with. */
export interface Facts<N> {
  readonly open: N;
  readonly high: N;
  readonly low: N;
  readonly close: N;
  readonly body10: N;
  readonly range10: N;
  readonly range5: N;
  readonly shadows10: N;
}

/** A bar with its shape, in the words of the candle settings. */
export interface Figure<N, B> {
  readonly o: N;
  readonly h: N;
  readonly l: N;
  readonly c: N;
  readonly white: B;
  readonly black: B;
  /** Ends of the body. */
  readonly hi: N;
  readonly lo: N;
  readonly body: N;
  readonly up: N;
  readonly down: N;
  readonly range: N;
  /** Body above the average, below it, at most at it. */
  readonly long: B;
  readonly short: B;
  readonly atMostShort: B;
  readonly doji: B;
  /** Without upper shadow, without lower, with them. */
  readonly bareTop: B;
  readonly bareBottom: B;
  readonly bare: B;
  readonly topped: B;
  readonly tailed: B;
  readonly shortUp: B;
  readonly shortDown: B;
  readonly pastShortUp: B;
  readonly longUp: B;
  readonly longDown: B;
  readonly dojiLimit: N;
  readonly near: N;
  readonly far: N;
  readonly equal: N;
}

export class Sketch<N, B> {
  readonly algebra: Algebra<N, B>;
  readonly penetration: N;
  readonly #facts: (back: number) => Facts<N>;
  readonly #figures: Figure<N, B>[] = [];

  constructor(algebra: Algebra<N, B>, facts: (back: number) => Facts<N>, penetration: number) {
    this.algebra = algebra;
    this.#facts = facts;
    this.penetration = algebra.number(penetration);
  }

  /** The bar `back` rows ago; 0 is the pattern's last. */
  x(back: number): Figure<N, B> {
    return (this.#figures[back] ??= this.#figure(this.#facts(back)));
  }

  add(a: N, b: N): N {
    return this.algebra.add(a, b);
  }

  sub(a: N, b: N): N {
    return this.algebra.sub(a, b);
  }

  times(a: N, factor: number): N {
    return this.algebra.mul(this.algebra.number(factor), a);
  }

  lt(a: N, b: N): B {
    return this.algebra.lt(a, b);
  }

  gt(a: N, b: N): B {
    return this.algebra.lt(b, a);
  }

  le(a: N, b: N): B {
    return this.algebra.le(a, b);
  }

  ge(a: N, b: N): B {
    return this.algebra.le(b, a);
  }

  not(a: B): B {
    return this.algebra.not(a);
  }

  all(first: B, ...rest: readonly B[]): B {
    return rest.reduce((met, each) => this.algebra.and(met, each), first);
  }

  any(first: B, ...rest: readonly B[]): B {
    return rest.reduce((met, each) => this.algebra.or(met, each), first);
  }

  /** `value` where all conditions hold, else 0. */
  when(value: number | N, first: B, ...rest: readonly B[]): N {
    const shown = typeof value === "number" ? this.algebra.number(value) : value;
    return this.algebra.select(this.all(first, ...rest), shown, this.algebra.number(0));
  }

  choose(condition: B, yes: number | N, no: number | N): N {
    const { algebra } = this;
    const shown = (value: number | N): N => (typeof value === "number" ? algebra.number(value) : value);
    return algebra.select(condition, shown(yes), shown(no));
  }

  /** `size` in a white bar's direction, −`size` in a black one's. */
  along(figure: Figure<N, B>, size = 100): N {
    return this.choose(figure.white, size, -size);
  }

  against(figure: Figure<N, B>, size = 100): N {
    return this.choose(figure.white, -size, size);
  }

  opposite(a: Figure<N, B>, b: Figure<N, B>): B {
    return this.any(this.all(a.white, b.black), this.all(a.black, b.white));
  }

  alike(a: Figure<N, B>, b: Figure<N, B>): B {
    return this.any(this.all(a.white, b.white), this.all(a.black, b.black));
  }

  /** One condition for a white bar, another for a black one. */
  byColor(figure: Figure<N, B>, white: B, black: B): B {
    return this.any(this.all(figure.white, white), this.all(figure.black, black));
  }

  /** The later body wholly above the earlier. */
  jumpsUp(earlier: Figure<N, B>, later: Figure<N, B>): B {
    return this.gt(later.lo, earlier.hi);
  }

  jumpsDown(earlier: Figure<N, B>, later: Figure<N, B>): B {
    return this.lt(later.hi, earlier.lo);
  }

  between(value: N, low: N, high: N): B {
    return this.all(this.gt(value, low), this.lt(value, high));
  }

  about(value: N, other: N, tolerance: N): B {
    return this.all(this.le(value, this.add(other, tolerance)), this.ge(value, this.sub(other, tolerance)));
  }

  #figure(facts: Facts<N>): Figure<N, B> {
    const { open: o, high: h, low: l, close: c } = facts;
    const { algebra } = this;
    const white = this.ge(c, o);
    const [hi, lo] = [algebra.select(white, c, o), algebra.select(white, o, c)];
    const body = algebra.abs(this.sub(c, o));
    const [up, down] = [this.sub(h, hi), this.sub(lo, l)];
    const dojiLimit = this.times(facts.range10, 0.1);
    const shadow = this.times(facts.shadows10, 0.5);
    const [bareTop, bareBottom] = [this.lt(up, dojiLimit), this.lt(down, dojiLimit)];
    return {
      o,
      h,
      l,
      c,
      white,
      black: this.lt(c, o),
      hi,
      lo,
      body,
      up,
      down,
      range: this.sub(h, l),
      long: this.gt(body, facts.body10),
      short: this.lt(body, facts.body10),
      atMostShort: this.le(body, facts.body10),
      doji: this.le(body, dojiLimit),
      bareTop,
      bareBottom,
      bare: this.all(bareTop, bareBottom),
      topped: this.gt(up, dojiLimit),
      tailed: this.gt(down, dojiLimit),
      shortUp: this.lt(up, shadow),
      shortDown: this.lt(down, shadow),
      pastShortUp: this.gt(up, shadow),
      longUp: this.gt(up, body),
      longDown: this.gt(down, body),
      dojiLimit,
      near: this.times(facts.range5, 0.2),
      far: this.times(facts.range5, 0.6),
      equal: this.times(facts.range5, 0.05),
    };
  }
}

/** A pattern's value on its last bar, when all its bars are there. */
export type Definition = <N, B>(s: Sketch<N, B>) => N;
