import { abs } from "./abs.ts";
import { add } from "./add.ts";
import { and } from "./and.ts";
import { atan } from "./atan.ts";
import { candlesticks } from "./candlestick.ts";
import { changeInstrument } from "./change-instrument.ts";
import { corr } from "./corr.ts";
import { count } from "./count.ts";
import { cov } from "./cov.ts";
import { crossSectional } from "./cross-sectional.ts";
import { delta } from "./delta.ts";
import { div } from "./div.ts";
import { dma } from "./dma.ts";
import { ema } from "./ema.ts";
import { eq } from "./eq.ts";
import { ge } from "./ge.ts";
import { greater } from "./greater.ts";
import { gt } from "./gt.ts";
import { highestBars } from "./highest-bars.ts";
import { idxMax } from "./idx-max.ts";
import { idxMin } from "./idx-min.ts";
import { conditional } from "./if.ts";
import { kurt } from "./kurt.ts";
import { le } from "./le.ts";
import { less } from "./less.ts";
import { log } from "./log.ts";
import { lowestBars } from "./lowest-bars.ts";
import { lt } from "./lt.ts";
import { lwma } from "./lwma.ts";
import { mad } from "./mad.ts";
import { mask } from "./mask.ts";
import { max } from "./max.ts";
import { mean } from "./mean.ts";
import { med } from "./med.ts";
import { min } from "./min.ts";
import { mul } from "./mul.ts";
import { ne } from "./ne.ts";
import { not } from "./not.ts";
import { or } from "./or.ts";
import { p } from "./p.ts";
import { power } from "./power.ts";
import { pref } from "./pref.ts";
import { quantile } from "./quantile.ts";
import { rank } from "./rank.ts";
import { ref } from "./ref.ts";
import { resi } from "./resi.ts";
import { rolling } from "./rolling.ts";
import { rsquare } from "./rsquare.ts";
import { sar } from "./sar.ts";
import { seededEma } from "./seeded-ema.ts";
import { sign } from "./sign.ts";
import { skew } from "./skew.ts";
import { slope } from "./slope.ts";
import { std } from "./std.ts";
import { stdP } from "./std-p.ts";
import { sub } from "./sub.ts";
import { sum } from "./sum.ts";
import { tResample } from "./t-resample.ts";
import { varP } from "./var-p.ts";
import { variance } from "./var.ts";
import { warmUp } from "./warm-up.ts";
import { where } from "./where.ts";
import { wilder } from "./wilder.ts";
import { wilderSum } from "./wilder-sum.ts";
import { wma } from "./wma.ts";
import type { Operator } from "./declaration.ts";

const inOrder: readonly Operator[] = [
  abs,
  sign,
  log,
  atan,
  power,
  add,
  sub,
  mul,
  div,
  greater,
  less,
  gt,
  ge,
  lt,
  le,
  eq,
  ne,
  and,
  or,
  not,
  conditional,
  where,
  ref,
  delta,
  warmUp,
  mean,
  sum,
  std,
  variance,
  stdP,
  varP,
  skew,
  kurt,
  max,
  min,
  idxMax,
  idxMin,
  highestBars,
  lowestBars,
  quantile,
  med,
  mad,
  rank,
  count,
  slope,
  rsquare,
  resi,
  wma,
  lwma,
  ema,
  corr,
  cov,
  rolling,
  seededEma,
  wilder,
  wilderSum,
  dma,
  sar,
  changeInstrument,
  mask,
  ...crossSectional,
  p,
  pref,
  tResample,
  ...candlesticks,
];

/** Every operator of the language, in the order of the reference page. Names are case-sensitive, as in Qlib. */
export const operators = inOrder;

const byName: ReadonlyMap<string, Operator> = new Map(operators.map((operator) => [operator.name, operator]));

export function operatorNamed(name: string): Operator | undefined {
  return byName.get(name);
}
