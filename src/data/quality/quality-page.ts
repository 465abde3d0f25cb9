/**
 * The quality report as one HTML page that opens from disk: no script from elsewhere, no network. Chinese or English.
 */
import type { InstrumentCoverage, QualityReport, ReportedFinding } from "./quality-report.ts";
import { type RuleName, rules } from "./rule-catalogue.ts";

export type Language = "zh" | "en";

/** A value ready to stand between tags or in an attribute. */
function escape(value: string | number): string {
  return String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const words = {
  en: {
    title: "Data quality",
    rows: "rows",
    instruments: "instruments",
    keptOut: "rows kept out",
    from: "from",
    to: "to",
    clean: "No rule found anything.",
    rule: "Rule",
    severity: "Severity",
    findings: "Findings",
    days: "Days",
    byRule: "By rule",
    coverage: "Coverage by instrument and year",
    coverageHint:
      "Share of the exchange's sessions on which the instrument traded, within its own life. Hover for figures.",
    detail: "Findings",
    day: "Day",
    value: "Value",
    expected: "Expected",
    action: "Action",
    instrument: "Instrument",
    shown: (shown: number, all: number) =>
      `The first ${shown} of ${all} are shown; the JSON report holds more.`,
    error: "error",
    warning: "warning",
    note: "note",
    kept: "kept",
    dropped: "kept out",
    merged: "merged",
    refused: "instrument refused",
    traded: "traded",
    suspended: "suspended",
    missing: "missing",
  },
  zh: {
    title: "数据质量报告",
    rows: "行",
    instruments: "只证券",
    keptOut: "行被剔除",
    from: "自",
    to: "至",
    clean: "所有规则均未发现问题。",
    rule: "规则",
    severity: "级别",
    findings: "发现数",
    days: "天数",
    byRule: "按规则汇总",
    coverage: "各证券逐年覆盖率",
    coverageHint: "证券存续期内，有成交的交易日占交易所交易日的比例。悬停可见数字。",
    detail: "发现明细",
    day: "日期",
    value: "数值",
    expected: "应有",
    action: "处理",
    instrument: "证券",
    shown: (shown: number, all: number) => `此处列出前 ${shown} 条，共 ${all} 条；完整内容见 JSON 报告。`,
    error: "错误",
    warning: "警告",
    note: "提示",
    kept: "保留",
    dropped: "剔除",
    merged: "合并",
    refused: "该证券不导入",
    traded: "有成交",
    suspended: "停牌",
    missing: "缺失",
  },
} as const;

const SHOWN_PER_RULE = 200;

const style = `:root{color-scheme:light dark;--line:#d5d9e0;--soft:#f4f6f9;--ink:#1c2430;--dim:#667085;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--line:#38414f;--soft:#1d232d;--ink:#e6eaf0;--dim:#98a2b3;--paper:#141922}}
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}p{margin:.4rem 0}.dim{color:var(--dim)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.tag{display:inline-block;border-radius:3px;padding:0 .4rem;font-size:12px;color:#fff}.error{background:#b42318}.warning{background:#b54708}.note{background:#475467}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;padding:.4rem .8rem}summary{cursor:pointer}
.scroll{overflow:auto;max-height:30rem}svg{display:block}svg text{fill:var(--dim);font:10px system-ui,sans-serif}`;

/** The whole page. */
export function renderQualityPage(report: QualityReport, language: Language): string {
  const text = words[language];
  const number = (value: number): string => value.toLocaleString(language === "zh" ? "zh-CN" : "en");
  const span =
    report.first === null
      ? ""
      : ` · ${text.from} ${escape(report.first)} ${text.to} ${escape(report.last ?? "")}`;
  return `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text.title}: ${escape(report.source)}</title><style>${style}</style></head><body>
<h1>${text.title}</h1>
<p>${escape(report.source)} · ${escape(report.shape)} · ${escape(report.calendar)}${span}</p>
<p>${number(report.rows)} ${text.rows} · ${number(report.instruments.length)} ${text.instruments} · ${number(report.keptOut)} ${text.keptOut}</p>
<h2>${text.byRule}</h2>
${report.rules.length === 0 ? `<p>${text.clean}</p>` : ruleTable(report, language)}
<h2>${text.coverage}</h2><p class="dim">${text.coverageHint}</p>
${heatmap(report.instruments, language)}
${report.rules.length === 0 ? "" : `<h2>${text.detail}</h2>`}
${report.rules
  .map(({ rule, findings }) =>
    findingTable(
      report.findings.filter((each) => each.rule === rule),
      { rule, all: findings, language },
    ),
  )
  .join("\n")}
</body></html>
`;
}

function ruleTable(report: QualityReport, language: Language): string {
  const text = words[language];
  const rows = report.rules.map((count) => {
    const { title, meaning } = rules[count.rule];
    const cells = [count.findings, count.days, count.instruments, count.dropped].map(
      (value) => `<td class="n">${value}</td>`,
    );
    return `<tr><td><b>${escape(title[language])}</b><br><span class="dim">${escape(meaning[language])}</span></td><td><span class="tag ${count.severity}">${text[count.severity]}</span></td>${cells.join("")}</tr>`;
  });
  const heads = [text.findings, text.days, text.instrument, text.dropped].map(
    (head) => `<th class="n">${head}</th>`,
  );
  return `<table><thead><tr><th>${text.rule}</th><th>${text.severity}</th>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function findingTable(
  found: readonly ReportedFinding[],
  { rule, all, language }: { readonly rule: RuleName; readonly all: number; readonly language: Language },
): string {
  const text = words[language];
  const shown = found.slice(0, SHOWN_PER_RULE);
  const rows = shown.map((each) => {
    const stretch =
      each.lastDay === undefined || each.lastDay === each.day
        ? ""
        : ` … ${escape(each.lastDay)}${each.count === undefined ? "" : ` (${each.count})`}`;
    const value = each.value === null ? "" : escape(Number(each.value.toPrecision(8)));
    return `<tr><td>${escape(each.instrument)}</td><td>${escape(each.day)}${stretch}</td><td class="n">${value}</td><td>${escape(each.expected)}</td><td>${text[each.action]}</td></tr>`;
  });
  const more = shown.length < all ? `<p class="dim">${escape(text.shown(shown.length, all))}</p>` : "";
  return `<details><summary>${escape(rules[rule].title[language])} (${all})</summary>${more}<div class="scroll"><table><thead><tr><th>${text.instrument}</th><th>${text.day}</th><th class="n">${text.value}</th><th>${text.expected}</th><th>${text.action}</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></details>`;
}

const CELL_WIDTH = 34;
const CELL_HEIGHT = 12;
const LABEL_WIDTH = 120;
const HEAD_HEIGHT = 18;

/** One row an instrument, one cell a year: green when every session traded, through yellow to red. */
function heatmap(instruments: readonly InstrumentCoverage[], language: Language): string {
  const text = words[language];
  const years = [...new Set(instruments.flatMap((each) => each.years.map(([year]) => year)))].sort(
    (a, b) => a - b,
  );
  const heads = years.map(
    (year, column) => `<text x="${LABEL_WIDTH + column * CELL_WIDTH + 4}" y="12">${year}</text>`,
  );
  const rows = instruments.map((each, row) => {
    const y = HEAD_HEIGHT + row * CELL_HEIGHT;
    const cells = each.years.map(([year, traded, sessions]) => {
      const share = sessions === 0 ? 0 : traded / sessions;
      const x = LABEL_WIDTH + years.indexOf(year) * CELL_WIDTH;
      return `<rect x="${x}" y="${y}" width="${CELL_WIDTH - 1}" height="${CELL_HEIGHT - 1}" fill="${colourOf(share)}"><title>${escape(each.instrument)} ${year}: ${traded}/${sessions}</title></rect>`;
    });
    const summary = `${each.first ?? ""} … ${each.last ?? ""}, ${text.traded} ${each.traded}, ${text.suspended} ${each.suspended}, ${text.missing} ${each.missing}`;
    return `<text x="0" y="${y + 9}">${escape(each.instrument)}<title>${escape(summary)}</title></text>${cells.join("")}`;
  });
  const width = LABEL_WIDTH + years.length * CELL_WIDTH;
  const height = HEAD_HEIGHT + instruments.length * CELL_HEIGHT;
  return `<div class="scroll"><svg role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${heads.join("")}${rows.join("")}</svg></div>`;
}

function colourOf(share: number): string {
  const hue = Math.round(Math.max(0, (share - 0.5) * 2) * 140);
  return `hsl(${hue} 55% 48%)`;
}
