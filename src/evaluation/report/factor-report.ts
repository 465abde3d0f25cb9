/**
 * The factor report: one HTML file with everything in it, both languages, no network. It draws what a
 * `FactorReport` holds and computes nothing; the numbers come from `evaluation/factor`.
 */
import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import type { FactorEvaluation } from "../factor/evaluation.ts";
import { histogramChart, scatter, timeLines } from "./charts.ts";
import { factorSection } from "./factor-section.ts";
import { anchor, factorTable } from "./factor-table.ts";
import { explained, glossarySection } from "./glossary.ts";
import { correlationHeat } from "./heat-table.ts";
import { both, escaped, fixed, html, percent, whole } from "./markup.ts";
import type { Bilingual, Html } from "./markup.ts";
import { page } from "./page.ts";
import { figure, ink, restartNumbering } from "./svg-chart.ts";

/** One finding of the quality check. */
export interface QualityFinding {
  readonly rule: Bilingual;
  readonly count: number;
  readonly severity: "error" | "warning" | "note";
  /** What was done about it, and an example. */
  readonly remark: Bilingual;
}

export interface FactorReport {
  readonly title: Bilingual;
  /** Name of the factor set: `alpha158`. */
  readonly set: string;
  /** When it was made, as text; the renderer has no clock. */
  readonly generatedAt: string;
  readonly engine: string;
  readonly data: {
    readonly source: Bilingual;
    readonly calendar: string;
    /** Of the store; null when the data never was in one. */
    readonly generation: number | null;
    readonly firstDay: Day;
    readonly lastDay: Day;
    readonly instruments: number;
    readonly bars: number;
    readonly adjustment: Bilingual;
    readonly notes: readonly Bilingual[];
  };
  /** Findings of the quality check; null when this report was made without knowing them. */
  readonly quality: readonly QualityFinding[] | null;
  readonly evaluation: FactorEvaluation;
  /** Expression of each factor, shown with its details. */
  readonly expressions?: ReadonlyMap<string, string>;
}

/** The whole page. `language` is shown first; the reader can switch. Same report, same bytes. */
export function renderFactorReport(
  report: FactorReport,
  options: { readonly language?: "zh" | "en" } = {},
): string {
  restartNumbering();
  const { evaluation } = report;
  const sections = [
    overview(report),
    section("data", { zh: "数据", en: "Data" }, dataSheet(report)),
    section("factors", { zh: "全部因子", en: "All factors" }, tableOf(evaluation)),
    section("set", { zh: "因子集", en: "The set as a whole" }, setCharts(evaluation)),
    section("details", { zh: "重点因子", en: "Factors in detail" }, details(report)),
    section("limits", { zh: "本报告没有说的", en: "What this report does not say" }, limits(evaluation)),
    section("glossary", { zh: "指标与公式", en: "Metrics and formulas" }, glossarySection()),
  ];
  return page({
    title: report.title,
    language: options.language ?? "zh",
    links: [
      ["data", { zh: "数据", en: "Data" }],
      ["factors", { zh: "全部因子", en: "Factors" }],
      ["set", { zh: "因子集", en: "Set" }],
      ["details", { zh: "重点因子", en: "Details" }],
      ["glossary", { zh: "公式", en: "Formulas" }],
    ],
    body: html(sections.join("")),
    foot: both({
      zh: `${report.engine} · 生成于 ${report.generatedAt} · 单文件，无网络请求`,
      en: `${report.engine} · made ${report.generatedAt} · one file, no network`,
    }),
  });
}

function section(id: string, title: Bilingual, content: Html): Html {
  return html(`<section id="${id}"><h2>${both(title)}</h2>${content}</section>`);
}

function fact(name: Html, value: string, sub: Html): string {
  return `<div><div class="name">${name}</div><div class="value">${value}</div><div class="sub">${sub}</div></div>`;
}

