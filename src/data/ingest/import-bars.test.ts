import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectRows } from "#data/quality/inspect";
import { factorFromPreclose } from "#market/adjustment/factor";
import { isoOf } from "#market/day";
import { seriesOf } from "#panel/panel";
import { importBars } from "./import-bars.ts";
import type { TestRow } from "./testing/rows-source.ts";
import { RowsSource } from "./testing/rows-source.ts";
import {
  calendar,
  emptyStore,
  importInto,
  market,
  monday,
  panelOfStore,
  series,
  session,
} from "./testing/weekday-market.ts";

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

function row(n: number, close: number, preclose: number): TestRow {
  return { instrument: "A", day: session(n), values: { close, preclose } };
}

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
