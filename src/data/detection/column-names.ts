/**
 * What column names say. Vendors' prefixes that all columns share (`indiv_d_open`) are set aside, then each
 * name is looked up in the vocabulary of its role, English and Chinese.
 */
export type ColumnRole =
  | "instrument"
  | "date"
  | "time"
  | "open"
  | "high"
  | "low"
  | "close"
  | "preclose"
  | "volume"
  | "amount"
  | "vwap"
  | "factor"
  | "status";

const vocabulary: Readonly<Record<ColumnRole, readonly string[]>> = {
  instrument: [
    "ts_code",
    "code",
    "symbol",
    "instrument",
    "stock_code",
    "securityid",
    "security_id",
    "ticker",
    "order_book_id",
    "wind_code",
    "windcode",
    "secid",
    "sec_code",
    "con_code",
    "股票代码",
    "证券代码",
    "代码",
    "instrument_id",
  ],
  date: [
    "trade_date",
    "date",
    "tradingday",
    "trading_day",
    "day",
    "datetime",
    "timestamp",
    "time",
    "tradedate",
    "trade_time",
    "dt",
    "日期",
    "交易日期",
    "交易日",
    "时间",
    "open_time",
    "opentime",
    "candle_begin_time",
  ],
  time: ["time", "bar_time", "trade_time", "时间"],
  open: ["open", "o", "open_price", "openprice", "open_li", "开盘", "开盘价", "今开"],
  high: ["high", "h", "high_price", "highprice", "high_li", "最高", "最高价"],
  low: ["low", "l", "low_price", "lowprice", "low_li", "最低", "最低价"],
  close: ["close", "c", "close_price", "closeprice", "close_li", "收盘", "收盘价", "最新价"],
  preclose: [
    "preclose",
    "pre_close",
    "prev_close",
    "previous_close",
    "prevclose",
    "pre_close_li",
    "昨收",
    "昨收盘",
    "前收盘",
    "前收盘价",
  ],
  volume: [
    "volume",
    "vol",
    "v",
    "volume_hand",
    "vol_hand",
    "volume_shares",
    "成交量",
    "成交量(手)",
    "成交量(股)",
    "成交量（手）",
    "成交量（股）",
    "qty",
  ],
  amount: [
    "amount",
    "amt",
    "turnover",
    "money",
    "amount_li",
    "value",
    "total_turnover",
    "quote_volume",
    "quote_asset_volume",
    "成交额",
    "成交金额",
    "成交额(元)",
    "成交额(千元)",
    "成交额(万元)",
  ],
  vwap: ["vwap", "avg_price", "均价"],
  factor: ["factor", "adj_factor", "adjfactor", "adjust_factor", "ex_factor", "复权因子", "后复权因子"],
  status: ["tradestatus", "trade_status", "paused_status"],
};

export interface ColumnNames {
  /** All columns of the file. */
  readonly all: readonly string[];
  /** Prefix that was set aside, empty when none. */
  readonly prefix: string;
  /** The file's name of a plain (lower-case, unprefixed) name. */
  column(plain: string): string | undefined;
  role(role: ColumnRole): string | undefined;
  /** Whether every one of these plain names is there. */
  has(...plain: readonly string[]): boolean;
}

export function columnNames(all: readonly string[]): ColumnNames {
  const prefix = sharedPrefix(all);
  const byPlain = new Map<string, string>();
  for (const name of all) {
    const plain = plainOf(name, prefix);
    if (!byPlain.has(plain)) byPlain.set(plain, name);
  }
  const role = (wanted: ColumnRole): string | undefined => {
    for (const plain of vocabulary[wanted]) {
      const found = byPlain.get(plain);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    all,
    prefix,
    column: (plain) => byPlain.get(plain),
    role,
    has: (...plain) => plain.every((name) => byPlain.has(name)),
  };
}

function plainOf(name: string, prefix: string): string {
  const lower = name.trim().toLowerCase();
  return prefix !== "" && lower.startsWith(prefix) ? lower.slice(prefix.length) : lower;
}

/** Longest start, ending in an underscore, of at least four names and all but one of them. */
function sharedPrefix(all: readonly string[]): string {
  const lower = all.map((name) => name.trim().toLowerCase());
  let best = "";
  for (const probe of [lower[0] ?? "", lower.at(-1) ?? ""]) {
    for (let at = probe.indexOf("_"); at >= 0; at = probe.indexOf("_", at + 1)) {
      const prefix = probe.slice(0, at + 1);
      const sharing = lower.filter((name) => name.startsWith(prefix) && name.length > prefix.length).length;
      if (sharing >= Math.max(3, lower.length - 1) && prefix.length > best.length) best = prefix;
    }
  }
  return best;
}