function overview({ evaluation, set, data }: FactorReport): Html {
  const { testing, factors, label, settings } = evaluation;
  const facts = [
    fact(
      both({ zh: "因子集", en: "Factor set" }),
      escaped(set),
      both({ zh: `${factors.length} 个因子`, en: `${factors.length} factors` }),
    ),
    fact(
      both({ zh: "样本", en: "Sample" }),
      `${whole(evaluation.instruments)} × ${whole(evaluation.labelledDays)}`,
      both({ zh: "股票 × 有标签交易日", en: "instruments × labelled sessions" }),
    ),
    fact(
      both({ zh: "区间", en: "Period" }),
      isoOf(data.firstDay),
      both({ zh: `至 ${isoOf(data.lastDay)}`, en: `to ${isoOf(data.lastDay)}` }),
    ),
    fact(
      html("|t| &gt; 2"),
      whole(testing.beyondTwo),
      both({
        zh: `纯随机期望 ${fixed(testing.beyondTwoByChance, 1)} 个`,
        en: `${fixed(testing.beyondTwoByChance, 1)} expected by chance`,
      }),
    ),
    fact(
      explained("bonferroni"),
      whole(testing.beyondBonferroni),
      both({
        zh: `个因子 |t| > ${fixed(testing.bonferroniT, 2)}`,
        en: `factors with |t| > ${fixed(testing.bonferroniT, 2)}`,
      }),
    ),
  ];
  const convention: Bilingual = {
    zh: `标签 ${label.expression}：信号日收盘后已知，第 ${label.entryLag} 日收盘买入，持有 ${label.horizon} 日（收益为${label.kind === "log" ? "对数" : "简单"}收益）。每日至少 ${settings.minInstruments} 只；分 ${settings.quantiles} 组；年化按 ${settings.periodsPerYear} 个交易日、单利；未扣费用。`,
    en: `Label ${label.expression}: the signal is known after the close, bought at the close ${label.entryLag} session${label.entryLag === 1 ? "" : "s"} later, held for ${label.horizon} (${label.kind} return). At least ${settings.minInstruments} instruments a day; ${settings.quantiles} quantiles; annualised with ${settings.periodsPerYear} sessions, no compounding; before costs.`,
  };
  return html(
    `<section><div class="facts">${facts.join("")}</div><p class="muted">${both(convention)}</p></section>`,
  );
}

function line(name: Bilingual, value: Html): string {
  return `<dt>${both(name)}</dt><dd>${value}</dd>`;
}

function dataSheet({ data, quality, evaluation }: FactorReport): Html {
  const { groups } = evaluation;
  const sheet = [
    line({ zh: "来源", en: "Source" }, both(data.source)),
    line({ zh: "交易日历", en: "Calendar" }, escaped(data.calendar)),
    line(
      { zh: "数据代次", en: "Generation" },
      data.generation === null
        ? both({ zh: "未入库", en: "not from a store" })
        : escaped(String(data.generation)),
    ),
    line({ zh: "区间", en: "Period" }, escaped(`${isoOf(data.firstDay)} … ${isoOf(data.lastDay)}`)),
    line(
      { zh: "股票 / 行情行数", en: "Instruments / bars" },
      escaped(`${whole(data.instruments)} / ${whole(data.bars)}`),
    ),
    line({ zh: "复权", en: "Adjustment" }, both(data.adjustment)),
    line(
      { zh: "无标签交易日", en: "Sessions without a label" },
      both({
        zh: `${evaluation.unlabelledDays} 天（末端未到期，或不足 ${evaluation.settings.minInstruments} 只）`,
        en: `${evaluation.unlabelledDays} (not matured at the end, or fewer than ${evaluation.settings.minInstruments} instruments)`,
      }),
    ),
    ...(groups === null
      ? []
      : [
          line(
            { zh: "行业", en: "Industries" },
            both({
              zh: `${groups.names} 个，其中 ${groups.large} 个足够大；未分类占 ${percent(groups.ungroupedShare, 1)}`,
              en: `${groups.names}, ${groups.large} of them large enough; ${percent(groups.ungroupedShare, 1)} of the sample has none`,
            }),
          ),
        ]),
    ...data.notes.map((note) => line({ zh: "注意", en: "Note" }, both(note))),
  ];
  const universe = figure(
    both({ zh: "每日可交易股票数", en: "Tradable instruments per session" }),
    timeLines(evaluation.days, [{ values: evaluation.universe, colour: ink.accent }], {
      label: { zh: "每日可交易股票数", en: "tradable instruments per session" },
      format: (value) => fixed(value, 0),
    }),
  );
  return html(
    `<div class="split"><div><dl class="sheet">${sheet.join("")}</dl></div>${universe}</div>${qualityTable(quality)}`,
  );
}

