import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compactStore } from "#data/store/compact";
import type { OpenedStore } from "#data/store/open-store";
import { flipStored } from "#data/store/testing/stored-segment";
import { evaluateExpressions } from "#expression/run/evaluate";
import type { FactorSet } from "#factors/factor-set";
import { shippedFactors } from "#factors/catalogue";
import { registryOf } from "#factors/registry";
import { columnOf, type Panel } from "#panel/panel";
import { viewOfStore } from "../market-view.ts";
import { blockThreads } from "../parallel/block-threads.ts";
import { storeFactors } from "../store-factors.ts";
import { marketStore, writeBars, type MarketRows } from "../testing/stored-market.ts";
import { FeatureReader, loadWithIndicators } from "./feature-reader.ts";
import type { FeatureRequest, LoadedFeatures } from "./feature-request.ts";

const setOf = (
  name: string,
  factors: readonly (readonly [string, string])[],
  flatNames: boolean,
): FactorSet => ({
  name,
  title: { zh: name, en: name },
  source: "test",
  flatNames,
  factors: factors.map(([factor, expression]) => ({ name: factor, expression, unit: "ratio" })),
});

const windows = setOf(
  "windows",
  [
    ["MA5", "Mean($close,5)/$close"],
    ["STD10", "Std($close,10)/$close"],
    ["RESI8", "Resi($close,8)/$close"],
    ["VWAP", "Mean($vwap,3)/$close"],
    ["CORR7", "Corr($close,Log($volume+1),7)"],
    ["SKEW", "Skew($high/$low,6)"],
  ],
  true,
);
const recurrences = setOf(
  "recurrences",
  [
    ["EMA", "EMA($close,12)/$close"],
    ["OBV", "Sum(Sign($close-Ref($close,1))*$volume,0)"],
    ["MA5", "Mean($open,4)/$close"],
  ],
  false,
);
const across = setOf("across", [["RANK", "CSRank(Mean($close,3))"]], true);
const sets = [windows, recurrences, across];
const registry = registryOf(sets);
const ENGINE = "test";

const ROWS = 60;
const market: MarketRows = {
  instruments: 70,
  from: 0,
  to: ROWS,
  first: (instrument) => (instrument % 5 === 3 ? instrument % 40 : 0),
  last: (instrument) => (instrument % 11 === 7 ? 45 : Infinity),
  adjusted: (instrument) => instrument % 9 === 2,
};
const NAMES = [
  "close",
  "volume",
  ...sets.flatMap((set) => set.factors.map(({ name }) => `${set.name}.${name}`)),
  "MA5",
  "Mean($close,5)/$close-1",
];

let folder: string;
let store: OpenedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "read-features-"));
  store = marketStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const stored = async (some: readonly FactorSet[] = sets): Promise<void> => {
  await storeFactors(store, some, { engine: ENGINE });
};

const idOf = (instrument: number): string => `I${String(instrument).padStart(4, "0")}`;

const digestOf = (values: Float32Array | Float64Array): string =>
  createHash("sha256")
    .update(new Uint8Array(Float32Array.from(values, (value) => (Number.isNaN(value) ? NaN : value)).buffer))
    .digest("hex");

/** The market's fields and the factors of all instruments over all rows, evaluated. */
async function evaluated(names: readonly string[]): Promise<Panel> {
  await using snapshot = await store.snapshot();
  const view = viewOfStore(snapshot);
  const panel = await view.panel(view.instruments);
  const factors = names
    .filter((name) => !panel.columns.has(name))
    .map((name) => ({ name, expression: registry.find(name)?.factor.expression ?? name }));
  const columns = [...panel.columns.values(), ...evaluateExpressions(factors, panel)];
  return { ...panel, columns: new Map(columns.map((column) => [column.name, column])) };
}

