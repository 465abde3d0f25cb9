import type { FactorDeclaration, FactorSet } from "./factor-set.ts";

/**
 * Qlib's Alpha158: 9 shapes of the day's bar, 4 prices against the close, 29 families over 5 windows. Names, expressions
 * and order are those of Alpha158DL in qlib/contrib/data/loader.py; `alpha_001` … `alpha_158` number them.
 */
const WINDOWS = [5, 10, 20, 30, 60] as const;

const BAR: readonly (readonly [name: string, expression: string])[] = [
  ["KMID", "($close-$open)/$open"],
  ["KLEN", "($high-$low)/$open"],
  ["KMID2", "($close-$open)/($high-$low+1e-12)"],
  ["KUP", "($high-Greater($open, $close))/$open"],
  ["KUP2", "($high-Greater($open, $close))/($high-$low+1e-12)"],
  ["KLOW", "(Less($open, $close)-$low)/$open"],
  ["KLOW2", "(Less($open, $close)-$low)/($high-$low+1e-12)"],
  ["KSFT", "(2*$close-$high-$low)/$open"],
  ["KSFT2", "(2*$close-$high-$low)/($high-$low+1e-12)"],
  ["OPEN0", "$open/$close"],
  ["HIGH0", "$high/$close"],
  ["LOW0", "$low/$close"],
  ["VWAP0", "$vwap/$close"],
];

/** `{d}` stands for the window. */
const FAMILIES: readonly (readonly [name: string, expression: string])[] = [
  ["ROC", "Ref($close, {d})/$close"],
  ["MA", "Mean($close, {d})/$close"],
  ["STD", "Std($close, {d})/$close"],
  ["BETA", "Slope($close, {d})/$close"],
  ["RSQR", "Rsquare($close, {d})"],
  ["RESI", "Resi($close, {d})/$close"],
  ["MAX", "Max($high, {d})/$close"],
  ["MIN", "Min($low, {d})/$close"],
  ["QTLU", "Quantile($close, {d}, 0.8)/$close"],
  ["QTLD", "Quantile($close, {d}, 0.2)/$close"],
  ["RANK", "Rank($close, {d})"],
  ["RSV", "($close-Min($low, {d}))/(Max($high, {d})-Min($low, {d})+1e-12)"],
  ["IMAX", "IdxMax($high, {d})/{d}"],
  ["IMIN", "IdxMin($low, {d})/{d}"],
  ["IMXD", "(IdxMax($high, {d})-IdxMin($low, {d}))/{d}"],
  ["CORR", "Corr($close, Log($volume+1), {d})"],
  ["CORD", "Corr($close/Ref($close,1), Log($volume/Ref($volume, 1)+1), {d})"],
  ["CNTP", "Mean($close>Ref($close, 1), {d})"],
  ["CNTN", "Mean($close<Ref($close, 1), {d})"],
  ["CNTD", "Mean($close>Ref($close, 1), {d})-Mean($close<Ref($close, 1), {d})"],
  ["SUMP", "Sum(Greater($close-Ref($close, 1), 0), {d})/(Sum(Abs($close-Ref($close, 1)), {d})+1e-12)"],
  ["SUMN", "Sum(Greater(Ref($close, 1)-$close, 0), {d})/(Sum(Abs($close-Ref($close, 1)), {d})+1e-12)"],
  [
    "SUMD",
    "(Sum(Greater($close-Ref($close, 1), 0), {d})-Sum(Greater(Ref($close, 1)-$close, 0), {d}))/(Sum(Abs($close-Ref($close, 1)), {d})+1e-12)",
  ],
  ["VMA", "Mean($volume, {d})/($volume+1e-12)"],
  ["VSTD", "Std($volume, {d})/($volume+1e-12)"],
  [
    "WVMA",
    "Std(Abs($close/Ref($close, 1)-1)*$volume, {d})/(Mean(Abs($close/Ref($close, 1)-1)*$volume, {d})+1e-12)",
  ],
  ["VSUMP", "Sum(Greater($volume-Ref($volume, 1), 0), {d})/(Sum(Abs($volume-Ref($volume, 1)), {d})+1e-12)"],
  ["VSUMN", "Sum(Greater(Ref($volume, 1)-$volume, 0), {d})/(Sum(Abs($volume-Ref($volume, 1)), {d})+1e-12)"],
  [
    "VSUMD",
    "(Sum(Greater($volume-Ref($volume, 1), 0), {d})-Sum(Greater(Ref($volume, 1)-$volume, 0), {d}))/(Sum(Abs($volume-Ref($volume, 1)), {d})+1e-12)",
  ],
];

function declarations(): FactorDeclaration[] {
  const windowed = FAMILIES.flatMap(([name, expression]) =>
    WINDOWS.map((window) => [`${name}${window}`, expression.replaceAll("{d}", String(window))] as const),
  );
  return [...BAR, ...windowed].map(([name, expression], index) => ({
    name,
    expression,
    alias: `alpha_${String(index + 1).padStart(3, "0")}`,
  }));
}

export const alpha158: FactorSet = {
  name: "alpha158",
  title: { zh: "Qlib 的 158 个量价因子", en: "Qlib's 158 price and volume factors" },
  source: "Qlib, qlib/contrib/data/loader.py, Alpha158DL",
  factors: declarations(),
};
