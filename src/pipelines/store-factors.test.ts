import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpenedStore } from "#data/store/open-store";
import type { FieldSet } from "#data/store/panel-store";
import { compactStore } from "#data/store/compact";
import { verifyStore } from "#data/store/verify";
import { evaluateExpressions } from "#expression/run/evaluate";
import { columnOf, type Panel } from "#panel/panel";
import { viewOfStore } from "./market-view.ts";
import type { PrecomputeReport } from "./precompute/commit.ts";
import type { StorableSet } from "./precompute/portable-set.ts";
import { storeFactors } from "./store-factors.ts";
import { StoredBlocks } from "./stored-blocks.ts";
import { BARS, marketStore, writeBars, type MarketRows } from "./testing/stored-market.ts";

/** Windows, a line over a raw field, derived vwap, kernels without vector code. */
const windows: StorableSet = {
  name: "windows",
  factors: [
    ["MA5", "Mean($close,5)/$close"],
    ["STD10", "Std($close,10)/$close"],
    ["RESI8", "Resi($close,8)/$close"],
    ["VWAP", "Mean($vwap,3)/$close"],
    ["CORR7", "Corr($close,Log($volume+1),7)"],
    [
      "WVMA",
      "Std(Abs($close/Ref($close,1)-1)*$volume,5)/(Mean(Abs($close/Ref($close,1)-1)*$volume,5)+1e-12)",
    ],
    ["SKEW", "Skew($high/$low,6)"],
  ].map(([name, expression]) => ({ name: name!, expression: expression!, unit: "ratio" })),
};
const LOOK_BACK = 9;

const recurrences: StorableSet = {
  name: "recurrences",
  factors: [
    { name: "EMA", expression: "EMA($close,12)/$close" },
    { name: "OBV", expression: "Sum(Sign($close-Ref($close,1))*$volume,0)" },
    { name: "NEXT", expression: "Mean($open,4)/$close" },
  ],
};

const across: StorableSet = {
  name: "across",
  factors: [
    { name: "RANK", expression: "CSRank(Mean($close,3))" },
    { name: "PLAIN", expression: "Mean($close,3)" },
  ],
};

const sets = [windows, recurrences, across];
const ROWS = 60;
const market: MarketRows = {
  instruments: 70,
  from: 0,
  to: ROWS,
  first: (instrument) => (instrument % 5 === 3 ? instrument % 40 : 0),
  last: (instrument) => (instrument % 11 === 7 ? 45 : Infinity),
  adjusted: (instrument) => instrument % 9 === 2,
};

let folder: string;
let store: OpenedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "store-factors-"));
  store = marketStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const stored = (some: readonly StorableSet[] = sets, from: OpenedStore = store): Promise<PrecomputeReport> =>
  storeFactors(from, some, { engine: "test" });

const bitsOf = (values: Float32Array | Float64Array): Uint32Array =>
  new Uint32Array(Float32Array.from(values, (value) => (Number.isNaN(value) ? NaN : value)).buffer);

/** What is stored is what evaluating the expressions over the whole market gives. */
async function expectComputed(some: readonly StorableSet[] = sets): Promise<void> {
  await using snapshot = await store.snapshot();
  const view = viewOfStore(snapshot);
  const panel = await view.panel(view.instruments);
  for (const set of some) {
    const computed = evaluateExpressions(
      set.factors.map(({ name, expression }) => ({ name, expression })),
      panel,
    );
    const kept: Panel = await snapshot.readPanel({
      set: set.name,
      role: "factor",
      instruments: panel.instruments,
    });
    for (const { name, values } of computed)
      expect(bitsOf(columnOf(kept, name).values), `${set.name}.${name}`).toEqual(bitsOf(values));
  }
}