/** Every value of a result against the evaluation of the whole market. */
function expectValues({ market, factors }: LoadedFeatures, whole: Panel): void {
  const { time, instruments, first, last } = factors;
  expect(time.days.length).toBeGreaterThan(0);
  for (const panel of [market, factors]) {
    for (const { name, values: made } of panel.columns.values()) {
      const { values } = columnOf(whole, name);
      const expected = new Float32Array(made.length).fill(NaN);
      for (const [lane, id] of instruments.entries()) {
        const from = whole.instruments.indexOf(id);
        const own = [...time.days.keys()].filter(
          (row) => time.days[row]! >= whole.first[from]! && time.days[row]! <= whole.last[from]!,
        );
        expect([first[lane], last[lane]], id).toEqual([own[0] ?? 0, own.at(-1) ?? -1]);
        for (const row of own)
          expected[row * instruments.length + lane] =
            values[time.days[row]! * whole.instruments.length + from]!;
      }
      expect(digestOf(made), name).toBe(digestOf(expected));
    }
  }
}

const requests: readonly Omit<FeatureRequest, "names">[] = [
  { codes: "all", start: 0, end: 10_000 },
  { codes: [40, 3, 33, 7, 2].map(idOf), start: 37, end: 52 },
  { codes: [idOf(68)], start: 59, end: 59 },
  { codes: [idOf(7), idOf(8)], start: 50, end: 58 },
];

/** With the cache and without, twice each, so that the second reading finds what the first one kept. */
async function expectAll(names: readonly string[] = NAMES): Promise<LoadedFeatures[]> {
  const loaded: LoadedFeatures[] = [];
  const values = await evaluated(names);
  const reader = new FeatureReader(store, { registry, engine: ENGINE });
  for (const request of requests) {
    const whole = { ...request, names };
    const results = [
      await loadWithIndicators(store, whole, { registry, engine: ENGINE }),
      await reader.load(whole),
      await reader.load(whole),
    ];
    for (const each of results) {
      expectValues(each, values);
      expect([...each.market.columns.keys(), ...each.factors.columns.keys()].sort()).toEqual(
        [...names].sort(),
      );
    }
    expect(results.map(({ origins }) => [...origins.values()])).toEqual(
      results.map(() => [...results[0]!.origins.values()]),
    );
    loaded.push(results[0]!);
  }
  return loaded;
}

const pathsOf = ({ origins }: LoadedFeatures): Record<string, string> =>
  Object.fromEntries([...origins].map(([name, { path }]) => [name, path]));

const reasonsOf = (loaded: LoadedFeatures, name: string): string[] => [
  ...new Set(loaded.origins.get(name)!.computed.map(({ reason }) => reason)),
];

