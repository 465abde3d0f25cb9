/** Every quality rule: what it means, in both languages, and how much it weighs. The report and its page read this. */
export type Severity = "error" | "warning" | "note";

interface Text {
  readonly en: string;
  readonly zh: string;
}

export interface Rule {
  readonly severity: Severity;
  readonly title: Text;
  readonly meaning: Text;
}

export const rules = {
  "holiday-bar": {
    severity: "error",
    title: { en: "Bar on a closed day", zh: "休市日出现行情" },
    meaning: {
      en: "The exchange was closed on this date, so the bar cannot be real. It is kept out.",
      zh: "交易所当日休市，该行情不可能真实存在，已剔除。",
    },
  },
  "outside-calendar": {
    severity: "error",
    title: { en: "Date beyond the calendar", zh: "日期超出交易日历" },
    meaning: {
      en: "The calendar does not know this date, so it cannot be placed. It is kept out.",
      zh: "交易日历未覆盖该日期，无法归位，已剔除。",
    },
  },
  "duplicate-identical": {
    severity: "note",
    title: { en: "Identical duplicate", zh: "完全重复的记录" },
    meaning: {
      en: "The same row comes more than once. The first is kept.",
      zh: "同一条记录重复出现，保留第一条。",
    },
  },
  "duplicate-conflict": {
    severity: "error",
    title: { en: "Conflicting duplicate", zh: "相互矛盾的重复记录" },
    meaning: {
      en: "Two rows of one day say different things. The instrument is not imported until one is removed.",
      zh: "同一天有两条数值不同的记录。删除其一之前，该证券不会导入。",
    },
  },
  "price-invalid": {
    severity: "error",
    title: { en: "Price not positive or not finite", zh: "价格非正或无穷" },
    meaning: {
      en: "A traded day has a price of zero, below zero or infinity. The row is kept out.",
      zh: "有成交的交易日出现零、负或无穷价格，该行已剔除。",
    },
  },
  "ohlc-order": {
    severity: "error",
    title: { en: "High and low out of order", zh: "最高最低价次序错误" },
    meaning: {
      en: "High is below open, close or low, or low is above them. The row is kept and marked.",
      zh: "最高价低于开盘、收盘或最低价，或最低价高于它们。该行保留并标记。",
    },
  },
  "volume-negative": {
    severity: "error",
    title: { en: "Negative volume or amount", zh: "成交量或成交额为负" },
    meaning: {
      en: "Nothing can trade less than nothing. The row is kept out.",
      zh: "成交不可能为负，该行已剔除。",
    },
  },
  "moved-without-volume": {
    severity: "warning",
    title: { en: "Price moved without volume", zh: "无成交但价格变动" },
    meaning: {
      en: "Volume is zero, yet high and low differ or close left the close before.",
      zh: "成交量为零，但最高最低价不等，或收盘价偏离前收盘。",
    },
  },
  "missing-sessions": {
    severity: "warning",
    title: { en: "Sessions without a row", zh: "交易日缺行" },
    meaning: {
      en: "Between the instrument's first and last row the exchange was open on days that have no row: a suspension that the source leaves out, or lost data. The source does not say which.",
      zh: "首末行之间的若干交易日没有记录：可能是来源略去的停牌，也可能是数据丢失，来源未作区分。",
    },
  },
  suspended: {
    severity: "note",
    title: { en: "Suspended", zh: "停牌" },
    meaning: {
      en: "Days on which the row itself says that nothing traded.",
      zh: "记录本身表明当日没有交易。",
    },
  },
  "limit-broken": {
    severity: "warning",
    title: { en: "Beyond the price limit", zh: "超出涨跌停" },
    meaning: {
      en: "High or low lies beyond the day's limit price. Listing and relisting days, ST periods that the source does not state, and wrong precloses are the usual reasons.",
      zh: "最高或最低价超出当日涨跌停价。常见原因：上市或恢复上市首日、来源未给出 ST 状态、前收盘价错误。",
    },
  },
  "unit-jump": {
    severity: "error",
    title: { en: "Jump of a power of ten", zh: "十倍整数幂跳变" },
    meaning: {
      en: "Price, or amount ÷ (volume × price), jumps by 10, 100 or 1000 from one row to the next and no reference price explains it: the unit changed.",
      zh: "价格或“成交额÷（成交量×价格）”较前一行跳变 10、100 或 1000 倍，且参考价无法解释：单位发生了变化。",
    },
  },
  "large-move": {
    severity: "warning",
    title: { en: "Large move", zh: "巨幅变动" },
    meaning: {
      en: "Close moved by more than half against its reference (the preclose, else the adjusted close before).",
      zh: "收盘价相对参考价（前收盘，否则为复权后的上一收盘）变动超过一半。",
    },
  },
  "stale-price": {
    severity: "warning",
    title: { en: "Identical rows in a row", zh: "连续相同行情" },
    meaning: {
      en: "Prices and volume repeat on three or more traded days running.",
      zh: "连续三个或更多有成交的交易日价格与成交量完全相同。",
    },
  },
  "reference-above-close": {
    severity: "warning",
    title: { en: "Reference above the close before", zh: "参考价高于上一收盘" },
    meaning: {
      en: "Preclose is higher than the close before by more than the source's own noise. Dividends and splits lower it; only a consolidation of shares raises it.",
      zh: "前收盘价高于上一收盘且超出来源自身误差。分红送转只会使其降低，只有缩股才会升高。",
    },
  },
  "reference-noise": {
    severity: "note",
    title: { en: "Preclose is not quite the close before", zh: "前收盘与上一收盘略有出入" },
    meaning: {
      en: "Small differences, upwards too: the source's close is not the official closing price. They are not taken as ex-days.",
      zh: "微小且双向的差异：来源的收盘价并非官方收盘价。这些差异不视为除权除息。",
    },
  },
  "reference-across-gap": {
    severity: "warning",
    title: { en: "Reference differs across missing rows", zh: "缺行前后参考价不一致" },
    meaning: {
      en: "Rows are missing before this day and its preclose is not the last close there is: an ex-day in between, or trading that the source lost. An adjustment factor taken from it may be wrong.",
      zh: "该日之前缺行，且前收盘不等于可得的最后收盘：其间或有除权，或丢失了交易。由此推得的复权因子可能有误。",
    },
  },
  "factor-mismatch": {
    severity: "warning",
    title: { en: "Factor and reference disagree", zh: "复权因子与参考价矛盾" },
    meaning: {
      en: "The adjustment factor steps where the preclose does not, or the other way round.",
      zh: "复权因子变动而前收盘未变，或相反。",
    },
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof rules;

export const ruleNames = Object.keys(rules) as RuleName[];
