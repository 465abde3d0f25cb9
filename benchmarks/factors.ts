/**
 * Alpha158 on the reference backend, CPU time per instrument-day; results are checked before anything is timed.
 *   node benchmarks/factors.ts [--json] [--full]
 */
import { cpus } from "node:os";
import { factorSet } from "#factors/catalogue";
import { computeFactors } from "#factors/compute";
import { panelOf, type Panel } from "#panel/panel";

const json = process.argv.includes("--json");
const full = process.argv.includes("--full");
const instruments = full ? 64 : 8;
const days = full ? 2_500 : 500;
const repeats = full ? 5 : 3;

/** A seeded random walk with volume; `missing` of the rows are days without trading. */
function syntheticMarket(missing: number): Panel<"market"> {
  let state = 20_240_601;
  const random = (): number => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
  };
  const names = ["open", "high", "low", "close", "vwap", "volume"] as const;
  const columns = names.map((name) => ({
    name,
    values: new Float32Array(days * instruments).fill(Number.NaN),
  }));
  for (let lane = 0; lane < instruments; lane++) {
    let price = 10 + 20 * random();
    for (let row = 0; row < days; row++) {
      price *= 1 + (random() - 0.5) * 0.04;
      if (random() < missing) continue;
      const spread = price * 0.01 * random();
      const bar = [
        price - spread / 2,
        price + spread,
        price - spread,
        price,
        price,
        Math.floor(1e6 * random()) + 100,
      ];
      bar.forEach((value, field) => (columns[field]!.values[row * instruments + lane] = value));
    }
  }
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: days }, (_, row) => 18_000 + row) },
    instruments: Array.from({ length: instruments }, (_, lane) => `I${lane}`),
    first: new Int32Array(instruments),
    last: new Int32Array(instruments).fill(days - 1),
    columns,
  });
}

/** MA20, ROC20 and CNTP20 stated slowly, on the closes themselves. */
function check(market: Panel<"market">, factors: Panel<"factor">): void {
  const close = market.columns.get("close")!.values;
  const at = (row: number, lane: number): number => (row < 0 ? Number.NaN : close[row * instruments + lane]!);
  for (let row = 0; row < days; row += 7) {
    for (let lane = 0; lane < instruments; lane++) {
      const start = Math.max(0, row - 19);
      const window = Array.from({ length: row - start + 1 }, (_, index) => at(start + index, lane));
      const seen = window.filter((value) => !Number.isNaN(value));
      const today = at(row, lane);
      const mean = seen.reduce((sum, value) => sum + value, 0) / seen.length;
      const rises = window.filter((value, index) => value > at(start + index - 1, lane)).length;
      const expected = {
        MA20: mean / today,
        ROC20: at(row - 20, lane) / today,
        CNTP20: rises / window.length,
      };
      if (seen.length === 0) continue;
      for (const [name, value] of Object.entries(expected)) {
        const got = factors.columns.get(name)!.values[row * instruments + lane]!;
        const same = Number.isNaN(value)
          ? Number.isNaN(got)
          : Math.abs(got - value) <= 1e-6 * Math.abs(value) + 1e-9;
        if (!same) throw new Error(`${name} at row ${row} of I${lane} is ${got}, expected ${value}`);
      }
    }
  }
}

for (const [name, missing] of [
  ["clean", 0],
  ["nan5", 0.05],
] as const) {
  const market = syntheticMarket(missing);
  const set = factorSet("alpha158");
  check(market, computeFactors(set, market).panel);
  const micros: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const before = process.cpuUsage();
    computeFactors(set, market);
    const { user, system } = process.cpuUsage(before);
    micros.push((user + system) / (instruments * days));
  }
  micros.sort((a, b) => a - b);
  const value = Number(micros[0]!.toFixed(2));
  const median = Number(micros[micros.length >> 1]!.toFixed(2));
  if (json) {
    console.log(JSON.stringify({ name: `alpha158/js/${name}`, value, median, unit: "us/row", threads: 1 }));
  } else {
    console.log(
      `alpha158/js/${name}: ${value} µs/row (median ${median}) on ${cpus()[0]?.model ?? "unknown"}`,
    );
  }
}
