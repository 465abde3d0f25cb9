import { expect, test } from "vitest";
import { calendarNamed } from "../calendar/exchange-calendars.ts";
import { dayOf, isoOf } from "../day.ts";
import { MarketError, type MarketErrorCode } from "../errors.ts";
import { instrumentOf } from "../instrument.ts";
import type { Board } from "../listing-code.ts";
import { boardOn, boards, isBoard, kindOf } from "./boards.ts";
import type { Dated } from "./dated.ts";
import { buyableShares, lots, lotsOn, sellableShares } from "./lots.ts";
import { delistingFirstDay, listingDays, priceLimitOn, priceLimits } from "./price-limit.ts";
import { limitPricesUnder, rulesOn } from "./rules-on.ts";
import { saleOfBought } from "./settlement.ts";
import { standingOfName } from "./status.ts";
import { tickOf } from "./ticks.ts";

const boardNames = Object.keys(boards) as Board[];
const begin = dayOf("1990-12-19");
const end = dayOf("2026-12-31");

const codeOf = (action: () => unknown): MarketErrorCode | "none" => {
  try {
    action();
    return "none";
  } catch (error) {
    if (error instanceof MarketError) return error.code;
    throw error;
  }
};

/** Every table with the day from which it must hold, by name. */
const tables: [name: string, records: readonly Dated<unknown>[], from: number][] = boardNames.flatMap(
  (board) => {
    const { opened } = boards[board];
    return [
      [`${board} price limit`, priceLimits[board].normal, opened],
      [`${board} ST price limit`, priceLimits[board].st, Math.max(opened, dayOf("1998-04-22"))],
      [`${board} listing days`, listingDays[board], opened],
      [`${board} lots`, lots[board], opened],
      [`${board} settlement`, saleOfBought[board], opened],
    ] as [string, readonly Dated<unknown>[], number][];
  },
);
tables.push(["delisting period", delistingFirstDay, dayOf("2020-12-31")]);

test.each(tables)(
  "%s: exactly one record on every day from its beginning, none before",
  (_, records, from) => {
    const wrong: string[] = [];
    for (let day = begin; day <= end; day++) {
      const holding = records.filter((r) => r.from <= day && (r.to === null || day <= r.to)).length;
      if (holding !== (day >= from ? 1 : 0)) wrong.push(isoOf(day));
    }
    expect(wrong).toEqual([]);
  },
);

test("every record says how sure it is and where it is written", () => {
  for (const [, records] of tables) {
    for (const record of records) {
      expect(["A", "B", "C"]).toContain(record.grade);
      expect(record.source.length).toBeGreaterThan(5);
    }
  }
});

