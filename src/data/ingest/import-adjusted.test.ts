import { describe, expect, it } from "vitest";
import { dayOf, isoOf, weekdayOf } from "#market/day";
import { importBars } from "./import-bars.ts";
import { MemoryStore } from "./testing/memory-store.ts";
import type { TestRow } from "./testing/rows-source.ts";
import { RowsSource } from "./testing/rows-source.ts";
import { calendar, emptyStore, importInto, series, session } from "./testing/weekday-market.ts";

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

/** A bar that brings its factor. */
function row(n: number, factor: number): TestRow {
  return { instrument: "A", day: session(n), values: { close: 7, factor } };
}

function bar(n: number, close: number): TestRow {
  return { instrument: "A", day: session(n), values: { close } };
}

describe("adjusted sources", () => {
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