describe("features of a store", () => {
  test("are computed, and said to be, where nothing is stored", async () => {
    await writeBars(store, market);
    const [all] = await expectAll();
    expect(new Set(Object.values(pathsOf(all!)))).toEqual(new Set(["computed"]));
    expect(reasonsOf(all!, "MA5")).toEqual(["missing"]);
    expect(reasonsOf(all!, "Mean($close,5)/$close-1")).toEqual(["expression"]);
    expect(all!.origins.get("MA5")!.computed[0]!.detail).toBe("the store has no set windows");
  });

  test("are read where they are stored", async () => {
    await writeBars(store, market);
    await stored();
    for (const loaded of await expectAll()) {
      const { "Mean($close,5)/$close-1": expression, ...paths } = pathsOf(loaded);
      expect(new Set(Object.values(paths))).toEqual(new Set(["precomputed"]));
      expect(expression).toBe("computed");
    }
  });

  test("are still read after the store was compacted, since its values did not change", async () => {
    await writeBars(store, market);
    await stored();
    await compactStore(store);
    const [all] = await expectAll(["windows.MA5", "recurrences.EMA", "RANK"]);
    expect(pathsOf(all!)).toEqual({
      "windows.MA5": "precomputed",
      "recurrences.EMA": "precomputed",
      RANK: "precomputed",
    });
  });

  test("are computed for new days alone until they are brought up to date", async () => {
    await writeBars(store, market);
    await stored();
    await writeBars(store, { ...market, from: ROWS, to: ROWS + 1 });
    const [all, early] = await expectAll();
    expect(pathsOf(all!)).toMatchObject({
      "windows.MA5": "mixed",
      "recurrences.EMA": "mixed",
      "across.RANK": "computed",
    });
    expect(
      all!.origins.get("windows.MA5")!.computed.map(({ reason, from, to }) => [reason, from, to]),
    ).toEqual([["behind", ROWS, ROWS]]);
    expect(pathsOf(early!)).toMatchObject({ "windows.MA5": "precomputed", "recurrences.EMA": "precomputed" });
  });

  test("are computed as far as a correction reaches, in its block alone", async () => {
    await writeBars(store, market);
    await stored();
    await writeBars(store, {
      ...market,
      value: (instrument, row, name) =>
        instrument === 40 && row === 20 && name === "close" ? 99 : undefined,
    });
    const [all] = await expectAll();
    const [part] = all!.origins.get("windows.MA5")!.computed;
    expect(part).toMatchObject({ reason: "behind", from: 20, to: 24 });
    expect(part!.instruments).toContain(idOf(40));
    expect(part!.instruments).not.toContain(idOf(2));
    expect(all!.origins.get("recurrences.OBV")!.computed[0]).toMatchObject({ from: 20, to: ROWS - 1 });
  });

  const infinite: MarketRows = {
    ...market,
    value: (instrument, row, name) =>
      instrument === 34 && row === 5 && name === "factor" ? Infinity : undefined,
  };

  test("follow an infinity under a line that goes", async () => {
    const names = ["windows.RESI8", "windows.MA5"];
    await writeBars(store, infinite);
    await stored();
    expect(pathsOf((await expectAll(names))[0]!)["windows.RESI8"]).toBe("precomputed");
    await writeBars(store, market);
    const [mended] = await expectAll(names);
    expect(mended!.origins.get("windows.RESI8")!.computed[0]).toMatchObject({ from: 5, to: ROWS - 1 });
    expect(mended!.origins.get("windows.MA5")!.computed[0]).toMatchObject({ from: 5, to: 9 });
  });

  test("follow an infinity that comes under a line", async () => {
    await writeBars(store, market);
    await stored();
    await writeBars(store, infinite);
    const [broken] = await expectAll(["windows.RESI8", "windows.MA5"]);
    expect(broken!.origins.get("windows.RESI8")!.computed[0]).toMatchObject({ from: 5, to: ROWS - 1 });
  });

  test("follow new instruments, another adjustment and earlier history", async () => {
    await writeBars(store, { ...market, instruments: 66 });
    await stored();
    await writeBars(store, { ...market, adjusted: (instrument) => instrument === 3 });
    const [all] = await expectAll();
    expect(pathsOf(all!)).toMatchObject({ "windows.MA5": "mixed" });
  });

  test("are computed where the definition or the engine is another one", async () => {
    await writeBars(store, market);
    await stored();
    const changed = registryOf([
      {
        ...windows,
        factors: windows.factors.map((each) => ({ ...each, expression: `${each.expression}+0` })),
      },
    ]);
    const request = { ...requests[1]!, names: ["windows.MA5"] };
    const other = await loadWithIndicators(store, request, { registry: changed, engine: ENGINE });
    expect(reasonsOf(other, "windows.MA5")).toEqual(["stale"]);
    const newer = await loadWithIndicators(store, request, { registry, engine: "newer" });
    expect(newer.origins.get("windows.MA5")!.computed[0]!.detail).toBe(
      "computed by engine test, this is newer",
    );
    expectValues(newer, await evaluated(["windows.MA5"]));
  });

  test("are computed where the stored bytes are damaged", async () => {
    await writeBars(store, market);
    await stored([windows]);
    await flipStored(store, "windows", 1, 1);
    store = marketStore(folder);
    const [all] = await expectAll(windows.factors.map(({ name }) => `windows.${name}`));
    const damaged = Object.entries(pathsOf(all!)).filter(([, path]) => path === "mixed");
    expect(damaged).toHaveLength(1);
    expect(reasonsOf(all!, damaged[0]![0])).toEqual(["damaged"]);
  });

  test("that a block never had are computed there", async () => {
    await writeBars(store, market);
    await stored([windows]);
    {
      await using writer = await store.writer();
      const set = writer.base!.fieldSets.get("windows")!;
      writer.describe({ ...set, behind: { "1": 0 } });
      await writer.commit({ reason: "a block is lacking" });
    }
    const [all] = await expectAll(["windows.MA5"]);
    expect(reasonsOf(all!, "windows.MA5")).toEqual(["missing"]);
    expect(all!.origins.get("windows.MA5")).toMatchObject({ path: "mixed", precomputed: 38 });
  });

  test("are float64 as stored, or raw prices if asked for", async () => {
    await writeBars(store, market);
    const request = { codes: [idOf(1)], start: 10, end: 12, names: ["close", "preclose"] };
    await expect(loadWithIndicators(store, request, { registry, engine: ENGINE })).rejects.toMatchObject({
      code: "FACTOR_UNKNOWN",
    });
    const raw = await loadWithIndicators(
      store,
      { ...request, names: ["close", "factor", "MA5"], prices: "raw" },
      { registry, engine: ENGINE },
    );
    await using snapshot = await store.snapshot();
    const kept: Panel = await snapshot.readPanel({
      set: "bars",
      role: "market",
      fields: ["close"],
      instruments: [idOf(1)],
      rows: { from: 10, to: 13 },
    });
    expect(columnOf(raw.market, "close").values).toEqual(columnOf(kept, "close").values);
    expect([...raw.instrument(idOf(1)).columns.keys()]).toEqual(["close", "factor", "MA5"]);
  });
});

