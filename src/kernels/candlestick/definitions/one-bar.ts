import type { Definition } from "./sketch.ts";

/** Patterns of one bar, and those that set a single one against the bar before. */
export const oneBar: Readonly<Record<string, Definition>> = {
  CDLBELTHOLD: (s) => {
    const f = s.x(0);
    return s.when(s.along(f), f.long, s.byColor(f, f.bareBottom, f.bareTop));
  },
  CDLCLOSINGMARUBOZU: (s) => {
    const f = s.x(0);
    return s.when(s.along(f), f.long, s.byColor(f, f.bareTop, f.bareBottom));
  },
  CDLDOJI: (s) => s.when(100, s.x(0).doji),
  CDLDRAGONFLYDOJI: (s) => s.when(100, s.x(0).doji, s.x(0).bareTop, s.x(0).tailed),
  CDLGRAVESTONEDOJI: (s) => s.when(100, s.x(0).doji, s.x(0).bareBottom, s.x(0).topped),
  CDLHAMMER: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(100, b.short, b.longDown, b.bareTop, s.le(b.lo, s.add(a.l, a.near)));
  },
  CDLHANGINGMAN: (s) => {
    const [a, b] = [s.x(1), s.x(0)];
    return s.when(-100, b.short, b.longDown, b.bareTop, s.ge(b.lo, s.sub(a.h, a.near)));
  },
  CDLHIGHWAVE: (s) => {
    const f = s.x(0);
    const twice = s.times(f.body, 2);
    return s.when(s.along(f), f.short, s.gt(f.up, twice), s.gt(f.down, twice));
  },
  CDLINVERTEDHAMMER: (s) =>
    s.when(100, s.x(0).short, s.x(0).longUp, s.x(0).bareBottom, s.jumpsDown(s.x(1), s.x(0))),
  CDLLONGLEGGEDDOJI: (s) => s.when(100, s.x(0).doji, s.any(s.x(0).longUp, s.x(0).longDown)),
  CDLLONGLINE: (s) => s.when(s.along(s.x(0)), s.x(0).long, s.x(0).shortUp, s.x(0).shortDown),
  CDLMARUBOZU: (s) => s.when(s.along(s.x(0)), s.x(0).long, s.x(0).bare),
  CDLRICKSHAWMAN: (s) => {
    const f = s.x(0);
    const middle = s.add(f.l, s.times(f.range, 0.5));
    const central = s.all(s.le(f.lo, s.add(middle, f.near)), s.ge(f.hi, s.sub(middle, f.near)));
    return s.when(100, f.doji, f.longUp, f.longDown, central);
  },
  CDLSHOOTINGSTAR: (s) =>
    s.when(-100, s.x(0).short, s.x(0).longUp, s.x(0).bareBottom, s.jumpsUp(s.x(1), s.x(0))),
  CDLSHORTLINE: (s) => s.when(s.along(s.x(0)), s.x(0).short, s.x(0).shortUp, s.x(0).shortDown),
  CDLSPINNINGTOP: (s) => s.when(s.along(s.x(0)), s.x(0).short, s.x(0).longUp, s.x(0).longDown),
  CDLTAKURI: (s) => {
    const f = s.x(0);
    return s.when(100, f.doji, f.bareTop, s.gt(f.down, s.times(f.body, 2)));
  },
};
