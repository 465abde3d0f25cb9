import { describe, expect, test } from "vitest";
import { DataError } from "../../errors.ts";
import { parseTableMapping } from "../../mapping/table-mapping.ts";
import { columnNamed, sqlColumn, sqlLiteral, sqlTable, tableNamed } from "./identifier.ts";
import { parsePostgresLocator, textOfLocator } from "./locator.ts";
import { sourceError } from "./server-errors.ts";
import { placeOfUrl, sourceUrlOf } from "./session.ts";
import { hostileNames } from "./testing/hostile-names.ts";

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DataError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("names", () => {
  test("of tables and columns are refused when they are no plain identifiers", () => {
    expect(hostileNames.length).toBeGreaterThanOrEqual(200);
    const accepted = hostileNames.filter((name) => codeOf(() => tableNamed(name)) !== "SOURCE_NAME_INVALID");
    expect(accepted).toEqual([]);
    const columns = hostileNames.filter((name) => codeOf(() => columnNamed(name)) !== "SOURCE_NAME_INVALID");
    expect(columns).toEqual([]);
    const quoted = hostileNames.filter((name) => codeOf(() => sqlColumn(name)) !== "SOURCE_NAME_INVALID");
    expect(quoted).toEqual([]);
  });

  test("that are plain are quoted all the same", () => {
    expect(sqlTable(tableNamed("market.kline_daily_raw"))).toBe('"market"."kline_daily_raw"');
    expect(sqlTable(tableNamed("bars"))).toBe('"public"."bars"');
    expect(sqlColumn("select")).toBe('"select"');
  });

  test("of values are constants of SQL", () => {
    expect(sqlLiteral("it's")).toBe("'it''s'");
    expect(sqlLiteral("a\\'b")).toBe(" E'a\\\\''b'");
    expect(codeOf(() => sqlLiteral("a\0b"))).toBe("SOURCE_NAME_INVALID");
  });
});

describe("a locator", () => {
  test("names the table and those that are joined", () => {
    const text = "postgres:market.bars?adjustment=market.adj_factor&factors=market.factor_daily";
    expect(textOfLocator(parsePostgresLocator(text))).toBe(text);
    expect(parsePostgresLocator("postgres:bars")).toEqual({ table: { schema: "public", table: "bars" } });
  });

  test("with anything else is refused", () => {
    const bad = [
      "postgres:",
      "postgres:a.b?",
      "postgres:a.b?x=1",
      "postgres:a.b?factors=",
      "postgres:a.b?factors=c;d",
      "postgres:a.b&factors=c",
    ];
    expect(bad.map((text) => codeOf(() => parsePostgresLocator(text)))).toEqual(
      bad.map(() => "SOURCE_NAME_INVALID"),
    );
  });

  test("that is a connection is refused without being repeated", () => {
    expect(() => parsePostgresLocator("postgres://user:topsecret@host/db")).toThrow(
      expect.objectContaining({
        code: "SOURCE_NAME_INVALID",
        message: expect.not.stringContaining("topsecret"),
      }),
    );
  });
});

describe("a connection", () => {
  test("is shown without user and password", () => {
    expect(placeOfUrl("postgresql://me:p%40ss@db.example:5433/market")).toBe("db.example:5433/market");
    expect(placeOfUrl("postgres://db/market")).toBe("db:5432/market");
  });

  test("that cannot be read is not repeated", () => {
    for (const url of [
      "me:topsecret@host",
      "http://me:topsecret@host",
      "postgresql://me:topsecret@ho st/x",
    ]) {
      expect(() => placeOfUrl(url)).toThrow(
        expect.objectContaining({
          code: "SOURCE_URL_INVALID",
          message: expect.not.stringContaining("topsecret"),
        }),
      );
    }
    expect(codeOf(() => sourceUrlOf({}))).toBe("SOURCE_URL_MISSING");
  });

  test("never says its password in a server's message", () => {
    const error = Object.assign(new Error("cannot use topsecret here"), { code: "XX000" });
    const found = sourceError(error, { place: "host:5432/db", doing: "reading", secret: "topsecret" });
    expect(found).toMatchObject({
      code: "SOURCE_FAILED",
      message: "host:5432/db, reading: cannot use *** here (XX000)",
    });
  });
});

describe("a mapping file of a table", () => {
  const text = [
    "fields: { datetime: trade_date, instrument: ts_code, open: open_li, high: high_li, low: low_li, close: close_li,",
    "          volume: volume_hand, amount: amount_li, fund_main_net: fund_main_net, chip: chip_avg_cost }",
    "units: { price: li, volume: hand, amount: li }",
    "adjustment: { prices: qfq, baseDay: 2024-12-31 }",
    "tables: { factors: market.factor_daily }",
  ].join("\n");

  test("names logical fields and their columns one by one", () => {
    const { bars, others, tables } = parseTableMapping(text);
    expect(bars).toMatchObject({
      freq: "day",
      calendar: "XSHG",
      instrument: { column: "ts_code" },
      date: { column: "trade_date" },
      columns: { open: "open_li", close: "close_li", volume: "volume_hand", amount: "amount_li" },
      adjustment: { prices: "qfq", baseDay: "2024-12-31" },
    });
    expect([...others!]).toEqual([
      ["fund_main_net", "fund_main_net"],
      ["chip", "chip_avg_cost"],
    ]);
    expect(tables).toEqual({ factors: "market.factor_daily" });
  });

  test.each([
    ["tables: { other: x }", "key tables"],
    ["fields: [a, b]", "key fields"],
    ["fields: { 'Bad Name': x, close: c }", "key fields"],
    ["fields: { open: o }", "columns.close"],
    ["kind: reference\ntable: x", "key kind is reference"],
    ["- a", "no keys"],
    ["a: [", "mapping:"],
  ])("%s is refused", (mapping, said) => {
    expect(() => parseTableMapping(mapping)).toThrow(
      expect.objectContaining({ code: "DATA_MAPPING_INVALID", message: expect.stringContaining(said) }),
    );
  });
});
