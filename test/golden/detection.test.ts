/** Every source shape of the shared data is recognised without a mapping, with the units that it has. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { detect, detectAll } from "#data/detection/detect";
import type { CalendarMapping } from "#data/mapping/mapping";
import { parseMapping, printMapping } from "#data/mapping/mapping-file";

const root = resolve(import.meta.dirname, "..", "..");
const data = resolve(root, process.env["SHARED_DATA_DIR"] ?? "../shared/data");
const chip = "reference/fundamentals-chip/data";

beforeAll(() => {
  if (!existsSync(data)) throw new Error(`${data} is not there; set SHARED_DATA_DIR`);
});

const raw = { prices: "raw" };
const handThousand = { volume: "hand", amount: "thousand-yuan" };

const bars: readonly (readonly [
  path: string,
  shape: string,
  calendar: string,
  units: object,
  adjustment: object,
])[] = [
  [
    "shippable/a-share-daily-2017-2019.parquet",
    "a-share-daily",
    "XSHG",
    {},
    { prices: "raw", exDayTolerance: 0.0049 },
  ],
  ["reference/csi300-daily-2020-2025.parquet", "a-share-daily", "XSHG", {}, raw],
  ["reference/moneyflow/data/raw/market_data.parquet", "a-share-daily", "XSHG", handThousand, raw],
  [
    "reference/moneyflow/data/normalized/market_data_normalized.parquet",
    "a-share-daily",
    "XSHG",
    handThousand,
    raw,
  ],
  [`${chip}/benchmark/000300.SH_daily.csv`, "index-daily", "XSHG", handThousand, raw],
  [`${chip}/benchmark/000906.SH_daily.csv`, "index-daily", "XSHG", handThousand, raw],
  [`${chip}/etf/raw/*_indiv_d.csv`, "a-share-daily", "XSHG", handThousand, raw],
  [`${chip}/etf/raw/*_indiv_ind.csv`, "index-daily", "XSHG", handThousand, raw],
  [`${chip}/etf/raw/*_indiv_techin.csv`, "index-daily", "XSHG", handThousand, raw],
  [`${chip}/stock/raw/002594.SZ_indiv_d.csv`, "a-share-daily-hfq", "XSHG", handThousand, { prices: "hfq" }],
  [`${chip}/stock/raw/600036.SH_indiv_d.csv`, "a-share-daily-hfq", "XSHG", handThousand, { prices: "hfq" }],
  [`${chip}/stock/raw/600519.SH_indiv_d.csv`, "a-share-daily-hfq", "XSHG", handThousand, { prices: "hfq" }],
  [`${chip}/stock/raw/*_indiv_techin.csv`, "a-share-daily", "XSHG", handThousand, raw],
  [
    "shippable/us-equity-daily",
    "quantconnect-daily",
    "XNYS",
    { price: "price×10000" },
    { prices: "raw", factorFiles: "factor_files/{code}.csv" },
  ],
  [
    "shippable/us-equity-daily/aapl.zip",
    "quantconnect-daily",
    "XNYS",
    { price: "price×10000" },
    { prices: "raw", factorFiles: "factor_files/{code}.csv" },
  ],
  ["shippable/btcusdt-1d.csv", "crypto-daily", "24x7", {}, raw],
  ["shippable/minute-000001-201801.csv.gz", "a-share-minute", "XSHG", {}, raw],
];

describe("bars", () => {
  test.each(bars)("%s is recognised as %s on %s", async (path, shape, calendar, units, adjustment) => {
    const found = await detect(join(data, path));
    expect(found).toMatchObject({ kind: "bars", shape, mapping: { calendar, units, adjustment } });
    expect(found.mapping).toHaveProperty("units", units);
    expect(found.reasons.length).toBeGreaterThanOrEqual(3);
    expect(parseMapping(printMapping(found.mapping))).toEqual(found.mapping);
  });

  test("minute bars are stamped at their end, in the exchange's time", async () => {
    const found = await detect(join(data, "shippable/minute-000001-201801.csv.gz"));
    expect(found.mapping).toMatchObject({
      freq: "1min",
      stamp: "end",
      timeZone: "Asia/Shanghai",
      instrument: { venue: "SZSE" },
    });
  });

  test("the running adjustment factor of a technical table is taken as the factor", async () => {
    const found = await detect(join(data, `${chip}/stock/raw/600519.SH_indiv_techin.csv`));
    expect(found.mapping).toMatchObject({ columns: { factor: "indiv_techin_adj_factor" } });
  });
});

const references: readonly (readonly [path: string, table: string, rule: object])[] = [
  [
    "reference/moneyflow/data/raw/daily_basic.parquet",
    "daily_basic",
    { validFrom: { column: "trade_date" } },
  ],
  [
    "reference/moneyflow/data/raw/moneyflow.parquet",
    "moneyflow",
    { units: { buy_sm_vol: "hand", net_mf_amount: "ten-thousand-yuan" } },
  ],
  [`${chip}/stock/raw/*_indiv_chip.csv`, "chip_distribution", {}],
  [`${chip}/stock/raw/*_indiv_din.csv`, "daily_basic", {}],
  [
    `${chip}/stock/raw/*_indiv_fin.csv`,
    "financials",
    { knownAt: { column: "indiv_fin_ann_date" }, period: "indiv_fin_end_date" },
  ],
  [`${chip}/stock/raw/*_indiv_margin.csv`, "margin", {}],
  [`${chip}/stock/raw/*_indiv_sh.csv`, "shareholders", { knownAt: { column: "indiv_sh_ann_date" } }],
  [`${chip}/etf/raw/*_indiv_adj_d.csv`, "adjustment_factors", {}],
  [`${chip}/etf/raw/*_indiv_din.csv`, "index_valuation", {}],
  [`${chip}/macro/raw/*_market_din.csv`, "index_valuation", {}],
  [`${chip}/macro/raw/HSI_macro_im.csv`, "hsi_macro_im", {}],
  [`${chip}/macro/raw/SPX_macro_im.csv`, "spx_macro_im", {}],
  [`${chip}/macro/raw/cpi.csv`, "cpi", { period: "month" }],
  [`${chip}/macro/raw/gdp.csv`, "gdp", { period: "quarter" }],
  [`${chip}/macro/raw/ppi.csv`, "ppi", { period: "month" }],
  [`${chip}/macro/raw/money_supply.csv`, "money_supply", { period: "month" }],
  [`${chip}/macro/raw/social_finance.csv`, "social_finance", { period: "month" }],
  [`${chip}/macro/raw/hsgt_moneyflow.csv`, "hsgt_flow", {}],
  [`${chip}/macro/raw/market_margin.csv`, "margin_market", {}],
  [`${chip}/macro/raw/moneyflow.csv`, "market_flow", {}],
  [`${chip}/macro/raw/shibor.csv`, "shibor", {}],
  [`${chip}/macro/raw/ust_yield.csv`, "ust_yield", {}],
  [`${chip}/column_description.csv`, "column_descriptions", {}],
  ["reference/industry-2026.csv", "industry", { knownOn: "2026-12-31" }],
  [
    "shippable/a-share-instruments-2019.csv",
    "instruments",
    { knownOn: "2019-12-31", validFrom: { column: "list_date" } },
  ],
  ["shippable/a-share-concepts-2019.csv", "concepts", { knownOn: "2019-12-31" }],
  ["shippable/us-equity-daily/factor_files", "adjustment_factors", {}],
  ["shippable/us-equity-daily/map_files/aapl.csv", "ticker_names", {}],
  ["calendars/overrides.csv", "overrides", {}],
];

describe("reference tables", () => {
  test.each(references)("%s is recognised as the table %s", async (path, table, rule) => {
    const found = await detect(join(data, path));
    expect(found).toMatchObject({ kind: "reference", mapping: { table, ...rule } });
    expect(parseMapping(printMapping(found.mapping))).toEqual(found.mapping);
  });
});

describe("calendars and events", () => {
  test.each([
    ["calendars/XSHG.csv", "session-hours", "XSHG"],
    ["calendars/XNYS.csv", "session-hours", "XNYS"],
    ["calendars/XHKG.csv", "session-hours", "XHKG"],
    [`${chip}/trade_cal.csv`, "trading-days", "XSHG"],
    ["calendars/holidays.csv", "holidays", undefined],
  ])("%s is recognised as %s of %s", async (path, shape, calendar) => {
    const found = await detect(join(data, path));
    expect(found).toMatchObject({ kind: "calendar", shape });
    expect((found.mapping as CalendarMapping).calendar).toBe(calendar);
  });

  test.each([
    ["shippable/trades-600000-20200102.csv.gz", ["trades"]],
    ["shippable/level2-600519-20230201.zip", ["orders", "book-snapshots", "trades"]],
    ["shippable/binance-spot-btcusdt-l2-20240809.jsonl.gz", ["binance-feed"]],
  ])("%s is recognised as %s", async (path, shapes) => {
    const found = await detectAll(join(data, path));
    expect(found.map(({ shape }) => shape).sort()).toEqual([...shapes].sort());
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(["events"]));
  });
});
