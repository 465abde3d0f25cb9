import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Frame } from "../export/frame.ts";
import { appendFrame } from "./append-frame.ts";
import { compareKeys, openFrame } from "./open-frame.ts";
import { handmadeFrame, timeOf, type Handmade, type HandmadeRow } from "./testing/handmade-frame.ts";
import { writeFrame } from "./write-frame.ts";

const folder = mkdtempSync(join(tmpdir(), "frames-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const columns: Handmade["columns"] = [
  ["close", "f32"],
  ["volume", "f64"],
  ["count", "i64"],
];
const rows: readonly HandmadeRow[] = [
  [timeOf("2020-01-02"), "000001.SZ", 1.5, 100, 7],
  [timeOf("2020-01-02"), "600000.SH", null, 200, -8],
  [timeOf("2020-01-03"), "600000.SH", 2.5, null, 9],
  [timeOf("2020-01-06"), "000001.SZ", 3.5, 300, 0],
];

async function rowsOf(file: string, range: { from?: number; to?: number } = {}): Promise<HandmadeRow[]> {
  using frame = await openFrame(file);
  const found: HandmadeRow[] = [];
  for await (const { times, keys, values } of frame.batches(range))
    for (let row = 0; row < times.length; row += 1)
      found.push([
        times[row]!,
        frame.keys[keys[row]!]!,
        ...values.map((column) => (Number.isNaN(Number(column[row])) ? null : Number(column[row]))),
      ]);
  return found;
}

const hashOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a written frame", () => {
  test("gives back its rows, whole, from a time, to a time, and by number", async () => {
    const file = join(folder, "plain.h5");
    const written = await writeFrame(file, handmadeFrame({ columns, rows }));
    expect(written).toMatchObject({
      rows: 4,
      times: [timeOf("2020-01-02"), timeOf("2020-01-03"), timeOf("2020-01-06")],
      bytes: readFileSync(file).length,
    });
    expect(await rowsOf(file)).toEqual(rows);
    expect(await rowsOf(file, { from: timeOf("2020-01-03") })).toEqual(rows.slice(2));
    expect(await rowsOf(file, { to: timeOf("2020-01-05") })).toEqual(rows.slice(0, 3));
    expect(await rowsOf(file, { from: timeOf("2020-01-07") })).toEqual([]);
    using frame = await openFrame(file);
    expect(frame.read({ start: 1, end: 3 }, ["volume"])).toEqual({
      times: Float64Array.of(timeOf("2020-01-02"), timeOf("2020-01-03")),
      keys: Int32Array.of(1, 1),
      values: [Float64Array.of(200, Number.NaN)],
    });
    expect(() => frame.read({ start: 0, end: 5 })).toThrow(RangeError);
    expect(() => frame.read({ start: 0, end: 1 }, ["open"])).toThrow(/no column open/);
  });

  test("has the same bytes whenever it is written, in whatever batches", async () => {
    const [one, other] = [join(folder, "one.h5"), join(folder, "other.h5")];
    await writeFrame(one, handmadeFrame({ columns, rows, batchRows: 1 }));
    await setTimeout(1100);
    await writeFrame(other, handmadeFrame({ columns, rows, batchRows: 4 }));
    expect(hashOf(other)).toBe(hashOf(one));
  });

  test("and copied through a reader is the same file", async () => {
    const [one, copy] = [join(folder, "read.h5"), join(folder, "reread.h5")];
    await writeFrame(one, handmadeFrame({ columns, rows }));
    using frame = await openFrame(one);
    await writeFrame(copy, frame.asFrame());
    expect(hashOf(copy)).toBe(hashOf(one));
  });
});

function rowsOfDays(days: readonly (readonly (readonly [string, ...(number | null)[]])[])[], first: number) {
  return days.flatMap((some, at) =>
    some
      .toSorted(([a], [b]) => compareKeys(a, b))
      .map(([name, ...values]): HandmadeRow => [(first + at) * 86_400_000, name, ...values]),
  );
}

