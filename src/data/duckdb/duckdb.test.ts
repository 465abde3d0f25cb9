import { array, assert, property, string } from "fast-check";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daysOf, MISSING_DAY, numbersOf, textsOf } from "./columns.ts";
import { Database } from "./database.ts";
import { writeParquet } from "./parquet-writer.ts";
import { sqlText } from "./sql.ts";
import { TextDictionary } from "./text-dictionary.ts";

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "alphaloom-duckdb-"));
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

describe("reading a query", () => {
  test("gives every type of the engine as numbers, days, instants or text, and null as missing", async () => {
    const [row, nulls] = await database.rows(`
      SELECT true AS b, 7::TINYINT AS t, 8::SMALLINT AS s, 9::INTEGER AS i, 10::BIGINT AS l, 11::UBIGINT AS u,
        12::HUGEINT AS h, 1.5::FLOAT AS f, 2.5::DOUBLE AS d, 12.34::DECIMAL(4,2) AS m16, 1234567.89::DECIMAL(12,2) AS m64,
        DATE '2020-01-02' AS day, TIMESTAMP '1970-01-01 00:00:01' AS ts, '1970-01-01 00:00:01'::TIMESTAMP_NS AS ns,
        '1970-01-01 00:00:01'::TIMESTAMP_MS AS ms, 'short' AS short, 'a text longer than twelve bytes' AS long, '中文' AS zh
      UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`);
    expect(row).toEqual({
      b: 1,
      t: 7,
      s: 8,
      i: 9,
      l: 10,
      u: 11,
      h: 12,
      f: 1.5,
      d: 2.5,
      m16: 12.34,
      m64: 1234567.89,
      day: 18263,
      ts: 1e6,
      ns: 1e6,
      ms: 1e6,
      short: "short",
      long: "a text longer than twelve bytes",
      zh: "中文",
    });
    expect(new Set(Object.values(nulls!))).toEqual(new Set([null]));
  });

  test("keeps order, nulls and dictionary codes over many chunks and batches", async () => {
    const rows = 200_000;
    let next = 0;
    for await (const batch of database.query(
      `SELECT i::DOUBLE AS i, CASE WHEN i % 7 = 0 THEN NULL ELSE i * 0.5 END AS x,
        CASE WHEN i % 11 = 0 THEN NULL ELSE 'C' || (i // 64) END AS code,
        CASE WHEN i % 13 = 0 THEN NULL ELSE DATE '2000-01-01' + (i % 100)::INTEGER END AS day
       FROM range(${rows}) r(i)`,
      { batchRows: 10_000 },
    )) {
      const index = numbersOf(batch, "i");
      const x = numbersOf(batch, "x");
      const day = daysOf(batch, "day");
      const { codes, dictionary } = textsOf(batch, "code");
      let wrong = 0;
      for (let row = 0; row < batch.rows; row++, next++) {
        if (index[row] !== next) wrong++;
        if (!Object.is(x[row], next % 7 === 0 ? Number.NaN : next * 0.5)) wrong++;
        if (day[row] !== (next % 13 === 0 ? MISSING_DAY : 10957 + (next % 100))) wrong++;
        const text = codes[row]! < 0 ? null : dictionary[codes[row]!];
        if (text !== (next % 11 === 0 ? null : `C${Math.floor(next / 64)}`)) wrong++;
      }
      expect(wrong).toBe(0);
    }
    expect(next).toBe(rows);
  });

  test("a dictionary built from raw slots equals one built text by text", () => {
    const encoder = new TextEncoder();
    assert(
      property(array(string({ unit: "binary", maxLength: 10 }), { maxLength: 60 }), (texts) => {
        const words = new Uint32Array(texts.length * 4);
        const bytes = new Uint8Array(words.buffer);
        for (const [row, text] of texts.entries()) {
          const encoded = encoder.encode(text);
          words[row * 4] = encoded.length;
          if (encoded.length <= 12) bytes.set(encoded, row * 16 + 4);
        }
        const dictionary = new TextDictionary();
        const into = new Int32Array(texts.length);
        dictionary.encode(words, texts.length, {
          into,
          offset: 0,
          validity: null,
          longText: (row) => texts[row]!,
        });
        expect([...into].map((code) => dictionary.texts[code])).toEqual(
          texts.map((text) => new TextDecoder().decode(encoder.encode(text))),
        );
        expect(new Set(dictionary.texts).size).toBe(dictionary.texts.length);
      }),
    );
  });

  test("the dictionary keeps codes apart when it has grown several times", () => {
    const count = 5000;
    const words = new Uint32Array(count * 4);
    for (let row = 0; row < count; row++) words.set([4, row + 0x41414141, 0, 0], row * 4);
    const dictionary = new TextDictionary();
    const into = new Int32Array(count);
    const target = { into, offset: 0, validity: null, longText: () => "" };
    dictionary.encode(words, count, target);
    const first = into.slice();
    dictionary.encode(words, count, target);
    expect(into).toEqual(first);
    expect(dictionary.texts.length).toBe(new Set(first).size);
  });
});

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

  test("keeps the order of many chunks, spilling nothing beside the file afterwards", async () => {
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

  test("more than the memory limit holds is a coded error", async () => {
    const columns = 300;
    const schema = Array.from(
      { length: columns },
      (_, index) => ({ name: `c${index}`, type: "DOUBLE" }) as const,
    );
    const values = new Float64Array(2048);
    const chunks = Array.from({ length: 8 }, () => ({ rows: 2048, columns: schema.map(() => values) }));
    await expect(
      writeParquet(join(folder, "wide.parquet"), schema, chunks, { memoryLimit: "16MB" }),
    ).rejects.toMatchObject({ code: "DATA_MEMORY_LIMIT" });
  });

  test("a missing folder is a coded error that names the path", async () => {
    await expect(
      writeParquet(join(folder, "nowhere", "x.parquet"), [{ name: "x", type: "DOUBLE" }], []),
    ).rejects.toMatchObject({ name: "DataError", code: "DATA_FILE_MISSING" });
  });
});
