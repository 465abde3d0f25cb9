import { deflateSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dayOf, isoOf } from "#market/day";
import { QuoteError } from "../errors.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { quoteOf } from "./canonical.ts";
import { FrameReader } from "./frame.ts";
import {
  barsRequest,
  dividendsRequest,
  quotesRequest,
  readBars,
  readDividends,
  readQuotes,
  type TdxCode,
} from "./messages.ts";
import {
  answerTo,
  barsBody,
  dividendsBody,
  f32,
  quotesBody,
  varint,
  type ServedQuote,
} from "./testing/tdx-bytes.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const pingAn: TdxCode = { market: 0, code: "000001" };

/** What servers sent to the authors of pytdx and of injoyai/tdx, who keep the bytes beside their parsers. */
const recorded = {
  barsRequest: "0c01086401011c001c002d0500003030303030310900010000000a0000000000000000000000",
  barsAnswer: `b1cb74000c01086401002d05aa00aa00
    0a006ec73301b28c011e3254a081ad4816d6984d6fc7330154ae0182024ab0a51d4978090c4e70c733015414285e8003bb488b59a64d
    71c73301140086015ec059274945cb154e74c73301006828724060f648ae0edc4d75c73301000a1e7c40f6da48a37dc24d
    76c7330100680ad0018052b748ad68a24d77c7330100680072a0f0a448f8b9914d78c733010054285ee0a48b48c294764d
    7bc733010aa401b8014a001def4874abd44d`,
  laterBars: `0a0078da340198b8018404bc055ee8b3e949ad2b094f79da34010af801a002cc0260dec949859ded4e7ada34016882028e04e603
    b8f91e4a111f394f7dda3401e401c20200f604f84d2b4ad4d0444f7eda3401721eaa0268d87bc549ee80e34e7fda34011e288601c601d08d
    b849230ed54e80da3401727c32da013023584999a0784e81da3401147c0ad001d0fa86498d989a4e84da34015e6800d60278c28e491ca6a1
    4e85da340154d001b801da01403e924989d6a54e`,
  quotes: `013602000030303030303132 0bb2124c56105987e6d10cf212b78fa801ae01293dc54e8bd740acb8670086ca1e0001af36ba0c4102
    b467b6054203a68a0184094304891992114405862685108d0100000000e8ff320b013630303030385909800546450246 8defd10c
    c005bed2668e05be15804d8ba12cb3b13a0083c3034100badc029d014201bc990384f70443029da503b7af074403a6e501b9db044504a6e2
    028dd5048d050000000000005909`,
};

describe("recorded answers", () => {
  test("hold the bars that traded", () => {
    const [answer] = new FrameReader().push(hex(recorded.barsAnswer));
    const bars = readBars(answer!.body, "day");
    expect(bars).toHaveLength(10);
    expect(bars[0]).toEqual({
      day: dayOf("2017-06-06"),
      minute: Number.NaN,
      open: 9010,
      close: 9040,
      high: 9060,
      low: 8990,
      volume: 355_341,
      amount: 320_520_896,
    });
    expect([isoOf(bars[9]!.day), bars[9]!.close]).toEqual(["2017-06-19", 9130]);
    const later = readBars(hex(recorded.laterBars), "day");
    expect([isoOf(later[9]!.day), later[9]!.open, later[9]!.close]).toEqual(["2024-10-29", 11_620, 11_540]);
  });

  test("hold the quotes in shares and yuan, whichever the ticks are", () => {
    const quotes = readQuotes(hex(recorded.quotes));
    expect(quotes.map(({ market, code }) => `${market}${code}`)).toEqual(["0000001", "1600008"]);
    expect(quoteOf("000001.SZ", quotes[0]!)).toEqual({
      instrument: "000001.SZ",
      day: null,
      price: 12.02,
      preclose: 11.9,
      open: 11.8,
      high: 12.18,
      low: 11.77,
      volume: 137_727_100,
      amount: 1_654_559_872,
      second: 13 * 3600 + 25 * 60 + 17.994,
    });
    expect(quoteOf("600008.SH", quotes[1]!)).toMatchObject({
      price: 3.2,
      preclose: 3.14,
      open: 3.15,
      high: 3.22,
    });
  });
});

test("requests are, byte for byte, those that the recorded answers were given to", () => {
  expect(hexOf(barsRequest({ market: 0, code: "000001" }, { kind: "day", start: 0, count: 10 }).bytes)).toBe(
    recorded.barsRequest,
  );
  expect(hexOf(quotesRequest([pingAn, { market: 1, code: "600300" }]).bytes)).toBe(
    "0c01206300021a001a003e05050000000000000002000030303030303101363030333030",
  );
  expect(hexOf(dividendsRequest({ market: 1, code: "600300" }).bytes)).toBe(
    "0c1f187600010b000b000f00010001363030333030",
  );
});

