import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpenedStore } from "#data/store/open-store";
import { compactStore } from "#data/store/compact";
import { segmentPath } from "#data/store/manifest";
import { flipStored, storedSegment } from "#data/store/testing/stored-segment";
import { LANES_PER_BLOCK } from "#data/store/panel-store";
import { storeFactors } from "../../store-factors.ts";
import { engineOf } from "../factor-parts.ts";
import type { StorableSet } from "../portable-set.ts";
import { marketStore, writeBars, type MarketRows } from "../../testing/stored-market.ts";
import { damagedBlocks, wrongBlocks, type ValidationReport } from "./report.ts";
import { validateFactors, type ValidationOptions } from "./validate-factors.ts";

/** Named after shipped sets, so that their ranges hold. */
const tech: StorableSet = {
  name: "tech",
  factors: [
    {
      name: "RSI14",
      expression:
        "WarmUp(100*(Mean(Greater(Delta($close,1),0),14)/(Mean(Greater(Delta($close,1),0),14)+Mean(Greater(0-Delta($close,1),0),14))),14)",
      unit: "percent",
    },
    { name: "BOLLINGER_UPPER", expression: "Mean($close,5)+2*StdP($close,5)", unit: "price" },
    { name: "BOLLINGER_LOWER", expression: "Mean($close,5)-2*StdP($close,5)", unit: "price" },
    { name: "EMA20", expression: "EMA($close,20)", unit: "price" },
    { name: "ROC12", expression: "100*($close/Ref($close,12)-1)", unit: "percent" },
  ],
};
const across: StorableSet = {
  name: "across",
  factors: [{ name: "RANK", expression: "CSRank(Mean($close,3))", unit: "ratio" }],
};
const sets = [tech, across];
const ROWS = 60;
const market: MarketRows = {
  instruments: 70,
  from: 0,
  to: ROWS,
  first: (instrument) => (instrument % 5 === 3 ? instrument % 40 : 0),
  last: (instrument) => (instrument % 11 === 7 ? 45 : Infinity),
};
const ENGINE = "test";

let folder: string;
let store: OpenedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "validation-"));
  store = marketStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function validated(
  options: Partial<ValidationOptions> & { readonly alone?: boolean } = {},
  some: readonly StorableSet[] = sets,
): Promise<ValidationReport> {
  await using snapshot = await store.snapshot();
  const { alone = false, ...rest } = options;
  const files = alone ? {} : { store };
  return await validateFactors(snapshot, some, {
    mode: "full",
    engine: engineOf({ engine: ENGINE }),
    ...files,
    ...rest,
  });
}

async function stored(): Promise<void> {
  await writeBars(store, market);
  await storeFactors(store, sets, { engine: ENGINE });
}

/** Puts a value over a stored one, as a fault of the engine or of a merge would. */
async function planted(
  set: string,
  factor: string,
  cells: readonly (readonly [instrument: number, row: number, value: number])[],
): Promise<void> {
  await using writer = await store.writer();
  const { base } = writer;
  const fields = base!.fieldSets.get(set)!;
  const places = Map.groupBy(
    cells,
    ([instrument, row]) => `${Math.floor(instrument / LANES_PER_BLOCK)} ${row}`,
  );
  for (const [place, own] of places) {
    const [block, row] = place.split(" ").map(Number) as [number, number];
    const old = await base!.readBlock(set, block, [factor], { from: row, to: row + 1 });
    const values = Float32Array.from(old.get(factor)!);
    for (const [instrument, , value] of own) values[instrument % LANES_PER_BLOCK] = value;
    await writer.put(fields, block, row, [{ name: factor, values }]);
  }
  await writer.commit({ reason: "planted" });
}

const found = (report: ValidationReport, rule: string) =>
  report.findings.filter((each) => each.rule === rule);
const id = (instrument: number): string => `I${String(instrument).padStart(4, "0")}`;

