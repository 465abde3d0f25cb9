/**
 * What is looked at in a Qlib directory: what it means, in both languages, and what to do. The first four are those of
 * Qlib's own data health script, with its limits; the others are what makes Qlib read something else than was meant.
 */
import type { Severity } from "../../../quality/rule-catalogue.ts";

interface Text {
  readonly en: string;
  readonly zh: string;
}

export interface HealthRule {
  readonly severity: Severity;
  readonly title: Text;
  readonly advice: Text;
}

export const healthRules = {
  "column-missing": {
    severity: "error",
    title: { en: "Open, high, low, close or volume missing", zh: "缺少开高低收量字段" },
    advice: {
      en: "Dump these fields for the instrument; most expressions need them.",
      zh: "为该证券补齐这些字段，大多数表达式都要用到。",
    },
  },
  "data-missing": {
    severity: "warning",
    title: { en: "Missing values on traded days", zh: "交易日数据缺失" },
    advice: {
      en: "Import the days again from a source that has them; windows treat them as not there.",
      zh: "从完整的数据源重新导入这些日期；滚动窗口会把它们当作缺失。",
    },
  },
  "large-step": {
    severity: "warning",
    title: { en: "Large step of a price", zh: "价格跳变过大" },
    advice: {
      en: "Check the day for a split or dividend that the factor does not have, or for mixed units.",
      zh: "检查该日是否有复权因子未反映的除权除息，或单位混用。",
    },
  },
  "factor-missing": {
    severity: "warning",
    title: { en: "No adjustment factor", zh: "缺少复权因子" },
    advice: {
      en: "Dump `factor`; Qlib cannot round to lots or show real prices without it.",
      zh: "导出 factor 字段；没有它 Qlib 无法按手取整，也无法还原真实价格。",
    },
  },
  "volume-step": {
    severity: "note",
    title: { en: "Large step of the volume", zh: "成交量跳变过大" },
    advice: {
      en: "Usual around news; check the unit (shares or hands) where it stays at the new level.",
      zh: "消息面前后常见；若此后一直停留在新的水平，请检查单位（股或手）。",
    },
  },
  "suspended-days": {
    severity: "note",
    title: { en: "Suspended days", zh: "停牌日" },
    advice: { en: "Nothing to do: they are rows without prices.", zh: "无需处理：停牌日是没有价格的行。" },
  },
  "calendar-missing": {
    severity: "error",
    title: { en: "No calendar", zh: "缺少交易日历" },
    advice: {
      en: "Dump the directory again; without calendars/day.txt nothing can be read.",
      zh: "重新导出该目录；没有 calendars/day.txt 就无法读取任何数据。",
    },
  },
  "calendar-line": {
    severity: "error",
    title: { en: "Calendar line that is no date", zh: "日历行不是日期" },
    advice: { en: "Write one YYYY-MM-DD a line.", zh: "每行写一个 YYYY-MM-DD。" },
  },
  "calendar-order": {
    severity: "error",
    title: { en: "Calendar not increasing", zh: "日历未严格递增" },
    advice: {
      en: "Dump again: Qlib sorts the calendar when it reads it, and every file then points to other days.",
      zh: "重新导出：Qlib 读取时会排序日历，届时所有文件都会错位。",
    },
  },
  "calendar-closed-day": {
    severity: "error",
    title: { en: "Calendar holds a closed day", zh: "日历含休市日" },
    advice: {
      en: "Remove the rows of that day from the source and dump again; windows count it as a session.",
      zh: "从数据源删除该日的行并重新导出；滚动窗口会把它算作交易日。",
    },
  },
  "calendar-gap": {
    severity: "warning",
    title: { en: "Calendar lacks sessions", zh: "日历缺少交易日" },
    advice: {
      en: "Import the missing days; a calendar made from few instruments loses sessions.",
      zh: "补入缺失的日期；由少量证券拼出的日历会丢失交易日。",
    },
  },
  "market-missing": {
    severity: "error",
    title: { en: "No instruments/all.txt", zh: "缺少 instruments/all.txt" },
    advice: { en: "Dump the directory again.", zh: "重新导出该目录。" },
  },
  "market-separator": {
    severity: "error",
    title: { en: "Market file not separated by TAB", zh: "市场文件未用 TAB 分隔" },
    advice: {
      en: "Separate code, first and last day by one TAB; Qlib reads anything else as one column.",
      zh: "代码、起始日、结束日之间用一个 TAB；其他分隔符会被 Qlib 读成一列。",
    },
  },
  "market-line": {
    severity: "error",
    title: { en: "Unreadable line of a market file", zh: "市场文件行无法读取" },
    advice: {
      en: "Write CODE<TAB>YYYY-MM-DD<TAB>YYYY-MM-DD.",
      zh: "写成 代码<TAB>YYYY-MM-DD<TAB>YYYY-MM-DD。",
    },
  },
  "market-duplicate": {
    severity: "error",
    title: { en: "Instrument listed twice for the same days", zh: "同一证券在相同日期重复列出" },
    advice: {
      en: "Keep one line, or make the spans not overlap; Qlib returns such days twice.",
      zh: "只保留一行，或让区间不重叠；否则 Qlib 会重复返回这些日期。",
    },
  },
  "market-unknown": {
    severity: "error",
    title: { en: "Listed instrument without data", zh: "列出的证券没有数据" },
    advice: {
      en: "Dump its bars, or remove the line; Qlib leaves it out without a word.",
      zh: "导出其行情或删除该行；Qlib 会悄悄略过它。",
    },
  },
  "market-unlisted": {
    severity: "warning",
    title: { en: "Data without a line in all.txt", zh: "有数据但未列入 all.txt" },
    advice: {
      en: "Add a line with its first and last day, or remove the folder.",
      zh: "补上起止日期的一行，或删除该文件夹。",
    },
  },
  "market-span": {
    severity: "warning",
    title: { en: "Span differs from the data", zh: "区间与数据不符" },
    advice: {
      en: "Run `alphaloom qlib update --compare-all`, or correct the line: days outside the span are not returned.",
      zh: "运行 `alphaloom qlib update --compare-all` 或改正该行：区间以外的日期不会返回。",
    },
  },
  "folder-case": {
    severity: "error",
    title: { en: "Folder or file name not lower-case", zh: "文件夹或文件名不是小写" },
    advice: {
      en: "Rename it to lower case; Qlib looks for nothing else.",
      zh: "改成小写；Qlib 只找小写的名字。",
    },
  },
  "benchmark-missing": {
    severity: "warning",
    title: { en: "Benchmark missing", zh: "缺少基准指数" },
    advice: {
      en: "Add the index's bars (SH000300 for A-shares), or set another benchmark in the backtest's configuration.",
      zh: "加入指数行情（A 股为 SH000300），或在回测配置中改用其他基准。",
    },
  },
  "update-unfinished": {
    severity: "warning",
    title: { en: "Unfinished update", zh: "更新未完成" },
    advice: {
      en: "Run `alphaloom qlib update` again; it finishes what was begun.",
      zh: "再次运行 `alphaloom qlib update`，它会完成未完的更新。",
    },
  },
  "file-size": {
    severity: "error",
    title: { en: "File cut or empty", zh: "文件被截断或为空" },
    advice: {
      en: "Dump the instrument again; a size that is no multiple of 4 shifts or loses values.",
      zh: "重新导出该证券；大小不是 4 的倍数会导致错位或丢值。",
    },
  },
  "start-row": {
    severity: "error",
    title: { en: "Start row outside the calendar", zh: "起始行超出日历" },
    advice: {
      en: "Dump the instrument again; its values cannot be placed.",
      zh: "重新导出该证券；其数值无法归位。",
    },
  },
  "beyond-calendar": {
    severity: "error",
    title: { en: "More values than the calendar has days", zh: "数值多于日历天数" },
    advice: {
      en: "An update was interrupted, or values were appended twice: run `alphaloom qlib update`, or dump again.",
      zh: "更新被中断，或数据被追加了两次：运行 `alphaloom qlib update` 或重新导出。",
    },
  },
  "fields-differ": {
    severity: "warning",
    title: { en: "Fields of one instrument cover different days", zh: "同一证券各字段天数不同" },
    advice: {
      en: "Values may have been appended to some files only, and lie on wrong days: dump the instrument again.",
      zh: "可能只有部分文件被追加，数值已错位：重新导出该证券。",
    },
  },
  "value-infinite": {
    severity: "error",
    title: { en: "Infinite value", zh: "出现无穷值" },
    advice: {
      en: "Correct the source; one infinity makes every later Slope, Resi and Rsquare NaN.",
      zh: "修正数据源；一个无穷值会让其后的 Slope、Resi、Rsquare 全部变为 NaN。",
    },
  },
  "price-invalid": {
    severity: "error",
    title: { en: "Price not positive, or volume negative", zh: "价格非正或成交量为负" },
    advice: { en: "Correct the source, or make the day NaN.", zh: "修正数据源，或将该日置为 NaN。" },
  },
  "ohlc-order": {
    severity: "error",
    title: { en: "High below low, or close outside", zh: "高低价次序错误" },
    advice: {
      en: "Correct the source; look for exchanged columns.",
      zh: "修正数据源；检查是否有列互换。",
    },
  },
  "factor-invalid": {
    severity: "error",
    title: { en: "Factor not positive", zh: "复权因子非正" },
    advice: { en: "Derive the factor again.", zh: "重新推导复权因子。" },
  },
  "factor-without-price": {
    severity: "warning",
    title: { en: "Factor moved, the real price did not", zh: "因子变动而真实价格未变" },
    advice: {
      en: "The factor has an ex-day that the prices do not: check its date, and whether prices are raw in the source.",
      zh: "因子有除权日而价格没有：检查日期，以及数据源价格是否为未复权。",
    },
  },
  "price-without-factor": {
    severity: "warning",
    title: { en: "Price moved beyond any limit, the factor did not", zh: "价格变动超限而因子未变" },
    advice: {
      en: "An ex-day may be missing from the factor: derive it from preclose.",
      zh: "因子可能缺少一次除权：请由前收盘价推导。",
    },
  },
  "field-empty": {
    severity: "warning",
    title: { en: "Field without a value", zh: "字段没有任何数值" },
    advice: {
      en: "The field's inputs are missing for the instrument; leave the field out or import them.",
      zh: "该证券缺少该字段的输入；去掉该字段或补入数据。",
    },
  },
  "field-sparse": {
    severity: "note",
    title: { en: "Field missing on most traded days", zh: "字段在多数交易日缺失" },
    advice: {
      en: "Check whether the field is meant to be sparse; fill it before models see it.",
      zh: "确认该字段是否本就稀疏；输入模型前请填补。",
    },
  },
} as const satisfies Readonly<Record<string, HealthRule>>;

export type HealthRuleName = keyof typeof healthRules;

export const healthRuleNames = Object.keys(healthRules) as readonly HealthRuleName[];
