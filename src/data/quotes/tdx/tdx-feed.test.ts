import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { dayOf } from "#market/day";
import { TdxFeed, tdxServersOf, type TdxOptions } from "./tdx-feed.ts";
import type { ServedQuote } from "./testing/tdx-bytes.ts";
import { TdxTestServer, type TdxServerOptions } from "./testing/tdx-server.ts";

const quoteOfCode = (market: number, code: string, price = 1202): ServedQuote => ({
  market,
  code,
  price,
  preclose: price - 12,
  open: price - 2,
  high: price + 16,
  low: price - 25,
  time: 13_252_999,
  volume: 137_727,
  amount: price * 137_727,
});
const quotes = new Map(
  [quoteOfCode(0, "000001"), quoteOfCode(1, "600008", 320), quoteOfCode(2, "920002", 1000)].map(
    (quote) => [`${quote.market}${quote.code}`, quote] as const,
  ),
);
const ids = ["000001.SZ", "600008.SH", "920002.BJ"];

const feedOf = (servers: readonly TdxTestServer[], options: Partial<TdxOptions> = {}): TdxFeed =>
  new TdxFeed({
    servers: servers.map(({ port }) => ({ host: "127.0.0.1", port })),
    timeoutMs: 2000,
    ...options,
  });

/** The prices that a feed on one server gives, or the code of its error. */
async function outcomeOf(options: TdxServerOptions, feedOptions: Partial<TdxOptions> = {}): Promise<unknown> {
  await using server = await TdxTestServer.open({ quotes, ...options });
  await using feed = feedOf([server], feedOptions);
  try {
    const answer = await feed.quotes(ids);
    return answer.quotes.map(({ price }) => price);
  } catch (error) {
    return (error as { readonly code?: string }).code ?? error;
  }
}
const prices = [12.02, 3.2, 10];

describe("a feed", () => {
  test("introduces itself and gives quotes in canonical ids and units", async () => {
    await using server = await TdxTestServer.open({ quotes, deflated: true });
    await using feed = feedOf([server]);
    const answer = await feed.quotes(ids);
    expect(answer.failures).toEqual([]);
    expect(answer.server).toBe(`tdx:127.0.0.1:${server.port}`);
    expect(answer.quotes.map(({ instrument, volume }) => [instrument, volume])).toEqual(
      ids.map((id) => [id, 13_772_700]),
    );
    expect(server.requests.map((request) => request[10])).toEqual([0x0d, 0x0d, 0x3e]);
  });

  test("logs in where it is told to", async () => {
    await using server = await TdxTestServer.open({ quotes });
    await using feed = feedOf([server], { logIn: true });
    await feed.quotes(ids);
    expect(server.requests).toHaveLength(4);
    expect(server.requests[2]).toHaveLength(42);
  });

  test("says of each instrument without a quote why there is none", async () => {
    await using server = await TdxTestServer.open({
      quotes: new Map([...quotes, ["1600009", { ...quoteOfCode(1, "600009"), low: 5000 }]]),
    });
    await using feed = feedOf([server]);
    const answer = await feed.quotes(["AAPL.US", "600008.SH", "600009.SH", "600010.SH", "600008.SH"]);
    expect(answer.quotes.map(({ instrument }) => instrument)).toEqual(["600008.SH"]);
    expect(answer.failures.map(({ instrument, code }) => [instrument, code])).toEqual([
      ["AAPL.US", "QUOTE_INSTRUMENT_UNKNOWN"],
      ["600009.SH", "QUOTE_VALUES_INVALID"],
      ["600010.SH", "QUOTE_MISSING"],
    ]);
  });

  test("asks for at most eighty instruments at a time", async () => {
    const codes = Array.from({ length: 170 }, (_, index) => String(600_000 + index));
    await using server = await TdxTestServer.open({
      quotes: new Map(codes.map((code) => [`1${code}`, quoteOfCode(1, code)])),
    });
    await using feed = feedOf([server]);
    const answer = await feed.quotes(codes.map((code) => `${code}.SH`));
    expect(answer.quotes.map(({ instrument }) => instrument)).toEqual(codes.map((code) => `${code}.SH`));
    expect(server.requests.slice(2).map((request) => Buffer.from(request).readUInt16LE(20))).toEqual([
      80, 80, 10,
    ]);
  });

  test("answers calls made at once in turn, over one connection", async () => {
    await using server = await TdxTestServer.open({ quotes });
    await using feed = feedOf([server]);
    const answers = await Promise.all([feed.quotes([ids[0]!]), feed.quotes([ids[1]!]), feed.quotes([])]);
    expect(answers.map((answer) => answer.quotes.map(({ price }) => price))).toEqual([[12.02], [3.2], []]);
    expect(server.requests).toHaveLength(4);
  });

  test("gives bars of any number, oldest first, and dividends", async () => {
    const bars = Array.from({ length: 1900 }, (_, index) => {
      const close = 9000 + (index % 50) * 10;
      const shared = { open: close, high: close + 20, low: close - 20, close, volume: 1000 };
      const day = new Date(Date.UTC(2010, 0, 1 + index)).toISOString().slice(0, 10);
      return { ...shared, date: Number(day.replaceAll("-", "")), amount: close * 100 };
    });
    const dividends = [
      { date: 20_230_614, category: 1, numbers: [2.85, 0, 0, 0] },
      { date: 20_230_615, category: 5, numbers: [1, 2, 3, 4] },
    ];
    await using server = await TdxTestServer.open({ bars, dividends });
    await using feed = feedOf([server]);
    const given = await feed.bars("000001.SZ", { kind: "day", count: 1700, skip: 3 });
    expect(given.map(({ day }) => day)).toEqual(bars.slice(197, 1897).map(({ date }) => dayOf(String(date))));
    expect(given[0]).toMatchObject({ close: bars[197]!.close / 1000, volume: 100_000 });
    expect(await feed.bars("000001.SZ", { kind: "day", count: 5000 })).toHaveLength(1900);
    expect(await feed.dividends("000001.SZ")).toMatchObject([{ cash: Math.fround(2.85), category: 1 }]);
    await expect(feed.dividends("AAPL.US")).rejects.toMatchObject({ code: "QUOTE_INSTRUMENT_UNKNOWN" });
  });
});