describe("rows added to a file", () => {
  const key = fc.constantFrom("a", "b", "c", "dd", "银行", "𠮷", "～");
  const value = fc.option(
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    { nil: null },
  );
  const day = fc.uniqueArray(fc.tuple(key, value, value, fc.integer()), { selector: ([name]) => name });

  test("give what writing them at once gives", async () => {
    const file = join(folder, "grown.h5");
    await fc.assert(
      fc.asyncProperty(
        fc.array(day, { maxLength: 4 }),
        fc.array(fc.array(day, { maxLength: 3 }), { maxLength: 3 }),
        async (before, additions) => {
          const all = rowsOfDays(before, 0);
          await writeFrame(file, handmadeFrame({ columns, rows: all }));
          for (const [at, added] of additions.entries()) {
            const later = rowsOfDays(added, 10 * (at + 1));
            const tally = await appendFrame(file, handmadeFrame({ columns, rows: later, batchRows: 2 }));
            expect(tally.rows).toBe(later.length);
            all.push(...later);
          }
          expect(await rowsOf(file)).toEqual(all);
          using frame = await openFrame(file);
          expect(frame.keys).toEqual([...new Set(all.map(([, name]) => name))].sort(compareKeys));
          expect([...frame.times]).toEqual([...new Set(all.map(([time]) => time))]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("that are not later than the last are refused, in place and anew", async () => {
    const file = join(folder, "late.h5");
    for (const name of ["000001.SZ", "a name that is wider than those there"]) {
      await writeFrame(file, handmadeFrame({ columns, rows }));
      const same: HandmadeRow = [timeOf("2020-01-06"), name, 1, 2, 3];
      expect(await failureOf(appendFrame(file, handmadeFrame({ columns, rows: [same] })))).toMatchObject({
        code: "DATA_ROW_ORDER",
      });
    }
  });

  test("with other columns or levels are refused and leave the file alone", async () => {
    const file = join(folder, "form.h5");
    await writeFrame(file, handmadeFrame({ columns, rows }));
    const before = hashOf(file);
    const next: HandmadeRow = [timeOf("2020-01-07"), "000001.SZ", 1, 2, 3];
    const wrong: readonly Handmade[] = [
      { columns: [...columns, ["extra", "f32"]], rows: [[...next, 4]] },
      { columns: columns.toReversed(), rows: [next] },
      { columns: [["close", "f64"], columns[1]!, columns[2]!], rows: [next] },
      { columns, rows: [next], levels: ["datetime", "board"] },
    ];
    for (const frame of wrong)
      expect(await failureOf(appendFrame(file, handmadeFrame(frame)))).toMatchObject({
        code: "DATA_COLUMN_MISSING",
      });
    expect(hashOf(file)).toBe(before);
  });
});

describe("a frame that cannot be written", () => {
  test.each([
    ["out of order", [rows[3]!, rows[0]!], /comes after/],
    ["with a row twice", [rows[0]!, rows[0]!], /comes twice/],
    ["with keys out of order", [rows[1]!, rows[0]!], /comes after/],
  ])("%s leaves what was there", async (_, wrong, words) => {
    const file = join(folder, "kept", "data.h5");
    await writeFrame(file, handmadeFrame({ columns, rows }));
    const before = hashOf(file);
    const failure = await failureOf(writeFrame(file, handmadeFrame({ columns, rows: wrong })));
    expect(failure).toMatchObject({ code: "DATA_ROW_ORDER" });
    expect((failure as Error).message).toMatch(words);
    expect(hashOf(file)).toBe(before);
    expect(readdirSync(join(folder, "kept"))).toEqual(["data.h5"]);
  });

  test("because its source fails or it is interrupted leaves nothing", async () => {
    const file = join(folder, "stopped", "data.h5");
    const broken: Frame = {
      ...handmadeFrame({ columns, rows }),
      async *batches() {
        yield* handmadeFrame({ columns, rows: rows.slice(0, 1) }).batches();
        throw new Error("the server went away");
      },
    };
    expect(await failureOf(writeFrame(file, broken))).toMatchObject({ message: "the server went away" });
    const controller = new AbortController();
    const stopped = writeFrame(file, handmadeFrame({ columns, rows, batchRows: 1 }), {
      signal: controller.signal,
      onRows: () => controller.abort(),
    });
    expect(await failureOf(stopped)).toMatchObject({ name: "AbortError" });
    expect(readdirSync(join(folder, "stopped"))).toEqual([]);
  });
});

describe("a file that is no frame", () => {
  test("is told from one that is not there and one that is damaged", async () => {
    expect(await failureOf(openFrame(join(folder, "nowhere.h5")))).toMatchObject({
      code: "DATA_FILE_MISSING",
    });
    const text = join(folder, "text.h5");
    writeFileSync(text, "datetime,instrument\n");
    expect(await failureOf(openFrame(text))).toMatchObject({ code: "DATA_FILE_DAMAGED" });
    const cut = join(folder, "cut.h5");
    await writeFrame(cut, handmadeFrame({ columns, rows }));
    truncateSync(cut, 1000);
    expect(await failureOf(openFrame(cut))).toMatchObject({ code: "DATA_FILE_DAMAGED" });
    await writeFrame(cut, handmadeFrame({ columns, rows }), { key: "other" });
    expect(await failureOf(openFrame(cut, { key: "data" }))).toMatchObject({ code: "DATA_KIND_OTHER" });
    using found = await openFrame(cut, { key: "other" });
    expect(found.rows).toBe(4);
    expect(existsSync(join(folder, "nowhere.h5"))).toBe(false);
  });
});

test("keys are ordered by code points", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});
