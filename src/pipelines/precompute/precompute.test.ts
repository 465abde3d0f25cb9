import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";
import { flipStored } from "#data/store/testing/stored-segment";
import { marketStore, writeBars, type MarketRows } from "../testing/stored-market.ts";
import { storeFactors } from "../store-factors.ts";
import { commitPrecompute, type PrecomputeReport } from "./commit.ts";
import { engineOf } from "./factor-parts.ts";
import {
  isNothing,
  planPrecompute,
  type PlannedShard,
  type PrecomputePlan,
  type PrecomputeRequest,
} from "./plan.ts";
import type { StorableSet } from "./portable-set.ts";
import { ShardComputer, type ShardResult } from "./shard.ts";

const windows: StorableSet = {
  name: "windows",
  factors: [
    { name: "MA5", expression: "Mean($close,5)/$close" },
    { name: "STD9", expression: "Std($close,9)/$close" },
  ],
};
const recurrences: StorableSet = {
  name: "recurrences",
  factors: [
    { name: "EMA", expression: "EMA($close,12)/$close" },
    { name: "OBV", expression: "Sum(Sign($close-Ref($close,1))*$volume,0)" },
  ],
};
const mixed: StorableSet = {
  name: "mixed",
  factors: [
    { name: "RANK", expression: "CSRank(Mean($close,3))" },
    { name: "PLAIN", expression: "Mean($close,3)" },
  ],
};
const sets = [windows, recurrences, mixed];
const ROWS = 50;
const market: MarketRows = { instruments: 100, from: 0, to: ROWS };
const engine = engineOf({ engine: "test" });

let folder: string;
let store: OpenedStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "precompute-"));
  store = marketStore(folder);
  await writeBars(store, market);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function planned(run: string, request: Partial<PrecomputeRequest> = {}): Promise<PrecomputePlan> {
  const generation = await store.beginRun(run);
  await using base = await store.snapshot(generation);
  const plan = await planPrecompute(store, base, { run, sets, engine, shardsAtLeast: 4, ...request });
  // As it comes back from the database.
  return JSON.parse(JSON.stringify(plan)) as PrecomputePlan;
}

/** One block a shard, so that shards are many. */
function oneByOne(plan: PrecomputePlan): PrecomputePlan {
  const shards = plan.shards.flatMap(({ work, input }): PlannedShard[] =>
    input.kind === "across"
      ? [{ work, input }]
      : input.blocks.map((block) => ({ work, input: { kind: "blocks", blocks: [block] } })),
  );
  return { ...plan, shards };
}

async function computed(plan: PrecomputePlan, only?: readonly number[], attempt = 1): Promise<ShardResult[]> {
  await using computer = await ShardComputer.open(store, plan);
  const results: ShardResult[] = [];
  for (const [index, { input }] of plan.shards.entries()) {
    if (only !== undefined && !only.includes(index)) continue;
    const result = await computer.run(input, { run: plan.run, attempt: attempt * 100 + index });
    results.push(JSON.parse(JSON.stringify(result)) as ShardResult);
  }
  return results;
}

async function updated(run: string, request: Partial<PrecomputeRequest> = {}): Promise<PrecomputeReport> {
  const plan = await planned(run, request);
  return commitPrecompute(store, plan, await computed(plan));
}