test.each<[string, Board, boolean, number]>([
  ["1999-06-01", "MAIN", false, 10],
  ["1999-06-01", "MAIN", true, 5],
  ["2015-06-15", "MAIN", false, 10],
  ["2015-06-15", "MAIN", true, 5],
  ["2015-06-15", "CHINEXT", false, 10],
  ["2015-06-15", "CHINEXT", true, 5],
  ["2019-07-22", "MAIN", false, 10],
  ["2019-07-22", "MAIN", true, 5],
  ["2019-07-22", "CHINEXT", false, 10],
  ["2019-07-22", "CHINEXT", true, 5],
  ["2019-07-22", "STAR", false, 20],
  ["2019-07-22", "STAR", true, 20],
  ["2020-08-21", "MAIN", false, 10],
  ["2020-08-21", "MAIN", true, 5],
  ["2020-08-21", "CHINEXT", false, 10],
  ["2020-08-21", "CHINEXT", true, 5],
  ["2020-08-21", "STAR", false, 20],
  ["2020-08-21", "STAR", true, 20],
  ["2020-08-24", "MAIN", false, 10],
  ["2020-08-24", "MAIN", true, 5],
  ["2020-08-24", "CHINEXT", false, 20],
  ["2020-08-24", "CHINEXT", true, 20],
  ["2020-08-24", "STAR", false, 20],
  ["2020-08-24", "STAR", true, 20],
  ["2021-11-15", "MAIN", false, 10],
  ["2021-11-15", "MAIN", true, 5],
  ["2021-11-15", "CHINEXT", false, 20],
  ["2021-11-15", "CHINEXT", true, 20],
  ["2021-11-15", "STAR", false, 20],
  ["2021-11-15", "STAR", true, 20],
  ["2021-11-15", "BSE", false, 30],
  ["2024-01-02", "MAIN", false, 10],
  ["2024-01-02", "MAIN", true, 5],
  ["2024-01-02", "CHINEXT", false, 20],
  ["2024-01-02", "CHINEXT", true, 20],
  ["2024-01-02", "STAR", false, 20],
  ["2024-01-02", "STAR", true, 20],
  ["2024-01-02", "BSE", false, 30],
  ["2026-07-03", "MAIN", false, 10],
  ["2026-07-03", "MAIN", true, 5],
  ["2026-07-03", "CHINEXT", false, 20],
  ["2026-07-03", "CHINEXT", true, 20],
  ["2026-07-03", "STAR", false, 20],
  ["2026-07-03", "STAR", true, 20],
  ["2026-07-03", "BSE", false, 30],
  ["2026-07-06", "MAIN", false, 10],
  ["2026-07-06", "MAIN", true, 10],
  ["2026-07-06", "CHINEXT", false, 20],
  ["2026-07-06", "CHINEXT", true, 20],
  ["2026-07-06", "STAR", false, 20],
  ["2026-07-06", "STAR", true, 20],
  ["2026-07-06", "BSE", false, 30],
  ["2026-11-20", "MAIN", false, 10],
  ["2026-11-20", "MAIN", true, 10],
  ["2026-11-20", "CHINEXT", false, 20],
  ["2026-11-20", "CHINEXT", true, 20],
  ["2026-11-20", "STAR", false, 20],
  ["2026-11-20", "STAR", true, 20],
  ["2026-11-20", "BSE", false, 30],
])("on %s a share of %s (risk warning: %s) may move %d percent", (date, board, st, pct) => {
  const { limit } = priceLimitOn(board, dayOf(date), { st });
  expect(limit).toEqual({ kind: "percent", upPct: pct, downPct: pct, of: "reference" });
});

test.each<[string, string, string]>([
  ["600519.SH", "2020-01-02", "MAIN"],
  ["001872.SZ", "2020-01-02", "MAIN"],
  ["002594.SZ", "2020-01-02", "MAIN"],
  ["300750.SZ", "2020-01-02", "CHINEXT"],
  ["688981.SH", "2020-07-16", "STAR"],
  ["689009.SH", "2020-10-29", "STAR"],
  ["830799.BJ", "2021-11-15", "BSE"],
  ["920002.BJ", "2024-05-30", "BSE"],
  ["920799.BJ", "2022-01-04", "BSE"],
  ["900901.SH", "2000-01-04", "B_SSE"],
  ["200002.SZ", "2000-01-04", "B_SZSE"],
])("%s on %s belongs to %s", (id, date, board) => {
  expect(boardOn(instrumentOf(id), dayOf(date))).toBe(board);
});

test.each([
  ["830799.BJ", "2021-11-12", "Beijing Stock Exchange opened on 2021-11-15"],
  ["688981.SH", "2019-07-19", "STAR Market opened on 2019-07-22"],
  ["510300.SH", "2020-01-02", "is of kind FUND"],
  ["000300.SH", "2020-01-02", "is of kind INDEX"],
  ["113050.SH", "2022-01-04", "is of kind CONVERTIBLE"],
  ["700001.SH", "2022-01-04", "is no mainland share"],
  ["AAPL.US", "2022-01-04", "is no mainland share"],
])("%s on %s has no board: %s", (id, date, message) => {
  const ask = () => boardOn(instrumentOf(id), dayOf(date));
  expect(ask).toThrow(message);
  expect(codeOf(ask)).toBe("MARKET_BOARD_UNKNOWN");
});

