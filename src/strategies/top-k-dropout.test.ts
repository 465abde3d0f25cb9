import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { panelOf, type Panel } from "#panel/panel";
import { describeSignals, generateSignals, signalLine, type TopKDropout } from "./top-k-dropout.ts";

const NaNs = Number.NaN;

/** Scores by row, of instruments A, B, C, … */
function panelFrom(rows: readonly (readonly number[])[], names?: readonly string[]): Panel<"factor"> {
  const width = names?.length ?? rows[0]!.length;
  return panelOf({
    role: "factor",
    time: { freq: "day", days: Int32Array.from(rows.keys()) },
    instruments: names ?? Array.from({ length: width }, (_, lane) => String.fromCharCode(65 + lane)),
    first: new Int32Array(width),
    last: new Int32Array(width).fill(rows.length - 1),
    columns: [{ name: "score", values: Float64Array.from(rows.flat()) }],
  });
}
const rule: TopKDropout = { score: "score", top: 2, drop: 1 };

/** `0 buy A` and so on. */
const linesOf = (rows: readonly (readonly number[])[], changes: Partial<TopKDropout> = {}): string[] =>
  generateSignals(panelFrom(rows), { ...rule, ...changes }).signals.map(
    ({ day, side, instrument }) => `${day} ${side} ${instrument}`,
  );

describe("signals", () => {
  test("buy the best at first and replace one a day by a better one", () => {
    expect(
      linesOf([
        [4, 3, 2, 1],
        [4, 3, 2, 1],
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ]),
    ).toEqual(["0 buy A", "0 buy B", "2 sell A", "2 buy D", "3 sell B", "3 buy C"]);
  });

  test("replace several a day where that is allowed, and none where it is not", () => {
    const rows = [
      [4, 3, 2, 1],
      [1, 2, 3, 4],
    ];
    expect(linesOf(rows, { drop: 2 })).toEqual([
      "0 buy A",
      "0 buy B",
      "1 sell B",
      "1 sell A",
      "1 buy D",
      "1 buy C",
    ]);
    expect(linesOf(rows, { drop: 0 })).toEqual(["0 buy A", "0 buy B"]);
  });

  test("sell nothing before it was held for its time", () => {
    const rows = [
      [2, 1],
      [1, 2],
      [1, 2],
      [1, 2],
    ];
    expect(linesOf(rows, { top: 1, holdRows: 3 })).toEqual(["0 buy A", "3 sell A", "3 buy B"]);
  });

  test("leave an instrument without a score where it is", () => {
    expect(
      linesOf([
        [3, 2, 1],
        [NaNs, 1, 2],
        [NaNs, NaNs, 2],
        [0, NaNs, 5],
      ]),
    ).toEqual(["0 buy A", "0 buy B", "1 sell B", "1 buy C"]);
  });

  test("take equal scores in the order of the names, whichever the order of the panel", () => {
    const names = ["C", "A", "B"];
    const { signals } = generateSignals(panelFrom([[1, 1, 1]], names), rule);
    expect(signals.map(({ instrument }) => instrument)).toEqual(["A", "B"]);
  });

  test("say who is held and go on from there", () => {
    const rows = [
      [4, 3, 2, 1],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [4, 4, 1, 1],
    ];
    const whole = generateSignals(panelFrom(rows), rule);
    const start = generateSignals(panelFrom(rows.slice(0, 2)), rule);
    const rest = generateSignals(panelFrom(rows.slice(2)), rule, { holdings: start.holdings });
    expect(rest.holdings).toEqual(whole.holdings);
    expect([...start.signals, ...rest.signals.map((signal) => ({ ...signal, day: signal.day + 2 }))]).toEqual(
      whole.signals,
    );
  });

  test("pass over a partial row unless they are told to use it", () => {
    const panel = panelFrom([
      [2, 1],
      [1, 2],
    ]);
    const isPartial = Uint8Array.of(0, 0, 1, 1);
    const one = { ...rule, top: 1 };
    const settled = generateSignals(panel, one, { isPartial });
    expect(settled.signals.map(signalLine)).toEqual(["1970-01-01 buy A (2)"]);
    expect(settled.holdings).toEqual([{ instrument: "A", rows: 0 }]);
    expect(generateSignals(panel, one, { isPartial, partial: "use" }).signals).toHaveLength(3);
  });

  test("refuse what makes no sense", () => {
    const panel = panelFrom([[1]]);
    for (const wrong of [{ top: 0 }, { top: 1.5 }, { drop: -1 }, { holdRows: Number.NaN }, { score: "none" }])
      expect(() => generateSignals(panel, { ...rule, ...wrong }), JSON.stringify(wrong)).toThrowError(
        RangeError,
      );
  });

  test("are named with their parameters", () => {
    expect(describeSignals(rule)).toBe("top-k-dropout(score=score,top=2,drop=1,holdRows=1)");
  });
});

test("no day holds more than the most, sells what is not held, or depends on later days", () => {
  const score = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(NaNs));
  const rows = fc.array(fc.array(score, { minLength: 7, maxLength: 7 }), { minLength: 1, maxLength: 12 });
  const parameters = fc.record({ top: fc.integer({ min: 1, max: 5 }), drop: fc.nat(3), holdRows: fc.nat(3) });
  fc.assert(
    fc.property(rows, parameters, (given, { top, drop, holdRows }) => {
      const asked = { score: "score", top, drop, holdRows };
      const { signals, holdings } = generateSignals(panelFrom(given), asked);
      const held = new Set<string>();
      for (const [row] of given.entries()) {
        const today = signals.filter(({ day }) => day === row);
        for (const { side, instrument } of today) {
          expect(held.has(instrument)).toBe(side === "sell");
          if (side === "sell") held.delete(instrument);
          else held.add(instrument);
        }
        expect(held.size).toBeLessThanOrEqual(top);
        expect(today.filter(({ side }) => side === "sell").length).toBeLessThanOrEqual(drop);
        const earlier = generateSignals(panelFrom(given.slice(0, row + 1)), asked).signals;
        expect(earlier).toEqual(signals.filter(({ day }) => day <= row));
      }
      expect(holdings.map(({ instrument }) => instrument)).toEqual([...held].sort());
    }),
    { numRuns: 60 },
  );
});
