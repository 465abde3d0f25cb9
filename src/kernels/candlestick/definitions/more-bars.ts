import type { Definition, Figure, Sketch } from "./sketch.ts";
import { blackFall } from "./three-bars.ts";

/** Patterns of four bars and more. */
function opensAround<N, B>(s: Sketch<N, B>, a: Figure<N, B>, b: Figure<N, B>): B {
  return s.all(s.ge(b.o, s.sub(a.lo, a.near)), s.le(b.o, s.add(a.hi, a.near)));
}

interface SetUp<B> {
  readonly up: B;
  readonly down: B;
}

/** Where bar `back` breaks out of the bar before, below (up) or above (down). */
function breaks<N, B>(s: Sketch<N, B>, back: number): SetUp<B> {
  const [a, b] = [s.x(back + 1), s.x(back)];
  return {
    up: s.all(s.lt(b.h, a.h), s.lt(b.l, a.l)),
    down: s.all(s.gt(b.h, a.h), s.gt(b.l, a.l)),
  };
}

function isInside<N, B>(s: Sketch<N, B>, back: number): B {
  const [a, b] = [s.x(back + 1), s.x(back)];
  return s.all(s.lt(b.h, a.h), s.gt(b.l, a.l));
}

/** The newest set-up of the three bars before counts, unless a bar since has answered it. */
function hikkake<N, B>(s: Sketch<N, B>, setUp: (back: number) => SetUp<B>): N {
  const older = (back: number): N => {
    const { up, down } = setUp(back);
    const { h, l } = s.x(back + 1);
    const rest = back === 3 ? s.algebra.number(0) : older(back + 1);
    const between = Array.from({ length: back - 1 }, (_, at) => s.x(at + 1));
    const bullish = s.all(s.gt(s.x(0).c, h), ...between.map(({ c }) => s.not(s.gt(c, h))));
    const bearish = s.all(s.lt(s.x(0).c, l), ...between.map(({ c }) => s.not(s.lt(c, l))));
    return s.choose(up, s.when(200, bullish), s.choose(down, s.when(-200, bearish), rest));
  };
  const { up, down } = setUp(0);
  return s.choose(up, 100, s.choose(down, -100, older(1)));
}

export const moreBars: Readonly<Record<string, Definition>> = {
  CDL3BLACKCROWS: (s) => {
    const [a, b, c, d] = [s.x(3), s.x(2), s.x(1), s.x(0)];
    const opens = s.all(s.between(c.o, b.c, b.o), s.between(d.o, c.c, c.o));
    return s.when(-100, a.white, blackFall(s), opens, s.gt(a.h, b.c));
  },
  CDL3LINESTRIKE: (s) => {
    const [a, b, c, d] = [s.x(3), s.x(2), s.x(1), s.x(0)];
    const up = s.all(s.gt(c.c, b.c), s.gt(b.c, a.c), s.gt(d.o, c.c), s.lt(d.c, a.o));
    const down = s.all(s.lt(c.c, b.c), s.lt(b.c, a.c), s.lt(d.o, c.c), s.gt(d.c, a.o));
    const three = s.all(s.alike(a, b), s.alike(b, c), opensAround(s, a, b), opensAround(s, b, c));
    return s.when(s.along(c), three, s.opposite(c, d), s.byColor(c, up, down));
  },
  CDLBREAKAWAY: (s) => {
    const [a, b, c, d, e] = [s.x(4), s.x(3), s.x(2), s.x(1), s.x(0)];
    const up = s.all(
      s.all(s.jumpsUp(a, b), s.gt(c.h, b.h), s.gt(c.l, b.l), s.gt(d.h, c.h), s.gt(d.l, c.l)),
      s.between(e.c, a.c, b.o),
    );
    const down = s.all(
      s.all(s.jumpsDown(a, b), s.lt(c.h, b.h), s.lt(c.l, b.l), s.lt(d.h, c.h), s.lt(d.l, c.l)),
      s.between(e.c, b.o, a.c),
    );
    return s.when(s.along(e), a.long, s.alike(a, b), s.alike(b, d), s.opposite(d, e), s.byColor(a, up, down));
  },
  CDLCONCEALBABYSWALL: (s) => {
    const [a, b, c, d] = [s.x(3), s.x(2), s.x(1), s.x(0)];
    const around = s.all(s.gt(c.h, b.c), s.gt(d.h, c.h), s.lt(d.l, c.l));
    const blacks = s.all(a.black, b.black, c.black, d.black);
    return s.when(100, blacks, a.bare, b.bare, s.jumpsDown(b, c), c.topped, around);
  },
  CDLHIKKAKE: (s) =>
    hikkake(s, (back) => {
      const { up, down } = breaks(s, back);
      const inside = isInside(s, back + 1);
      return { up: s.all(inside, up), down: s.all(inside, down) };
    }),
  CDLHIKKAKEMOD: (s) =>
    hikkake(s, (back) => {
      const { up, down } = breaks(s, back);
      const inside = s.all(isInside(s, back + 1), isInside(s, back + 2));
      const b = s.x(back + 2);
      return {
        up: s.all(inside, up, s.le(b.c, s.add(b.l, b.near))),
        down: s.all(inside, down, s.ge(b.c, s.sub(b.h, b.near))),
      };
    }),
  CDLLADDERBOTTOM: (s) => {
    const [a, b, c, d, e] = [s.x(4), s.x(3), s.x(2), s.x(1), s.x(0)];
    const falling = s.all(s.lt(b.o, a.o), s.lt(c.o, b.o), s.lt(b.c, a.c), s.lt(c.c, b.c));
    const blacks = s.all(a.black, b.black, c.black, d.black);
    return s.when(100, blacks, falling, d.topped, e.white, s.gt(e.o, d.o), s.gt(e.c, d.h));
  },
  CDLMATHOLD: (s) => {
    const [a, b, c, d, e] = [s.x(4), s.x(3), s.x(2), s.x(1), s.x(0)];
    const floor = s.sub(a.c, s.algebra.mul(a.body, s.penetration));
    const holds = s.all(s.between(c.lo, floor, a.c), s.between(d.lo, floor, a.c));
    const falling = s.all(s.jumpsUp(a, b), s.lt(c.hi, b.o), s.lt(d.hi, c.hi));
    const resumes = s.all(s.gt(e.o, d.c), s.gt(e.c, b.h), s.gt(e.c, c.h), s.gt(e.c, d.h));
    const sizes = s.all(a.long, b.short, c.short, d.short);
    return s.when(100, a.white, b.black, e.white, sizes, holds, falling, resumes);
  },
  CDLRISEFALL3METHODS: (s) => {
    const [a, b, c, d, e] = [s.x(4), s.x(3), s.x(2), s.x(1), s.x(0)];
    const holds = [b, c, d].map((f) => s.all(f.short, s.opposite(a, f), s.lt(f.lo, a.h), s.gt(f.hi, a.l)));
    const up = s.all(s.lt(c.c, b.c), s.lt(d.c, c.c), s.gt(e.o, d.c), s.gt(e.c, a.c));
    const down = s.all(s.gt(c.c, b.c), s.gt(d.c, c.c), s.lt(e.o, d.c), s.lt(e.c, a.c));
    return s.when(s.along(a), a.long, e.long, s.alike(a, e), ...holds, s.byColor(a, up, down));
  },
};
