import { describe, expect, test } from "vitest";
import { shippedFactors } from "../catalogue.ts";
import {
  backends,
  changeOver,
  deviation,
  differences,
  mean,
  rolling,
  valuesOf,
  walk,
} from "../testing/one-instrument.ts";
import { fundamental } from "./fundamental.ts";

const bars = walk(80);
const { open, high, low, close, volume } = bars;

/** A change of a volume of 0 is unknown. */
const traded = volume.map((value) => (value > 0 ? value : Number.NaN));
const volumeChange = (rows: number): number[] =>
  volume.map((value, at) => value / (traded[at - rows] ?? Number.NaN) - 1);

/** A window of n changes is full n rows after the first bar. */
const volatilityOf = (rows: number): number[] =>
  rolling(changeOver(close, 1), rows, deviation).map((value, at) => (at < rows ? Number.NaN : value));

const lowest = rolling(low, 20, (x) => Math.min(...x));
const highest = rolling(high, 20, (x) => Math.max(...x));
const meanVolume = rolling(volume, 20, mean);

const definitions: Readonly<Record<string, readonly number[]>> = {
  price_change: changeOver(close, 1),
  price_change_5d: changeOver(close, 5),
  price_change_20d: changeOver(close, 20),
  price_position: close.map((value, at) => (value - lowest[at]!) / (highest[at]! - lowest[at]!)),
  volume_change: volumeChange(1),
  volume_ma_ratio: volume.map((value, at) => value / meanVolume[at]!),
  volatility_5d: volatilityOf(5),
  volatility_20d: volatilityOf(20),
  momentum_5d: changeOver(close, 5),
  momentum_20d: changeOver(close, 20),
  volume_momentum_5d: volumeChange(5),
  volume_momentum_20d: volumeChange(20),
  price_range: high.map((value, at) => value - low[at]!),
  price_range_ratio: high.map((value, at) => (value - low[at]!) / close[at]!),
  open_close_ratio: open.map((value, at) => value / close[at]!),
  high_close_ratio: high.map((value, at) => value / close[at]!),
  low_close_ratio: low.map((value, at) => value / close[at]!),
};

describe.each(backends)("the fund set through %s", (backend) => {
  const values = valuesOf(fundamental, bars, backend);

  test("has the requirement's names in its order", () => {
    expect(fundamental.factors.map(({ name }) => name)).toEqual(Object.keys(definitions));
  });

  test.each(Object.keys(definitions))("%s is what its definition says, over suspended days too", (name) => {
    const expected = definitions[name]!;
    expect(differences(values.get(name)!, expected, 2e-6)).toEqual([]);
    expect(expected.filter(Number.isFinite).length).toBeGreaterThan(40);
  });

  test("is NaN until a window is full, and on no later day that traded", () => {
    const firstValue = (name: string): number => values.get(name)!.findIndex(Number.isFinite);
    expect(
      ["volatility_5d", "volatility_20d", "volume_ma_ratio", "price_position", "price_change_20d"].map(
        firstValue,
      ),
    ).toEqual([5, 20, 19, 19, 20]);
    expect(values.get("price_position")!.slice(19).filter(Number.isNaN)).toHaveLength(
      close.slice(19).filter(Number.isNaN).length,
    );
  });

  test("never answers with an infinity after a day without volume", () => {
    expect(volume.filter((value) => value === 0).length).toBeGreaterThan(3);
    expect(
      [...values.values()].flat().filter((value) => Math.abs(value) === Number.POSITIVE_INFINITY),
    ).toEqual([]);
  });

  test("computes momentum and price change of the same days once", () => {
    for (const days of [5, 20]) {
      expect(shippedFactors.twins(shippedFactors.factor(`momentum_${days}d`))).toContain(
        `fund.price_change_${days}d`,
      );
    }
  });
});