describe("factors stored from bars", () => {
  test("are bit for bit what evaluating them gives, with their lineage", async () => {
    const bars = await writeBars(store, market);
    const report = await stored();
    expect(report).toMatchObject({ generation: bars + 1, inputGeneration: bars });
    expect(report.sets.map(({ factors, failures }) => [factors, failures])).toEqual([
      [7, []],
      [3, []],
      [2, []],
    ]);
    await expectComputed();
    await using snapshot = await store.snapshot();
    expect(snapshot.fieldSets.get("windows")?.fields.map(({ name }) => name)).toEqual(
      windows.factors.map(({ name }) => name),
    );
    expect(snapshot.fieldSets.get("windows")?.fields[0]).toEqual({
      name: "MA5",
      dtype: "f32",
      unit: "ratio",
      lineage: { from: "Mean($close,5)/$close", engine: "test", inputGeneration: bars },
    });
    expect((await verifyStore(store)).findings).toEqual([]);
  });

  test("make no new generation when nothing changed, also after a compaction", async () => {
    await writeBars(store, market);
    const first = await stored();
    const again = await stored();
    expect(again.generation).toBe(first.generation);
    expect(again.sets.map(({ computedRows }) => computedRows)).toEqual([0, 0, 0]);
    const { generation } = await compactStore(store);
    expect((await stored()).generation).toBe(generation);
  });

  test("follow new days with the new rows alone, recurrences from their stored states", async () => {
    await writeBars(store, market);
    await stored();
    for (let day = 0; day < 6; day++) {
      await writeBars(store, { ...market, from: ROWS + day, to: ROWS + day + 1 });
      const { sets: reports } = await stored();
      expect(reports.map(({ computedRows }) => computedRows)).toEqual([3, 3 + 3, 3 * (ROWS + day + 1) + 3]);
      await expectComputed();
    }
  });

  test("follow a correction as far as windows reach, in its block alone", async () => {
    await writeBars(store, market);
    await stored();
    const corrected: MarketRows = {
      ...market,
      value: (instrument, row, name) => (instrument === 40 && row === 20 && name === "high" ? 99 : undefined),
    };
    await writeBars(store, corrected);
    const { sets: reports } = await stored();
    expect(reports[0]!.computedRows).toBe(1 + LOOK_BACK);
    await expectComputed();
  });

  test("of recurrences go on from the last state before a correction", async () => {
    const long: MarketRows = { ...market, instruments: 40, to: 530 };
    await writeBars(store, long);
    await stored([recurrences]);
    const correctedAt = async (at: number): Promise<number> => {
      const value: MarketRows["value"] = (instrument, row, name) =>
        instrument === 34 && row === at && (name === "close" || name === "low") ? at / 9 : undefined;
      await writeBars(store, { ...long, value });
      const { sets: reports } = await stored([recurrences]);
      await expectComputed([recurrences]);
      return reports[0]!.computedRows;
    };
    // The other part of the set looks back 3 rows.
    expect(await correctedAt(520)).toBe(530 - 512 + 4);
    expect(await correctedAt(300)).toBe(530 - 256 + (520 - 300) + 4);
    expect(await correctedAt(301)).toBe(530 - 256 + 1 + 4);
    await writeBars(store, { ...long, from: 530, to: 531, value: () => undefined });
    const { sets: reports } = await stored([recurrences]);
    expect(reports[0]!.computedRows).toBe(2 + 2);
    await expectComputed([recurrences]);
  });

  test("follow new instruments, longer spans and another adjustment", async () => {
    await writeBars(store, { ...market, instruments: 66 });
    await stored();
    await writeBars(store, {
      ...market,
      last: (instrument) => (instrument === 7 ? 50 : market.last!(instrument)),
    });
    const { sets: reports } = await stored();
    expect(reports[0]!.computedRows).toBe(ROWS + ROWS);
    await expectComputed();
    await writeBars(store, { ...market, adjusted: (instrument) => instrument === 3 });
    await stored();
    await expectComputed();
  });

  test("go on from infinities as the reference does", async () => {
    const infinite: MarketRows = {
      ...market,
      value: (instrument, row, name) =>
        instrument === 34 && row === 5 && name === "factor" ? Infinity : undefined,
    };
    await writeBars(store, infinite);
    await stored();
    await expectComputed();
    await writeBars(store, { ...infinite, from: ROWS, to: ROWS + 1 });
    const { sets: reports } = await stored();
    expect(reports[0]!.computedRows).toBe(1 + (ROWS + 1) + 1);
    await expectComputed();
  });

  test("are computed anew where an infinity under a line is corrected", async () => {
    const lines: StorableSet = {
      name: "lines",
      factors: [
        { name: "PLAIN", expression: "Resi($high,8)" },
        { name: "COMBINED", expression: "Slope($high-$low,6)" },
      ],
    };
    const infinite: MarketRows = {
      ...market,
      value: (instrument, row, name) =>
        instrument === 34 && row === 20 && name === "high" ? Infinity : undefined,
    };
    await writeBars(store, infinite);
    await stored([lines]);
    await expectComputed([lines]);
    await writeBars(store, market);
    const { sets: reports } = await stored([lines]);
    expect(reports[0]!.computedRows).toBe(ROWS);
    await expectComputed([lines]);
  });

  test("are computed anew everywhere when a source begins to give what was derived", async () => {
    await writeBars(store, market);
    await stored([windows]);
    {
      await using writer = await store.writer();
      const values = Float64Array.from({ length: ROWS * 32 }, (_, cell) => 10 + (cell % 7));
      const [field] = BARS.fields;
      const extra: FieldSet = { name: "extra", role: "market", fields: [{ ...field!, name: "vwap" }] };
      await writer.put(extra, 0, 0, [{ name: "vwap", values }]);
      await writer.commit({ reason: "vwap of one block" });
    }
    const { sets: reports } = await stored([windows]);
    expect(reports[0]!.computedRows).toBe(3 * ROWS);
    await expectComputed([windows]);
  });

  test("follow however many generations came since: the one they were computed from is kept", async () => {
    store = marketStore(folder, { keep: 1 });
    await writeBars(store, market);
    await stored();
    for (let day = 0; day < 4; day++)
      await writeBars(store, { ...market, from: ROWS + day, to: ROWS + day + 1 });
    const { sets: reports } = await stored();
    expect(reports[0]!.computedRows).toBe(3 * 4);
    await expectComputed();
  });

  test("are computed anew when the generation they were computed from was lost", async () => {
    await writeBars(store, market);
    await stored();
    await writeBars(store, { ...market, from: ROWS, to: ROWS + 1 });
    rmSync(store.parts.storage.locate("manifest-1.json"));
    const { sets: reports } = await stored();
    expect(reports[0]!.computedRows).toBe(3 * (ROWS + 1));
    await expectComputed();
  });

  test("follow their definition: changed, added and removed factors", async () => {
    await writeBars(store, market);
    await stored();
    const [first, ...others] = windows.factors;
    const changed = {
      ...windows,
      factors: [
        ...others.slice(1),
        { ...first!, expression: "Mean($open,6)/$close" },
        { name: "NEW", expression: "$low" },
      ],
    };
    await stored([changed]);
    await expectComputed([changed, recurrences, across]);
    await using snapshot = await store.snapshot();
    const names = snapshot.fieldSets.get("windows")!.fields.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(changed.factors.map(({ name }) => name)));
  });

  test("name what cannot be computed; the others are stored", async () => {
    await writeBars(store, market);
    const bad = { name: "bad", expression: "Mean($turnover,5)" };
    const report = await stored([{ name: "some", factors: [bad, ...windows.factors] }]);
    expect(report.sets[0]!.factors).toBe(7);
    expect(report.sets[0]!.failures.map(({ name, code }) => [name, code])).toEqual([
      ["bad", "EXPRESSION_FIELD_UNKNOWN"],
    ]);
    await expectComputed([{ ...windows, name: "some" }]);
  });

  test("stay as they were when the work is called off", async () => {
    const generation = await writeBars(store, market);
    const controller = new AbortController();
    const run = storeFactors(store, [windows], {
      engine: "test",
      signal: controller.signal,
      onBlock: () => controller.abort(),
    });
    await expect(run).rejects.toThrow("aborted");
    expect((await store.generations())[0]!.generation).toBe(generation);
    expect((await verifyStore(store)).findings).toEqual([]);
  });

  test("need bars first", async () => {
    await expect(stored()).rejects.toMatchObject({ code: "STORE_MISSING" });
  });
});

