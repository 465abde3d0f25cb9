/** One factor on one page: its figures, then pictures of strength, stability, returns and cost. */
import type { FactorDetail } from "../factor/detail.ts";
import type { FactorEvaluation } from "../factor/evaluation.ts";
import { bars, histogramChart, lyingBars, timeLines } from "./charts.ts";
import { anchor } from "./factor-table.ts";
import { explained } from "./glossary.ts";
import { monthlyHeat } from "./heat-table.ts";
import { both, escaped, exact, fixed, html, percent, signClass } from "./markup.ts";
import type { Bilingual, Html } from "./markup.ts";
import { figure, ink, rampColour } from "./svg-chart.ts";

const basisPoints = (value: number) => fixed(value * 1e4, 1);

export function factorSection(detail: FactorDetail, evaluation: FactorEvaluation, expression?: string): Html {
  const name = escaped(detail.name);
  const formula = expression === undefined ? "" : `<p><code>${escaped(expression)}</code></p>`;
  return html(
    `<section class="factor" id="${anchor(detail.name)}"><h3>${name}</h3>${formula}${headline(detail)}<div class="grid">${[
      ...strength(detail, evaluation),
      ...returns(detail, evaluation),
      ...stability(detail, evaluation),
    ].join("")}</div></section>`,
  );
}

function item(title: Html, value: string, raw: number, sub: string, colour = ""): string {
  return `<div><div class="name">${title}</div><div class="value ${colour}" title="${exact(raw)}">${value}</div><div class="sub">${sub}</div></div>`;
}

function headline({ summary, netValues }: FactorDetail): Html {
  const { rankIc, ic } = summary;
  const items = [
    item(
      explained("rankIc"),
      fixed(rankIc.mean, 4),
      rankIc.mean,
      `σ ${fixed(rankIc.std, 3)} · IC ${fixed(ic.mean, 4)}`,
      signClass(rankIc.mean),
    ),
    item(explained("icir"), fixed(rankIc.ratio, 3), rankIc.ratio, `n = ${rankIc.days}`),
    item(
      explained("t"),
      fixed(rankIc.tNeweyWest, 2),
      rankIc.tNeweyWest,
      `L = ${rankIc.lag} · t ${fixed(rankIc.t, 2)}`,
    ),
    item(explained("hitRate"), percent(rankIc.hitRate, 1), rankIc.hitRate, ""),
    item(
      explained("spread"),
      percent(summary.annualSpread, 1),
      summary.annualSpread,
      `t ${fixed(summary.spread.tNeweyWest, 2)}`,
      signClass(summary.annualSpread),
    ),
    item(
      explained("topExcess"),
      percent(summary.annualTopExcess, 1),
      summary.annualTopExcess,
      `Q1 ${percent(summary.annualBottomExcess, 1)}`,
      signClass(summary.annualTopExcess),
    ),
    ...(netValues === null
      ? []
      : [
          item(
            explained("drawdown"),
            percent(netValues.spreadDrawdown, 1),
            netValues.spreadDrawdown,
            both({ zh: "多空净值", en: "of the spread" }),
          ),
        ]),
    item(explained("turnover"), percent(summary.turnover, 1), summary.turnover, ""),
    item(explained("autocorrelation"), fixed(summary.autocorrelation, 3), summary.autocorrelation, ""),
    item(
      explained("coverage"),
      percent(summary.coverage, 1),
      summary.coverage,
      both({
        zh: `样本不足 ${summary.thinDays} 天 · 并列 ${summary.tiedDays} 天`,
        en: `${summary.thinDays} thin days · ${summary.tiedDays} tied`,
      }),
    ),
  ];
  return html(`<div class="facts">${items.join("")}</div>`);
}

function strength(detail: FactorDetail, { days, settings }: FactorEvaluation): Html[] {
  const alt = named(detail.name);
  const rolling: Bilingual = {
    zh: `${settings.rollingRows} 日均值`,
    en: `${settings.rollingRows}-day mean`,
  };
  return [
    figure(
      html(`${explained("rankIc")} · ${both({ zh: "每日与滚动均值", en: "daily and rolling mean" })}`),
      timeLines(
        days,
        [
          { values: detail.rankIc, colour: ink.faint, width: 0.7 },
          { values: detail.rankIcRolling, colour: ink.accent, width: 1.8 },
        ],
        { label: alt("Rank IC"), format: (value) => fixed(value, 1), reference: 0 },
      ),
      {
        legend: [
          [ink.faint, both({ zh: "每日", en: "daily" })],
          [ink.accent, both(rolling)],
        ],
      },
    ),
    figure(
      both({ zh: "累计 IC", en: "Cumulative IC" }),
      timeLines(
        days,
        [
          { values: detail.cumulativeRankIc, colour: ink.accent, width: 1.8 },
          { values: detail.cumulativeIc, colour: ink.second },
        ],
        { label: alt("Σ IC"), format: (value) => fixed(value, 0), reference: 0 },
      ),
      {
        legend: [
          [ink.accent, both({ zh: "Rank IC", en: "Rank IC" })],
          [ink.second, both({ zh: "IC", en: "IC" })],
        ],
      },
    ),
    figure(
      explained("decay"),
      bars(
        detail.decay.map(({ horizon, rankIc }) => ({
          name: String(horizon),
          value: rankIc.mean,
          error: 2 * rankIc.errorNeweyWest,
        })),
        { label: alt("IC decay"), format: (value) => fixed(value, 2) },
      ),
      { note: { zh: "横轴：持有期（交易日）", en: "Across: holding period in sessions" } },
    ),
    figure(
      html(`${explained("rankIc")} · ${both({ zh: "每日分布", en: "distribution of days" })}`),
      histogramChart(detail.rankIcHistogram, {
        label: alt("distribution of rank IC"),
        format: (value) => fixed(value, 1),
        step: 0.2,
      }),
      {
        legend: [
          [ink.accent, both({ zh: "天数", en: "days" })],
          [ink.second, both({ zh: "同均值方差的正态", en: "normal, same mean and deviation" })],
        ],
      },
    ),
    figure(
      both({ zh: "月度 Rank IC 均值（×100）", en: "Monthly mean rank IC (×100)" }),
      monthlyHeat(detail.monthly),
    ),
  ];
}

