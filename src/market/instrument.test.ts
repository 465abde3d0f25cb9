import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MarketError } from "./errors.ts";
import {
  formatInstrument,
  instrumentOf,
  pairOf,
  readInstrument,
  venueOf,
  type InstrumentForm,
} from "./instrument.ts";

test.each([
  ["000001.SZ", "000001.SZ"],
  ["600519.sh", "600519.SH"],
  ["SZ000001", "000001.SZ"],
  ["sz000001", "000001.SZ"],
  ["sh.600000", "600000.SH"],
  ["bj.830799", "830799.BJ"],
  ["BJ920002", "920002.BJ"],
  ["000001.XSHE", "000001.SZ"],
  ["600000.XSHG", "600000.SH"],
  ["600000.SS", "600000.SH"],
  ["000300.SH", "000300.SH"],
  ["SH000300", "000300.SH"],
  ["600519", "600519.SH"],
  ["688981", "688981.SH"],
  ["000001", "000001.SZ"],
  ["300750", "300750.SZ"],
  ["830799", "830799.BJ"],
  ["430047", "430047.BJ"],
  ["920002", "920002.BJ"],
  ["900901", "900901.SH"],
  ["200002", "200002.SZ"],
  ["510300", "510300.SH"],
  ["159915", "159915.SZ"],
  ["399001", "399001.SZ"],
  ["113050", "113050.SH"],
  ["AAPL", "AAPL.US"],
  ["aapl", "AAPL.US"],
  ["AAPL.US", "AAPL.US"],
  ["US.AAPL", "AAPL.US"],
  ["BRK.B", "BRK.B.US"],
  ["BRK-B", "BRK.B.US"],
  ["BRK/B", "BRK.B.US"],
  ["BRK.B.US", "BRK.B.US"],
  ["brk.b.us", "BRK.B.US"],
  ["SHOP", "SHOP.US"],
  ["USO", "USO.US"],
  ["USB", "USB.US"],
  ["F", "F.US"],
  ["0700.HK", "00700.HK"],
  ["00700.hk", "00700.HK"],
  ["HK.00700", "00700.HK"],
  ["HK00700", "00700.HK"],
  ["BTC-USDT", "BTCUSDT.BINANCE"],
  ["BTC/USDT", "BTCUSDT.BINANCE"],
  ["BTCUSDT", "BTCUSDT.BINANCE"],
  ["btcusdt", "BTCUSDT.BINANCE"],
  ["BTCUSDT.BINANCE", "BTCUSDT.BINANCE"],
  ["BTC-USDT.OKX", "BTCUSDT.OKX"],
  ["1000SHIBUSDT", "1000SHIBUSDT.BINANCE"],
  ["ETHBTC", "ETHBTC.BINANCE"],
  [" 000001.SZ ", "000001.SZ"],
])("%s is read as %s", (text, id) => {
  expect(instrumentOf(text)).toBe(id);
});

test.each([
  "",
  "   ",
  "E1",
  "12345",
  "1234567",
  "700000",
  "910001",
  "60051.SH",
  "6005190.SH",
  "AAPL.L",
  "VOD.O",
  "TOOLONG",
  "../etc",
  "a b",
  "600519.XX",
  "ABC.HK",
])("%j is of no known form", (text) => {
  const read = readInstrument(text);
  expect(read.ok).toBe(false);
  expect(() => instrumentOf(text)).toThrow(MarketError);
});

test("the failure names what was found and says what to do", () => {
  expect(readInstrument("E1")).toEqual({
    ok: false,
    code: "MARKET_INSTRUMENT_FORM",
    found: '"E1" is an instrument code of no known form',
    remedy: expect.stringContaining("600519.SH") as string,
  });
});