test("one instrument has its own rows under plain names", async () => {
  await writeBars(store, market);
  await stored();
  const names = ["$close", "MA5", "recurrences.EMA"];
  const loaded = await loadWithIndicators(
    store,
    { codes: [idOf(7), idOf(33)], start: 40, end: 50, names },
    { registry, engine: ENGINE },
  );
  const ended = loaded.instrument(idOf(7));
  expect([...ended.days]).toEqual([40, 41, 42, 43, 44, 45]);
  expect([...ended.columns.keys()]).toEqual(["close", "MA5", "recurrences.EMA"]);
  expect(ended.columns.get("close")).toHaveLength(6);
  expect(ended.columns.get("close")).toBeInstanceOf(Float32Array);
  expect(() => loaded.instrument("I0001")).toThrow("I0001 was not asked for");
});

test("shipped factors on threads, in float32 lanes and after one another, are those that are stored", async () => {
  await writeBars(store, market);
  await using parallel = blockThreads(2);
  const names = ["alpha158", "tech", "fund", "base"].flatMap((set) =>
    shippedFactors.list({ set }).map(({ id }) => id),
  );
  const request: FeatureRequest = { codes: "all", start: 20, end: 100, names };
  const options = { registry: shippedFactors, engine: ENGINE };
  const computed = await loadWithIndicators(store, request, { ...options, parallel });
  const alone = await loadWithIndicators(store, { ...request, codes: [idOf(9)], start: 58 }, options);
  await storeFactors(
    store,
    ["alpha158", "tech", "fund", "base"].map((set) => shippedFactors.set(set)),
    {
      engine: ENGINE,
    },
  );
  const read = await loadWithIndicators(store, request, options);
  expect(new Set(Object.values(pathsOf(computed)))).toEqual(new Set(["computed"]));
  expect(new Set(Object.values(pathsOf(read)))).toEqual(new Set(["precomputed"]));
  for (const { name, values } of read.factors.columns.values()) {
    expect(digestOf(columnOf(computed.factors, name).values), name).toBe(digestOf(values));
    const own = read.instrument(idOf(9)).columns.get(name)!;
    expect(digestOf(alone.instrument(idOf(9)).columns.get(name)!), name).toBe(digestOf(own.slice(-2)));
  }
});

