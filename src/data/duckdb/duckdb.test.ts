import { array, assert, property, string } from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daysOf, MISSING_DAY, numbersOf, textsOf } from "./columns.ts";
import { Database } from "./database.ts";
import { TextDictionary } from "./text-dictionary.ts";

let database: Database;

beforeAll(async () => {
  database = await Database.open();
});
afterAll(() => {
  database[Symbol.dispose]();
});

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
