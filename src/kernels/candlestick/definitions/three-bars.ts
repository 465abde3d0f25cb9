import type { Definition, Figure, Sketch } from "./sketch.ts";
import { engulfs, isWithin } from "./two-bars.ts";

/** Patterns of three bars. */
function whiteRise<N, B>(s: Sketch<N, B>): B {
  const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
  return s.all(a.white, b.white, c.white, s.gt(b.c, a.c), s.gt(c.c, b.c));
}

function opensNear<N, B>(s: Sketch<N, B>, a: Figure<N, B>, b: Figure<N, B>): B {
  return s.all(s.gt(b.o, a.o), s.le(b.o, s.add(a.c, a.near)));
}

/** Three black without lower shadow, each closing lower. */
export function blackFall<N, B>(s: Sketch<N, B>): B {
  const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
  const bare = s.all(a.bareBottom, b.bareBottom, c.bareBottom);
  return s.all(a.black, b.black, c.black, bare, s.lt(b.c, a.c), s.lt(c.c, b.c));
}

function morning<N, B>(s: Sketch<N, B>, star: B): N {
  const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
  const turn = s.add(a.c, s.algebra.mul(a.body, s.penetration));
  return s.when(100, a.black, c.white, a.long, star, c.long, s.jumpsDown(a, b), s.gt(c.c, turn));
}

function evening<N, B>(s: Sketch<N, B>, star: B): N {
  const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
  const turn = s.sub(a.c, s.algebra.mul(a.body, s.penetration));
  return s.when(-100, a.white, c.black, a.long, star, c.long, s.jumpsUp(a, b), s.lt(c.c, turn));
}

