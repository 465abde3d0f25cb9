import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet } from "#data/store/panel-store";
import type { FactorSet } from "#factors/factor-set";
import { registryOf, type FactorRegistry } from "#factors/registry";
import { storeFactors } from "../../store-factors.ts";
import { marketStore, writeBars, type MarketRows } from "../../testing/stored-market.ts";
import { checkVersions, type VersionCheck } from "./check-versions.ts";
import { indicatorChanges } from "./indicator-versions.ts";
import { readVersions, writeVersions, type WrittenVersions } from "./version-files.ts";

const tech: FactorSet = {
  name: "tech",
  title: { zh: "技术", en: "technical" },
  source: "test",
  flatNames: true,
  version: "1.2",
  factors: [
    { name: "MA5", expression: "Mean($close,5)" },
    { name: "ROC3", expression: "$close/Ref($close,3)" },
  ],
};
const alpha158: FactorSet = {
  name: "alpha158",
  title: { zh: "因子", en: "factors" },
  source: "test",
  factors: [
    { name: "KMID", alias: "alpha_001", expression: "($close-$open)/$open" },
    { name: "MA5", alias: "alpha_002", expression: "Mean($close,5)/$close" },
  ],
};
const own: FactorSet = { ...alpha158, name: "own", factors: [{ name: "X", expression: "$close" }] };
const registry = registryOf([alpha158, tech, own]);
const market: MarketRows = { instruments: 40, from: 0, to: 30 };
const day = (row: number): string => new Date(row * 86_400_000).toISOString().slice(0, 10);

