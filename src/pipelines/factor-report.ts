import type { SourceDescription } from "#data/source";
import type { FactorReport, QualityFinding } from "#evaluation/report/factor-report";
import type { FactorList } from "#factors/compute";
import { isoOf, type Day } from "#market/day";
import type { EvaluatedSet } from "./evaluate-factors.ts";
import type { MarketView } from "./market-view.ts";

/** What a report says beside the numbers of the evaluation. */
export interface ReportContext {
  readonly view: MarketView;
  readonly list: FactorList & { readonly name?: string };
  readonly evaluated: EvaluatedSet;
  /** The source that made the data, where it is known. */
  readonly source?: SourceDescription;
  readonly quality?: readonly QualityFinding[];
  /** Name of the group table, and whether it was taken to hold before it was known. */
  readonly groups?: { readonly table: string; readonly knownFrom: Day; readonly assumedStatic: boolean };
  readonly engine: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Periods of a year by calendar: Qlib's 238 for mainland shares, 252 US sessions, every day for crypto. */
export const periodsPerYear: Readonly<Record<string, number>> = {
  XSHG: 238,
  XNYS: 252,
  XHKG: 245,
  "24x7": 365,
};

/** The report's data from an evaluation. */
export function factorReportOf(context: ReportContext): FactorReport {
  const { view, list, evaluated } = context;
  const { evaluation } = evaluated;
  const name = list.name ?? "expressions";
  const { days } = evaluation;
  return {
    title: { zh: `因子评估：${name}`, en: `Factor evaluation: ${name}` },
    set: name,
    generatedAt: `${new Date(context.now).toISOString().slice(0, 16).replace("T", " ")} UTC`,
    engine: context.engine,
    data: {
      source: context.source === undefined ? same(view.locator) : same(fileNameOf(context.source.locator)),
      calendar: view.calendar,
      generation: view.generation,
      firstDay: days[0] ?? 0,
      lastDay: days.at(-1) ?? 0,
      instruments: evaluation.instruments,
      bars: evaluated.bars,
      adjustment: {
        zh: "价格 × 复权因子，成交量 ÷ 复权因子；因子自首根存储的 K 线起为 1，除权日不改写历史值",
        en: "price × factor, volume ÷ factor; the factor is 1 on the first stored bar, so an ex-date rewrites nothing",
      },
      notes: [...vwapNotes(view), ...groupNotes(context), ...failureNotes(evaluated)],
    },
    quality: context.quality ?? null,
    evaluation,
    expressions: new Map(
      list.factors.flatMap(({ name: factor, expression }) =>
        typeof expression === "string" ? [[factor, expression] as const] : [],
      ),
    ),
  };
}

const same = (text: string): { readonly zh: string; readonly en: string } => ({ zh: text, en: text });

function fileNameOf(locator: string): string {
  return locator.slice(Math.max(locator.lastIndexOf("/"), locator.lastIndexOf(":")) + 1);
}

function vwapNotes(view: MarketView): FactorReport["data"]["notes"] {
  if (view.vwap !== "typical") return [];
  return [
    {
      zh: "数据没有成交额，$vwap 按要求取典型价（最高+最低+收盘）÷ 3，VWAP0 须据此理解",
      en: "the data have no amount; $vwap is the typical price (high + low + close) ÷ 3 as asked for, so read VWAP0 accordingly",
    },
  ];
}

function groupNotes({ groups }: ReportContext): FactorReport["data"]["notes"] {
  if (groups === undefined) return [];
  const from = isoOf(groups.knownFrom);
  return groups.assumedStatic
    ? [
        {
          zh: `分组来自 ${groups.table}，自 ${from} 起才已知；按要求假定此前不变，并非时点数据`,
          en: `groups come from ${groups.table}, known from ${from} on; as asked for they are taken to hold before, which is not point-in-time`,
        },
      ]
    : [
        {
          zh: `分组来自 ${groups.table}，自 ${from} 起已知；此前的股票归入未分类`,
          en: `groups come from ${groups.table}, known from ${from} on; before that day instruments have no group`,
        },
      ];
}

function failureNotes({ failures }: EvaluatedSet): FactorReport["data"]["notes"] {
  return failures.map(({ name, error }) => ({
    zh: `${name} 未能计算：${error.code} ${error.message}`,
    en: `${name} was not computed: ${error.code} ${error.message}`,
  }));
}