const ticks = fc.integer({ min: 1, max: 2_000_000 });
const served: fc.Arbitrary<ServedQuote> = fc.record({
  market: fc.constantFrom(0, 1, 2),
  code: fc.stringMatching(/^\d{6}$/),
  price: ticks,
  preclose: ticks,
  open: ticks,
  high: ticks,
  low: ticks,
  time: fc.integer({ min: 0, max: 23_595_999 }),
  volume: fc.integer({ min: 0, max: 2 ** 40 }),
  amount: fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }),
});

describe("what another encoder wrote", () => {
  test("is read back: quotes", () => {
    fc.assert(
      fc.property(fc.array(served, { maxLength: 80 }), (quotes) => {
        expect(readQuotes(quotesBody(quotes))).toEqual(quotes);
      }),
      { numRuns: 40 },
    );
  });

  test("is read back: daily bars and minutes", () => {
    const bar = { open: 9010, high: 9060, low: 8990, close: 9040, volume: 355_341, amount: 320_520_896 };
    const days = [20_240_229, 20_240_301].map((date) => ({ ...bar, date, close: bar.close + (date % 7) }));
    expect(readBars(barsBody(days), "day").map(({ day }) => isoOf(day))).toEqual([
      "2024-02-29",
      "2024-03-01",
    ]);
    const minutes = days.map((each) => ({ ...each, minute: 571 }));
    expect(readBars(barsBody(minutes), "1min")).toEqual(
      minutes.map(({ date, ...rest }) => ({ ...rest, day: dayOf(String(date)) })),
    );
  });

  test("is read back: dividends, those below 128 too", () => {
    const rows = [{ date: 20_230_614, category: 1, numbers: [2.85, 0, 3, 0] }];
    expect(readDividends(dividendsBody(0, "000001", rows))).toEqual([
      { day: dayOf("2023-06-14"), category: 1, cash: Math.fround(2.85), rightsPrice: 0, bonus: 3, rights: 0 },
    ]);
    expect(readDividends(new Uint8Array(3))).toEqual([]);
  });

  test("is read back: integers of every length", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (value) => {
        const cursor = new ByteCursor(Uint8Array.from(varint(value)));
        expect([cursor.varint(), cursor.left]).toEqual([value, 0]);
      }),
    );
  });
});

/** The formula by which pytdx takes a volume apart, for mantissas of every kind. */
function byPowers(raw: number): number {
  const [exponent, high, middle, low] = [raw >>> 24, (raw >>> 16) & 255, (raw >>> 8) & 255, raw & 255];
  const scale = 2 ** (exponent * 2 - 127);
  const twice = high >= 128 ? 2 : 1;
  const first = high >= 128 ? 1 + (high & 127) / 64 : high / 128;
  return scale * (1 + first + (middle / 2 ** 15) * twice + (low / 2 ** 23) * twice);
}

test("volumes are IEEE single precision, whatever the mantissa", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x3f80_0000, max: 0x7f7f_ffff }), (raw) => {
      const bytes = new Uint8Array(Uint32Array.of(raw).buffer);
      expect(new ByteCursor(bytes).f32()).toBe(byPowers(raw));
    }),
  );
});

/** The code of the error that reading ends in, if any. */
function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return error instanceof QuoteError ? error.code : String(error);
  }
  return "none";
}
const EXPECTED = ["none", "QUOTE_BYTES_INVALID"];

describe("bytes that are none of a server's", () => {
  test("give a coded error or numbers, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(EXPECTED).toContain(codeOf(() => readQuotes(bytes)));
        expect(EXPECTED).toContain(codeOf(() => readBars(bytes, "day")));
        expect(EXPECTED).toContain(codeOf(() => readBars(bytes, "1min")));
        expect(EXPECTED).toContain(codeOf(() => readDividends(bytes)));
        expect(EXPECTED).toContain(codeOf(() => new FrameReader().push(bytes)));
        expect(EXPECTED).toContain(
          codeOf(() => new FrameReader().push(Uint8Array.from([0xb1, 0xcb, 0x74, 0, ...bytes]))),
        );
      }),
      { numRuns: 400 },
    );
  });

  test("give a coded error or numbers where recorded ones were damaged", () => {
    const [body, bars] = [hex(recorded.quotes), hex(recorded.laterBars)];
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), fc.nat(body.length), (at, value, length) => {
        const damaged = body.slice(0, length);
        if (at < length) damaged[at] = value;
        expect(EXPECTED).toContain(
          codeOf(() => readQuotes(damaged).map((quote) => quoteOf("000001.SZ", quote))),
        );
        const other = bars.slice();
        other[at % bars.length] = value;
        expect(EXPECTED).toContain(codeOf(() => readBars(other, "day")));
      }),
      { numRuns: 400 },
    );
  });

  test("are refused where they end too early", () => {
    const body = hex(recorded.quotes);
    for (let length = 0; length < body.length; length++)
      expect(codeOf(() => readQuotes(body.subarray(0, length)))).toBe("QUOTE_BYTES_INVALID");
    expect(codeOf(() => new ByteCursor(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0)).varint())).toBe(
      "QUOTE_BYTES_INVALID",
    );
    expect(codeOf(() => new ByteCursor(Uint8Array.from(f32(1)).subarray(1)).f32())).toBe(
      "QUOTE_BYTES_INVALID",
    );
  });
});

