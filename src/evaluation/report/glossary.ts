/** Every metric of the report with its formula and convention: shown on hover and listed at the end. */
import { both, escaped, html } from "./markup.ts";
import type { Bilingual, Html } from "./markup.ts";

export interface Term {
  readonly name: Bilingual;
  readonly formula: string;
  readonly meaning: Bilingual;
}

const term = (
  name: readonly [string, string],
  formula: string,
  meaning: readonly [string, string],
): Term => ({
  name: { zh: name[0], en: name[1] },
  formula,
  meaning: { zh: meaning[0], en: meaning[1] },
});

export const glossary = {
  ic: term(["IC", "IC"], "IC_t = corr(f_t, r_t)", [
    "每日截面 Pearson 相关系数：因子值与之后的收益（标签）。报告给出各日均值。",
    "Daily cross-sectional Pearson correlation of the factor with the return that follows (the label); the mean over days is shown.",
  ]),
  rankIc: term(["Rank IC", "Rank IC"], "RankIC_t = corr(rank f_t, rank r_t)", [
    "每日截面 Spearman 相关系数，并列取平均名次；对极端值稳健。",
    "Daily cross-sectional Spearman correlation, ties share their average rank; robust to outliers.",
  ]),
  icir: term(["ICIR", "ICIR"], "ICIR = mean(RankIC) / std(RankIC)", [
    "Rank IC 的日均值除以样本标准差（n−1），未年化。",
    "Mean of the daily rank IC over its sample standard deviation (n − 1); not annualised.",
  ]),
  t: term(["t (NW)", "t (NW)"], "t = mean / √(S/n),  S = γ₀ + 2·Σ_{l≤L}(1 − l/(L+1))·γ_l", [
    "Rank IC 均值的 Newey–West t 统计量；滞后 L = ⌊4(n/100)^{2/9}⌋，且不小于持有期 − 1。",
    "Newey–West t-statistic of the mean rank IC; lag L = ⌊4(n/100)^{2/9}⌋ and at least horizon − 1.",
  ]),
  hitRate: term(["胜率", "Hit rate"], "#(RankIC_t > 0) / n", [
    "Rank IC 为正的天数占比。",
    "Share of days with a positive rank IC.",
  ]),
  spread: term(["多空年化", "Spread p.a."], "mean(r_top − r_bottom) / h · N", [
    "最高组减最低组的日均收益，单利年化（N 个交易日，h 为持有期），未扣费用。负值表示因子方向为负。",
    "Mean return of the top less the bottom bucket, annualised without compounding (N periods, h = horizon), before costs. Negative means the factor works the other way round.",
  ]),
  spreadT: term(["多空 t", "Spread t"], "as t (NW), of r_top − r_bottom", [
    "多空收益的 Newey–West t 统计量。",
    "Newey–West t-statistic of the daily spread.",
  ]),
  topExcess: term(["最高组超额", "Top excess p.a."], "mean(r_top − r_universe) / h · N", [
    "最高组相对全体等权均值的超额，单利年化，未扣费用：只能做多时能得到的部分。",
    "Top bucket less the equal-weighted universe, annualised without compounding, before costs: what a long-only holder gains.",
  ]),
  bottomExcess: term(["最低组超额", "Bottom excess p.a."], "mean(r_bottom − r_universe) / h · N", [
    "最低组相对全体等权均值的超额，口径同上：因子方向为负时应持有的一组。",
    "Bottom bucket likewise: the one to hold when the factor works the other way round.",
  ]),
  monotonicity: term(["单调性", "Monotonicity"], "corr_rank(k, mean r_k)", [
    "组号与组平均收益的秩相关：+1 逐组上升，−1 逐组下降。",
    "Rank correlation of bucket number and mean return: +1 rises at every step, −1 falls.",
  ]),
  turnover: term(["换手率", "Turnover"], "|members_t \\ members_{t−1}| / |members_t|", [
    "最高组与最低组每日新进成分占比的均值。",
    "Share of new members per day, mean of the top and the bottom bucket.",
  ]),
  coverage: term(["覆盖率", "Coverage"], "#(finite f_t) / #(universe_t)", [
    "当日股票池中有因子值的占比，取各日均值。",
    "Share of the day's universe that has a factor value, mean over days.",
  ]),
  autocorrelation: term(["自相关", "Autocorr."], "corr(rank f_t, rank f_{t−1})", [
    "相邻两日名次的相关系数均值；越高换手越低。",
    "Mean correlation of the ranks of adjacent days; the higher, the less turnover.",
  ]),
  closest: term(["最相近因子", "Closest"], "argmax_j |mean_t corr(rank f_i, rank f_j)|", [
    "秩相关绝对值最高的另一因子（每隔数日取样）。",
    "The other factor with the highest absolute rank correlation (sampled days).",
  ]),
  decay: term(["IC 衰减", "IC decay"], "mean_t RankIC_t(h)", [
    "不同持有期 h 的 Rank IC 均值；须线为 ±2 倍 Newey–West 标准误。",
    "Mean rank IC by holding period h; whiskers are ±2 Newey–West standard errors.",
  ]),
  bucketReturn: term(["分组收益", "Quantile returns"], "mean_t mean_{i∈k}(r_i − r̄_t)", [
    "各组日均收益减当日全体均值；须线为 ±1 标准误（std/√天数）。边界为线性插值分位数、右闭，与 alphalens 一致。",
    "Mean daily return of each bucket less the day's mean; whiskers ±1 standard error (std/√days). Edges are linearly interpolated quantiles, closed on the right, as in alphalens.",
  ]),
  netValue: term(["净值", "Net value"], "Π_t (1 + r_{k,t})", [
    "每组每日等权重组的复利净值，起点 1，未扣费用。",
    "Compounded value of each bucket, re-formed daily with equal weights, from 1, before costs.",
  ]),
  drawdown: term(["最大回撤", "Max drawdown"], "min_t (V_t / max_{s≤t} V_s − 1)", [
    "净值自最高点的最大跌幅。",
    "Deepest fall of the net value from a running high.",
  ]),
  bonferroni: term(["Bonferroni 界", "Bonferroni bound"], "|t| > Φ⁻¹(1 − 0.05 / 2m)", [
    "同时检验 m 个因子时，5% 显著水平要求的 |t|（视为独立，偏保守）。",
    "The |t| that a 5% test asks for when m factors are tested at once (as if independent: conservative).",
  ]),
} satisfies Record<string, Term>;

export type TermKey = keyof typeof glossary;

/** The metric's name with its formula one hover (or tab) away. */
export function explained(key: TermKey, name?: Bilingual): Html {
  const entry: Term = glossary[key];
  return html(
    `<span class="tip" tabindex="0">${both(name ?? entry.name)}<span class="bubble" role="tooltip"><code>${escaped(entry.formula)}</code><br>${both(entry.meaning)}</span></span>`,
  );
}

/** The whole list. */
export function glossarySection(): Html {
  const rows = Object.values(glossary).map(
    (entry: Term) =>
      `<tr><td>${both(entry.name)}</td><td class="text"><code>${escaped(entry.formula)}</code></td><td class="text">${both(entry.meaning)}</td></tr>`,
  );
  return html(`<div class="scroll"><table><tbody>${rows.join("")}</tbody></table></div>`);
}