describe("a request", () => {
  const ask = (some: Partial<FeatureRequest>): Promise<LoadedFeatures> =>
    loadWithIndicators(
      store,
      { codes: [idOf(1)], start: 0, end: 9, names: ["MA5"], ...some },
      { registry, engine: ENGINE },
    );

  test.each([
    [{ names: ["MA6"] }, "FACTOR_UNKNOWN"],
    [{ names: ["closs"] }, "READ_FIELD_UNKNOWN"],
    [{ names: [] }, "READ_NOTHING_ASKED"],
    [{ names: ["close", "$close"] }, "READ_NAME_TWICE"],
    [{ names: ["Mean($close"] }, "EXPRESSION_SYNTAX"],
    [{ names: ["Ref($close,-1)"] }, "EXPRESSION_LOOKS_AHEAD"],
    [{ codes: [] }, "READ_NOTHING_ASKED"],
    [{ codes: ["I9999"] }, "STORE_INSTRUMENT_MISSING"],
    [{ codes: [idOf(1), idOf(1)] }, "READ_NAME_TWICE"],
    [{ start: 9, end: 8 }, "READ_DATES_INVERTED"],
    [{ generation: 77 }, "STORE_GENERATION_MISSING"],
  ])("with %j is refused with %s", async (some, code) => {
    await writeBars(store, { ...market, instruments: 3 });
    await expect(ask(some)).rejects.toMatchObject({ code });
  });

  test("of an empty store is refused", async () => {
    await expect(ask({})).rejects.toMatchObject({ code: "STORE_MISSING" });
  });

  test("for days without a session has no rows", async () => {
    await writeBars(store, { ...market, instruments: 3 });
    const { factors } = await ask({ start: 1000, end: 1001 });
    expect(factors.time.days).toHaveLength(0);
    expect([...factors.columns.keys()]).toEqual(["MA5"]);
  });

  test("for what the store's fields do not allow reports it; the rest comes", async () => {
    await writeBars(store, { ...market, instruments: 3 });
    {
      await using writer = await store.writer();
      writer.drop("bars", ["amount"]);
      await writer.commit({ reason: "no amount" });
    }
    const loaded = await ask({ names: ["VWAP", "MA5"] });
    expect([...loaded.factors.columns.keys()]).toEqual(["MA5"]);
    expect(loaded.failures.map(({ name, error }) => [name, error.code])).toEqual([
      ["windows.VWAP", "EXPRESSION_FIELD_UNKNOWN"],
    ]);
  });
});

test("the cache is never out of date, and does not grow beyond its limit", async () => {
  await writeBars(store, market);
  await stored([windows]);
  const reader = new FeatureReader(store, { registry, engine: ENGINE, cacheBytes: 60_000 });
  const request = { codes: [idOf(1)], start: 0, end: 100, names: ["windows.MA5"] };
  await reader.load(request);
  await reader.load(request);
  expect(reader.cache.statistics).toMatchObject({ hits: 1, misses: 1, bytes: ROWS * 32 * 4 });
  await writeBars(store, {
    ...market,
    value: (_, row, name) => (row === 3 && name === "close" ? 5 : undefined),
  });
  await stored([windows]);
  const after = await reader.load(request);
  expectValues(after, await evaluated(["windows.MA5"]));
  expect(pathsOf(after)).toEqual({ "windows.MA5": "precomputed" });
  for (const { name } of windows.factors)
    await reader.load({ ...request, names: [`windows.${name}`, "close"] });
  expect(reader.cache.statistics.bytes).toBeLessThanOrEqual(60_000);
  const names = windows.factors.map(({ name }) => `windows.${name}`);
  expectValues(await reader.load({ ...request, names }), await evaluated(names));
});