/** Bits of everything that sets hold, state sets left out. */
async function content(snapshot: StoreSnapshot, names = sets.map(({ name }) => name)): Promise<string> {
  const parts: string[] = [];
  for (const name of names) {
    const panel = await snapshot.readPanel({ set: name, role: "factor" });
    for (const column of [...panel.columns.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const values = Float32Array.from(column.values, (value) => (Number.isNaN(value) ? NaN : value));
      parts.push(`${name}.${column.name} ${Buffer.from(values.buffer).toString("base64")}`);
    }
  }
  return parts.join("\n");
}

/** What a store of the same bars holds that never saw anything but one whole computation. */
async function expectWhole(writes: readonly MarketRows[]): Promise<void> {
  const other = mkdtempSync(join(tmpdir(), "precompute-whole-"));
  try {
    const twin = marketStore(other);
    for (const rows of writes) await writeBars(twin, rows);
    await storeFactors(twin, sets, { engine: "test" });
    await using mine = await store.snapshot();
    await using whole = await twin.snapshot();
    expect(await content(mine)).toBe(await content(whole));
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
}

/** Files that runs staged: bars come from a writer. */
function factorFiles(): number {
  return readdirSync(join(folder, "24x7/day/segments")).filter((name) => name.includes("~")).length;
}

const day = (row: number): MarketRows => ({ ...market, from: row, to: row + 1 });

describe("a run in shards", () => {
  test("of any cut and order, by several computers, is what one computation gives", async () => {
    const plan = oneByOne(await planned("r1"));
    expect(plan.shards.length).toBe(5);
    const [later, sooner] = [await computed(plan, [3, 4]), await computed(plan, [2, 0, 1])];
    const report = await commitPrecompute(store, plan, [...later, ...sooner]);
    expect(report.sets.map(({ blocksBehind }) => blocksBehind)).toEqual([0, 0, 0]);
    expect(report.instruments).toBe(200);
    await expectWhole([market]);
    expect(await store.runs()).toEqual([]);
  });

  test("is committed once, also when it is committed again", async () => {
    const plan = await planned("r1");
    const results = await computed(plan);
    const first = await commitPrecompute(store, plan, results);
    const again = await commitPrecompute(store, plan, results);
    expect(again.generation).toBe(first.generation);
  });

  test("that is let go leaves nothing", async () => {
    const plan = await planned("r1");
    await computed(plan);
    expect(factorFiles()).toBeGreaterThan(0);
    await store.endRun("r1");
    await store.collect();
    expect(factorFiles()).toBe(0);
  });

  test("keeps blocks of missing shards behind, and the next run computes them alone", async () => {
    const plan = oneByOne(await planned("r1"));
    await commitPrecompute(store, plan, await computed(plan, [0, 2, 3, 4]));
    await using half = await store.snapshot();
    expect(half.fieldSets.get("windows")?.behind).toEqual({ 1: 0 });
    expect(half.fieldSets.get("mixed")?.behind).toBeUndefined();
    await writeBars(store, day(ROWS));
    const next = await planned("r2");
    const results = await computed(next);
    expect(results.map(({ computedRows }) => computedRows["windows"]).filter(Boolean)).toEqual([
      3 + ROWS + 1,
    ]);
    await commitPrecompute(store, next, results);
    await expectWhole([market, day(ROWS)]);
  });

  test("goes on with its missing shards after a commit of the others", async () => {
    const plan = oneByOne(await planned("r1"));
    const some = await computed(plan, [0, 2, 4]);
    await commitPrecompute(store, plan, some);
    const rest = await computed(plan, [1, 3], 2);
    const report = await commitPrecompute(store, plan, [...some, ...rest]);
    expect(report.sets.map(({ blocksBehind }) => blocksBehind)).toEqual([0, 0, 0]);
    await expectWhole([market]);
    expect(await store.runs()).toEqual([]);
  });

  test("started again as another attempt replaces what its first attempt brought", async () => {
    const plan = oneByOne(await planned("r1"));
    const some = await computed(plan, [0, 1, 2]);
    await commitPrecompute(store, plan, some);
    const again = await computed(plan, [0, 1, 2, 3, 4], 2);
    const { sets: reports } = await commitPrecompute(store, plan, again);
    expect(reports.map(({ blocksBehind }) => blocksBehind)).toEqual([0, 0, 0]);
    await expectWhole([market]);
  });

  test("does not put older values over newer ones", async () => {
    const old = oneByOne(await planned("r1"));
    const some = await computed(old, [0, 1]);
    await writeBars(store, day(ROWS));
    await updated("r2");
    await expect(commitPrecompute(store, old, some)).rejects.toMatchObject({ code: "STORE_CHANGED" });
    await expectWhole([market, day(ROWS)]);
  });

  test("bars that arrive meanwhile leave it valid, and are due afterwards", async () => {
    const plan = await planned("r1");
    const results = await computed(plan);
    await writeBars(store, day(ROWS));
    await commitPrecompute(store, plan, results);
    expect(isNothing(await planned("r2"))).toBe(false);
    await store.endRun("r2");
    await updated("r3");
    await expectWhole([market, day(ROWS)]);
  });
});

describe("a plan", () => {
  test("of a store that is current is nothing", async () => {
    await updated("r1");
    expect(isNothing(await planned("r2"))).toBe(true);
    expect(isNothing(await planned("r2", { mode: "full" }))).toBe(false);
  });

  test("of new days asks for those rows", async () => {
    await updated("r1");
    await writeBars(store, day(ROWS));
    const plan = await planned("r2");
    // What was folded counts until a shard looks closer.
    expect((await planned("r2", { sets: [windows] })).totals.instrumentDays).toBeLessThanOrEqual(16 * 100);
    const report = await commitPrecompute(store, plan, await computed(plan));
    expect(report.sets[0]!.computedRows).toBe(4);
    await expectWhole([market, day(ROWS)]);
  });

  test("with a scope of codes computes their blocks; the others stay behind until they are asked for", async () => {
    const report = await updated("r1", { codes: new Set(["I0040"]), sets: [windows, recurrences] });
    expect(report.sets.map(({ blocksBehind }) => blocksBehind)).toEqual([3, 3]);
    await using scoped = await store.snapshot();
    expect(scoped.fieldSets.get("windows")?.behind).toEqual({ 0: 0, 2: 0, 3: 0 });
    await updated("r2");
    await expectWhole([market]);
  });

  test("with a scope of dates computes their rows and leaves the block behind", async () => {
    await updated("r1", { start: 10, end: 19, sets: [windows] });
    await using scoped = await store.snapshot();
    expect(scoped.fieldSets.get("windows")?.behind).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0 });
    const values = (await scoped.readBlock("windows", 0, ["MA5"])).get("MA5")!;
    const there = Array.from({ length: ROWS }, (_, row) => !Number.isNaN(values[row * 32]!));
    expect(there.indexOf(true)).toBeGreaterThanOrEqual(10);
    expect(there.lastIndexOf(true)).toBeLessThanOrEqual(19);
    await updated("r2");
    await expectWhole([market]);
  });

  test("with a scope of dates between a correction and its undoing leaves nothing wrong", async () => {
    const corrected: MarketRows = {
      ...market,
      value: (instrument, row, name) =>
        instrument === 3 && (row === 8 || row === 30) && name === "close" ? 99 : undefined,
    };
    await updated("r1");
    await writeBars(store, corrected);
    await updated("r2", { start: 25, end: 45 });
    await writeBars(store, market);
    const { sets: reports } = await updated("r3");
    expect(reports[0]!.computedRows).toBeGreaterThan(0);
    await expectWhole([market]);
  });

  test("with a scope of dates computes sets with factors across instruments whole", async () => {
    const { sets: reports } = await updated("r1", { start: 10, end: 19, sets: [mixed] });
    expect(reports[0]!.blocksBehind).toBe(0);
    await updated("r2");
    await expectWhole([market]);
  });

  test("forgets for no factor which blocks are behind, also for one that cannot be compiled", async () => {
    const [first, second] = windows.factors;
    const broken: StorableSet = {
      name: "windows",
      factors: [{ ...first!, expression: "Mean($nothing,5)" }, second!],
    };
    const corrected: MarketRows = {
      ...market,
      value: (instrument, row, name) => (instrument === 40 && row === 8 && name === "close" ? 99 : undefined),
    };
    await updated("r1");
    await writeBars(store, corrected);
    await updated("r2", { sets: [windows], codes: new Set(["I0001"]) });
    await updated("r3", { sets: [broken] });
    const { sets: reports } = await updated("r4", { sets: [windows] });
    expect(reports[0]!.computedRows).toBeGreaterThan(0);
    await updated("r5");
    await expectWhole([corrected]);
  });

  test("with a scope of dates that holds all that is due leaves nothing behind", async () => {
    await updated("r1", { sets: [windows] });
    await writeBars(store, day(ROWS));
    const report = await updated("r2", { start: ROWS, end: ROWS, sets: [windows] });
    expect(report.sets[0]!.blocksBehind).toBe(0);
  });

  test.each([
    [{ codes: new Set(["NOBODY"]) }, "STORE_INSTRUMENT_MISSING"],
    [{ start: 5, end: 4 }, "DATA_VALUE_INVALID"],
  ])("refuses %o", async (request, code) => {
    await expect(planned("r1", request)).rejects.toMatchObject({ code });
  });

  test("of a store without bars is refused", async () => {
    const empty = marketStore(join(folder, "empty"));
    await writeBars(empty, { instruments: 0, from: 0, to: 0 }).catch(() => 0);
    store = empty;
    await expect(planned("r1")).rejects.toMatchObject({
      code: expect.stringMatching(/STORE_(EMPTY|MISSING)/),
    });
  });
});

