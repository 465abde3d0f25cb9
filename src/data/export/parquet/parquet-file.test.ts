import { array, assert, asyncProperty, constantFrom, integer, option, record, string } from "fast-check";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MISSING_DAY, numbersOf } from "#data/duckdb/columns";
import { Database } from "#data/duckdb/database";
import { sqlText } from "#data/duckdb/sql";
import { runLengths } from "./run-length.ts";
import { writeParquet, type Compression, type ParquetChunk } from "./parquet-file.ts";

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "alphaloom-parquet-"));
  database = await Database.open();
});
afterAll(() => {
  database[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function* chunks() {
  for (let from = 0; from < 300_000; from += 30_000) {
    yield { rows: 30_000, columns: [Float64Array.from({ length: 30_000 }, (_, i) => from + i)] };
  }
}

function* failing() {
  yield { rows: 1, columns: [Float64Array.of(1)] };
  throw new Error("the source broke");
}

const compressions: readonly Compression[] = ["zstd", "snappy", "uncompressed"];

describe("writing Parquet", () => {
  test("gives back every type, null and NaN in the order written", async () => {
    const path = join(folder, "types.parquet");
    const rows = await writeParquet(
      path,
      [
        { name: "code", type: "VARCHAR" },
        { name: "name", type: "VARCHAR" },
        { name: "day", type: "DATE" },
        { name: "f", type: "FLOAT" },
        { name: "d", type: "DOUBLE", nanAsNull: true },
        { name: "n", type: "DOUBLE" },
        { name: "i", type: "INTEGER" },
        { name: "l", type: "BIGINT" },
        { name: "t", type: "TIMESTAMP" },
      ],
      [
        {
          rows: 3,
          columns: [
            { codes: Int32Array.of(1, 0, -1), dictionary: ["a'b", 'Z"z'] },
            ["x", null, "一"],
            Int32Array.of(18263, MISSING_DAY, 0),
            Float32Array.of(1.5, Number.NaN, 3),
            Float64Array.of(0.1, Number.NaN, 3),
            Float64Array.of(0.1, Number.NaN, 3),
            Int32Array.of(1, 2, 3),
            Float64Array.of(2 ** 52, Number.NaN, -1),
            BigInt64Array.of(1_000_000n, 2n, 3n),
          ],
        },
      ],
      { metadata: { generation: "7" } },
    );
    expect(rows).toBe(3);
    const read = await database.rows(
      `SELECT *, isnan(n) AS nan, typeof(f) AS ft FROM read_parquet(${sqlText(path)})`,
    );
    expect(read.map((row) => row["code"])).toEqual(['Z"z', "a'b", null]);
    expect(read.map((row) => row["name"])).toEqual(["x", null, "一"]);
    expect(read.map((row) => row["day"])).toEqual([18263, null, 0]);
    expect(read.map((row) => row["nan"])).toEqual([0, 1, 0]);
    expect(read.map((row) => row["d"])).toEqual([0.1, null, 3]);
    expect(read.map((row) => row["l"])).toEqual([2 ** 52, null, -1]);
    expect(read.map((row) => row["t"])).toEqual([1e6, 2, 3]);
    expect(read[0]!["ft"]).toBe("FLOAT");
    const [meta] = await database.rows(
      `SELECT decode(value) AS v FROM parquet_kv_metadata(${sqlText(path)}) WHERE decode(key) = 'generation'`,
    );
    expect(meta).toEqual({ v: "7" });
  });

  test("keeps the order of many chunks, and leaves nothing beside the file", async () => {
    const path = join(folder, "order.parquet");
    await writeParquet(path, [{ name: "i", type: "DOUBLE" }], chunks());
    let next = 0;
    for await (const batch of database.query(`SELECT i FROM read_parquet(${sqlText(path)})`)) {
      for (const value of numbersOf(batch, "i")) if (value === next) next++;
    }
    expect(next).toBe(300_000);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("a file without rows keeps its schema", async () => {
    const path = join(folder, "empty.parquet");
    await writeParquet(path, [{ name: "day", type: "DATE" }], []);
    expect(await database.describe(`read_parquet(${sqlText(path)})`)).toEqual([
      { name: "day", type: "DATE" },
    ]);
  });

  test("a source that fails leaves the file that was there", async () => {
    const path = join(folder, "kept.parquet");
    writeFileSync(path, "as it was");
    await expect(writeParquet(path, [{ name: "x", type: "DOUBLE" }], failing())).rejects.toThrow(
      "the source broke",
    );
    expect(readdirSync(folder)).toContain("kept.parquet");
    expect(await database.glob(join(folder, "kept*"))).toEqual([path]);
  });

  test("a missing folder is a coded error that names the path", async () => {
    await expect(
      writeParquet(join(folder, "nowhere", "x.parquet"), [{ name: "x", type: "DOUBLE" }], []),
    ).rejects.toMatchObject({ name: "DataError", code: "DATA_FILE_MISSING" });
  });
});

/** What one row of a random table holds; null where a value is missing. */
const cells = record({
  code: option(integer({ min: 0, max: 40 }), { freq: 4 }),
  text: option(string({ unit: "grapheme", maxLength: 6 }), { freq: 4 }),
  day: option(integer({ min: -1000, max: 30_000 }), { freq: 4 }),
  long: option(integer({ min: -(2 ** 40), max: 2 ** 40 }), { freq: 4 }),
  float: option(integer({ min: -5, max: 5 }), { freq: 4 }),
});

test("random tables, in random chunks and row groups, read back as they were written", async () => {
  let run = 0;
  const dictionary = Array.from({ length: 41 }, (_, code) => `C${code}-${"x".repeat(code % 7)}`);
  await assert(
    asyncProperty(
      array(array(cells, { maxLength: 90 }), { maxLength: 5 }),
      constantFrom(...compressions),
      integer({ min: 1, max: 100 }),
      async (parts, compression, rowGroupRows) => {
        const path = join(folder, `random-${run++}.parquet`);
        const written = parts.map((rows): ParquetChunk => ({
          rows: rows.length,
          columns: [
            { codes: Int32Array.from(rows, ({ code }) => code ?? -1), dictionary },
            rows.map(({ text }) => text),
            Int32Array.from(rows, ({ day }) => day ?? MISSING_DAY),
            Float64Array.from(rows, ({ long }) => long ?? Number.NaN),
            Float32Array.from(rows, ({ float }) => float ?? Number.NaN),
          ],
        }));
        const total = await writeParquet(
          path,
          [
            { name: "code", type: "VARCHAR" },
            { name: "text", type: "VARCHAR" },
            { name: "day", type: "DATE" },
            { name: "long", type: "BIGINT" },
            { name: "float", type: "FLOAT", nanAsNull: true },
          ],
          written,
          { compression, rowGroupRows },
        );
        const read = await database.rows(`SELECT * FROM read_parquet(${sqlText(path)})`);
        const expected = parts.flat().map(({ code, ...rest }) => ({
          code: code === null ? null : dictionary[code]!,
          ...rest,
        }));
        expect(total).toBe(expected.length);
        expect(read).toEqual(expected);
        rmSync(path);
      },
    ),
    { numRuns: 40 },
  );
});

test.each(compressions)(
  "%s keeps bytes that repeat, and bytes that do not, over many pages",
  async (compression) => {
    const rows = 70_000;
    let state = 1;
    const random = Float64Array.from({ length: rows }, () => (state = (state * 48_271) % 2_147_483_647));
    const path = join(folder, `${compression}.parquet`);
    await writeParquet(
      path,
      [
        { name: "row", type: "INTEGER" },
        { name: "same", type: "DOUBLE" },
        { name: "random", type: "DOUBLE" },
        { name: "text", type: "VARCHAR" },
      ],
      [
        {
          rows,
          columns: [
            Int32Array.from({ length: rows }, (_, row) => row),
            Float64Array.from({ length: rows }, (_, row) => row >> 10),
            random,
            Array.from({ length: rows }, (_, row) => `the same words in every row, ${row % 100}`),
          ],
        },
      ],
      { compression },
    );
    const [sums] = await database.rows(
      `SELECT count(*) AS n, sum(row) AS rows, sum(CASE WHEN same = row // 1024 THEN 1 ELSE 0 END) AS same,
      sum(random) AS random, sum(CASE WHEN text = 'the same words in every row, ' || (row % 100) THEN 1 ELSE 0 END) AS texts
     FROM read_parquet(${sqlText(path)})`,
    );
    expect(sums).toEqual({
      n: rows,
      rows: (rows * (rows - 1)) / 2,
      same: rows,
      random: random.reduce((sum, value) => sum + value, 0),
      texts: rows,
    });
  },
);

test("the statistics of a row group hold its least and greatest value", async () => {
  const path = join(folder, "statistics.parquet");
  await writeParquet(
    path,
    [
      { name: "code", type: "VARCHAR" },
      { name: "day", type: "DATE" },
    ],
    [
      {
        rows: 4,
        columns: [
          { codes: Int32Array.of(2, 0, 1, -1), dictionary: ["é", "z", "a"] },
          Int32Array.of(3, -7, MISSING_DAY, 5),
        ],
      },
    ],
    { rowGroupRows: 3 },
  );
  const rows = await database.rows(
    `SELECT row_group_id AS g, path_in_schema AS c, stats_min_value AS least, stats_max_value AS greatest, stats_null_count AS nulls
     FROM parquet_metadata(${sqlText(path)}) ORDER BY g, c`,
  );
  expect(rows).toEqual([
    { g: 0, c: "code", least: "a", greatest: "é", nulls: 0 },
    { g: 0, c: "day", least: "1969-12-25", greatest: "1970-01-04", nulls: 1 },
    { g: 1, c: "code", least: null, greatest: null, nulls: 1 },
    { g: 1, c: "day", least: "1970-01-06", greatest: "1970-01-06", nulls: 0 },
  ]);
});

test("runs of values and packed values are told apart by their first bit", () => {
  expect([...runLengths(new Uint8Array(100).fill(1), 1)]).toEqual([0xc8, 0x01, 1]);
  const alternating = Uint8Array.from({ length: 1000 }, (_, at) => at % 2);
  const bytes = runLengths(alternating, 1);
  expect([...bytes.subarray(0, 3)]).toEqual([0xfb, 0x01, 0xaa]);
  expect(bytes).toHaveLength(2 + 125);
});
