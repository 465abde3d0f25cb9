import type { OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet } from "#data/store/panel-store";
import { evaluateExpressions } from "#expression/run/evaluate";
import { viewOfStore } from "#pipelines/market-view";
import type { StorableSet } from "#pipelines/precompute/portable-set";

const names = ["open", "high", "low", "close", "volume", "amount", "factor"] as const;
const bars: FieldSet = {
  name: "bars",
  role: "market",
  fields: names.map((name) => ({
    name,
    dtype: "f64",
    unit: "1",
    lineage: { from: "benchmark", engine: "0", inputGeneration: 0 },
  })),
};

/** A seeded market of random walks in a store whose calendar trades every day; one in ten is listed later. */
export class StoredMarket {
  readonly store: OpenedStore;
  readonly instruments: number;
  readonly #firstDay: number;
  #state = 20_240_601;

  constructor(store: OpenedStore, size: { readonly instruments: number; readonly firstDay?: number }) {
    this.store = store;
    this.instruments = size.instruments;
    this.#firstDay = size.firstDay ?? 0;
  }

  get blocks(): number {
    return Math.ceil(this.instruments / LANES_PER_BLOCK);
  }

  /** A number in [0, 1). */
  random(): number {
    const state = this.#state;
    this.#state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
    return ((this.#state ^ (this.#state >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Bars of rows `[from, to)`, as one generation. */
  async write(from: number, to: number): Promise<void> {
    await using writer = await this.store.writer();
    writer.cover(this.#firstDay, this.#firstDay + to - 1);
    const ids = Array.from({ length: this.instruments }, (_, index) => `I${String(index).padStart(5, "0")}`);
    writer.addInstruments(ids);
    const columns = names.map((name) => ({ name, values: new Float64Array((to - from) * LANES_PER_BLOCK) }));
    for (let block = 0; block < this.blocks; block++) {
      const prices = Array.from({ length: LANES_PER_BLOCK }, () => 10 + 20 * this.random());
      for (let cell = 0; cell < (to - from) * LANES_PER_BLOCK; cell++) {
        const lane = cell % LANES_PER_BLOCK;
        const price = (prices[lane]! *= 1 + (this.random() - 0.5) * 0.04);
        const spread = price * 0.01 * this.random();
        const volume = Math.floor(1e6 * this.random()) + 100;
        const bar = [price - spread / 2, price + spread, price - spread, price, volume, volume * price, 1];
        for (const [field, { values }] of columns.entries()) values[cell] = bar[field]!;
      }
      await writer.put(bars, block, from, columns);
    }
    for (const [index, id] of ids.entries()) writer.setSpan(id, index % 10 === 9 ? index % 300 : 0, to - 1);
    await writer.commit({ reason: "bars" });
  }

  /** Stored values of three blocks against the evaluation of their instruments. Throws on the first bit that differs. */
  async check(set: StorableSet): Promise<void> {
    await using snapshot = await this.store.snapshot();
    const view = viewOfStore(snapshot);
    for (const block of new Set([0, this.blocks >> 1, this.blocks - 1])) {
      const ids = snapshot.instruments.filter((each) => each.block === block).map(({ id }) => id);
      const panel = await view.panel(ids);
      const factors = set.factors.map(({ name }) => name);
      const stored = await snapshot.readBlock(set.name, block, factors);
      for (const { name, values } of evaluateExpressions(set.factors, panel)) {
        const kept = stored.get(name)!;
        for (let cell = 0; cell < values.length; cell++) {
          const [row, lane] = [Math.floor(cell / ids.length), cell % ids.length];
          const value = kept[row * LANES_PER_BLOCK + lane]!;
          if (Object.is(value, values[cell])) continue;
          throw new Error(
            `${set.name}.${name} of block ${block}, row ${row}, lane ${lane}: ${value}, not ${values[cell]}`,
          );
        }
      }
    }
  }
}