describe("what is damaged", () => {
  test("bars of one block: its instruments fail, the others are computed, and it stays behind", async () => {
    await flipStored(store, "bars", 1);
    const report = await updated("r1", { sets: [windows, recurrences] });
    expect(report.failed).toHaveLength(1);
    expect(report.failed[0]).toMatchObject({ block: 1, code: "STORE_DAMAGED" });
    expect(report.failed[0]!.instruments).toHaveLength(32);
    expect(report.sets.map(({ blocksBehind }) => blocksBehind)).toEqual([1, 1]);
    // The bars are imported again: their segment is written anew.
    await writeBars(store, market);
    await updated("r2");
    await expectWhole([market]);
  });

  test("factors of one block: computed again when the plan is told", async () => {
    await updated("r1");
    await flipStored(store, "recurrences", 2);
    expect(isNothing(await planned("r2"))).toBe(true);
    await store.endRun("r2");
    await updated("r3", { damaged: new Set([2]) });
    await expectWhole([market]);
  });

  test("the state of a recurrence: the factors are computed from the first row", async () => {
    await updated("r1");
    await flipStored(store, "recurrences.state", 0);
    await writeBars(store, day(ROWS));
    const { sets: reports } = await updated("r2", { sets: [recurrences] });
    expect(reports[0]!.computedRows).toBe(ROWS + 1 + 3);
    await updated("r3");
    await expectWhole([market, day(ROWS)]);
  });
});
