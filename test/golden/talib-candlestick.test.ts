/**
 * The candlestick patterns against the outputs of the TA-Lib C library: every bar of every series, ±80 and ±200 values and look-back
 * bars included, without a tolerance.
 */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Bars } from "../../src/kernels/candlestick/candles.ts";
import { patternNamed, patterns } from "../../src/kernels/candlestick/catalogue.ts";
import { recognise } from "../../src/kernels/candlestick/pattern.ts";
import { buildGraph } from "../../src/expression/ir/build.ts";
import { evaluateExpressions } from "../../src/expression/run/evaluate.ts";
import { panelOf, type Panel } from "../../src/panel/panel.ts";
import { golden } from "./shared-data.ts";

const folder = golden("indicators", "talib");

function textOf(path: string): string {
  const bytes = readFileSync(`${folder}/${path}`);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

function tableOf(path: string): ReadonlyMap<string, Float64Array> {
  const [header, ...lines] = textOf(path).trimEnd().split("\n");
  const cells = lines.map((line) => line.split(","));
  return new Map(
    header!
      .split(",")
      .map((name, index) => [name, Float64Array.from(cells, (row) => Number(row[index]))] as const),
  );
}

function barsOf(series: string): Bars {
  const file = readdirSync(`${folder}/inputs`).find((name) => name.startsWith(`${series}.csv`))!;
  const table = tableOf(`inputs/${file}`);
  const column = (name: string): Float64Array => table.get(name)!;
  return { open: column("open"), high: column("high"), low: column("low"), close: column("close") };
}

interface Sparse {
  readonly lookback: number;
  readonly index: readonly number[];
  readonly value: readonly number[];
}

/** Expected values by `CDLNAME(penetration)`. */
function expectedOf(file: string, rows: number): ReadonlyMap<string, Float64Array> {
  if (!file.includes(".sparse.")) {
    return new Map([...tableOf(`outputs/${file}`)].filter(([name]) => name.startsWith("CDL")));
  }
  const stored = JSON.parse(textOf(`outputs/${file}`)) as Readonly<Record<string, Sparse>>;
  return new Map(
    Object.entries(stored).map(([name, { lookback, index, value }]) => {
      const values = new Float64Array(rows).fill(Number.NaN, 0, lookback);
      for (const [at, row] of index.entries()) values[row] = value[at]!;
      return [name, values] as const;
    }),
  );
}

/** The series as one instrument of a panel. */
function panelWith(bars: Bars): Panel {
  const rows = bars.close.length;
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => row) },
    instruments: ["A"],
    first: Int32Array.of(0),
    last: Int32Array.of(rows - 1),
    columns: Object.entries(bars).map(([name, values]) => ({ name, values: values as Float64Array })),
  });
}

function partsOf(column: string): { readonly name: string; readonly penetration: string } {
  const [, name, penetration] = /^(\w+)\(([\d.]*)\)/.exec(column)!;
  return { name: name!, penetration: penetration! };
}

const outputs = readdirSync(`${folder}/outputs`).filter((name) =>
  /\.cdl\.csv|cdl.*\.sparse\.json/.test(name),
);
const fired = new Set<string>();

test("there are outputs", () => {
  expect(outputs.length).toBeGreaterThan(0);
});

test.each(outputs)("%s is met on every bar", (file) => {
  const bars = barsOf(file.slice(0, file.indexOf(".")));
  const rows = bars.close.length;
  const expected = expectedOf(file, rows);
  const names = new Set<string>();
  const different: string[] = [];
  for (const [column, values] of expected) {
    const { name, penetration } = partsOf(column);
    names.add(name);
    const pattern = patternNamed(name);
    const out = new Float64Array(rows);
    recognise(pattern, bars, penetration === "" ? { out } : { out, penetration: Number(penetration) });
    expect([column, pattern.lookBack]).toEqual([column, Math.min(rows, firstNumber(values))]);
    for (let t = 0; t < rows; t++) {
      if (values[t]! !== 0 && !Number.isNaN(values[t]!)) fired.add(name);
      if (out[t] !== values[t] && !(Number.isNaN(out[t]!) && Number.isNaN(values[t]!))) {
        different.push(`${column} at ${t}: ${out[t]}, TA-Lib ${values[t]}`);
      }
    }
  }
  expect(different).toEqual([]);
  expect(names).toEqual(new Set(patterns.map(({ name }) => name)));
});

test.each(outputs.flatMap((file) => (["js", "wasm"] as const).map((backend) => [file, backend] as const)))(
  "%s is met by expressions of float64 fields, backend %s",
  (file, backend) => {
    const bars = barsOf(file.slice(0, file.indexOf(".")));
    const expected = expectedOf(file, bars.close.length);
    const expressions = [...expected.keys()].map((column) => {
      const { name, penetration } = partsOf(column);
      const rest = penetration === "" ? "" : `,${penetration}`;
      return { name: column, expression: `${name}($open,$high,$low,$close${rest})` };
    });
    const graph = buildGraph(expressions, { fields: "f64" });
    const columns = evaluateExpressions(graph, panelWith(bars), { precision: "f64", backend });
    const different = columns.flatMap(({ name, values }) => {
      const own = expected.get(name)!;
      const rows = Array.from(values, (value, t) => {
        return value === own[t] || (Number.isNaN(value) && Number.isNaN(own[t]!)) ? -1 : t;
      });
      return rows.filter((t) => t >= 0).map((t) => `${name} at ${t}: ${values[t]}, TA-Lib ${own[t]}`);
    });
    expect(different).toEqual([]);
  },
);

test("most patterns occur somewhere in them", () => {
  expect(fired.size).toBeGreaterThan(patterns.length / 2);
});

function firstNumber(values: Float64Array): number {
  const at = values.findIndex((value) => !Number.isNaN(value));
  return at < 0 ? values.length : at;
}