describe("a stream of answers", () => {
  const request = quotesRequest([pingAn]).bytes;
  const body = hex(recorded.quotes);

  test("is read alike however it is cut", () => {
    const bytes = [
      ...answerTo(request, body),
      ...answerTo(request, body, { deflated: true }),
      ...answerTo(request, new Uint8Array(0)),
    ];
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
        const reader = new FrameReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const answers = places.flatMap((from, index) =>
          reader.push(Uint8Array.from(bytes.slice(from, places[index + 1]))),
        );
        expect(answers.map((answer) => hexOf(answer.body))).toEqual([hexOf(body), hexOf(body), ""]);
        expect(reader.pending).toBe(0);
      }),
    );
  });

  test("is refused where a body grows beyond what its header says, before it has grown", () => {
    const bomb = deflateSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(0xffff);
    for (const said of [0, 1000, 0xffff]) {
      const answer = answerTo(request, bomb, { said });
      expect(() => new FrameReader().push(answer)).toThrowError(/deflated body/);
    }
  });

  test("is refused where a length is wrong or the bytes are not deflated", () => {
    expect(
      codeOf(() =>
        new FrameReader().push(answerTo(request, body, { deflated: true, said: body.length + 1 })),
      ),
    ).toBe("QUOTE_BYTES_INVALID");
    expect(codeOf(() => new FrameReader().push(answerTo(request, body, { said: body.length - 1 })))).toBe(
      "QUOTE_BYTES_INVALID",
    );
    expect(codeOf(() => new FrameReader().push(Buffer.from("HTTP/1.1 400 Bad Request")))).toBe(
      "QUOTE_BYTES_INVALID",
    );
  });
});

describe("a quote", () => {
  const given = {
    market: 1,
    code: "600008",
    price: 320,
    preclose: 314,
    open: 315,
    high: 322,
    low: 314,
  } as const;
  const traded = { ...given, time: 13_252_999, volume: 840_894, amount: 268_613_568 };

  test("tells by its amount whether volumes are hands or shares", () => {
    expect(quoteOf("600008.SH", traded)).toMatchObject({ volume: 84_089_400 });
    expect(quoteOf("600008.SH", { ...traded, volume: 84_089_400 })).toMatchObject({ volume: 84_089_400 });
    expect(quoteOf("600008.SH", { ...traded, volume: 8_408_940 })).toMatchObject({
      code: "QUOTE_VALUES_INVALID",
    });
  });

  test("of a fund has three decimals", () => {
    const fund = { ...traded, code: "510300", amount: traded.amount / 10 };
    expect(quoteOf("510300.SH", fund)).toMatchObject({ price: 0.32, preclose: 0.314, volume: 84_089_400 });
  });

  test("without a trade has a preclose and no prices", () => {
    const none = { ...given, price: 0, open: 0, high: 0, low: 0, time: 9_150_000, volume: 0, amount: 0 };
    expect(quoteOf("600008.SH", none)).toMatchObject({
      price: Number.NaN,
      open: Number.NaN,
      preclose: 3.14,
      volume: 0,
      amount: 0,
      second: 9 * 3600 + 15 * 60,
    });
  });

  test("has its time in minutes or, from 60 on, in parts of the hour; what is no time is NaN", () => {
    const seconds = [13_252_999, 14_998_872, 9_600_000, 0, -1, 24_000_000].map((time) => {
      const quote = quoteOf("600008.SH", { ...traded, time });
      return "code" in quote ? quote.code : quote.second;
    });
    expect(seconds.slice(0, 3)).toEqual([
      13 * 3600 + 25 * 60 + 17.994,
      expect.closeTo(14 * 3600 + 59 * 60 + 55.9392, 6),
      9 * 3600 + 36 * 60,
    ]);
    expect(seconds.slice(3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  test("whose prices contradict each other is none", () => {
    for (const wrong of [
      { low: 321 },
      { high: 319 },
      { open: 0 },
      { preclose: -1 },
      { volume: -5 },
      { amount: Infinity },
    ])
      expect(quoteOf("600008.SH", { ...traded, ...wrong }), JSON.stringify(wrong)).toMatchObject({
        code: "QUOTE_VALUES_INVALID",
      });
  });
});
