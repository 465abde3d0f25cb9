import { panelOf, type Panel } from "#panel/panel";

/**
 * A seeded random walk of daily bars. `gaps`: share of the instruments that have runs of missing days; `shared`: columns
 * that threads can read where they lie.
 */
export function syntheticMarket(size: {
  readonly instruments: number;
  readonly days: number;
  readonly gaps: number;
  readonly shared?: boolean;
}): Panel<"market"> {
  const { instruments, days, gaps, shared = false } = size;
  let state = 20_240_601;
  const random = (): number => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
  };
  const names = ["open", "high", "low", "close", "vwap", "volume"] as const;
  const Store = shared ? SharedArrayBuffer : ArrayBuffer;
  const columns = names.map((name) => ({
    name,
    values: new Float32Array(new Store(4 * days * instruments)).fill(Number.NaN),
  }));
  const every = Math.round(1 / gaps);
  for (let lane = 0; lane < instruments; lane++) {
    let price = 10 + 20 * random();
    let missing = 0;
    for (let row = 0; row < days; row++) {
      price *= 1 + (random() - 0.5) * 0.04;
      // About two runs of twenty days in ten years.
      if (gaps > 0 && lane % every === 3 && random() < 2 / 2500) missing = Math.ceil(40 * random());
      if (missing-- > 0) continue;
      const open = price * (1 + (random() - 0.5) * 0.01);
      const bar = [
        open,
        Math.max(open, price) * (1 + 0.01 * random()),
        Math.min(open, price) * (1 - 0.01 * random()),
        price,
        (open + price) / 2,
        Math.floor(1e6 * random()) + 100,
      ];
      for (const [field, value] of bar.entries()) columns[field]!.values[row * instruments + lane] = value;
    }
  }
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: days }, (_, row) => 15_000 + row) },
    instruments: Array.from({ length: instruments }, (_, lane) => `I${lane}`),
    first: new Int32Array(instruments),
    last: new Int32Array(instruments).fill(days - 1),
    columns,
  });
}
