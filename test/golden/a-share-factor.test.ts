import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { factorFromPreclose } from "../../src/market/adjustment/factor.ts";
import { dayOf } from "../../src/market/day.ts";
import { instrumentOf } from "../../src/market/instrument.ts";
import { closeIsAverage } from "../../src/market/session.ts";
import { sharedData } from "./shared-data.ts";

interface Series {
  readonly id: ReturnType<typeof instrumentOf>;
  readonly days: Int32Array;
  readonly close: Float64Array;
  readonly preclose: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
}

async function readSeries(file: string, where: string): Promise<Series[]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const reader = await connection.runAndReadAll(
    `select ts_code, list(date_diff('day', date '1970-01-01', trade_date)::integer order by trade_date),
            list(close order by trade_date), list(preclose order by trade_date),
            list(high order by trade_date), list(low order by trade_date)
     from read_parquet('${file.replaceAll("'", "''")}') where ${where} group by ts_code order by ts_code`,
  );
  return reader.getRowsJS().map((row) => {
    const [id, days, ...prices] = row as [string, number[], ...number[][]];
    const [close, preclose, high, low] = prices.map((values) => Float64Array.from(values));
    return {
      id: instrumentOf(id),
      days: Int32Array.from(days),
      close: close!,
      preclose: preclose!,
      high: high!,
      low: low!,
    };
  });
}

/** Steps of the factor: how many, and how many of them downwards (which no dividend or bonus issue makes). */
function stepsOf(factors: readonly Float64Array[]): { steps: number; down: number } {
  let steps = 0;
  let down = 0;
  for (const factor of factors) {
    for (let row = 1; row < factor.length; row++) {
      if (factor[row] !== factor[row - 1]) steps++;
      if (factor[row]! < factor[row - 1]!) down++;
    }
  }
  return { steps, down };
}

const shipped = () =>
  readSeries(
    sharedData("shippable", "a-share-daily-2017-2019.parquet"),
    "volume > 0 and trade_date <> date '2017-05-30'",
  );

test("with official closes the factor moves on ex-days only, and never down", async () => {
  const series = await readSeries(sharedData("reference", "csi300-daily-2020-2025.parquet"), "volume > 0");
  const { steps, down } = stepsOf(series.map(({ close, preclose }) => factorFromPreclose(close, preclose)));
  expect(series.length).toBe(300);
  expect(down).toBe(0);
  expect(steps / series.length).toBeGreaterThan(4);
  expect(steps / series.length).toBeLessThan(8);
});

test("Shanghai's closes of 2017–2018 in the shipped file are last trades; told so, the factor drifts no more", async () => {
  const series = await shipped();
  const plain = series.map(({ close, preclose }) => factorFromPreclose(close, preclose));
  const told = series.map(({ id, days, close, preclose, high, low }) =>
    factorFromPreclose(close, preclose, {
      lastTrade: { on: (row) => closeIsAverage(id, days[row]!), high, low },
    }),
  );
  expect(stepsOf(plain).steps).toBeGreaterThan(12_000);
  const { steps, down } = stepsOf(told);
  expect(steps).toBeLessThan(600);
  expect(down).toBe(0);
  const auction = dayOf("2018-08-20");
  const drifts = series.map(({ days }, n) => {
    const row = days.findLastIndex((day) => day <= auction);
    return row < 0 ? 0 : Math.log(plain[n]![row]! / told[n]![row]!);
  });
  const shanghai = drifts.filter((_, n) => series[n]!.id.endsWith(".SH"));
  const mean = shanghai.reduce((sum, drift) => sum + drift, 0) / shanghai.length;
  expect(mean).toBeGreaterThan(0.01);
  expect(drifts.filter((drift, n) => series[n]!.id.endsWith(".SZ") && drift !== 0)).toEqual([]);
});