test.each(["amount", "typical"] as const)(
  "blocks of bars are the view's fields bit for bit (vwap: %s)",
  async (vwap) => {
    await writeBars(store, market);
    if (vwap === "typical") {
      await using writer = await store.writer();
      writer.drop("bars", ["amount"]);
      await writer.commit({ reason: "no amount" });
    }
    await using snapshot = await store.snapshot();
    const blocks = new StoredBlocks(snapshot, { vwap });
    const view = viewOfStore(snapshot, { vwap });
    expect(blocks.fields).toEqual(view.fields);
    expect(blocks.fields).toContain("vwap");
    for (let block = 0; block < blocks.count; block++) {
      const ids = blocks.members(block).map(({ id }) => id);
      const slow = await view.panel(ids);
      const fast = await blocks.read(block, { wanted: new Set(blocks.fields) });
      for (const [lane] of ids.entries()) {
        const [first, last] = [slow.first[lane]!, slow.last[lane]!];
        expect([fast.first[lane], fast.last[lane]]).toEqual([first, last]);
        for (const { name, values } of slow.columns.values()) {
          const own = columnOf(fast, name).values;
          const rows = Array.from({ length: last - first + 1 }, (_, index) => first + index);
          expect(
            rows.map((row) => own[row * 32 + lane]),
            name,
          ).toEqual(rows.map((row) => values[row * ids.length + lane]));
        }
      }
    }
  },
);
