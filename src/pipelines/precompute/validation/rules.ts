/**
 * What is checked of stored factors: each rule with its weight and its words in both languages. The report, its text form
 * and the page read this table.
 */
export type Severity = "error" | "warning" | "note";
export type Dimension = "completeness" | "consistency" | "quality" | "freshness" | "integrity";

interface Text {
  readonly en: string;
  readonly zh: string;
}

export interface ValidationRule {
  readonly dimension: Dimension;
  /** Of a finding that states none of its own. */
  readonly severity: Severity;
  readonly title: Text;
  readonly meaning: Text;
}

export const rules = {
  "factor-missing": {
    dimension: "completeness",
    severity: "error",
    title: { en: "Factor not stored", zh: "因子未入库" },
    meaning: {
      en: "The factor is registered and can be computed from what the bars hold, but the store has no values of it.",
      zh: "该因子已注册且可由现有行情算出，但库中没有其数值。",
    },
  },
  "factor-not-computable": {
    dimension: "completeness",
    severity: "note",
    title: { en: "Factor not computable", zh: "因子无法计算" },
    meaning: {
      en: "The factor needs a field that the bars do not hold, or its expression is refused.",
      zh: "该因子所需字段在行情中不存在，或其表达式被拒绝。",
    },
  },
  "factor-unregistered": {
    dimension: "completeness",
    severity: "note",
    title: { en: "Stored factor is not registered", zh: "库中因子未注册" },
    meaning: {
      en: "The store has values under a name that the set does not declare any more.",
      zh: "库中存有该因子集已不再声明的名称。",
    },
  },
  "block-missing": {
    dimension: "completeness",
    severity: "error",
    title: { en: "Instruments never computed", zh: "证券从未计算" },
    meaning: {
      en: "The factors of these instruments were never computed, or only some of them.",
      zh: "这些证券的因子从未计算，或只算了一部分。",
    },
  },
  "session-missing": {
    dimension: "completeness",
    severity: "error",
    title: { en: "Session without factors", zh: "整个交易日缺因子" },
    meaning: {
      en: "Instruments traded on this session of the exchange and their windows are full, yet none has any value of the set.",
      zh: "该交易日有成交且窗口已满，但所有证券的整个因子集均为空。",
    },
  },
  "instrument-missing": {
    dimension: "completeness",
    severity: "error",
    title: { en: "Instrument without factors", zh: "证券缺因子" },
    meaning: {
      en: "The instrument traded and its windows are full, yet it has no value of the set on any day.",
      zh: "该证券有成交且窗口已满，但该因子集没有任何数值。",
    },
  },
  "row-missing": {
    dimension: "completeness",
    severity: "error",
    title: { en: "Day of an instrument without factors", zh: "个别交易日缺因子" },
    meaning: {
      en: "The instrument traded on these days and its windows are full, yet no factor of the set has a value.",
      zh: "该证券当日有成交且窗口已满，但整个因子集为空。",
    },
  },
  hole: {
    dimension: "completeness",
    severity: "error",
    title: { en: "Hole", zh: "数值缺口" },
    meaning: {
      en: "Every input in the factor's window has a value and the reference computes one, but none is stored.",
      zh: "窗口内输入齐全且参考实现可算出数值，但库中为空。",
    },
  },
  "column-empty": {
    dimension: "completeness",
    severity: "warning",
    title: { en: "Factor without any value", zh: "因子全为空" },
    meaning: {
      en: "No instrument has a value of this factor although windows are full.",
      zh: "窗口已满，但没有任何证券有该因子的数值。",
    },
  },
  "block-stale": {
    dimension: "freshness",
    severity: "warning",
    title: { en: "Bars newer than factors", zh: "行情新于因子" },
    meaning: {
      en: "The bars of these instruments changed after their factors were computed; an update computes what depends on it.",
      zh: "这些证券的行情在因子计算之后有变动；增量更新会重算受影响部分。",
    },
  },
  "factor-outdated": {
    dimension: "freshness",
    severity: "warning",
    title: { en: "Factor of another version", zh: "因子版本不符" },
    meaning: {
      en: "The stored values belong to another expression or another version of the engine than today's.",
      zh: "库中数值对应的表达式或引擎版本与当前不同。",
    },
  },
  "out-of-range": {
    dimension: "quality",
    severity: "error",
    title: { en: "Value outside its range", zh: "数值越界" },
    meaning: {
      en: "The value lies outside what the factor's definition allows. It is a warning where the reference computes the same value: then the bars break the definition's premise, for example with a high below the close.",
      zh: "数值超出因子定义允许的范围。若参考实现得出相同数值则降为警告：说明行情本身违反了定义的前提（例如最高价低于收盘价）。",
    },
  },
  "out-of-order": {
    dimension: "quality",
    severity: "error",
    title: { en: "Two factors out of order", zh: "因子大小关系颠倒" },
    meaning: {
      en: "One factor must not exceed the other, as the lower Bollinger band the upper one. It is a warning where the reference computes the same values.",
      zh: "按定义前者不得大于后者，如布林下轨不得高于上轨。若参考实现得出相同数值则降为警告。",
    },
  },
  infinite: {
    dimension: "quality",
    severity: "warning",
    title: { en: "Infinite value", zh: "无穷值" },
    meaning: {
      en: "The value is infinite: a division by zero in the definition, if the reference agrees.",
      zh: "数值为无穷。若与参考实现一致，则为定义中的除零所致。",
    },
  },
  outliers: {
    dimension: "quality",
    severity: "warning",
    title: { en: "Many outliers", zh: "离群值过多" },
    meaning: {
      en: "More than one value in a hundred lies further than 12 median absolute deviations from the median.",
      zh: "超过百分之一的数值距中位数超过 12 倍绝对中位差。",
    },
  },
  "column-constant": {
    dimension: "quality",
    severity: "warning",
    title: { en: "Factor that never changes", zh: "因子恒定不变" },
    meaning: {
      en: "All values of the factor are one and the same number.",
      zh: "该因子的所有数值完全相同。",
    },
  },
  "wrong-value": {
    dimension: "consistency",
    severity: "error",
    title: { en: "Value differs from the reference", zh: "与参考实现不一致" },
    meaning: {
      en: "Computing the factor again from the bars it was computed from gives another value.",
      zh: "用当时的行情重新计算得到不同的数值。",
    },
  },
  "not-recomputed": {
    dimension: "consistency",
    severity: "note",
    title: { en: "Not compared", zh: "未比对" },
    meaning: {
      en: "The bars that the values were computed from are kept no longer or cannot be read, so that nothing can be compared.",
      zh: "计算所用的行情已不再保留或无法读取，因而无法比对。",
    },
  },
  "file-missing": {
    dimension: "integrity",
    severity: "error",
    title: { en: "File missing", zh: "文件缺失" },
    meaning: {
      en: "A segment file that the store's manifest lists is not there.",
      zh: "清单所列的数据文件不存在。",
    },
  },
  damaged: {
    dimension: "integrity",
    severity: "error",
    title: { en: "Damaged values", zh: "数据损坏" },
    meaning: {
      en: "Stored bytes of factors differ from their checksum. An update computes these instruments anew.",
      zh: "因子的存储字节与校验和不符。更新时会重新计算这些证券。",
    },
  },
  "input-damaged": {
    dimension: "integrity",
    severity: "error",
    title: { en: "Damaged bars", zh: "行情数据损坏" },
    meaning: {
      en: "Stored bytes of the bars differ from their checksum: `alphaloom data repair` reads them again from their source.",
      zh: "行情的存储字节与校验和不符：用 `alphaloom data repair` 从来源重新读取。",
    },
  },
} as const satisfies Readonly<Record<string, ValidationRule>>;

export type RuleName = keyof typeof rules;

export const ruleNames = Object.keys(rules) as RuleName[];