let folder: string;
let store: OpenedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "versions-"));
  store = marketStore(join(folder, "store"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const stored = async (sets: readonly FactorSet[] = [alpha158, tech]): Promise<void> => {
  await storeFactors(store, sets, { engine: "1" });
};
const written = (known: FactorRegistry = registry): Promise<WrittenVersions> =>
  writeVersions(folder, store, known);
const check = async (known: FactorRegistry = registry): Promise<VersionCheck> => {
  const { data } = await readVersions(folder, store.key);
  return checkVersions(store, data!, { registry: known, engine: "1" });
};

describe("the version files", () => {
  test("say what is stored, in the form and under the names of their document", async () => {
    await writeBars(store, market);
    await stored();
    const { files } = await written();
    expect(JSON.parse(readFileSync(files.data, "utf8"))).toEqual({
      version: "1.0.0",
      precompute_date: "1970-01-01",
      parquet_version: "1970-01-01",
      indicators: { technical: ["MA5", "ROC3"], alpha: ["alpha_001", "alpha_002"], fundamental: [] },
      stock_count: 40,
      date_range: { start: day(0), end: day(29) },
      store: "24x7/day",
      generation: 2,
      input_generation: 1,
    });
    const { version, indicators } = JSON.parse(readFileSync(files.indicators, "utf8")) as {
      version: string;
      indicators: Record<string, unknown>;
    };
    expect(version).toBe("1.0.0");
    expect(Object.keys(indicators)).toEqual(["alpha_001", "alpha_002", "MA5", "ROC3"]);
    expect(indicators["MA5"]).toEqual({
      version: "1.2.0",
      added_date: "1970-01-01",
      factor: "tech.MA5",
      expression: "Mean($close,5)",
      declared: "1.2",
      engine: "1",
    });
  });

  test("of a store without factors list none", async () => {
    await writeBars(store, market);
    const { data } = await written();
    expect(data).toMatchObject({ precompute_date: null, input_generation: null, stock_count: 40 });
    expect(Object.values(data.indicators).flat()).toEqual([]);
  });

  test("count a definition up that changed without a new version, and keep the day of its addition", async () => {
    await writeBars(store, market);
    await stored([tech]);
    await written();
    const [first, second] = tech.factors;
    const changed = { ...tech, factors: [{ ...first!, expression: "Mean($close,6)" }, second!] };
    const redefined = registryOf([changed]);
    await stored([changed]);
    const { indicators } = await written(redefined);
    expect(indicators.indicators["MA5"]).toMatchObject({ version: "1.2.1", expression: "Mean($close,6)" });
    expect(indicators.indicators["ROC3"]).toMatchObject({ version: "1.2.0" });
    const released = registryOf([{ ...changed, version: "2" }]);
    expect((await written(released)).indicators.indicators["MA5"]).toMatchObject({ version: "2.0.0" });
  });

  test("that cannot be read are refused, not replaced", async () => {
    await writeBars(store, market);
    const { files } = await written();
    writeFileSync(files.indicators, "{");
    await expect(written()).rejects.toMatchObject({ code: "DATA_FILE_DAMAGED" });
    writeFileSync(files.indicators, '{"version": "1.0.0"}');
    await expect(written()).rejects.toMatchObject({ code: "DATA_FILE_DAMAGED" });
    expect(readFileSync(files.indicators, "utf8")).toBe('{"version": "1.0.0"}');
  });

  test("tell new, changed and removed indicators apart", async () => {
    await writeBars(store, market);
    await stored([tech, own]);
    const { indicators } = await written();
    const [first] = tech.factors;
    const next = registryOf([alpha158, { ...tech, factors: [{ ...first!, expression: "Mean($close,6)" }] }]);
    const changes = indicatorChanges(indicators, next, {
      sets: ["alpha158", "tech"],
      expressionOf: (id) => next.factor(id).factor.expression,
    });
    expect(changes).toEqual({
      added: ["alpha_001", "alpha_002"],
      changed: ["MA5"],
      removed: ["ROC3", "own.X"],
    });
  });
});

describe("checking a version", () => {
  test("finds a store current that nothing was written to", async () => {
    await writeBars(store, market);
    await stored();
    await written();
    expect(await check()).toEqual({
      state: "current",
      generation: 2,
      recorded: 2,
      bars: [],
      indicators: [],
      behind: [],
    });
  });

  test("names the instruments and days that were written since, and the factors that wait for them", async () => {
    await writeBars(store, market);
    await stored();
    await written();
    await writeBars(store, {
      ...market,
      value: (instrument, row, name) => (instrument === 35 && row === 12 && name === "close" ? 1 : undefined),
    });
    const stale = await check();
    const instruments = Array.from({ length: 8 }, (_, index) => `I00${32 + index}`);
    expect(stale).toMatchObject({
      state: "stale",
      bars: [{ instruments, start: day(12), end: day(12) }],
      behind: [
        { set: "alpha158", instruments, start: day(12), end: day(12) },
        { set: "tech", instruments, start: day(12), end: day(12) },
      ],
    });
    await stored();
    const updated = await check();
    expect(updated).toMatchObject({ state: "stale", behind: [] });
    expect(updated.bars).toHaveLength(1);
    await written();
    expect(await check()).toMatchObject({ state: "current" });
  });

  test("does not wait for factors that were imported: no bar makes them stale", async () => {
    await writeBars(store, market);
    await stored();
    const lineage = { from: "result.h5: x", engine: "test", inputGeneration: 0 };
    const imported: FieldSet = {
      name: "user",
      role: "factor",
      fields: [{ name: "x", dtype: "f32", unit: "1", lineage }],
    };
    {
      await using writer = await store.writer();
      const values = new Float32Array(30 * LANES_PER_BLOCK).fill(1);
      await writer.put(imported, 0, 0, [{ name: "x", values }]);
      await writer.commit({ reason: "import" });
    }
    await written();
    expect(await check()).toMatchObject({ state: "current", behind: [] });
    await writeBars(store, { instruments: 40, from: 30, to: 31 });
    const { behind } = await check();
    expect(new Set(behind.map(({ set }) => set))).toEqual(new Set(["alpha158", "tech"]));
  });

  test("names indicators that are gone, or of another definition", async () => {
    await writeBars(store, market);
    await stored();
    await written();
    const [first] = tech.factors;
    const next = registryOf([alpha158, { ...tech, factors: [{ ...first!, expression: "Mean($close,6)" }] }]);
    expect(await check(next)).toMatchObject({
      state: "stale",
      bars: [],
      indicators: [
        { name: "MA5", detail: "stored as Mean($close,5), which is not what is registered now" },
        { name: "ROC3", detail: "registered no longer" },
      ],
    });
  });

  test("knows a record of a generation that the store is not at yet, or has forgotten", async () => {
    await writeBars(store, market);
    await stored();
    const { data } = await written();
    const options = { registry, engine: "1" };
    expect((await checkVersions(store, { ...data, generation: 9 }, options)).state).toBe("newer");
    expect(await checkVersions(store, { ...data, generation: 0 }, options)).toMatchObject({
      state: "stale",
      bars: null,
    });
  });
});
