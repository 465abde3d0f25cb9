import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Database } from "#data/duckdb/database";
import type { OpenedStore } from "#data/store/open-store";
import type { FactorSet } from "#factors/factor-set";
import { registryOf } from "#factors/registry";
import { loadWithIndicators } from "../read-features/feature-reader.ts";
import { storeFactors } from "../store-factors.ts";
import { marketStore, writeBars, type MarketRows } from "../testing/stored-market.ts";
import type { ParquetExport } from "./export-content.ts";
import { readExportIndex } from "./export-index.ts";
import { exportInstrumentFiles } from "./instrument-files.ts";
import { exportPeriodFiles } from "./period-files.ts";

const tech: FactorSet = {
  name: "tech",
  title: { zh: "技术", en: "technical" },
  source: "test",
  flatNames: true,
  factors: [
    { name: "MA5", expression: "Mean($close,5)" },
    { name: "EMA3", expression: "EMA($close,3)" },
    { name: "RANK", expression: "CSRank($close)" },
  ],
};
const options: ParquetExport = { registry: registryOf([tech]), engine: "1" };
const market: MarketRows = {
  instruments: 40,
  from: 0,
  to: 70,
  first: (instrument) => (instrument === 3 ? 10 : 0),
  last: (instrument) => (instrument === 5 ? 40 : Infinity),
};