function qualityTable(quality: readonly QualityFinding[] | null): Html {
  const title = `<h3>${both({ zh: "质量检查", en: "Quality check" })}</h3>`;
  if (quality === null) {
    const unknown: Bilingual = {
      zh: "本报告生成时没有质量检查结果；见导入时的质量报告。",
      en: "The findings were not at hand when this report was made; see the quality report of the import.",
    };
    return html(`${title}<p>${both(unknown)}</p>`);
  }
  if (quality.length === 0) {
    return html(`${title}<p>${both({ zh: "没有发现。", en: "Nothing was found." })}</p>`);
  }
  const severity: Record<QualityFinding["severity"], Bilingual> = {
    error: { zh: "错误", en: "error" },
    warning: { zh: "警告", en: "warning" },
    note: { zh: "提示", en: "note" },
  };
  const rows = quality.map(
    (finding) =>
      `<tr><td>${both(finding.rule)}</td><td class="word">${both(severity[finding.severity])}</td><td>${whole(finding.count)}</td><td class="text">${both(finding.remark)}</td></tr>`,
  );
  return html(
    `${title}<div class="scroll"><table><thead><tr><th>${both({ zh: "规则", en: "Rule" })}</th><th class="word">${both({ zh: "级别", en: "Level" })}</th><th>${both({ zh: "数量", en: "Count" })}</th><th class="text">${both({ zh: "处理", en: "What was done" })}</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`,
  );
}

function tableOf(evaluation: FactorEvaluation): Html {
  const hint: Bilingual = {
    zh: "点击表头排序，悬停看公式；按 |t| 排列。带链接的因子有详情。",
    en: "Click a heading to sort, hover for its formula; ordered by |t|. Linked factors have details.",
  };
  return html(
    `<div class="tools"><input type="search" id="filter" placeholder="MA, CORR …" aria-label="filter"><span class="note">${both(hint)}</span></div>${factorTable(evaluation)}`,
  );
}

