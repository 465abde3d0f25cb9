import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectRows } from "#data/quality/inspect";
import { factorFromPreclose } from "#market/adjustment/factor";
import { dayOf, isoOf, weekdayOf } from "#market/day";
import type { Panel } from "#panel/panel";
import { seriesOf } from "#panel/panel";
import type { ImportOptions } from "./import-bars.ts";
import { importBars } from "./import-bars.ts";
import type { ImportResult } from "./import-result.ts";
import { MemoryStore } from "./testing/memory-store.ts";
import type { TestRow } from "./testing/rows-source.ts";
import { RowsSource } from "./testing/rows-source.ts";

const monday = dayOf("2024-01-01");

/** Monday to Friday for eighty weeks. */
const calendar = {
  first: monday,
  last: monday + 559,
  isSession: (day: number): boolean => weekdayOf(day) !== 0 && weekdayOf(day) !== 6,
};

/** The n-th session. */
const session = (n: number): number => monday + Math.floor(n / 5) * 7 + (n % 5);

function emptyStore(): MemoryStore {
  return new MemoryStore((start, end) =>
    Int32Array.from({ length: end - start + 1 }, (_, i) => start + i).filter((day) =>
      calendar.isSession(day),
    ),
  );
}

type SourceOptions = ConstructorParameters<typeof RowsSource>[1];

function importInto(
  store: MemoryStore,
  rows: readonly TestRow[],
  options: SourceOptions & { readonly import?: Partial<ImportOptions> } = {},
): Promise<ImportResult> {
  return importBars(new RowsSource(rows, options), store.writer(), {
    calendar,
    engine: "test",
    ...options.import,
  });
}

function panelOfStore(store: MemoryStore, set = "bars"): Promise<Panel<"market">> {
  return store.snapshot().readPanel({ set, role: "market" });
}

async function series(
  store: MemoryStore,
  instrument: string,
  field: string,
  set = "bars",
): Promise<number[]> {
  const panel = await panelOfStore(store, set);
  return [...seriesOf(panel, field, panel.instruments.indexOf(instrument))];
}

/** A history: an ex-day now and then, a suspended day now and then, gaps now and then. */
function history(instrument: string, seed: number, from: number, count: number): TestRow[] {
  let state = seed * 7919 + 13;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  const rows: TestRow[] = [];
  let close = 10 + seed;
  for (let n = from; n < from + count; n++) {
    const dividend = random() < 0.15 ? Math.round(close * 10) / 100 : 0;
    const preclose = Math.round((close - dividend) * 100) / 100;
    const kind = random();
    if (kind < 0.1 && n > from && n < from + count - 1) continue;
    if (kind < 0.2) {
      const values = { close, preclose: close, volume: 0, amount: 0, status: 0, turn: 0 };
      rows.push({ instrument, day: session(n), values });
      continue;
    }
    close = Math.round(preclose * (0.95 + random() * 0.1) * 100) / 100;
    const volume = Math.round(random() * 1e7);
    const values = { close, preclose, volume, amount: close * volume, status: 1, turn: random() };
    rows.push({ instrument, day: session(n), values });
  }
  return rows;
}

const market = [...history("B", 1, 3, 30), ...history("A", 2, 0, 40), ...history("C", 3, 20, 25)];

