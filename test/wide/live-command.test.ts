/** `alphaloom live` as a user calls it: the shipped market, and a TDX server on this machine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ServedQuote } from "../../src/data/quotes/tdx/testing/tdx-bytes.ts";
import { TdxTestServer } from "../../src/data/quotes/tdx/testing/tdx-server.ts";
import { alphaloom, aShares, newFolder, prepare, type Answer } from "../end-to-end/command-line.ts";

const folder = newFolder();
beforeAll(() => prepare(folder, ["import", `parquet:${aShares}`]), 120_000);

const quote: ServedQuote = {
  market: 0,
  code: "000001",
  price: 1223,
  preclose: 1218,
  open: 1220,
  high: 1230,
  low: 1210,
  time: 10_290_000,
  volume: 500_000,
  amount: 6.1e8,
};
const quotes = new Map([["0000001", quote]]);
const features = (...more: readonly string[]): Promise<Answer> =>
  alphaloom(folder, [
    "live",
    "features",
    "--json",
    "--symbols",
    "000001.SZ,sh600519",
    "--columns",
    "close,RSI14",
    ...more,
  ]);

interface Printed {
  readonly ok: boolean;
  readonly running: string | null;
  readonly failures: readonly { readonly code: string; readonly instrument: string | null }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly error: { readonly code: string };
}
const printed = ({ out }: Answer): Printed => JSON.parse(out) as Printed;

describe("live features", () => {
  test("are printed in the order of a snapshot's rows", async () => {
    const answer = await features("--window", "2", "--now", "2019-06-03T15:30+08:00");
    expect(answer.code).toBe(0);
    expect(
      printed(answer).rows.map(({ datetime, instrument, isPartial }) => [datetime, instrument, isPartial]),
    ).toEqual([
      ["2019-05-31", "000001.SZ", false],
      ["2019-05-31", "600519.SH", false],
      ["2019-06-03", "000001.SZ", false],
      ["2019-06-03", "600519.SH", false],
    ]);
  });

  test("take the running session from a quote server, say who has no quote, and end with 3 then", async () => {
    await using server = await TdxTestServer.open({ quotes });
    const feed = ["--feed", `tdx:127.0.0.1:${server.port}`, "--partial", "features"];
    const answer = await features(
      "--window",
      "2",
      "--now",
      "2019-06-03T10:30+08:00",
      "--adjust",
      "raw",
      ...feed,
    );
    expect(answer.code).toBe(3);
    const { rows, running, failures } = printed(answer);
    expect(running).toBe("2019-06-03");
    expect(failures).toMatchObject([{ code: "PARTIAL_NO_QUOTE", instrument: "600519.SH" }]);
    expect(rows.at(-1)).toMatchObject({
      datetime: "2019-06-03",
      instrument: "000001.SZ",
      isPartial: true,
      close: 12.23,
    });
    expect(rows.at(-1)!["RSI14"]).toBeGreaterThan(0);
  });

  test("go into a file, partial rows marked", async () => {
    await using server = await TdxTestServer.open({ quotes });
    const feed = ["--feed", `tdx:127.0.0.1:${server.port}`, "--partial", "bars"];
    const out = join(folder, "out", "live.csv");
    await features("--window", "2", "--now", "2019-06-03T10:30+08:00", "--out", out, ...feed);
    const [head, ...lines] = readFileSync(out, "utf8").trim().split("\n");
    expect(head).toBe("instrument,datetime,close,RSI14,is_partial");
    expect(lines.map((line) => line.split(",").at(-1))).toEqual(["0", "1", "0"]);
  });

  test("are refused by a code where they cannot be had", async () => {
    const codeOf = async (...more: readonly string[]): Promise<readonly unknown[]> => {
      const answer = await features(...more);
      return [answer.code, printed(answer).error.code];
    };
    expect(await codeOf()).toEqual([1, "LIVE_STORE_BEHIND"]);
    expect(await codeOf("--now", "2019-06-03")).toEqual([2, "CLI_USAGE"]);
    expect(await codeOf("--now", "2019-06-03T15:30+08:00", "--like", "../x")).toEqual([2, "CLI_USAGE"]);
    const partial = ["--now", "2019-06-03T10:30+08:00", "--partial", "bars"];
    expect(await codeOf(...partial)).toEqual([1, "LIVE_NO_FEED"]);
    expect(await codeOf(...partial, "--feed", "tdx:127.0.0.1:1")).toEqual([1, "QUOTE_SERVER_UNREACHABLE"]);
    expect(await codeOf(...partial, "--feed", "tdx:nobody home")).toEqual([1, "QUOTE_ADDRESS_INVALID"]);
  });
});

test("quotes are printed as they come", async () => {
  await using server = await TdxTestServer.open({ quotes });
  const feed = ["--feed", `tdx:127.0.0.1:${server.port}`];
  const answer = await alphaloom(folder, [
    "live",
    "quotes",
    "--json",
    "--symbols",
    "000001.SZ,600519.SH",
    ...feed,
  ]);
  expect(answer.code).toBe(3);
  expect(JSON.parse(answer.out)).toMatchObject({
    quotes: [{ instrument: "000001.SZ", price: 12.23, preclose: 12.18, volume: 50_000_000 }],
    failures: [{ instrument: "600519.SH", code: "QUOTE_MISSING" }],
  });
});