export const threeBars: Readonly<Record<string, Definition>> = {
  CDL2CROWS: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const back = s.all(s.between(c.o, b.c, b.o), s.between(c.c, a.o, a.c));
    return s.when(-100, a.white, a.long, b.black, s.jumpsUp(a, b), c.black, back);
  },
  CDL3INSIDE: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const beyond = s.byColor(a, s.lt(c.c, a.o), s.gt(c.c, a.o));
    return s.when(s.against(a), a.long, b.atMostShort, isWithin(s, a, b), s.opposite(a, c), beyond);
  },
  CDL3OUTSIDE: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    return s.when(s.along(b), engulfs(s, a, b).wholly, s.byColor(b, s.gt(c.c, b.c), s.lt(c.c, b.c)));
  },
  CDL3STARSINSOUTH: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    return s.when(
      100,
      s.all(a.black, b.black, c.black, a.long, a.longDown, b.tailed, c.short, c.bare),
      s.lt(b.body, a.body),
      s.gt(b.o, a.c),
      s.le(b.o, a.h),
      s.lt(b.l, a.c),
      s.ge(b.l, a.l),
      s.gt(c.l, b.l),
      s.lt(c.h, b.h),
    );
  },
  CDL3WHITESOLDIERS: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    return s.when(
      100,
      s.all(whiteRise(s), a.bareTop, b.bareTop, c.bareTop, opensNear(s, a, b), opensNear(s, b, c)),
      s.gt(b.body, s.sub(a.body, a.far)),
      s.gt(c.body, s.sub(b.body, b.far)),
      c.long,
    );
  },
  CDLABANDONEDBABY: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const depth = s.algebra.mul(a.body, s.penetration);
    const top = s.all(s.gt(b.l, a.h), s.lt(c.h, b.l), s.lt(c.c, s.sub(a.c, depth)));
    const bottom = s.all(s.lt(b.h, a.l), s.gt(c.l, b.h), s.gt(c.c, s.add(a.c, depth)));
    return s.when(s.along(c), s.opposite(a, c), a.long, b.doji, c.long, s.byColor(a, top, bottom));
  },
  CDLADVANCEBLOCK: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const [shrinks, shrank] = [s.lt(c.body, b.body), s.lt(b.body, a.body)];
    const weakens = s.any(
      s.all(s.lt(b.body, s.sub(a.body, a.far)), s.lt(c.body, s.add(b.body, b.near))),
      s.lt(c.body, s.sub(b.body, b.far)),
      s.all(shrinks, shrank, s.any(c.pastShortUp, b.pastShortUp)),
      s.all(shrinks, c.longUp),
    );
    return s.when(-100, whiteRise(s), opensNear(s, a, b), opensNear(s, b, c), a.long, a.shortUp, weakens);
  },
  CDLEVENINGDOJISTAR: (s) => evening(s, s.x(1).doji),
  CDLEVENINGSTAR: (s) => evening(s, s.x(1).atMostShort),
  CDLGAPSIDESIDEWHITE: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const up = s.all(s.jumpsUp(a, b), s.jumpsUp(a, c));
    const down = s.all(s.jumpsDown(a, b), s.jumpsDown(a, c));
    const alike = s.all(s.about(c.body, b.body, b.near), s.about(c.o, b.o, b.equal));
    return s.when(s.choose(up, 100, -100), s.any(up, down), b.white, c.white, alike);
  },
  CDLIDENTICAL3CROWS: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    return s.when(-100, blackFall(s), s.about(b.o, a.c, a.equal), s.about(c.o, b.c, b.equal));
  },
  CDLMORNINGDOJISTAR: (s) => morning(s, s.x(1).doji),
  CDLMORNINGSTAR: (s) => morning(s, s.x(1).atMostShort),
  CDLSTALLEDPATTERN: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const shoulder = s.ge(c.o, s.sub(s.sub(b.c, c.body), b.near));
    return s.when(-100, whiteRise(s), a.long, b.long, b.bareTop, opensNear(s, a, b), c.short, shoulder);
  },
  CDLSTICKSANDWICH: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    return s.when(100, a.black, b.white, c.black, s.gt(b.l, a.c), s.about(c.c, a.c, a.equal));
  },
  CDLTASUKIGAP: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const up = s.all(s.jumpsUp(a, b), s.between(c.c, a.hi, b.o));
    const down = s.all(s.jumpsDown(a, b), s.between(c.c, b.o, a.lo));
    const size = s.lt(s.algebra.abs(s.sub(b.body, c.body)), b.near);
    return s.when(s.along(b), s.opposite(b, c), s.between(c.o, b.lo, b.hi), size, s.byColor(b, up, down));
  },
  CDLTRISTAR: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const limit = a.dojiLimit;
    const dojis = s.all(s.le(a.body, limit), s.le(b.body, limit), s.le(c.body, limit));
    const top = s.all(dojis, s.jumpsUp(a, b), s.lt(c.hi, b.hi));
    return s.choose(top, -100, s.when(100, dojis, s.jumpsDown(a, b), s.gt(c.lo, b.lo)));
  },
  CDLUNIQUE3RIVER: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const inside = s.all(s.gt(b.c, a.c), s.le(b.o, a.o), s.lt(b.l, a.l));
    return s.when(100, a.long, a.black, b.black, inside, c.short, c.white, s.gt(c.o, b.l));
  },
  CDLUPSIDEGAP2CROWS: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const around = s.all(s.gt(c.o, b.o), s.lt(c.c, b.c), s.gt(c.c, a.c));
    return s.when(-100, a.white, a.long, b.black, b.atMostShort, s.jumpsUp(a, b), c.black, around);
  },
  CDLXSIDEGAP3METHODS: (s) => {
    const [a, b, c] = [s.x(2), s.x(1), s.x(0)];
    const fills = s.all(s.between(c.o, b.lo, b.hi), s.between(c.c, a.lo, a.hi));
    const gap = s.byColor(a, s.jumpsUp(a, b), s.jumpsDown(a, b));
    return s.when(s.along(a), s.alike(a, b), s.opposite(b, c), fills, gap);
  },
};