/** The same rows in another order. */
function shuffled<T>(items: readonly T[], order: readonly number[]): T[] {
  return items
    .map((item, i) => ({ item, at: order[i % order.length]! * 1000 + ((i * 7919) % 997) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe("importBars into an empty store", () => {
  it("aligns rows to the calendar, keeps suspended days and leaves gaps NaN", async () => {
    const store = emptyStore();
    const result = await importInto(store, [
      { instrument: "A", day: session(0), values: { close: 10, volume: 5, status: 1 } },
      { instrument: "A", day: session(1), values: { close: 10, volume: 0, status: 0 } },
      { instrument: "A", day: session(3), values: { close: 12, volume: 7, status: 1 } },
      { instrument: "B", day: session(2), values: { close: 3, volume: 1, status: 1 } },
    ]);
    expect(result.generation).toBe(1);
    expect(result.rows).toMatchObject({ read: 4, added: 4, identical: 0, corrected: 0, keptOut: 0 });
    expect(result.span).toEqual({ first: session(0), last: session(3) });
    expect(await series(store, "A", "close")).toEqual([10, Number.NaN, Number.NaN, 12]);
    expect(await series(store, "A", "volume")).toEqual([5, 0, Number.NaN, 7]);
    expect(await series(store, "A", "status")).toEqual([1, 0, Number.NaN, 1]);
    expect(await series(store, "A", "factor")).toEqual([1, 1, 1, 1]);
    expect(await series(store, "B", "close")).toEqual([3]);
    expect(store.content.instruments.map(({ id, attributes }) => [id, attributes])).toEqual([
      ["A", { adjustment: "raw", source: "rows:test", factorFrom: "none" }],
      ["B", { adjustment: "raw", source: "rows:test", factorFrom: "none" }],
    ]);
  });

  it("derives the factor from precloses and keeps other numbers in the extra set", async () => {
    const store = emptyStore();
    await importInto(store, market);
    const close = Float64Array.from(await series(store, "A", "close"));
    const preclose = Float64Array.from(await series(store, "A", "preclose"));
    const factor = await series(store, "A", "factor");
    expect(factor).toEqual([...factorFromPreclose(close, preclose)]);
    expect(new Set(factor).size).toBeGreaterThan(2);
    expect([...(await panelOfStore(store)).columns.keys()]).toEqual([
      "close",
      "preclose",
      "volume",
      "amount",
      "factor",
      "status",
    ]);
    expect([...(await panelOfStore(store, "extra")).columns.keys()]).toEqual(["turn"]);
  });

  it("keeps bars on holidays out and names them", async () => {
    const store = emptyStore();
    const saturday = monday + 5;
    const result = await importInto(store, [
      { instrument: "A", day: saturday, values: { close: 9 } },
      { instrument: "A", day: session(6), values: { close: 10 } },
      { instrument: "B", day: saturday, values: { close: 9 } },
      { instrument: "C", day: calendar.last + 100, values: { close: 9 } },
    ]);
    expect(result.rows).toMatchObject({ read: 4, added: 1, keptOut: 3 });
    expect(result.findings.map(({ rule, instrument, day }) => [rule, instrument, isoOf(day!)])).toEqual([
      ["no-session", "B", isoOf(saturday)],
      ["no-session", "C", isoOf(calendar.last + 100)],
      ["holiday-bar", "A", isoOf(saturday)],
    ]);
    expect(store.content.instruments.map(({ id }) => id)).toEqual(["A"]);
    expect([...store.content.days].map(isoOf)).toEqual([isoOf(session(6))]);
  });

  it("does not depend on the order of rows, the size of batches or the size of the spool", async () => {
    const reference = emptyStore();
    await importInto(reference, market, { batchRows: 1000 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(0, 2000, 1e9),
        fc.integer({ min: 1, max: 9 }),
        async (order, batchRows, memoryBytes, chunkRows) => {
          const store = emptyStore();
          await importInto(store, shuffled(market, order), {
            batchRows,
            import: { spool: { memoryBytes, chunkRows } },
          });
          expect(store.fingerprint()).toBe(reference.fingerprint());
        },
      ),
      { numRuns: 40 },
    );
  });

  it("goes through the scratch file when memory is short", async () => {
    const result = await importInto(emptyStore(), market, {
      import: { spool: { memoryBytes: 0, chunkRows: 4 } },
    });
    expect(result.scratchBytes).toBeGreaterThan(1000);
  });
});

describe("importBars again", () => {
  it("does nothing when the rows are the same", async () => {
    const store = emptyStore();
    await importInto(store, market);
    const before = store.fingerprint();
    const { puts } = store;
    const result = await importInto(store, market.toReversed());
    expect(result.generation).toBe(1);
    expect(result.previousGeneration).toBe(1);
    expect(result.rows).toMatchObject({ identical: market.length, added: 0, corrected: 0 });
    expect(store.fingerprint()).toBe(before);
    expect(store.puts).toBe(puts);
  });

  it("gives what one import of the whole gives, wherever the history is cut and in whatever order the parts come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 44 }),
        fc.boolean(),
        fc.nat(2),
        async (cut, laterFirst, overlap) => {
          const whole = emptyStore();
          await importInto(whole, market);
          const earlier = market.filter(({ day }) => day < session(cut + overlap));
          const later = market.filter(({ day }) => day >= session(cut));
          const store = emptyStore();
          const parts = laterFirst ? [later, earlier] : [earlier, later];
          for (const part of parts) if (part.length > 0) await importInto(store, part);
          const [mine, theirs] = [await panelOfStore(store), await panelOfStore(whole)];
          for (const [lane, instrument] of theirs.instruments.entries()) {
            const other = mine.instruments.indexOf(instrument);
            for (const field of theirs.columns.keys()) {
              expect(seriesOf(mine, field, other)).toEqual(seriesOf(theirs, field, lane));
            }
            expect(mine.time.days[mine.first[other]!]).toBe(theirs.time.days[theirs.first[lane]!]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("continues a long history to the last bit, across long suspensions and several ex-days at once", async () => {
    const days = Array.from({ length: 300 }, (_, n) => n);
    const long = days.flatMap((n): TestRow[] => {
      const exDay = n % 37 === 5 || (n > 250 && n % 3 === 0);
      const values =
        n > 130 && n < 220
          ? { preclose: 7 }
          : { close: 7 + (n % 11) / 10, preclose: exDay ? 6.3 : 7 + ((n + 10) % 11) / 10 };
      return [
        { instrument: "L", day: session(n), values },
        ...(n < 290 ? [] : [{ instrument: "N", day: session(n), values: { close: n, preclose: n - 1 } }]),
      ];
    });
    const whole = emptyStore();
    await importInto(whole, long, { batchRows: 100 });
    expect(new Set(await series(whole, "L", "factor")).size).toBeGreaterThan(20);
    for (const cut of [150, 219, 225, 240, 260, 290, 299]) {
      const store = emptyStore();
      await importInto(
        store,
        long.filter(({ day }) => day < session(cut)),
        { batchRows: 100 },
      );
      await importInto(
        store,
        long.filter(({ day }) => day >= session(cut)),
        { batchRows: 100 },
      );
      expect(store.fingerprint()).toBe(whole.fingerprint());
    }
    const bySteps = emptyStore();
    const until = (n: number): TestRow[] => long.filter(({ day }) => day < session(n));
    await importInto(bySteps, until(180), { batchRows: 100 });
    for (let n = 185; n <= 300; n += 5) {
      await importInto(bySteps, until(n).slice(until(n - 5).length), { batchRows: 100 });
      const atOnce = emptyStore();
      await importInto(atOnce, until(n), { batchRows: 100 });
      expect(bySteps.fingerprint()).toBe(atOnce.fingerprint());
    }
  });

  it("lists corrections and what they do to the factor", async () => {
    const store = emptyStore();
    const row = (n: number, close: number, preclose: number): TestRow => ({
      instrument: "A",
      day: session(n),
      values: { close, preclose },
    });
    await importInto(store, [row(0, 10, 10), row(1, 12, 10), row(2, 6, 6), row(3, 6, 6)]);
    expect(await series(store, "A", "factor")).toEqual([1, 1, 2, 2]);
    const result = await importInto(store, [row(1, 15, 10), row(3, 6, 6)]);
    expect(result.generation).toBe(2);
    expect(result.rows).toMatchObject({ corrected: 1, identical: 1, added: 0 });
    expect(result.corrections).toEqual([
      { instrument: "A", day: session(1), field: "close", before: 12, after: 15 },
    ]);
    expect(result.factorRevisions).toEqual([
      { instrument: "A", from: session(2), rows: 2, before: 2, after: 2.5 },
    ]);
    expect(await series(store, "A", "factor")).toEqual([1, 1, 2.5, 2.5]);
  });

  it("leaves stored fields alone that the source does not have", async () => {
    const store = emptyStore();
    await importInto(store, [{ instrument: "A", day: session(0), values: { close: 10, amount: 5 } }]);
    const result = await importInto(store, [
      { instrument: "A", day: session(0), values: { close: 10, volume: 3 } },
    ]);
    expect(await series(store, "A", "amount")).toEqual([5]);
    expect(await series(store, "A", "volume")).toEqual([3]);
    expect(result.corrections).toEqual([
      { instrument: "A", day: session(0), field: "volume", before: Number.NaN, after: 3 },
    ]);
  });
});

/** A bar that traded at one price. */
function flatBar(n: number, price: number): TestRow {
  const values = { open: price, high: price, low: price, close: price, volume: 1 };
  return { instrument: "A", day: session(n), values };
}

describe("the quality rules", () => {
  const sessions = {
    ...calendar,
    name: "test",
    sessionsBetween: (start: number, end: number): Int32Array =>
      Int32Array.from({ length: Math.max(0, end - start + 1) }, (_, i) => start + i).filter((day) =>
        calendar.isSession(day),
      ),
  };
  it("see every row as it came, report what they find and keep impossible rows out", async () => {
    const seen: number[] = [];
    const store = emptyStore();
    const rows = [
      flatBar(0, 10),
      flatBar(0, 10),
      flatBar(1, -4),
      { ...flatBar(2, 11), day: monday + 5 },
      flatBar(3, 12),
    ];
    const result = await importInto(store, rows, {
      import: {
        quality: (instrument) => {
          seen.push(instrument.days.length);
          return inspectRows(instrument, { calendar: sessions });
        },
      },
    });
    expect(seen).toEqual([5]);
    expect(result.rows).toMatchObject({ read: 5, added: 2, keptOut: 2, duplicates: 1 });
    expect(result.findings.map(({ rule, severity }) => `${rule} ${severity}`).sort()).toEqual([
      "duplicate-identical note",
      "holiday-bar error",
      "missing-sessions warning",
      "price-invalid error",
    ]);
    expect(await series(store, "A", "close")).toEqual([10, Number.NaN, Number.NaN, 12]);
  });

  it("see the rows of refused instruments too", async () => {
    const result = await importInto(emptyStore(), [flatBar(0, 10), flatBar(0, 11)], {
      import: { quality: (rows) => inspectRows(rows, { calendar: sessions }) },
    });
    expect(result.failures).toHaveLength(1);
    expect(result.findings.map(({ rule }) => rule)).toContain("duplicate-conflict");
  });
});

it("closes that are last trades make no ex-days where the official close was an average", async () => {
  const day = dayOf("2018-08-13");
  const open = new MemoryStore((start, end) =>
    Int32Array.from({ length: end - start + 1 }, (_, i) => start + i).filter(
      (each) => weekdayOf(each) % 6 !== 0,
    ),
  );
  const shanghai = {
    first: day,
    last: day + 60,
    isSession: (each: number): boolean => weekdayOf(each) % 6 !== 0,
  };
  const row = (n: number, close: number, preclose: number): TestRow => ({
    instrument: "600000.SH",
    day: day + n,
    values: { low: 9.9, high: 10.1, close, preclose },
  });
  const rows = [
    row(0, 10, 10),
    row(1, 10, 10.02),
    row(2, 10, 5),
    row(8, 10, 10),
    row(9, 10, 9.98),
    row(10, 10, 10),
  ];
  const adjustment = { kind: "raw", exDayTolerance: 0.005 } as const;
  for (const part of [rows.slice(0, 2), rows.slice(2, 5), rows.slice(5)]) {
    await importBars(new RowsSource(part, { adjustment }), open.writer(), {
      calendar: shanghai,
      engine: "test",
    });
  }
  const factor = await series(open, "600000.SH", "factor");
  expect(factor).toEqual([1, 1, 2, 2, 2, 2, 2, 2 * (10 / 9.98), 2 * (10 / 9.98)]);
  expect(open.content.instruments[0]!.attributes["exDayTolerance"]).toBe("0.005");
  const strict = new MemoryStore(open.sessionsBetween);
  await importBars(new RowsSource(rows), strict.writer(), { calendar: shanghai, engine: "test" });
  expect((await series(strict, "600000.SH", "factor"))[1]).toBe(10 / 10.02);
});

describe("a hard error", () => {
  const conflict: TestRow = {
    instrument: "B",
    day: market[2]!.day,
    values: { ...market[2]!.values, close: 999 },
  };

  it("stops its instrument and no other, and names both rows", async () => {
    const store = emptyStore();
    const result = await importInto(store, [...market, conflict]);
    expect(result.instruments).toEqual({ read: 3, added: 2, changed: 0, unchanged: 0, failed: 1 });
    expect(result.failures).toEqual([
      expect.objectContaining({
        instrument: "B",
        code: "DATA_ROW_CONFLICT",
        place: { file: "test", row: market.length + 1, column: "close", instrument: "B" },
      }),
    ]);
    expect(result.failures[0]!.message).toMatch(
      /two rows for .*: close is .* in test row 3 and 999 in test row/,
    );
    const without = emptyStore();
    await importInto(
      without,
      market.filter(({ instrument }) => instrument !== "B"),
    );
    expect(store.fingerprint()).toBe(without.fingerprint());
  });

  it("keeps one of identical duplicates", async () => {
    const store = emptyStore();
    const result = await importInto(store, [...market, ...market.slice(0, 5)]);
    expect(result.rows.duplicates).toBe(5);
    expect(result.failures).toEqual([]);
    const once = emptyStore();
    await importInto(once, market);
    expect(store.fingerprint()).toBe(once.fingerprint());
  });

  it("of the source leaves the store as it was", async () => {
    const store = emptyStore();
    await importInto(store, market.slice(0, 20));
    const before = store.fingerprint();
    const broken = new RowsSource(market);
    const bars = broken.bars.bind(broken);
    broken.bars = async function* (request) {
      yield* bars(request);
      throw new Error("unreadable");
    };
    await expect(importBars(broken, store.writer(), { calendar, engine: "test" })).rejects.toThrow(
      "unreadable",
    );
    expect(store.fingerprint()).toBe(before);
  });

  it("refuses bars that are adjusted otherwise than the stored ones", async () => {
    const store = emptyStore();
    await importInto(store, market);
    const before = store.fingerprint();
    const result = await importInto(store, market, { adjustment: { kind: "qfq", baseDay: session(50) } });
    expect(result.failures.map(({ code }) => code)).toEqual([
      "DATA_UNITS_MIXED",
      "DATA_UNITS_MIXED",
      "DATA_UNITS_MIXED",
    ]);
    expect(store.fingerprint()).toBe(before);
  });
});

it("a cancelled import leaves the store as it was, wherever it is stopped", async () => {
  const store = emptyStore();
  await importInto(store, market.slice(0, 20));
  const before = store.fingerprint();
  for (let stop = 0; ; stop++) {
    const controller = new AbortController();
    let steps = 0;
    const onProgress = (): void => {
      if (steps++ === stop) controller.abort(new Error("stop"));
    };
    const attempt = importInto(store, market, { import: { signal: controller.signal, onProgress } });
    const ended = await attempt.then(
      () => true,
      () => false,
    );
    if (ended) break;
    expect(store.fingerprint()).toBe(before);
    expect(stop).toBeLessThan(200);
  }
  expect(store.generation).toBe(2);
});

/** A bar that brings its factor. */
function row(n: number, factor: number): TestRow {
  return { instrument: "A", day: session(n), values: { close: 7, factor } };
}

describe("adjusted sources", () => {
  const bar = (n: number, close: number): TestRow => ({
    instrument: "A",
    day: session(n),
    values: { close },
  });
  const qfq = { adjustment: { kind: "qfq", baseDay: session(9) } } as const;

  it("are stored as they are with factor 1 and marked", async () => {
    const store = emptyStore();
    await importInto(store, [bar(0, 10), bar(1, 11)], qfq);
    expect(await series(store, "A", "factor")).toEqual([1, 1]);
    expect(store.content.instruments[0]!.attributes).toEqual({
      adjustment: "qfq",
      baseDay: isoOf(session(9)),
      source: "rows:test",
      factorFrom: "none",
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it("are imported whole again when the source rewrote the days that are stored, even when only new days were asked for", async () => {
    const store = emptyStore();
    await importInto(
      store,
      [0, 1, 2, 3, 4].map((n) => bar(n, 10 + n)),
      qfq,
    );
    const rewritten = [0, 1, 2, 3, 4, 5, 6].map((n) => bar(n, (10 + n) / 2));
    const source = new RowsSource(rewritten, qfq);
    const result = await importBars(source, store.writer(), {
      calendar,
      engine: "test",
      request: { start: session(5) },
    });
    expect(source.requests.map(({ start }) => start)).toEqual([session(0)]);
    expect(result.rewrites).toEqual([{ instrument: "A", from: session(0), to: session(6) }]);
    expect(await series(store, "A", "close")).toEqual([5, 5.5, 6, 6.5, 7, 7.5, 8]);
    const fresh = emptyStore();
    await importInto(fresh, rewritten, qfq);
    expect(store.fingerprint()).toBe(fresh.fingerprint());
  });

  it("are read a second time from their first stored day when the overlap alone was asked for", async () => {
    const store = emptyStore();
    const days = Array.from({ length: 30 }, (_, n) => n);
    await importInto(
      store,
      days.map((n) => bar(n, 10 + n)),
      qfq,
    );
    const source = new RowsSource(
      [...days, 30].map((n) => bar(n, 20 + n)),
      qfq,
    );
    const result = await importBars(source, store.writer(), {
      calendar,
      engine: "test",
      request: { start: session(30) },
    });
    expect(source.requests.map(({ start }) => start)).toEqual([session(19), session(0)]);
    expect(source.requests[1]!.instruments).toEqual(new Set(["A"]));
    expect(result.rewrites).toHaveLength(1);
    expect(await series(store, "A", "close")).toEqual([...days, 30].map((n) => 20 + n));
  });

  it("fail when the rewritten history is no longer given", async () => {
    const store = emptyStore();
    await importInto(
      store,
      [0, 1, 2, 3, 4].map((n) => bar(n, 10 + n)),
      qfq,
    );
    const before = store.fingerprint();
    const result = await importInto(
      store,
      [3, 4].map((n) => bar(n, 20 + n)),
      qfq,
    );
    expect(result.failures).toEqual([expect.objectContaining({ instrument: "A", code: "DATA_UNITS_MIXED" })]);
    expect(store.fingerprint()).toBe(before);
  });

  it("take a single differing day for a correction", async () => {
    const store = emptyStore();
    await importInto(
      store,
      [0, 1, 2, 3].map((n) => bar(n, 10 + n)),
      qfq,
    );
    const result = await importInto(store, [bar(1, 11), bar(2, 99), bar(3, 13)], qfq);
    expect(result.rewrites).toEqual([]);
    expect(result.corrections.map(({ after }) => after)).toEqual([99]);
  });

  it("that bring the factor they were adjusted by keep it as it is", async () => {
    const store = emptyStore();
    await importInto(store, [row(0, 0.5), row(1, 0.5), row(3, 0.75)], { adjustment: { kind: "hfq" } });
    expect(await series(store, "A", "factor")).toEqual([0.5, 0.5, Number.NaN, 0.75]);
    expect([...store.content.sets.keys()]).toEqual(["bars"]);
  });
});

describe("a running factor", () => {
  const whole = [row(0, 3), row(1, 3.1), row(3, 3.3), row(4, Number.NaN), row(5, 4.7), row(6, 5)];

  it("is divided by its first value, and continues to the last bit", async () => {
    const reference = emptyStore();
    await importInto(reference, whole);
    expect(await series(reference, "A", "factor")).toEqual([
      1,
      3.1 / 3,
      3.1 / 3,
      3.3 / 3,
      3.3 / 3,
      4.7 / 3,
      5 / 3,
    ]);
    for (let cut = 1; cut < whole.length; cut++) {
      for (const parts of [
        [whole.slice(0, cut), whole.slice(cut)],
        [whole.slice(cut), whole.slice(0, cut)],
      ]) {
        const store = emptyStore();
        for (const part of parts) await importInto(store, part);
        expect(store.fingerprint()).toBe(reference.fingerprint());
      }
    }
  });

  it("on another scale is the same factor, and continues on the stored one", async () => {
    const store = emptyStore();
    await importInto(store, [row(0, 0.5), row(1, 0.5), row(2, 1)]);
    const result = await importInto(store, [row(0, 0.4), row(1, 0.4), row(2, 0.8), row(3, 1.6)]);
    expect(result.corrections).toEqual([]);
    expect(result.rows).toMatchObject({ identical: 3, added: 1 });
    expect(await series(store, "A", "factor")).toEqual([1, 1, 2, 4]);
  });
});