function returns(detail: FactorDetail, { days }: FactorEvaluation): Html[] {
  const alt = named(detail.name);
  const size = detail.bucketMeans.length;
  const buckets = Array.from({ length: size }, (_, k) => ({
    name: `Q${k + 1}`,
    colour: rampColour(k, size),
  }));
  const legend = buckets.map(({ name, colour }) => [colour, escaped(name)] as const);
  const figures = [
    figure(
      html(`${explained("bucketReturn")} · ${both({ zh: "超额，基点/期", en: "excess, bp per period" })}`),
      bars(
        detail.bucketExcess.map((bucket, k) => ({
          name: buckets[k]!.name,
          value: bucket.mean,
          error: bucket.error,
          colour: buckets[k]!.colour,
        })),
        { label: alt("quantile returns"), format: basisPoints },
      ),
      { note: { zh: "Q1 因子值最低", en: "Q1 holds the lowest factor values" } },
    ),
  ];
  if (detail.netValues === null) return figures;
  const { netValues } = detail;
  return [
    ...figures,
    figure(
      html(`${explained("netValue")} · ${both({ zh: "分组", en: "by quantile" })}`),
      timeLines(
        days,
        [
          ...buckets.map(({ colour }, k) => ({ values: netValues.buckets[k]!, colour })),
          { values: netValues.universe, colour: ink.whisker, width: 1, dashed: true },
        ],
        { label: alt("net value by quantile"), format: (value) => fixed(value, 2), reference: 1 },
      ),
      { legend: [...legend, [ink.whisker, both({ zh: "全体等权", en: "all, equal weights" })]] },
    ),
    figure(
      html(`${explained("netValue")} · ${both({ zh: `多空 Q${size} − Q1`, en: `spread Q${size} − Q1` })}`),
      timeLines(days, [{ values: netValues.spread, colour: ink.accent, width: 1.8 }], {
        label: alt("spread net value"),
        format: (value) => fixed(value, 2),
        reference: 1,
      }),
      {
        note: {
          zh: "多一份、空一份，每日重组，未扣费用",
          en: "One unit long, one short, re-formed daily, before costs",
        },
      },
    ),
  ];
}

function stability(detail: FactorDetail, { days, settings }: FactorEvaluation): Html[] {
  const alt = named(detail.name);
  const size = detail.bucketMeans.length;
  const groups = detail.groups.toSorted((a, b) => b.rankIc.mean - a.rankIc.mean);
  return [
    figure(
      html(
        `${explained("turnover")} · ${both({ zh: `${settings.rollingRows} 日均值`, en: `${settings.rollingRows}-day mean` })}`,
      ),
      timeLines(
        days,
        [
          { values: detail.topTurnoverRolling, colour: rampColour(size - 1, size) },
          { values: detail.bottomTurnoverRolling, colour: rampColour(0, size) },
        ],
        { label: alt("turnover"), format: (value) => percent(value, 0), range: [0, null] },
      ),
      {
        legend: [
          [rampColour(size - 1, size), escaped(`Q${size}`)],
          [rampColour(0, size), escaped("Q1")],
        ],
      },
    ),
    figure(
      html(`${explained("autocorrelation")} · ${both({ zh: "与覆盖率", en: "and coverage" })}`),
      timeLines(
        days,
        [
          { values: detail.autocorrelationRolling, colour: ink.accent },
          { values: detail.coverage, colour: ink.second },
        ],
        {
          label: alt("autocorrelation and coverage"),
          format: (value) => fixed(value, 2),
          range: autocorrelationRange(detail),
        },
      ),
      {
        legend: [
          [ink.accent, both({ zh: "名次自相关", en: "rank autocorrelation" })],
          [ink.second, both({ zh: "覆盖率", en: "coverage" })],
        ],
      },
    ),
    figure(
      html(`${explained("autocorrelation")} · ${both({ zh: "按滞后", en: "by lag" })}`),
      bars(
        detail.autocorrelationByLag.map(({ lag, mean }) => ({
          name: String(lag),
          value: mean,
          colour: ink.accent,
        })),
        { label: alt("autocorrelation by lag"), format: (value) => fixed(value, 1) },
      ),
      { note: { zh: "横轴：滞后（交易日）", en: "Across: lag in sessions" } },
    ),
    ...(groups.length === 0
      ? []
      : [
          figure(
            both({ zh: "分行业 Rank IC", en: "Rank IC by industry" }),
            lyingBars(
              groups.map(({ group, rankIc }) => ({ name: group, value: rankIc.mean })),
              { label: alt("rank IC by industry"), format: (value) => fixed(value, 2) },
            ),
            {
              note: {
                zh: `仅列当日至少 ${settings.minGroupInstruments} 只股票的行业`,
                en: `Industries with at least ${settings.minGroupInstruments} instruments on a day`,
              },
            },
          ),
        ]),
  ];
}

function autocorrelationRange(detail: FactorDetail): readonly [number, number] {
  return detail.autocorrelationRolling.some((value) => value < 0) ? [-1, 1] : [0, 1];
}

function named(name: string): (what: string) => Bilingual {
  return (what) => ({ zh: `${name} ${what}`, en: `${name} ${what}` });
}