describe("a store whose factors are as they were computed", () => {
  test.each(["fast", "sample", "full"] as const)("has nothing to report in mode %s", async (mode) => {
    await stored();
    const report = await validated({ mode });
    expect(report.rules).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      fresh: true,
      score: 100,
      level: "excellent",
      damaged: [],
      wrong: [],
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test("was looked at in every block, and recomputed", async () => {
    await stored();
    const report = await validated();
    expect(report.sets.map(({ set, scannedBlocks }) => [set, scannedBlocks])).toEqual([
      ["tech", 3],
      ["across", 3],
    ]);
    expect(report.sample!.instruments.length).toBe(64);
    expect(report.sample!.series).toBeGreaterThanOrEqual(64 * 6);
  });
});

describe("completeness", () => {
  test("names factors that are registered and not stored, and those that are stored and not registered", async () => {
    await writeBars(store, market);
    await storeFactors(store, [{ ...tech, factors: tech.factors.slice(1) }], { engine: ENGINE });
    const [, ...others] = tech.factors;
    const renamed = { ...tech, factors: [tech.factors[0]!, ...others.slice(0, 3)] };
    const report = await validated({ mode: "fast" }, [renamed, across]);
    expect(found(report, "factor-missing")).toMatchObject([
      { set: "tech", factor: "RSI14" },
      { set: "across", count: 1, detail: "the whole set" },
    ]);
    expect(found(report, "factor-unregistered")).toMatchObject([
      { set: "tech", factor: "ROC12", severity: "note" },
    ]);
    expect(report).toMatchObject({ ok: false, fresh: false });
  });

  test("has something to say of a store without any factor", async () => {
    await writeBars(store, market);
    const report = await validated();
    expect(report).toMatchObject({ ok: false, fresh: false, factors: [] });
    expect(report.rules).toEqual([{ rule: "factor-missing", severity: "error", findings: 2, count: 6 }]);
    expect(report.dimensions[0]).toMatchObject({ dimension: "completeness", score: 0 });
  });

  test("does not ask for what cannot be computed", async () => {
    await stored();
    const some = {
      ...tech,
      factors: [
        ...tech.factors,
        { name: "TURN", expression: "Mean($turnover,5)" },
        { name: "AHEAD", expression: "Ref($close,-1)" },
        { name: "BROKEN", expression: "Mean($close" },
      ],
    };
    const report = await validated({ mode: "fast" }, [some]);
    expect(report.ok).toBe(true);
    expect(found(report, "factor-not-computable").map(({ factor }) => factor)).toEqual([
      "TURN",
      "AHEAD",
      "BROKEN",
    ]);
  });

  test("finds a hole that the reference fills, and leaves gaps that the definition makes", async () => {
    await writeBars(store, {
      ...market,
      // A flat stretch: no gains and no losses, so that RSI14 is 0/0.
      value: (instrument, row, name) =>
        instrument === 5 && row > 10 && row < 40 && (name === "close" || name === "factor") ? 7 : undefined,
    });
    await storeFactors(store, sets, { engine: ENGINE });
    const clean = await validated();
    expect(clean.ok).toBe(true);
    expect(clean.factors.find(({ factor }) => factor === "RSI14")!.gaps).toBeGreaterThan(0);
    await planted("tech", "RSI14", [
      [40, 33, Number.NaN],
      [40, 34, Number.NaN],
    ]);
    const report = await validated({ instruments: 0 });
    expect(found(report, "hole")).toMatchObject([
      {
        set: "tech",
        factor: "RSI14",
        instrument: id(40),
        block: 1,
        day: "1970-02-03",
        lastDay: "1970-02-04",
        count: 2,
      },
    ]);
    expect(report.ok).toBe(false);
    expect(wrongBlocks(report)).toEqual([{ set: "tech", block: 1 }]);
  });

  test("tells a lost session, a lost instrument and lost rows apart, and no suspension or listing from them", async () => {
    await stored();
    const all = Array.from({ length: 70 }, (_, instrument) => instrument);
    for (const { name } of tech.factors) {
      await planted("tech", name, [
        ...all.map((instrument) => [instrument, ROWS - 1, Number.NaN] as const),
        ...Array.from({ length: ROWS - 1 }, (_, row) => [33, row, Number.NaN] as const),
        [2, 30, Number.NaN],
        [2, 56, Number.NaN],
      ]);
    }
    const report = await validated({ instruments: 0 });
    expect(found(report, "session-missing")).toMatchObject([{ set: "tech", day: "1970-03-01" }]);
    expect(found(report, "instrument-missing")).toMatchObject([
      { set: "tech", instrument: id(33), block: 1 },
    ]);
    expect(found(report, "row-missing")).toMatchObject([
      { set: "tech", instrument: id(2), day: "1970-01-31", lastDay: "1970-02-26", count: 2 },
    ]);
    // Days whose window holds a suspension are not expected; the reference, asked about the instrument, has values.
    expect(found(report, "hole")).toMatchObject([
      { factor: "BOLLINGER_UPPER", instrument: id(33), count: 9 },
    ]);
    expect(report.ok).toBe(false);
  });

  test("says which blocks were never computed", async () => {
    await stored();
    await using writer = await store.writer();
    writer.describe({ ...writer.base!.fieldSets.get("tech")!, behind: { 1: 0 } });
    await writer.commit({ reason: "behind" });
    const report = await validated({ mode: "fast" });
    expect(found(report, "block-missing")).toMatchObject([{ set: "tech", block: 1, count: 32 }]);
  });
});

describe("freshness", () => {
  test("tells blocks whose bars changed since, and recomputes from the bars of before", async () => {
    await stored();
    await writeBars(store, {
      ...market,
      value: (instrument, row, name) =>
        instrument === 40 && row === 20 && name === "close" ? 99 : undefined,
    });
    const fast = await validated({ mode: "fast" }, [tech]);
    expect(found(fast, "block-stale")).toMatchObject([{ set: "tech", block: 1, severity: "warning" }]);
    expect(fast).toMatchObject({ ok: true, fresh: false });
    const full = await validated({ instruments: 70 });
    expect(found(full, "block-stale").map(({ set, block }) => [set, block])).toEqual([
      ["tech", 1],
      ["across", 0],
      ["across", 1],
      ["across", 2],
    ]);
    expect(full.ok).toBe(true);
    expect(full.sample!.series).toBe(70 * tech.factors.length);
    expect(found(full, "not-recomputed")).toMatchObject([{ set: "across" }]);
  });

  test("says that it cannot compare where the bars of before are gone", async () => {
    await stored();
    await writeBars(store, {
      ...market,
      from: 30,
      to: ROWS,
      value: (_, row) => (row === 31 ? 5 : undefined),
    });
    await planted("tech", "RSI14", [[3, 58, 100.5]]);
    await planted("tech", "EMA20", [[35, 20, Infinity]]);
    const report = await validated({ alone: true }, [tech]);
    expect(found(report, "not-recomputed")).toHaveLength(3);
    expect(found(report, "out-of-range")).toMatchObject([{ instrument: id(3), severity: "error" }]);
    expect(found(report, "infinite")).toMatchObject([{ instrument: id(35), severity: "warning" }]);
    expect(report.sample!.series).toBe(0);
  });

  test("does not take a compaction for a change", async () => {
    await writeBars(store, { ...market, to: 40 });
    await writeBars(store, { ...market, from: 40 });
    await storeFactors(store, sets, { engine: ENGINE });
    await compactStore(store);
    const report = await validated({}, [tech]);
    expect(report).toMatchObject({ ok: true, fresh: true });
  });

  test("names factors of another expression or engine, and does not judge them by today's", async () => {
    await stored();
    const [first, ...others] = tech.factors;
    const changed = { ...tech, factors: [{ ...first!, expression: "Mean($close,3)" }, ...others] };
    const report = await validated({}, [changed]);
    expect(found(report, "factor-outdated")).toMatchObject([
      { set: "tech", factor: "RSI14", severity: "warning" },
    ]);
    expect(report).toMatchObject({ ok: true, fresh: false });
    const newer = await validated({ engine: engineOf({ engine: "next" }) }, [tech]);
    expect(found(newer, "factor-outdated")).toHaveLength(tech.factors.length);
    expect(newer.factors).toEqual([]);
  });
});

describe("quality", () => {
  test("finds a value outside its range, an infinity and bands out of order", async () => {
    await stored();
    await planted("tech", "RSI14", [[3, 58, 100.5]]);
    await planted("tech", "EMA20", [[35, 20, Infinity]]);
    await planted("tech", "BOLLINGER_LOWER", [[66, 30, 1e6]]);
    const report = await validated({ instruments: 0 });
    expect(found(report, "out-of-range")).toMatchObject([
      { factor: "RSI14", instrument: id(3), day: "1970-02-28", value: 100.5, severity: "error" },
    ]);
    expect(found(report, "infinite")).toMatchObject([
      { factor: "EMA20", instrument: id(35), day: "1970-01-21", value: "inf", severity: "error" },
    ]);
    expect(found(report, "out-of-order")).toMatchObject([
      { factor: "BOLLINGER_LOWER", instrument: id(66), day: "1970-01-31", severity: "error" },
    ]);
    expect(report.ok).toBe(false);
  });

  test("blames the bars, not the factor, where the reference has the same value", async () => {
    const bands: StorableSet = {
      name: "fund",
      factors: [
        { name: "high_close_ratio", expression: "$high/$close", unit: "ratio" },
        { name: "price_change", expression: "$close/($low-$low)", unit: "ratio" },
      ],
    };
    await writeBars(store, {
      ...market,
      value: (instrument, row, name) => (instrument === 9 && row === 20 && name === "high" ? 0.5 : undefined),
    });
    await storeFactors(store, [bands], { engine: ENGINE });
    const report = await validated({}, [bands]);
    expect(found(report, "out-of-range")).toMatchObject([
      { factor: "high_close_ratio", instrument: id(9), day: "1970-01-21", severity: "warning" },
    ]);
    expect(found(report, "infinite")).toHaveLength(70);
    expect(report.ok).toBe(true);
    expect(report.score).toBeLessThan(100);
  });

  test("warns of a factor that never changes, of one without values, and of many outliers", async () => {
    const odd: StorableSet = {
      name: "odd",
      factors: [
        { name: "ONE", expression: "$close/$close", unit: "ratio" },
        { name: "NONE", expression: "$close/($close<0)/($close<0)*0", unit: "ratio" },
        { name: "TAIL", expression: "Power($volume/1e6,9)", unit: "ratio" },
        { name: "PRICE", expression: "Power($volume/1e6,9)", unit: "price" },
      ],
    };
    await writeBars(store, market);
    await storeFactors(store, [odd], { engine: ENGINE });
    const report = await validated({}, [odd]);
    expect(found(report, "column-constant")).toMatchObject([{ factor: "ONE", value: 1 }]);
    expect(found(report, "column-empty")).toMatchObject([{ factor: "NONE" }]);
    expect(found(report, "outliers")).toMatchObject([{ factor: "TAIL" }]);
    expect(report.rules.every(({ severity }) => severity === "warning")).toBe(true);
  });
});

const sampleOf = async (seed: number): Promise<readonly string[]> =>
  (await validated({ mode: "sample", seed, blocks: 2, instruments: 5 })).sample!.instruments;

describe("consistency", () => {
  test("finds a plausible value that is wrong, wherever it lies in a recomputed series", async () => {
    await stored();
    await planted("tech", "RSI14", [[40, 33, 51]]);
    const report = await validated({ instruments: 70 });
    expect(found(report, "wrong-value")).toMatchObject([
      { set: "tech", factor: "RSI14", instrument: id(40), block: 1, day: "1970-02-03", count: 1, value: 51 },
    ]);
    expect(report.sample!.equal).toBe(report.sample!.cells - 1);
    expect(wrongBlocks(report)).toEqual([{ set: "tech", block: 1 }]);
    expect(report.score).toBeLessThanOrEqual(84);
  });

  test("finds a wrong value of a factor across instruments", async () => {
    await stored();
    await planted("across", "RANK", [[12, 33, 0.987]]);
    const report = await validated({ instruments: 70 });
    expect(found(report, "wrong-value")).toMatchObject([
      { set: "across", factor: "RANK", instrument: id(12), count: 1 },
    ]);
  });

  test("takes the same sample for the same seed, and another for another", async () => {
    await stored();
    expect(await sampleOf(3)).toEqual(await sampleOf(3));
    expect(await sampleOf(3)).not.toEqual(await sampleOf(4));
    const report = await validated({ mode: "sample", among: new Set([2]) });
    expect(report.sets.map(({ scannedBlocks }) => scannedBlocks)).toEqual([1, 1]);
    expect(report.sample!.instruments.toSorted()).toEqual([64, 65, 66, 67, 68, 69].map(id));
  });
});

describe("damage", () => {
  test("of a factor's values is listed by block, and so is one of its states", async () => {
    await stored();
    await flipStored(store, "tech", 1, 500);
    await flipStored(store, "tech.state", 2, 500);
    store = marketStore(folder);
    const report = await validated();
    expect(
      found(report, "damaged")
        .map(({ set, block }) => [set, block])
        .sort(([a], [b]) => (a! < b! ? -1 : 1)),
    ).toEqual([
      ["tech", 1],
      ["tech.state", 2],
    ]);
    expect(damagedBlocks(report)).toEqual([
      { set: "tech", block: 1 },
      { set: "tech", block: 2 },
    ]);
    expect(report.sets[0]).toMatchObject({ set: "tech", scannedBlocks: 2 });
    const alone = await validated({ alone: true });
    expect(damagedBlocks(alone)).toEqual([{ set: "tech", block: 1 }]);
  });

  test("of bars is told from damage of factors", async () => {
    await stored();
    await flipStored(store, "bars", 1, 500);
    store = marketStore(folder);
    const report = await validated({}, [tech]);
    expect(found(report, "input-damaged")).toMatchObject([{ set: "bars", block: 1 }]);
    expect(damagedBlocks(report)).toEqual([]);
    expect(found(report, "not-recomputed")).toMatchObject([{ set: "tech", block: 1 }]);
  });

  test("is seen by the fast mode where a file is gone", async () => {
    await stored();
    const path = segmentPath(await storedSegment(store, "tech", 0));
    await rm(store.parts.storage.locate(path));
    store = marketStore(folder);
    const report = await validated({ mode: "fast" });
    // Other blocks have their values in that file too.
    expect(found(report, "file-missing")).toContainEqual(
      expect.objectContaining({ set: "tech", block: 0, detail: path }),
    );
    expect(damagedBlocks(report)).toContainEqual({ set: "tech", block: 0 });
    const full = await validated();
    expect(found(full, "damaged")).toEqual([]);
    expect(damagedBlocks(full)).toEqual(damagedBlocks(report));
  });
});