test("a code means another thing on the other exchange", () => {
  expect(kindOf(instrumentOf("000001.SZ"))).toBe("MAIN");
  expect(kindOf(instrumentOf("000001.SH"))).toBe("INDEX");
  expect(isBoard(kindOf(instrumentOf("399001.SZ")))).toBe(false);
  expect(kindOf(instrumentOf("AAPL"))).toBeNull();
  expect(kindOf(instrumentOf("E1", { acceptUnknown: true }))).toBeNull();
});

const xshg = calendarNamed("XSHG");

test.each<[Board, string, number]>([
  ["STAR", "2019-07-22", 5],
  ["CHINEXT", "2020-08-24", 5],
  ["MAIN", "2023-04-10", 5],
  ["MAIN", "2023-09-25", 5],
  ["BSE", "2021-11-15", 1],
  ["MAIN", "2010-06-01", 1],
  ["CHINEXT", "2009-10-30", 1],
])("a share listed on %s on %s has no limit for %d sessions", (board, date, sessions) => {
  const listedOn = dayOf(date);
  const kinds = Array.from({ length: 8 }, (_, n) => {
    const day = xshg.offset(listedOn, n);
    return priceLimitOn(board, day, { listedOn }).limit.kind;
  });
  expect(kinds.filter((kind) => kind === "none").length).toBe(sessions);
  expect(kinds.slice(sessions).every((kind) => kind === "percent")).toBe(true);
});

test("between 2014 and registration the first day is +44 % / −36 % of the issue price", () => {
  const listedOn = dayOf("2017-06-01");
  const first = priceLimitOn("MAIN", listedOn, { listedOn }).limit;
  expect(first).toEqual({ kind: "percent", upPct: 44, downPct: 36, of: "issue-price" });
  const second = priceLimitOn("MAIN", xshg.next(listedOn), { listedOn }).limit;
  expect(second).toEqual({ kind: "percent", upPct: 10, downPct: 10, of: "reference" });
  expect(priceLimitOn("CHINEXT", listedOn, { listedOn }).limit).toEqual(first);
});

test("a share listed elsewhere before its board opened has no first days on it", () => {
  const listedOn = dayOf("2021-11-01");
  expect(priceLimitOn("BSE", dayOf("2021-11-15"), { listedOn }).limit.kind).toBe("percent");
});

test("trading again after suspension of listing, and the delisting period, begin without a limit", () => {
  const day = dayOf("2021-08-10");
  const next = xshg.next(day);
  expect(priceLimitOn("MAIN", day, { relistedOn: day }).limit.kind).toBe("none");
  expect(priceLimitOn("MAIN", next, { relistedOn: day }).limit.kind).toBe("percent");
  const status = { st: true, delistingFrom: day };
  expect(priceLimitOn("MAIN", day, status).limit.kind).toBe("none");
  expect(priceLimitOn("MAIN", next, status).limit).toMatchObject({ upPct: 10 });
  const early = dayOf("2019-06-03");
  expect(priceLimitOn("MAIN", early, { delistingFrom: early }).limit).toMatchObject({ upPct: 10 });
});

test("before 1996-12-16 there was no limit, and before 1992-05-21 one that is not recorded", () => {
  expect(priceLimitOn("MAIN", dayOf("1996-12-13")).limit.kind).toBe("none");
  expect(priceLimitOn("MAIN", dayOf("1992-05-20")).limit.kind).toBe("unknown");
  expect(codeOf(() => priceLimitOn("MAIN", dayOf("1990-12-18")))).toBe("MARKET_RULES_MISSING");
  expect(codeOf(() => priceLimitOn("MAIN", dayOf("1998-04-21"), { st: true }))).toBe("MARKET_RULES_MISSING");
});

