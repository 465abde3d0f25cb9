import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareFrames } from "./compare-frames.ts";
import { mergeFrames } from "./merge-frames.ts";
import { rowsFrame, rowsOf, testColumn, type Row } from "./testing/rows-frame.ts";

const KEYS = ["A", "B", "C", "D", "E"] as const;

/** Rows without a (time, key) twice. */
const someRows = fc
  .uniqueArray(
    fc.tuple(fc.nat(12), fc.constantFrom(...KEYS), fc.oneof(fc.double(), fc.constantFrom(NaN, 0, -0, 1))),
    { selector: ([time, key]) => `${time}${key}`, maxLength: 50 },
  )
  .map((rows): Row[] => rows);

const inOrder = (rows: readonly Row[]): Row[] =>
  [...rows].sort((left, right) => left[0] - right[0] || (left[1] < right[1] ? -1 : 1));
const place = (row: Row): string => `${row[0]}${row[1]}`;
const keysOf = (rows: readonly Row[]): string[] => [...new Set(rows.map(([, key]) => key))].sort();

test("rows dealt to several frames come back in order, whatever the batches", async () => {
  await fc.assert(
    fc.asyncProperty(
      someRows,
      fc.array(fc.nat(2), { minLength: 50, maxLength: 50 }),
      fc.integer({ min: 1, max: 7 }),
      async (rows, deal, batch) => {
        const parts = [0, 1, 2].map((part) => rows.filter((_, index) => deal[index] === part));
        const merged = mergeFrames({
          parts: parts.map((part) => ({ frame: rowsFrame(part, { batch }) })),
          keys: keysOf(rows),
        });
        expect(await rowsOf(merged)).toEqual(inOrder(rows));
        // A frame may be read more than once.
        expect(await rowsOf(merged)).toEqual(inOrder(rows));
      },
    ),
  );
});

test("rows from a key's time on are replaced by another frame's", async () => {
  await fc.assert(
    fc.asyncProperty(someRows, someRows, fc.nat(12), async (old, fresh, time) => {
      const isReplaced = ([at, key]: Row): boolean => key < "C" && at >= time;
      const kept = old.filter((row) => !isReplaced(row));
      const instead = fresh.filter(isReplaced);
      const merged = mergeFrames({
        parts: [
          { frame: rowsFrame(old), until: new Map([["A", time] as const, ["B", time] as const]) },
          { frame: rowsFrame(instead) },
        ],
        keys: keysOf([...kept, ...instead]),
      });
      expect(await rowsOf(merged)).toEqual(inOrder([...kept, ...instead]));
    }),
  );
});

test("a comparison counts the rows that differ, as looking at each of them does", async () => {
  await fc.assert(
    fc.asyncProperty(someRows, someRows, fc.integer({ min: 1, max: 7 }), async (drawn, noise, batch) => {
      // Mostly the same rows: the noise replaces few.
      const old = drawn;
      const changed = new Map(noise.slice(0, 6).map((row) => [place(row), row]));
      const fresh = [
        ...old.filter((row, index) => !changed.has(place(row)) && index % 11 !== 10),
        ...changed.values(),
      ];
      const found = await compareFrames(
        { frame: rowsFrame(old, { batch }) },
        { frame: rowsFrame(fresh, { batch: 4 }) },
      );
      const left = new Map(old.map((row) => [place(row), row]));
      const right = new Map(fresh.map((row) => [place(row), row]));
      for (const key of KEYS) {
        const counts = { first: Infinity, changed: 0, added: 0, removed: 0, isFromStart: false };
        const times = inOrder([...old, ...fresh].filter((row) => row[1] === key)).map(([time]) => time);
        for (const time of new Set(times)) {
          const [one, other] = [left.get(`${time}${key}`), right.get(`${time}${key}`)];
          if (one !== undefined && other !== undefined && Object.is(one[2], other[2])) continue;
          if (counts.first === Infinity) counts.isFromStart = time === times[0];
          counts.first = Math.min(counts.first, time);
          if (one === undefined) counts.added++;
          else if (other === undefined) counts.removed++;
          else counts.changed++;
        }
        expect(found.get(key)).toEqual(counts.first === Infinity ? undefined : counts);
      }
    }),
  );
});

test("columns of all types keep their values", async () => {
  const columns = [testColumn("a", "f32"), testColumn("b", "f64"), testColumn("n", "i64")];
  const rows: Row[] = Array.from({ length: 90 }, (_, index) => [
    Math.floor(index / 3),
    KEYS[index % 3]!,
    Math.fround(index / 7),
    index % 5 === 0 ? NaN : index / 7,
    index * 2 ** 40,
  ]);
  const merged = mergeFrames({
    parts: [0, 1].map((part) => ({
      frame: rowsFrame(
        rows.filter((_, index) => Math.floor(index / 40) % 2 === part),
        { columns, batch: 40 },
      ),
    })),
    keys: ["A", "B", "C"],
  });
  expect(await rowsOf(merged)).toEqual(rows);
});

test("a row that is there twice, an unknown key and other columns are refused", async () => {
  const one = rowsFrame([[1, "A", 5]]);
  await expect(rowsOf(mergeFrames({ parts: [{ frame: one }, { frame: one }], keys: ["A"] }))).rejects.toThrow(
    /A at 1970-01-01T00:00:00.001Z takes part twice/,
  );
  await expect(rowsOf(mergeFrames({ parts: [{ frame: one }], keys: ["B"] }))).rejects.toThrow(
    /key that is not among/,
  );
  const other = rowsFrame([], { columns: [testColumn("open")] });
  expect(() => mergeFrames({ parts: [{ frame: one }, { frame: other }], keys: ["A"] })).toThrow(
    /different columns/,
  );
});
