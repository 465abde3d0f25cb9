import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { dayOf, isoOf } from "../../src/market/day.ts";
import { instrumentOf } from "../../src/market/instrument.ts";
import type { Board } from "../../src/market/listing-code.ts";
import { dailyLimits } from "../../src/market/trading-rules/daily-limits.ts";
import { limitPrices } from "../../src/market/trading-rules/limit-price.ts";
import { priceLimitOn } from "../../src/market/trading-rules/price-limit.ts";
import { golden, sharedData } from "./shared-data.ts";

test("every limit-price case is exact, and its percentage follows from board, date and risk warning", () => {
  const path = golden("backtest", "ashare-rules", "limit-price-cases.csv");
  const [header, ...lines] = readFileSync(path, "utf8").trimEnd().split(/\r?\n/);
  expect(header).toBe("date,board,st,reference_price,pct,limit_up,limit_down");
  expect(lines.length).toBeGreaterThanOrEqual(944);
  const computed = lines.map((line) => {
    const [date = "", board = "", st = "", reference = ""] = line.split(",");
    const { limit } = priceLimitOn(board as Board, dayOf(date), { st: st === "1" });
    if (limit.kind !== "percent") return `${line}: ${limit.kind}`;
    const { up, down } = limitPrices(Number(reference), { ...limit, decimals: 2 });
    return [date, board, st, reference, limit.upPct, up.toFixed(2), down.toFixed(2)].join(",");
  });
  expect(computed).toEqual(lines);
});

interface PublishedLimit {
  readonly board: string;
  readonly from: string;
  readonly to: string | null;
  readonly pct: number;
}

test("the dated limits equal the published records on their first and last days", () => {
  const rules = JSON.parse(readFileSync(golden("backtest", "ashare-rules", "rules.json"), "utf8")) as {
    price_limit: PublishedLimit[];
  };
  expect(rules.price_limit.length).toBeGreaterThanOrEqual(7);
  for (const { board, from, to, pct } of rules.price_limit) {
    const st = board.endsWith("_ST");
    for (const day of [from, to ?? "2026-12-31"]) {
      const { limit } = priceLimitOn(board.replace("_ST", "") as Board, dayOf(day), { st });
      expect(limit, `${board} on ${day}`).toMatchObject({ upPct: pct, downPct: pct });
    }
  }
});

interface Bars {
  readonly ids: string[];
  readonly days: Int32Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly reference: Float64Array;
  readonly st: Uint8Array;
}

async function readBars(file: string, st: string): Promise<Bars> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const reader = await connection.runAndReadAll(
    `select ts_code, date_diff('day', date '1970-01-01', trade_date)::integer, high, low, preclose, ${st}::integer
     from read_parquet('${file.replaceAll("'", "''")}') where volume > 0 order by ts_code, trade_date`,
  );
  const [ids, days, high, low, reference, warned] = reader.getColumnsJS();
  return {
    ids: ids as string[],
    days: Int32Array.from(days as number[]),
    high: Float64Array.from(high as number[]),
    low: Float64Array.from(low as number[]),
    reference: Float64Array.from(reference as number[]),
    st: Uint8Array.from(warned as number[]),
  };
}

/** Bars whose high or low lies beyond the day's limits, as `id date`, and the number of bars that had limits. */
function beyondLimits(
  bars: Bars,
  listed: ReadonlyMap<string, number>,
): { beyond: string[]; limited: number } {
  const beyond: string[] = [];
  let limited = 0;
  const begin = bars.days.reduce((least, day) => Math.min(least, day));
  for (let from = 0; from < bars.ids.length;) {
    const id = bars.ids[from]!;
    let to = from;
    while (bars.ids[to] === id) to++;
    const part = { days: bars.days.subarray(from, to), reference: bars.reference.subarray(from, to) };
    const first = part.days[0]!;
    const listedOn = listed.get(id) ?? (first > begin ? first : undefined);
    const limits = dailyLimits(
      instrumentOf(id),
      { ...part, st: bars.st.subarray(from, to) },
      listedOn === undefined ? {} : { listedOn },
    );
    for (let row = from; row < to; row++) {
      const up = limits.up[row - from]!;
      if (Number.isNaN(up)) continue;
      limited++;
      if (bars.high[row]! > up || bars.low[row]! < limits.down[row - from]!)
        beyond.push(`${id} ${isoOf(bars.days[row]!)}`);
    }
    from = to;
  }
  return { beyond, limited };
}

test("no real bar of 2017–2019 lies beyond its limits, first days included", async () => {
  const list = readFileSync(sharedData("shippable", "a-share-instruments-2019.csv"), "utf8")
    .trimEnd()
    .split(/\r?\n/);
  const listed = new Map(list.slice(1).map((line) => [line.split(",")[0]!, dayOf(line.split(",")[3]!)]));
  const bars = await readBars(sharedData("shippable", "a-share-daily-2017-2019.parquet"), "0");
  const { beyond, limited } = beyondLimits(bars, listed);
  expect(limited).toBeGreaterThan(100_000);
  expect(beyond).toEqual([]);
});

test("of 368,626 real bars of 2020–2025 only the one known day of trading again lies beyond its limits", async () => {
  const bars = await readBars(sharedData("reference", "csi300-daily-2020-2025.parquet"), "is_st");
  const { beyond, limited } = beyondLimits(bars, new Map());
  expect(limited).toBeGreaterThan(360_000);
  expect(beyond).toEqual(["000792.SZ 2021-08-10"]);
});
