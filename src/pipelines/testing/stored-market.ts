import { openStore, type OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet } from "#data/store/panel-store";

/** Stores with made-up bars: every day is a session, values are told by instrument and day alone. */
const NAMES = ["open", "high", "low", "close", "volume", "amount", "factor"] as const;

export const BARS: FieldSet = {
  name: "bars",
  role: "market",
  fields: NAMES.map((name) => ({
    name,
    dtype: "f64",
    unit: "1",
    lineage: { from: "test", engine: "test", inputGeneration: 0 },
  })),
};

export function marketStore(root: string, options: { readonly keep?: number } = {}): OpenedStore {
  return openStore(
    root,
    { calendar: "24x7", freq: "day" },
    {
      sessionsBetween: (start, end) =>
        Int32Array.from({ length: end - start + 1 }, (_, index) => start + index),
      now: () => 0,
      layout: { tiers: [4, 16], pileUp: 3 },
      ...options,
    },
  );
}

/** Windows and a recurrence, enough of them that storing takes a while. */
export const killedSet = {
  name: "killed",
  factors: Array.from({ length: 40 }, (_, index) => [
    { name: `MA${index + 2}`, expression: `Mean($close,${index + 2})/$close` },
    { name: `EMA${index + 2}`, expression: `EMA($close,${index + 2})/$close` },
  ]).flat(),
};

export interface MarketRows {
  readonly instruments: number;
  /** Rows to write; the store is made to cover them. */
  readonly from: number;
  readonly to: number;
  /** Instruments that start later than row 0, or have ended, or were stored front-adjusted. */
  readonly first?: (instrument: number) => number;
  readonly last?: (instrument: number) => number;
  readonly adjusted?: (instrument: number) => boolean;
  /** A value instead of the made-up one. */
  readonly value?: (instrument: number, row: number, name: string) => number | undefined;
}

/** A number in [0, 1) that looks random. */
export function noise(...parts: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const part of parts) {
    state = Math.imul(state ^ (part + 0x7f4a7c15), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    state ^= state >>> 16;
  }
  return (state >>> 0) / 2 ** 32;
}

/** A bar in the order of the fields; one day in twenty-five is suspended. */
function bar(instrument: number, row: number): readonly number[] {
  const close =
    (8 + (instrument % 7)) * (1.5 + Math.sin(row / 9 + instrument) + 0.05 * noise(instrument, row, 1));
  const isSuspended = noise(instrument, row, 2) < 0.04;
  if (isSuspended) return [NaN, NaN, NaN, NaN, 0, 0, 1 + Math.floor(row / 40) / 8];
  const spread = close * 0.02 * noise(instrument, row, 3);
  const volume = 1000 + Math.floor(1e6 * noise(instrument, row, 4));
  return [
    close - spread / 3,
    close + spread,
    close - spread,
    close,
    volume,
    volume * close,
    1 + Math.floor(row / 40) / 8,
  ];
}

export async function writeBars(store: OpenedStore, rows: MarketRows): Promise<number> {
  const { instruments, from, to, first = () => 0, last = () => Infinity, adjusted, value } = rows;
  await using writer = await store.writer();
  if (to > 0) writer.cover(0, to - 1);
  const ids = Array.from({ length: instruments }, (_, index) => `I${String(index).padStart(4, "0")}`);
  const places = writer.addInstruments(ids);
  for (let block = 0; block * LANES_PER_BLOCK < instruments; block++) {
    const size = (to - from) * LANES_PER_BLOCK;
    const columns = NAMES.map((name) => ({ name, values: new Float64Array(size).fill(Number.NaN) }));
    for (const { lane, block: own } of places) {
      const instrument = block * LANES_PER_BLOCK + lane;
      if (own !== block) continue;
      for (let row = Math.max(from, first(instrument)); row < to && row <= last(instrument); row++) {
        const made = bar(instrument, row);
        for (const [field, { name, values }] of columns.entries())
          values[(row - from) * LANES_PER_BLOCK + lane] = value?.(instrument, row, name) ?? made[field]!;
      }
    }
    await writer.put(BARS, block, from, columns);
  }
  const end = writer.time.days.length - 1;
  for (const [instrument, id] of ids.entries()) {
    if (adjusted?.(instrument) === true) writer.setAttributes(id, { adjustment: "qfq" });
    const span = [first(instrument), Math.min(end, last(instrument))] as const;
    if (span[0] <= span[1]) writer.setSpan(id, ...span);
  }
  return await writer.commit({ reason: "bars" });
}