let database: Database;
let root: string;
let folder: string;
let store: OpenedStore;
beforeAll(async () => {
  database = await Database.open();
});
afterAll(() => database[Symbol.dispose]());
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "export-parquet-"));
  folder = join(root, "out");
  store = marketStore(join(root, "store"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const rowsOf = (file: string, what = "*"): Promise<Record<string, unknown>[]> =>
  database.rows(`SELECT ${what} FROM read_parquet('${join(folder, file)}')`);

/** Every file against what reading features gives. */
async function expectFiles(factors: readonly string[]): Promise<void> {
  const names = ["open", "high", "low", "close", "volume", "amount", "factor", ...factors];
  const loaded = await loadWithIndicators(store, { codes: "all", start: 0, end: 1000, names }, options);
  const index = (await readExportIndex(folder))!;
  expect(Object.keys(index.entries)).toEqual(loaded.market.instruments);
  for (const [id, entry] of Object.entries(index.entries)) {
    const own = loaded.instrument(id);
    const rows = await rowsOf(entry.file);
    expect(Object.keys(rows[0]!)).toEqual(["date", ...names]);
    expect(rows.map(({ date }) => date)).toEqual(Array.from(own.days, (day) => day * 86_400e6));
    for (const name of names) {
      const values = rows.map((row) => Math.fround((row[name] as number | null) ?? NaN));
      expect(values, `${id} ${name}`).toEqual([...own.columns.get(name)!]);
    }
    expect(entry).toMatchObject({ rows: rows.length, bytes: statSync(join(folder, entry.file)).size });
  }
}

describe("files by instrument", () => {
  test("hold each instrument's own rows, and the index says which", async () => {
    const generation = await writeBars(store, market);
    const report = await exportInstrumentFiles(store, folder, options);
    expect(report).toMatchObject({ generation, written: 40, unchanged: 0, rows: 39 * 70 - 10 + 41 });
    await expectFiles([]);
    const index = (await readExportIndex(folder))!;
    expect(index).toMatchObject({ store: "24x7/day", generation, layout: "instrument" });
    expect(index.entries["I0003"]).toMatchObject({
      file: "stock_data/I0003.parquet",
      start: "1970-01-11",
      end: "1970-03-11",
      rows: 60,
    });
  });

  test("hold factors, computed or read, and raw prices if asked for", async () => {
    await writeBars(store, market);
    const factors = ["MA5", "EMA3", "RANK"];
    await exportInstrumentFiles(store, folder, { ...options, factors, compression: "snappy" });
    await expectFiles(factors);
    await storeFactors(store, [tech], { engine: "1" });
    expect(
      await exportInstrumentFiles(store, folder, { ...options, factors, compression: "snappy" }),
    ).toMatchObject({
      written: 0,
      unchanged: 40,
    });
    const raw: ParquetExport = { ...options, prices: "raw", fields: ["close", "factor"] };
    expect(await exportInstrumentFiles(store, folder, raw)).toMatchObject({ written: 40 });
    const loaded = await loadWithIndicators(
      store,
      { codes: ["I0007"], start: 0, end: 1000, names: ["close", "factor"], prices: "raw" },
      options,
    );
    const own = loaded.instrument("I0007").columns;
    const rows = await rowsOf("stock_data/I0007.parquet");
    expect(rows.map(({ close }) => close ?? NaN)).toEqual([...own.get("close")!]);
  });

  test("are left alone unless their block was written to, theirs is damaged, or one is gone", async () => {
    await writeBars(store, market);
    await exportInstrumentFiles(store, folder, { ...options, factors: ["MA5"] });
    const again = await exportInstrumentFiles(store, folder, { ...options, factors: ["MA5"] });
    expect(again).toMatchObject({ written: 0, unchanged: 40 });
    await writeBars(store, {
      ...market,
      value: (instrument, row, name) => (instrument === 33 && row === 9 && name === "close" ? 7 : undefined),
    });
    rmSync(join(folder, "stock_data", "I0001.parquet"));
    truncateSync(join(folder, "stock_data", "I0002.parquet"), 100);
    const third = await exportInstrumentFiles(store, folder, { ...options, factors: ["MA5"] });
    expect(third).toMatchObject({ written: 8 + 2, unchanged: 30 });
    await expectFiles(["MA5"]);
  });

  test("follow a rollback", async () => {
    const generation = await writeBars(store, market);
    await writeBars(store, {
      ...market,
      value: (_, row, name) => (row === 9 && name === "close" ? 7 : undefined),
    });
    await exportInstrumentFiles(store, folder, options);
    await store.rollback(generation);
    expect(await exportInstrumentFiles(store, folder, options)).toMatchObject({ written: 40 });
    await expectFiles([]);
  });

  test("of a factor across instruments are all written again after any change", async () => {
    await writeBars(store, market);
    await exportInstrumentFiles(store, folder, { ...options, factors: ["RANK"] });
    await writeBars(store, {
      ...market,
      value: (instrument, row, name) => (instrument === 33 && row === 9 && name === "close" ? 7 : undefined),
    });
    const report = await exportInstrumentFiles(store, folder, { ...options, factors: ["RANK"] });
    expect(report).toMatchObject({ written: 40 });
    await expectFiles(["RANK"]);
  });

  test("go on where an export was broken off, and leave nothing half-written", async () => {
    await writeBars(store, { ...market, to: 45, instruments: 300 });
    const controller = new AbortController();
    const broken = exportInstrumentFiles(store, folder, {
      ...options,
      signal: controller.signal,
      onFiles: (done) => {
        if (done > 260) controller.abort();
      },
    });
    await expect(broken).rejects.toThrow("aborted");
    expect((await readExportIndex(folder))!.generation).toBeNull();
    expect(readdirSync(join(folder, "stock_data")).filter((name) => name.startsWith("."))).toEqual([]);
    expect(await exportInstrumentFiles(store, folder, options)).toMatchObject({
      written: 44,
      unchanged: 256,
    });
    await expectFiles([]);
  });

  test("of another content replace the files; those of no instrument any more are removed", async () => {
    await writeBars(store, market);
    await exportInstrumentFiles(store, folder, options);
    const small = marketStore(join(root, "small"));
    await writeBars(small, { ...market, instruments: 2 });
    expect(await exportInstrumentFiles(small, folder, { ...options, fields: ["close"] })).toMatchObject({
      written: 2,
      removed: 38,
    });
    expect(readdirSync(join(folder, "stock_data"))).toEqual(["I0000.parquet", "I0001.parquet"]);
  });
});

describe("files by period", () => {
  test.each(["month", "quarter", "year"] as const)(
    "of a %s hold its rows of all instruments",
    async (period) => {
      await writeBars(store, market);
      const factors = ["MA5", "EMA3"];
      const report = await exportPeriodFiles(store, folder, { ...options, factors, period });
      const index = (await readExportIndex(folder))!;
      const names = { month: ["1970-01", "1970-02", "1970-03"], quarter: ["1970-Q1"], year: ["1970"] };
      expect(Object.keys(index.entries)).toEqual(names[period]);
      const loaded = await loadWithIndicators(
        store,
        { codes: "all", start: 0, end: 1000, names: ["close", ...factors] },
        options,
      );
      let rows = 0;
      for (const { file, start, end } of Object.values(index.entries)) {
        const read = await rowsOf(file);
        rows += read.length;
        for (const { instrument, datetime, ...values } of read) {
          expect(datetime).toBeGreaterThanOrEqual(Date.parse(start) / 86_400_000);
          expect(datetime).toBeLessThanOrEqual(Date.parse(end) / 86_400_000);
          const { factors: panel } = loaded;
          const at =
            (datetime as number) * panel.instruments.length + panel.instruments.indexOf(instrument as string);
          expect(values["MA5"] ?? NaN).toBe(panel.columns.get("MA5")!.values[at]);
          expect(values["EMA3"] ?? NaN).toBe(panel.columns.get("EMA3")!.values[at]);
        }
      }
      expect(rows).toBe(report.rows);
      expect(rows).toBe(39 * 70 - 10 + 41);
    },
  );

  test("are written again from the first change on, factors included", async () => {
    await writeBars(store, market);
    const request = { ...options, factors: ["MA5"], period: "month" as const };
    await exportPeriodFiles(store, folder, request);
    expect(await exportPeriodFiles(store, folder, request)).toMatchObject({ written: 0, unchanged: 3 });
    await writeBars(store, { ...market, from: 70, to: 71 });
    expect(await exportPeriodFiles(store, folder, request)).toMatchObject({ written: 1, unchanged: 2 });
    await writeBars(store, {
      ...market,
      from: 30,
      to: 31,
      value: (_, row, name) => (row === 30 && name === "close" ? 7 : undefined),
    });
    expect(await exportPeriodFiles(store, folder, request)).toMatchObject({ written: 3 });
    expect(await exportPeriodFiles(store, folder, { ...request, factors: [] })).toMatchObject({ written: 3 });
    await writeBars(store, {
      ...market,
      from: 40,
      to: 41,
      value: (_, row, name) => (row === 40 && name === "close" ? 8 : undefined),
    });
    expect(await exportPeriodFiles(store, folder, { ...request, factors: [] })).toMatchObject({ written: 1 });
  });
});

test.each([
  [{ fields: ["clos"] }, "STORE_FIELD_MISSING"],
  [{ factors: ["MA6"] }, "FACTOR_UNKNOWN"],
])("an export of %j is refused with %s, and writes nothing", async (some, code) => {
  await writeBars(store, market);
  await expect(exportInstrumentFiles(store, folder, { ...options, ...some })).rejects.toMatchObject({ code });
  expect(readdirSync(root)).toEqual(["store"]);
});

test("a foreign index.json is not replaced", async () => {
  await writeBars(store, market);
  await exportInstrumentFiles(store, folder, options);
  writeFileSync(join(folder, "index.json"), '{"entries": 3}');
  await expect(exportInstrumentFiles(store, folder, options)).rejects.toMatchObject({
    code: "DATA_FILE_DAMAGED",
  });
  expect(readFileSync(join(folder, "index.json"), "utf8")).toBe('{"entries": 3}');
});