test("all the rules of a share on a day, with the grade of the weakest", () => {
  const rules = rulesOn(instrumentOf("688981"), dayOf("2024-01-02"));
  expect(rules).toEqual({
    board: "STAR",
    priceLimit: { kind: "percent", upPct: 20, downPct: 20, of: "reference" },
    priceDecimals: 2,
    lots: { buyMin: 200, step: 1, maxLimitOrder: 100_000, maxMarketOrder: 50_000 },
    saleOfBought: "next-session",
    grade: "B",
  });
  expect(limitPricesUnder(rules, 50.05)).toEqual({ up: 60.06, down: 40.04 });
  expect(rulesOn(instrumentOf("600519"), dayOf("1994-01-04"))).toMatchObject({
    saleOfBought: "unknown",
    grade: "C",
  });
});

test("outside the mainland there is no daily limit, and unknown ids have no rules", () => {
  const rules = rulesOn(instrumentOf("AAPL"), dayOf("2024-01-02"));
  expect(rules).toMatchObject({ board: null, saleOfBought: "same-day", priceDecimals: 2 });
  expect(limitPricesUnder(rules, 100)).toBeNull();
  expect(rulesOn(instrumentOf("BTC-USDT"), dayOf("2024-01-06")).lots).toBeNull();
  expect(codeOf(() => rulesOn(instrumentOf("E1", { acceptUnknown: true }), end))).toBe(
    "MARKET_BOARD_UNKNOWN",
  );
});

test.each<[Board, string, number, number]>([
  ["MAIN", "2024-01-02", 99, 0],
  ["MAIN", "2024-01-02", 250, 200],
  ["STAR", "2024-01-02", 199, 0],
  ["STAR", "2024-01-02", 201.7, 201],
  ["BSE", "2024-01-02", 101, 101],
  ["CHINEXT", "2024-01-02", 300, 300],
])("%s on %s: of %d shares %d can be bought", (board, date, wanted, bought) => {
  expect(buyableShares(wanted, lotsOn(board, dayOf(date)).value)).toBe(bought);
});

test.each<[Board, number, number, number]>([
  ["MAIN", 50, 50, 50],
  ["MAIN", 30, 50, 0],
  ["MAIN", 250, 250, 250],
  ["MAIN", 170, 250, 150],
  ["MAIN", 149, 250, 100],
  ["MAIN", 60, 250, 50],
  ["MAIN", 1000, 250, 250],
  ["STAR", 150, 150, 150],
  ["STAR", 150, 350, 0],
  ["STAR", 201, 350, 201],
  ["BSE", 101, 300, 101],
  ["MAIN", 0, 300, 0],
])("%s: of %d wanted and %d held, %d can be sold", (board, wanted, held, sold) => {
  expect(sellableShares(wanted, held, lotsOn(board, dayOf("2024-01-02")).value)).toBe(sold);
});

test("a valid sale is whole lots, with or without every odd share", () => {
  const { value } = lotsOn("MAIN", dayOf("2024-01-02"));
  for (let held = 1; held <= 320; held++) {
    for (let wanted = 1; wanted <= 330; wanted += 7) {
      const valid = Array.from({ length: Math.min(wanted, held) }, (_, n) => n + 1).filter(
        (n) => n % 100 === 0 || n % 100 === held % 100,
      );
      expect(sellableShares(wanted, held, value)).toBe(valid.at(-1) ?? 0);
    }
  }
});

test.each([
  ["平安银行", false, false],
  ["ST中安", true, false],
  ["*ST信威", true, false],
  ["＊ＳＴ信威", true, false],
  ["S*ST昌鱼", true, false],
  ["SST华新", true, false],
  ["XDST国药", true, false],
  ["退市海润", false, true],
  ["欣泰退", false, true],
])("the name %s says risk warning %s, delisting %s", (name, st, delisting) => {
  expect(standingOfName(name)).toEqual({ st, delisting });
});

test("the tick is a hundredth for A shares and a thousandth for Shanghai B shares and funds", () => {
  expect([tickOf("MAIN"), tickOf("B_SSE"), tickOf("B_SZSE"), tickOf("FUND")]).toEqual([
    0.01, 0.001, 0.01, 0.001,
  ]);
});
