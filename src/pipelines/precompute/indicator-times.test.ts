import { expect, test } from "vitest";
import { factorSet } from "#factors/catalogue";
import { panelOf } from "#panel/panel";
import { indicatorTimes } from "./indicator-times.ts";

const shape = panelOf({
  role: "market",
  time: { freq: "day", days: new Int32Array(0) },
  instruments: [],
  first: new Int32Array(0),
  last: new Int32Array(0),
  columns: ["open", "high", "low", "close", "volume", "vwap"].map((name) => ({
    name,
    values: new Float32Array(0),
  })),
});

test("the factors of a set share its measured time, and a correlation takes more of it than a ratio", () => {
  const times = indicatorTimes(
    [
      { subject: "alpha158", milliseconds: 790 },
      { subject: "read", milliseconds: 10 },
    ],
    [factorSet("alpha158"), factorSet("base")],
    shape,
  );
  expect(times).toHaveLength(158);
  expect(times.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeCloseTo(790, 6);
  const of = (name: string): number =>
    times.find(({ indicator }) => indicator === `alpha158.${name}`)!.milliseconds;
  expect(of("CORR20")).toBeGreaterThan(of("KMID"));
  expect(of("OPEN0")).toBeGreaterThan(0);
  expect(times.map(({ milliseconds }) => milliseconds)).toEqual(
    times.map(({ milliseconds }) => milliseconds).toSorted((a, b) => b - a),
  );
});

test("a factor that cannot be computed from the fields has no time, and the others share it", () => {
  const sets = [
    {
      name: "mine",
      factors: [
        { name: "a", expression: "Mean($close, 5)" },
        { name: "b", expression: "$nowhere / $close" },
      ],
    },
  ];
  expect(indicatorTimes([{ subject: "mine", milliseconds: 8 }], sets, shape)).toEqual([
    { indicator: "mine.a", milliseconds: 8 },
  ]);
});
