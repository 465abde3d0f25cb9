import { describe, expect, test } from "vitest";
import { panelOf, type Panel } from "#panel/panel";
import { recognise } from "#kernels/candlestick/pattern";
import { patternNamed, patterns } from "#kernels/candlestick/catalogue";
import { motifs, quietBars, type Bar } from "#kernels/candlestick/textbook-motifs";
import { computeFactors } from "../compute.ts";
import { candlestick } from "./candlestick.ts";
import { chinese } from "./chinese.ts";
import { readingOf } from "./reading.ts";

const FIELDS = ["open", "high", "low", "close"] as const;

/** Instruments one beside the other, each listed as late as its bars are few. */
function panelWith(instruments: readonly (readonly Bar[])[]): Panel<"market"> {
  const rows = Math.max(...instruments.map((bars) => bars.length));
  const lanes = instruments.length;
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => 19_000 + row) },
    instruments: instruments.map((_, lane) => `S${lane}`),
    first: Int32Array.from(instruments, (bars) => rows - bars.length),
    last: new Int32Array(lanes).fill(rows - 1),
    columns: FIELDS.map((name, field) => ({
      name,
      values: Float32Array.from({ length: rows * lanes }, (_, at) => {
        const bars = instruments[at % lanes]!;
        return bars[Math.floor(at / lanes) - (rows - bars.length)]?.[field] ?? Number.NaN;
      }),
    })),
  });
}

const walk = [...quietBars, ...motifs.flatMap(({ bars }) => bars)];
const instruments = [walk, walk.slice(7), walk.slice(0, 20), walk.toReversed(), [walk[0]!]];

describe("the set of candlestick patterns", () => {
  const { panel, columns, failures } = computeFactors(candlestick, panelWith(instruments), {
    precision: "f64",
  });
  const rows = panel.time.days.length;

  test("computes every pattern, with TA-Lib's look-back", () => {
    expect(failures).toEqual([]);
    expect(columns.map(({ name, lookBack, lookAhead }) => ({ name, lookBack, lookAhead }))).toEqual(
      patterns.map(({ name, lookBack }) => ({ name, lookBack, lookAhead: 0 })),
    );
  });

  test.each(patterns.map(({ name }) => name))(
    "%s is the kernel's on float32 prices of each instrument",
    (name) => {
      const { values } = columns.find((column) => column.name === name)!;
      for (const [lane, bars] of instruments.entries()) {
        const [open, high, low, close] = FIELDS.map((_, field) =>
          Float64Array.from(bars, (bar) => Math.fround(bar[field]!)),
        );
        const out = new Float64Array(bars.length);
        recognise(patternNamed(name), { open: open!, high: high!, low: low!, close: close! }, { out });
        const own = Array.from({ length: bars.length }, (_, row) => {
          return values[(rows - bars.length + row) * instruments.length + lane];
        });
        expect(own, `S${lane}`).toEqual([...out]);
      }
    },
  );

  test("gives most patterns somewhere, so that the comparison means something", () => {
    const seen = columns.filter(({ values }) => values.some((value) => Math.abs(value) > 0));
    expect(seen.length).toBeGreaterThan(50);
  });
});

test("every pattern has its words in both languages and one reading", () => {
  for (const { name, penetration } of patterns) {
    expect(chinese.get(name)?.definition, name).toMatch(/[\u4e00-\u9fff]/);
    expect(readingOf.get(name), name).toBeDefined();
    const factor = candlestick.factors.find((each) => each.name === name);
    expect(factor?.expression.includes(", 0."), name).toBe(penetration !== undefined);
  }
  expect([chinese.size, readingOf.size]).toEqual([61, 61]);
});