/** The answer to something else. */
const stray = (answer: Uint8Array): Uint8Array => {
  const other = answer.slice();
  other[5] = 0x77;
  return other;
};

/** Answers only after so many answers to something else. */
const afterStrays =
  (times: number): TdxServerOptions["reply"] =>
  ({ socket, answer }) => {
    for (let time = 0; time < times; time++) socket.write(stray(answer));
    socket.write(answer);
  };

/** Introduces itself, then misbehaves. */
const late = (misbehave: NonNullable<TdxServerOptions["reply"]>): TdxServerOptions => ({
  reply: (reply) => {
    if (reply.turn < 3) reply.socket.write(reply.answer);
    else misbehave(reply);
  },
});

describe("a server that", () => {
  test("writes its answers byte by byte, or several in one piece, is understood", async () => {
    expect(
      await outcomeOf({
        reply: ({ socket, answer }) => {
          socket.setNoDelay(true);
          const next = (at: number): void => {
            if (at < answer.length)
              socket.write(answer.subarray(at, at + 1), () => setImmediate(next, at + 1));
          };
          next(0);
        },
      }),
    ).toEqual(prices);
  });

  test("sends what was not asked for is listened to, up to a point", async () => {
    expect(await outcomeOf({ reply: afterStrays(3)! })).toEqual(prices);
    expect(await outcomeOf({ reply: afterStrays(20)! })).toBe("QUOTE_BYTES_INVALID");
  });

  test("closes, half-closes or says nothing is reported by a code", async () => {
    expect(await outcomeOf(late(({ socket }) => socket.destroy()))).toBe("QUOTE_CLOSED");
    expect(await outcomeOf(late(({ socket }) => socket.end()))).toBe("QUOTE_CLOSED");
    expect(await outcomeOf(late(({ socket, answer }) => socket.end(answer.subarray(0, 30))))).toBe(
      "QUOTE_CLOSED",
    );
    expect(await outcomeOf(late(({ socket, answer }) => socket.end(answer)))).toEqual(prices);
    expect(
      await outcomeOf(
        late(() => undefined),
        { timeoutMs: 60 },
      ),
    ).toBe("QUOTE_TIMED_OUT");
    expect(
      await outcomeOf(
        late(({ socket, answer }) => socket.write(answer.subarray(0, 30))),
        { timeoutMs: 60 },
      ),
    ).toBe("QUOTE_TIMED_OUT");
    expect(await outcomeOf(late(({ socket }) => socket.write("nonsense")))).toBe("QUOTE_BYTES_INVALID");
  });

  test("is another one's place is taken by the next one, which is then asked first", async () => {
    await using silent = await TdxTestServer.open({ reply: ({ socket }) => socket.destroy() });
    await using sound = await TdxTestServer.open({ quotes });
    const nobody = await portOfNobody();
    await using feed = new TdxFeed({
      servers: [
        { host: "127.0.0.1", port: nobody },
        ...[silent, sound].map(({ port }) => ({ host: "127.0.0.1", port })),
      ],
      timeoutMs: 2000,
    });
    expect((await feed.quotes(ids)).server).toBe(`tdx:127.0.0.1:${sound.port}`);
    sound.hangUp();
    expect((await feed.quotes(ids)).quotes.map(({ price }) => price)).toEqual(prices);
    expect(silent.requests).toHaveLength(1);
  });

  test("is not there is named, with the others", async () => {
    const [first, second] = [await portOfNobody(), await portOfNobody()];
    await using feed = new TdxFeed({ servers: [first, second].map((port) => ({ host: "127.0.0.1", port })) });
    await expect(feed.quotes(ids)).rejects.toMatchObject({
      code: "QUOTE_SERVER_UNREACHABLE",
      message: expect.stringMatching(`none of 2 servers.*:${first}.*:${second}`) as unknown,
    });
  });
});

test("a call can be given up, and the feed used on", async () => {
  await using server = await TdxTestServer.open({
    quotes,
    reply: ({ socket, answer }) => {
      if (server.requests.length !== 3) socket.write(answer);
    },
  });
  await using feed = feedOf([server], { timeoutMs: 10_000 });
  const controller = new AbortController();
  const given = feed.quotes(ids, { signal: controller.signal });
  setTimeout(() => controller.abort(), 30);
  await expect(given).rejects.toThrowError(/abort/);
  expect((await feed.quotes(ids)).quotes.map(({ price }) => price)).toEqual(prices);
});

test("addresses are read, and refused by a code where they are none", () => {
  expect(tdxServersOf("10.0.0.1, host.example:7711,[::1]:80")).toEqual([
    { host: "10.0.0.1", port: 7709 },
    { host: "host.example", port: 7711 },
    { host: "::1", port: 80 },
  ]);
  for (const wrong of ["", "host:", "host:0", "host:70000", "a b", "host:12x", ","])
    expect(() => tdxServersOf(wrong), wrong).toThrowError(
      expect.objectContaining({ code: "QUOTE_ADDRESS_INVALID" }),
    );
});

/** A port that nothing listens on. */
async function portOfNobody(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