function setCharts(evaluation: FactorEvaluation): Html {
  const named = new Set(evaluation.details.map((detail) => detail.name));
  const charts = [
    figure(
      html(`${explained("t")} · ${both({ zh: "全部因子的分布", en: "over all factors" })}`),
      histogramChart(evaluation.tHistogram, {
        label: { zh: "t 统计量分布", en: "distribution of t" },
        format: (value) => fixed(value, 0),
        step: 1,
      }),
      {
        legend: [
          [ink.accent, both({ zh: "因子数", en: "factors" })],
          [ink.second, both({ zh: "无效因子的期望", en: "expected if none works" })],
        ],
      },
    ),
    figure(
      html(`${explained("rankIc")} × ${explained("turnover")}`),
      scatter(
        evaluation.factors.map(({ name, rankIc, turnover }) => ({
          x: rankIc.mean,
          y: turnover,
          ...(named.has(name) ? { name } : {}),
        })),
        {
          label: { zh: "Rank IC 与换手率", en: "rank IC and turnover" },
          formatX: (value) => fixed(value, 2),
          formatY: (value) => percent(value, 0),
          referenceX: 0,
        },
      ),
      {
        note: {
          zh: "横轴 Rank IC 均值，纵轴每日换手率",
          en: "Across: mean rank IC; up: turnover per session",
        },
      },
    ),
    figure(
      html(`${explained("spread")} × ${explained("turnover")}`),
      scatter(
        evaluation.factors.map(({ name, annualSpread, turnover }) => ({
          x: turnover,
          y: annualSpread,
          ...(named.has(name) ? { name } : {}),
        })),
        {
          label: { zh: "多空年化与换手率", en: "annual spread and turnover" },
          formatX: (value) => percent(value, 0),
          formatY: (value) => percent(value, 0),
          referenceY: 0,
        },
      ),
      {
        note: {
          zh: "横轴每日换手率，纵轴多空年化：右边的靠近零，扣费即失",
          en: "Across: turnover per session; up: annual spread. To the right and near zero, costs take it all",
        },
      },
    ),
  ];
  const correlation = evaluation.correlation;
  const note: Bilingual = {
    zh: `按 |t| 取前 ${correlation.size} 个因子；每日截面秩相关的均值，共 ${correlation.days} 天（每 ${evaluation.settings.correlationEveryRows} 天取一）。`,
    en: `The ${correlation.size} factors with the highest |t|; mean of the daily rank correlation over ${correlation.days} sessions (each ${evaluation.settings.correlationEveryRows}th).`,
  };
  return html(
    `<div class="grid">${charts.join("")}</div><h3 class="factor">${both({ zh: "因子相关性", en: "Factor correlations" })}</h3>${correlationHeat(correlation)}<p class="note">${both(note)}</p>`,
  );
}

function details({ evaluation, expressions }: FactorReport): Html {
  const { settings, details: chosen } = evaluation;
  const note: Bilingual = {
    zh: `按 |t| 从高到低，跳过与已选因子秩相关超过 ${settings.redundancy} 的因子。它们是在本样本内挑选的，因此看上去比样本外更好。`,
    en: `By |t|, skipping factors whose rank correlation with one already taken exceeds ${settings.redundancy}. They were chosen on this sample and so look better than they will outside it.`,
  };
  const links = chosen.map(({ name }) => `<a href="#${anchor(name)}">${escaped(name)}</a>`).join(" · ");
  const pages = chosen.map((detail) => factorSection(detail, evaluation, expressions?.get(detail.name)));
  return html(`<p class="muted">${both(note)}</p><p>${links}</p>${pages.join("")}`);
}

function limits({ testing, settings }: FactorEvaluation): Html {
  const items: Bilingual[] = [
    {
      zh: "不含手续费、印花税、滑点和冲击成本；换手率高的因子扣费后可能所剩无几。",
      en: "No commission, stamp duty, slippage or market impact; a factor with high turnover may have nothing left after costs.",
    },
    {
      zh: "按收盘价成交，不考虑涨跌停与停牌时买不进、卖不出。空头在 A 股多半做不了：看“最高组超额”。",
      en: "Trades at the close, whether or not limits or suspensions would have allowed it. Shorting is mostly impossible in A-shares: look at the top excess.",
    },
    {
      zh: "股票池是数据里有的股票；若不含退市股，则有幸存者偏差。",
      en: "The universe is what the data holds; without delisted names it has survivorship bias.",
    },
    {
      zh: `同时看了 ${testing.tests} 个因子；单个 |t| > 2 说明不了什么。`,
      en: `${testing.tests} factors were looked at together; |t| > 2 of a single one says little.`,
    },
    {
      zh: `少于 ${settings.minInstruments} 只股票的交易日不计入，天数见各因子。无穷大按缺失处理。`,
      en: `Sessions with fewer than ${settings.minInstruments} instruments are left out and counted with each factor. Infinite values count as missing.`,
    },
  ];
  return html(`<ul>${items.map((item) => `<li>${both(item)}</li>`).join("")}</ul>`);
}
