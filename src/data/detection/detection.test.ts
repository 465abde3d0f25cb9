import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf, isoOf } from "#market/day";
import type { BarMapping } from "../mapping/mapping.ts";
import { columnNames } from "./column-names.ts";
import { detect } from "./detect.ts";
import { dateFormatOf } from "./evidence/dates.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "alphaloom-detect-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const sessions = [...calendarNamed("XSHG").sessionsBetween(dayOf("2023-01-01"), dayOf("2023-12-31"))].map(
  isoOf,
);

interface Scale {
  readonly price?: number;
  readonly volume?: number;
  readonly amount?: number;
  readonly decimals?: number;
  /** What the price is multiplied by on a row: an adjusted series. */
  readonly adjusted?: (row: number) => number;
}

/** Raw bars of one share with odd volumes, in the units asked for. */
function table(columns: readonly string[], scale: Scale = {}): string {
  const rows = sessions.map((day, row) => {
    const close = 10 + (row % 37) / 100;
    const shares = 1_000_037 + ((row * 7919) % 50_021);
    const money = Math.round(shares * close * 1000) / 1000;
    const factor = (scale.price ?? 1) * (scale.adjusted?.(row) ?? 1);
    const price = (value: number): string => (value * factor).toFixed(scale.price === undefined ? 4 : 0);
    const volume = shares / (scale.volume ?? 1);
    const amount = money / (scale.amount ?? 1);
    return [
      "000001.SZ",
      day,
      price(close),
      price(close + 0.01),
      price(close - 0.01),
      price(close),
      volume.toFixed(scale.decimals ?? 2),
      amount.toFixed(scale.amount === undefined ? 2 : 3),
    ].join(",");
  });
  return `${columns.join(",")}\n${rows.join("\n")}\n`;
}

const plain = ["ts_code", "trade_date", "open", "high", "low", "close", "vol", "amount"];
let next = 0;

async function recognise(text: string, name = `${next++}.csv`) {
  const path = join(folder, name);
  writeFileSync(path, text);
  const found = await detect(path);
  return { ...found, bars: found.mapping as BarMapping };
}

describe("units are read from the numbers", () => {
  test.each([
    ["shares and yuan", {}, {}],
    [
      "hands and thousands of yuan",
      { volume: 100, amount: 1000 },
      { volume: "hand", amount: "thousand-yuan" },
    ],
    [
      "hands and ten thousands of yuan",
      { volume: 100, amount: 10_000 },
      { volume: "hand", amount: "ten-thousand-yuan" },
    ],
    ["hands and yuan", { volume: 100 }, { volume: "hand" }],
    ["shares and thousands of yuan", { amount: 1000 }, { amount: "thousand-yuan" }],
  ] as const)("%s", async (_, scale, units) => {
    const { bars, reasons } = await recognise(table(plain, scale));
    expect(bars.units).toEqual(units);
    expect(bars.adjustment).toEqual({ prices: "raw" });
    expect(reasons.some((reason) => reason.includes("amount ÷ (volume × typical price)"))).toBe(true);
  });

  test("li and hands by name and by number", async () => {
    const names = [
      "ts_code",
      "trade_date",
      "open_li",
      "high_li",
      "low_li",
      "close_li",
      "volume_hand",
      "amount_li",
    ];
    const { bars } = await recognise(table(names, { price: 1000, volume: 100, amount: 0.001 }));
    expect(bars.units).toEqual({ price: "li", volume: "hand", amount: "li" });
  });

  test("without amount and without round lots the volume is a doubt, not a fact", async () => {
    const { doubts } = await recognise(table(plain).replaceAll(/,[^,\n]*$/gm, ""));
    expect(doubts.join(" ")).toMatch(/volume is taken as shares/);
    expect(doubts.join(" ")).toMatch(/neither amount nor preclose/);
  });

  test("back-adjusted prices are told by their scale above 1 at the end", async () => {
    const { bars } = await recognise(
      table(plain, { volume: 100, amount: 1000, adjusted: (row) => (row < 100 ? 3.1 : 3.4) }),
    );
    expect(bars.adjustment).toEqual({ prices: "hfq" });
  });

  test("front-adjusted prices are told by their scale of 1 on the last day only", async () => {
    const { bars } = await recognise(
      table(plain, { volume: 100, amount: 1000, adjusted: (row) => (row < 180 ? 0.6 : 1) }),
    );
    expect(bars.adjustment).toEqual({ prices: "qfq", baseDay: sessions.at(-1) });
  });
});

describe("calendar, instrument and time", () => {
  test("a row on a holiday is a doubt with its date", async () => {
    const { doubts } = await recognise(`${table(plain)}000001.SZ,2023-10-02,10,10,10,10,100,1000\n`);
    expect(doubts.join(" ")).toContain("closed on 2023-10-02");
  });

  test("a pair that trades at weekends is crypto, its exchange a doubt", async () => {
    const days = Array.from({ length: 60 }, (_, at) => isoOf(dayOf("2024-01-01") + at));
    const rows = days.map(
      (day, at) => `${day},${40_000 + at},${40_001 + at},${39_999 + at},${40_000 + at},${1.5 + at}`,
    );
    const { bars, doubts } = await recognise(
      `date,open,high,low,close,volume\n${rows.join("\n")}\n`,
      "ethusdt-1d.csv",
    );
    expect(bars).toMatchObject({ calendar: "24x7", instrument: { venue: "BINANCE" } });
    expect(doubts.join(" ")).toContain("BINANCE is taken");
  });

  test("Chinese column names are known", async () => {
    const { bars } = await recognise(
      table(["股票代码", "交易日期", "开盘", "最高", "最低", "收盘", "成交量(手)", "成交额(千元)"], {
        volume: 100,
        amount: 1000,
      }),
    );
    expect(bars).toMatchObject({
      columns: { close: "收盘" },
      units: { volume: "hand", amount: "thousand-yuan" },
    });
  });

  test("bars stamped at their start are told by the first minute", async () => {
    const rows = ["09:30", "09:31", "09:32", "14:59"].map(
      (clock, at) =>
        `000001,2023-01-03,${clock},${10 + at},${11 + at},${9 + at},${10 + at},100,${100 * (10 + at)}`,
    );
    const { bars } = await recognise(
      `symbol,date,time,open,high,low,close,volume,amount\n${rows.join("\n")}\n`,
    );
    expect(bars).toMatchObject({ freq: "1min", stamp: "start", time: { format: "HH:mm" } });
  });
});

describe("the parts", () => {
  test("a prefix that all columns share, or all but one, is set aside", () => {
    const names = columnNames(["x_ts_code", "x_open", "x_close", "trade_date"]);
    expect(names).toMatchObject({ prefix: "x_" });
    expect(names.role("open")).toBe("x_open");
    expect(names.role("date")).toBe("trade_date");
    expect(columnNames(["open_li", "high_li", "low_li"]).prefix).toBe("");
  });

  test.each([
    [["20240102", "20240103"], "YYYYMMDD"],
    [["2024-01-02", ""], "YYYY-MM-DD"],
    [["13/01/2024"], "DD/MM/YYYY"],
    [["1704153600000"], "epoch-ms"],
    [["1704153600"], "epoch-s"],
    [["one", "two"], null],
    [[], null],
  ] as const)("dates such as %s are of the form %s", (values, format) => {
    expect(dateFormatOf(values)).toBe(format);
  });
});
