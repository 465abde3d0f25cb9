import type { Definition, Figure, Sketch } from "./sketch.ts";

/** Patterns of two bars, and the third bars that confirm them. */
export function engulfs<N, B>(
  s: Sketch<N, B>,
  a: Figure<N, B>,
  b: Figure<N, B>,
): { readonly wholly: B; readonly partly: B } {
  const around = s.all(s.opposite(a, b), s.ge(b.hi, a.hi), s.le(b.lo, a.lo));
  const [above, below] = [s.gt(b.hi, a.hi), s.lt(b.lo, a.lo)];
  return {
    wholly: s.all(around, above, below),
    partly: s.all(around, s.any(s.all(above, s.not(below)), s.all(below, s.not(above)))),
  };
}

export function isWithin<N, B>(s: Sketch<N, B>, a: Figure<N, B>, b: Figure<N, B>): B {
  return s.all(s.lt(b.hi, a.hi), s.gt(b.lo, a.lo));
}

function harami<N, B>(s: Sketch<N, B>, small: B): N {
  const [a, b] = [s.x(1), s.x(0)];
  const partly = s.when(s.against(a, 80), a.long, small, s.le(b.hi, a.hi), s.ge(b.lo, a.lo));
  return s.choose(s.all(a.long, small, isWithin(s, a, b)), s.against(a), partly);
}

function afterLongBlack<N, B>(s: Sketch<N, B>): B {
  const [a, b] = [s.x(1), s.x(0)];
  return s.all(a.black, a.long, b.white, s.lt(b.o, a.l));
}

function kicks<N, B>(s: Sketch<N, B>): B {
  const [a, b] = [s.x(1), s.x(0)];
  return s.all(
    s.opposite(a, b),
    a.long,
    a.bare,
    b.long,
    b.bare,
    s.byColor(b, s.gt(b.l, a.h), s.lt(b.h, a.l)),
  );
}

export const twoBars: Readonly<Record<string, Definition>> = {
  CDLCOUNTERATTACK: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(s.along(b), s.opposite(a, b), a.long, b.long, s.about(b.c, a.c, a.equal));
  },
  CDLDARKCLOUDCOVER: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    const depth = s.sub(a.c, s.algebra.mul(a.body, s.penetration));
    return s.when(-100, a.white, a.long, b.black, s.gt(b.o, a.h), s.gt(b.c, a.o), s.lt(b.c, depth));
  },
  CDLDOJISTAR: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(s.against(a), a.long, b.doji, s.byColor(a, s.jumpsUp(a, b), s.jumpsDown(a, b)));
  },
  CDLENGULFING: (s) => {
    const { wholly, partly } = engulfs(s, s.x(1), s.x(0));
    return s.choose(wholly, s.along(s.x(0)), s.when(s.along(s.x(0), 80), partly));
  },
  CDLHARAMI: (s) => harami(s, s.x(0).atMostShort),
  CDLHARAMICROSS: (s) => harami(s, s.x(0).doji),
  CDLHOMINGPIGEON: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(100, a.black, b.black, a.long, b.atMostShort, s.lt(b.o, a.o), s.gt(b.c, a.c));
  },
  CDLINNECK: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(-100, afterLongBlack(s), s.ge(b.c, a.c), s.le(b.c, s.add(a.c, a.equal)));
  },
  CDLKICKING: (s) => s.when(s.along(s.x(0)), kicks(s)),
  CDLKICKINGBYLENGTH: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(s.choose(s.gt(b.body, a.body), s.along(b), s.along(a)), kicks(s));
  },
  CDLMATCHINGLOW: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(100, a.black, b.black, s.about(b.c, a.c, a.equal));
  },
  CDLONNECK: (s) => s.when(-100, afterLongBlack(s), s.about(s.x(0).c, s.x(1).l, s.x(1).equal)),
  CDLPIERCING: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    const half = s.add(a.c, s.times(a.body, 0.5));
    return s.when(100, afterLongBlack(s), b.long, s.lt(b.c, a.o), s.gt(b.c, half));
  },
  CDLSEPARATINGLINES: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    const bare = s.byColor(b, b.bareBottom, b.bareTop);
    return s.when(s.along(b), s.opposite(a, b), s.about(b.o, a.o, a.equal), b.long, bare);
  },
  CDLTHRUSTING: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    const half = s.add(a.c, s.times(a.body, 0.5));
    return s.when(-100, afterLongBlack(s), s.gt(b.c, s.add(a.c, a.equal)), s.le(b.c, half));
  },
};