test("an id of no known form is taken only where asked, in upper case, and never as a path", () => {
  const read = readInstrument("e1", { acceptUnknown: true });
  expect(read).toEqual({ ok: true, id: "E1", code: "E1", venue: null });
  expect(instrumentOf("板块1", { acceptUnknown: true })).toBe("板块1");
  for (const text of ["../etc", "a/b1", "a\\b", "x..y1", ".hid1", "a b", "", "x".repeat(65)]) {
    expect(readInstrument(text, { acceptUnknown: true }).ok).toBe(false);
  }
});

test("a stated venue settles what a bare code leaves open", () => {
  expect(instrumentOf("000001", { venue: "SSE" })).toBe("000001.SH");
  expect(instrumentOf("700", { venue: "HKEX" })).toBe("00700.HK");
  expect(instrumentOf("BTC_USDT", { venue: "OKX" })).toBe("BTCUSDT.OKX");
  expect(instrumentOf("AAPL", { venue: "NASDAQ" })).toBe("AAPL.US");
  expect(readInstrument("AAPL", { venue: "SSE" }).ok).toBe(false);
});

test.each<[string, InstrumentForm, string]>([
  ["600519.SH", "qlib", "SH600519"],
  ["600519.SH", "qlib-lower", "sh600519"],
  ["600519.SH", "baostock", "sh.600519"],
  ["600519.SH", "mic", "600519.XSHG"],
  ["000001.SZ", "mic", "000001.XSHE"],
  ["600519.SH", "bare", "600519"],
  ["600519.SH", "canonical", "600519.SH"],
  ["BRK.B.US", "qlib", "BRK.B"],
  ["BRK.B.US", "bare", "BRK.B"],
  ["00700.HK", "qlib", "HK00700"],
  ["BTCUSDT.BINANCE", "qlib-lower", "btcusdt"],
  ["BTCUSDT.BINANCE", "pair-dash", "BTC-USDT"],
  ["BTCFDUSD.BINANCE", "pair-slash", "BTC/FDUSD"],
])("%s in the form %s is %s", (id, form, text) => {
  expect(formatInstrument(instrumentOf(id), form)).toBe(text);
});

test("a form that the venue does not have is an error", () => {
  expect(() => formatInstrument(instrumentOf("AAPL.US"), "baostock")).toThrow(MarketError);
  expect(() => formatInstrument(instrumentOf("AAPL.US"), "mic")).toThrow(MarketError);
  expect(() => formatInstrument(instrumentOf("600519.SH"), "pair-dash")).toThrow(MarketError);
  const unknown = instrumentOf("E1", { acceptUnknown: true });
  expect(formatInstrument(unknown, "qlib-lower")).toBe("e1");
  expect(() => formatInstrument(unknown, "mic")).toThrow(MarketError);
});

test("every form of a mainland code reads back as the same id", () => {
  const forms: InstrumentForm[] = ["canonical", "qlib", "qlib-lower", "baostock"];
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 999_999 }),
      fc.constantFrom("SH", "SZ", "BJ"),
      fc.constantFrom(...forms),
      (number, suffix, form) => {
        const id = instrumentOf(`${String(number).padStart(6, "0")}.${suffix}`);
        expect(instrumentOf(formatInstrument(id, form))).toBe(id);
        expect(instrumentOf(id)).toBe(id);
      },
    ),
  );
});

test("reading is idempotent and never throws, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), fc.boolean(), (text, acceptUnknown) => {
      const read = readInstrument(text, { acceptUnknown });
      const again = read.ok ? readInstrument(read.id, { acceptUnknown }) : read;
      expect(again).toEqual(read);
    }),
    { numRuns: 2000 },
  );
});

test("the venue and the assets of a pair are read from the id", () => {
  expect(venueOf(instrumentOf("920002"))).toBe("BSE");
  expect(venueOf(instrumentOf("BRK.B"))).toBe("US");
  expect(venueOf(instrumentOf("E1", { acceptUnknown: true }))).toBeNull();
  expect(pairOf(instrumentOf("ETH-BTC"))).toEqual({ base: "ETH", quote: "BTC" });
  expect(pairOf(instrumentOf("AAPL"))).toBeNull();
});
