import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { Database } from "#data/duckdb/database";
import { importBars } from "#data/ingest/import-bars";
import { MemoryStore } from "#data/ingest/testing/memory-store";
import { RowsSource } from "#data/ingest/testing/rows-source";
import { dayOf, isoOf } from "#market/day";
import type { Panel } from "#panel/panel";
import { panelOf } from "#panel/panel";
import { writeTableCsv } from "./csv/write-table.ts";
import { writeFactorParquet, writeTableParquet } from "./parquet/write-table.ts";
import type { SeriesTable } from "./series-table.ts";
import { tableOfPanel, tableOfStore } from "./series-table.ts";
import { storeFieldsOf } from "./store-fields.ts";

const days = ["2024-01-02", "2024-01-03", "2024-01-04"];

function factors(): Panel<"factor"> {
  return panelOf({
    role: "factor",
    time: { freq: "day", days: Int32Array.from(days, dayOf) },
    instruments: ["b", "A", "empty"],
    first: Int32Array.of(1, 0, 0),
    last: Int32Array.of(2, 1, -1),
    columns: [
      { name: "KMID", values: Float32Array.of(9, 0.1, 9, 1, Number.NaN, 9, -0, 9, 9) },
      { name: "Ref($close, 1)", values: Float64Array.of(9, 0.1, 9, 1 / 3, Infinity, 9, 2 ** 53, 9, 9) },
    ],
  });
}

const target = (name: string): string => path.join(mkdtempSync(path.join(os.tmpdir(), "table-")), name);

async function rowsOf(file: string): Promise<unknown[][]> {
  using database = await Database.open();
  const rows = await database.rows(
    `SELECT * REPLACE (strftime(datetime, '%Y-%m-%d') AS datetime) FROM '${file}'`,
  );
  return rows.map((row) => Object.values(row));
}

describe("Parquet", () => {
  it("holds an instrument's own rows sorted, each column in its own type, NaN as NaN", async () => {
    const file = target("factors.parquet");
    expect(await writeFactorParquet(factors(), file, { metadata: { generation: "7" } })).toBe(4);
    using database = await Database.open();
    expect(await database.describe(`'${file}'`)).toEqual([
      { name: "instrument", type: "VARCHAR" },
      { name: "datetime", type: "DATE" },
      { name: "KMID", type: "FLOAT" },
      { name: "Ref($close, 1)", type: "DOUBLE" },
    ]);
    expect(await rowsOf(file)).toEqual([
      ["A", "2024-01-02", Math.fround(0.1), 0.1],
      ["A", "2024-01-03", null, Infinity],
      ["b", "2024-01-03", 1, 1 / 3],
      ["b", "2024-01-04", -0, 2 ** 53],
    ]);
    expect(await database.rows(`SELECT count(*) AS n FROM '${file}' WHERE isnan(KMID)`)).toEqual([{ n: 1 }]);
    expect(
      await database.rows(
        `SELECT decode(value) AS v FROM parquet_kv_metadata('${file}') WHERE decode(key) = 'generation'`,
      ),
    ).toEqual([{ v: "7" }]);
  });

  it("takes one precision for all columns", async () => {
    const file = target("factors.parquet");
    await writeFactorParquet(factors(), file, { precision: "f32" });
    using database = await Database.open();
    expect((await database.describe(`'${file}'`)).map(({ type }) => type)).toEqual([
      "VARCHAR",
      "DATE",
      "FLOAT",
      "FLOAT",
    ]);
    expect((await rowsOf(file))[2]).toEqual(["b", "2024-01-03", 1, Math.fround(1 / 3)]);
  });

  it("stamps bars of the day with their end", async () => {
    const file = target("minutes.parquet");
    const panel = panelOf({
      role: "market",
      time: { freq: "1min", days: Int32Array.of(19724, 19724), minutes: Int16Array.of(571, 572) },
      instruments: ["A"],
      first: Int32Array.of(0),
      last: Int32Array.of(1),
      columns: [{ name: "close", values: Float64Array.of(1, 2) }],
    });
    await writeFactorParquet(panel, file);
    using database = await Database.open();
    expect(await database.rows(`SELECT CAST(datetime AS VARCHAR) AS t FROM '${file}'`)).toEqual([
      { t: "2024-01-02 09:31:00" },
      { t: "2024-01-02 09:32:00" },
    ]);
  });

  it("leaves nothing when the rows fail half-way", async () => {
    const file = target("broken.parquet");
    const good = tableOfPanel(factors());
    const bad: SeriesTable = {
      ...good,
      async *series() {
        yield* good.series();
        throw new Error("broken");
      },
    };
    await expect(writeTableParquet(bad, file)).rejects.toThrow("broken");
    await expect(writeTableCsv(bad, file)).rejects.toThrow("broken");
    expect(readdirSync(path.dirname(file))).toEqual([]);
  });
});

