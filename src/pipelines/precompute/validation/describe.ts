import type { ValidationFinding, ValidationReport } from "./report.ts";
import { rules, type Dimension, type Severity } from "./rules.ts";
import type { Level } from "./score.ts";

/** A validation report as lines for a terminal, in Chinese or English. */
export type ValidationLocale = "zh" | "en";

/** Findings of a rule that are shown; the report lists more. */
const SHOWN = 5;

const dimensions: Readonly<Record<Dimension, Readonly<Record<ValidationLocale, string>>>> = {
  completeness: { zh: "完整", en: "completeness" },
  consistency: { zh: "一致", en: "consistency" },
  integrity: { zh: "无损", en: "integrity" },
  quality: { zh: "质量", en: "quality" },
  freshness: { zh: "时效", en: "freshness" },
};

const severities: Readonly<Record<Severity, Readonly<Record<ValidationLocale, string>>>> = {
  error: { zh: "错误", en: "error" },
  warning: { zh: "警告", en: "warning" },
  note: { zh: "提示", en: "note" },
};

const levels: Readonly<Record<Level, Readonly<Record<ValidationLocale, string>>>> = {
  excellent: { zh: "优", en: "excellent" },
  good: { zh: "良", en: "good" },
  fair: { zh: "中", en: "fair" },
  poor: { zh: "差", en: "poor" },
  bad: { zh: "很差", en: "bad" },
  unusable: { zh: "不可用", en: "unusable" },
};

export function describeValidation(report: ValidationReport, locale: ValidationLocale): string[] {
  const zh = locale === "zh";
  const number = (value: number): string => value.toLocaleString(zh ? "zh-CN" : "en");
  const lines = [
    zh
      ? `${report.store} 第 ${report.generation} 代（${report.mode}）：${report.ok ? "无错误" : "有错误"}，${report.fresh ? "因子均为最新" : "有因子待更新"}；得分 ${report.score}（${levels[report.level].zh}）`
      : `${report.store} generation ${report.generation} (${report.mode}): ${report.ok ? "no errors" : "errors"}, ${report.fresh ? "everything up to date" : "not up to date"}; score ${report.score} (${levels[report.level].en})`,
    report.dimensions
      .map(({ dimension, score }) => `${dimensions[dimension][locale]} ${score ?? "–"}`)
      .join(" · "),
    ...report.sets.map((set) =>
      zh
        ? `${set.set}：已注册 ${set.registered} 个因子，入库 ${set.stored}，版本一致 ${set.current}；共 ${set.blocks} 块，待更新 ${set.staleBlocks}，未计算 ${set.missingBlocks}，已查看 ${set.scannedBlocks}`
        : `${set.set}: ${set.registered} factors registered, ${set.stored} stored, ${set.current} of today's version; ${set.blocks} blocks, ${set.staleBlocks} stale, ${set.missingBlocks} never computed, ${set.scannedBlocks} looked at`,
    ),
  ];
  const { sample } = report;
  if (sample !== null) {
    const equal = sample.cells === 0 ? 100 : (100 * sample.equal) / sample.cells;
    const share = equal.toFixed(equal === 100 ? 0 : 4);
    lines.push(
      zh
        ? `重算 ${number(sample.series)} 个序列（其中可疑 ${number(sample.suspicious)}），${number(sample.cells)} 个单元，逐位相同 ${share} %；另有 ${number(sample.unjudged)} 个可疑序列未重算`
        : `recomputed ${number(sample.series)} series (${number(sample.suspicious)} suspicious), ${number(sample.cells)} cells, ${share} % equal bit for bit; ${number(sample.unjudged)} more suspicious series left`,
    );
  }
  for (const { rule, severity, findings, count } of report.rules) {
    lines.push(
      zh
        ? `${severities[severity].zh}  ${rules[rule].title.zh}：${number(findings)} 处，共 ${number(count)}`
        : `${severities[severity].en}  ${rules[rule].title.en}: ${number(findings)} finding${findings === 1 ? "" : "s"}, ${number(count)} in all`,
    );
    const own = report.findings.filter((finding) => finding.rule === rule && finding.severity === severity);
    for (const finding of own.slice(0, SHOWN)) lines.push(`  ${sentenceOf(finding, locale)}`);
  }
  return lines;
}

/** `tech.RSI14 600519.SH 2024-01-02: 104.2, reference 61.3 (3)`. */
function sentenceOf(finding: ValidationFinding, locale: ValidationLocale): string {
  const { set, factor, instrument, block, day, lastDay, count, value, reference, detail } = finding;
  const name = factor === undefined ? set : set === undefined ? factor : `${set}.${factor}`;
  const days = lastDay === undefined || lastDay === day ? day : `${day} … ${lastDay}`;
  const blockText = block === undefined ? undefined : locale === "zh" ? `块 ${block}` : `block ${block}`;
  const where = [name, instrument ?? blockText, days].filter((part) => part !== undefined).join(" ");
  const referenceText = locale === "zh" ? `参考 ${reference}` : `reference ${reference}`;
  const what = [
    value === undefined ? undefined : String(value),
    reference === undefined ? undefined : referenceText,
    detail,
  ]
    .filter((part) => part !== undefined)
    .join(locale === "zh" ? "，" : ", ");
  return `${where}${what === "" ? "" : `: ${what}`}${count > 1 ? ` (${count})` : ""}`;
}