it("CSV numbers read back as the same number of their type", async () => {
  const file = target("factors.csv");
  expect(await writeTableCsv(tableOfPanel(factors()), file)).toBe(4);
  expect(readFileSync(file, "utf8")).toBe(
    'instrument,datetime,KMID,"Ref($close, 1)"\n' +
      "A,2024-01-02,0.1,0.1\nA,2024-01-03,,inf\nb,2024-01-03,1,0.3333333333333333\nb,2024-01-04,-0,9007199254740992\n",
  );
});

/** Seventy instruments in two imports, so that ids and blocks run in different orders. */
async function store(): Promise<MemoryStore> {
  const weekdays = new MemoryStore((start, end) =>
    Int32Array.from({ length: end - start + 1 }, (_, i) => start + i),
  );
  const rows = Array.from({ length: 70 }, (_, i) => [
    {
      instrument: `I${String(69 - i).padStart(2, "0")}`,
      day: 100 + (i % 3),
      values: { close: i + 1, turn: -i },
    },
    { instrument: `I${String(69 - i).padStart(2, "0")}`, day: 104, values: { close: i + 1.5, turn: -i } },
  ]).flat();
  const calendar = { first: 0, last: 1000, isSession: () => true };
  for (const part of [rows.slice(60), rows.slice(0, 60)]) {
    await importBars(new RowsSource(part), weekdays.writer(), { calendar, engine: "test" });
  }
  return weekdays;
}

describe("a store generation", () => {
  it("comes out sorted by id whatever block an instrument lies in, from its first to its last row", async () => {
    const snapshot = (await store()).snapshot();
    const table = tableOfStore(snapshot, { fields: storeFieldsOf(snapshot, ["close", "extra.turn"]) });
    expect(table.fields.map(({ name }) => name)).toEqual(["close", "turn"]);
    expect(table.instruments).toBe(70);
    const ids: string[] = [];
    for await (const series of table.series()) {
      const i = 69 - Number(series.instrument.slice(1));
      ids.push(series.instrument);
      expect(series.attributes["adjustment"]).toBe("raw");
      expect(isoOf(snapshot.time.days[series.first]!)).toBe(isoOf(100 + (i % 3)));
      expect([...series.columns.get("close")!]).toEqual([
        i + 1,
        ...Array.from({ length: 3 - (i % 3) }, () => Number.NaN),
        i + 1.5,
      ]);
    }
    expect(ids).toEqual(ids.toSorted());
  });

  it("gives some instruments and some rows only", async () => {
    const snapshot = (await store()).snapshot();
    const table = tableOfStore(snapshot, {
      fields: storeFieldsOf(snapshot, ["close"]),
      instruments: new Set(["I68", "I69"]),
      rows: { from: 0, to: 1 },
    });
    const found: [string, number[]][] = [];
    for await (const { instrument, columns } of table.series())
      found.push([instrument, [...columns.get("close")!]]);
    expect(found).toEqual([["I69", [1]]]);
  });

  it("names the columns of sets that are to be told apart by set and field", async () => {
    const snapshot = (await store()).snapshot();
    const fields = storeFieldsOf(snapshot, "all");
    const table = tableOfStore(snapshot, { fields, qualified: new Set(["extra"]) });
    expect(table.fields.map(({ name }) => name)).toEqual(["close", "factor", "extra.turn"]);
    for await (const { columns } of table.series())
      expect([...columns.keys()]).toEqual(["close", "factor", "extra.turn"]);
  });

  it("has its fields by name, by set and name, or all", async () => {
    const snapshot = (await store()).snapshot();
    expect([...storeFieldsOf(snapshot, "all")]).toEqual([
      ["bars", ["close", "factor"]],
      ["extra", ["turn"]],
    ]);
    expect(() => storeFieldsOf(snapshot, ["open"])).toThrow(
      /no field "open"; it has bars.close, bars.factor, extra.turn/,
    );
  });
});
