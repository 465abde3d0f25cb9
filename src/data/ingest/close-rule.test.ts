import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Adjustment } from "#data/source";
import { dayOf, weekdayOf } from "#market/day";
import { seriesOf } from "#panel/panel";
import { importBars } from "./import-bars.ts";
import type { ImportResult } from "./import-result.ts";
import { MemoryStore } from "./testing/memory-store.ts";
import type { TestRow } from "./testing/rows-source.ts";
import { RowsSource } from "./testing/rows-source.ts";

const monday = dayOf("2018-07-16");
const calendar = {
  first: monday,
  last: monday + 99,
  isSession: (day: number): boolean => weekdayOf(day) !== 0 && weekdayOf(day) !== 6,
};
/** The n-th session; the 25th is 2018-08-20, the first with a closing auction in Shanghai. */
const session = (n: number): number => monday + Math.floor(n / 5) * 7 + (n % 5);
const marked: Adjustment = { kind: "raw", exDayTolerance: 0.005 };
const plain: Adjustment = { kind: "raw" };

function emptyStore(): MemoryStore {
  return new MemoryStore((start, end) =>
    Int32Array.from({ length: end - start + 1 }, (_, i) => start + i).filter((day) =>
      calendar.isSession(day),
    ),
  );
}

function importInto(
  store: MemoryStore,
  rows: readonly TestRow[],
  adjustment: Adjustment,
): Promise<ImportResult> {
  return importBars(new RowsSource(rows, { adjustment }), store.writer(), { calendar, engine: "test" });
}

/** A bar between 9.9 and 10.1 that closes at 10, with the given preclose. */
function bar(instrument: string, n: number, preclose: number): TestRow {
  return {
    instrument,
    day: session(n),
    values: { low: 9.9, high: 10.1, close: 10, preclose },
  };
}

async function factors(store: MemoryStore, instrument: string): Promise<number[]> {
  const panel = await store.snapshot().readPanel({ set: "bars", role: "market" });
  return [...seriesOf(panel, "factor", panel.instruments.indexOf(instrument))];
}

describe("a source whose closes are marked as last trades", () => {
  it("has no ex-days within the noise of a Shanghai close before the closing auction, and all of them after it", async () => {
    const store = emptyStore();
    await importInto(
      store,
      [23, 24, 25, 26].map((n) => bar("600000.SH", n, n === 23 ? 10 : 9.96)),
      marked,
    );
    const real = 10 / 9.96;
    expect(await factors(store, "600000.SH")).toEqual([1, 1, 1, real]);
  });

  it("keeps small ex-days of Shenzhen, where the official close is a trade", async () => {
    const store = emptyStore();
    await importInto(store, [bar("000001.SZ", 3, 10), bar("000001.SZ", 4, 9.96)], marked);
    expect(await factors(store, "000001.SZ")).toEqual([1, 10 / 9.96]);
  });

  it("takes differences up to the tolerance as noise where it is not known which closes are official", async () => {
    const store = emptyStore();
    await importInto(
      store,
      [bar("AAPL.US", 3, 10), bar("AAPL.US", 4, 9.96), bar("AAPL.US", 5, 9.94)],
      marked,
    );
    expect(await factors(store, "AAPL.US")).toEqual([1, 1, 10 / 9.94]);
  });

  it("is remembered with the instrument", async () => {
    const store = emptyStore();
    await importInto(store, [bar("600000.SH", 3, 10)], marked);
    await importInto(store, [bar("600000.SH", 4, 9.96)], plain);
    expect(await factors(store, "600000.SH")).toEqual([1, 1]);
    expect(store.content.instruments[0]!.attributes["exDayTolerance"]).toBe("0.005");
  });

  it("revises the factors of a history that was stored without the mark", async () => {
    const store = emptyStore();
    const rows = [3, 4, 5].map((n) => bar("600000.SH", n, n === 3 ? 10 : 9.96));
    await importInto(store, rows, plain);
    expect((await factors(store, "600000.SH"))[2]).toBe((10 / 9.96) * (10 / 9.96));
    const result = await importInto(store, rows, marked);
    expect(result.rows).toMatchObject({ identical: 3, corrected: 0 });
    expect(result.factorRevisions).toEqual([expect.objectContaining({ instrument: "600000.SH", rows: 2 })]);
    expect(await factors(store, "600000.SH")).toEqual([1, 1, 1]);
    expect((await importInto(store, rows, marked)).generation).toBe(result.generation);
  });

  it("and one that is not are told apart: without the mark every difference is an ex-day", async () => {
    const store = emptyStore();
    await importInto(store, [bar("600000.SH", 3, 10), bar("600000.SH", 4, 10.01)], plain);
    expect(await factors(store, "600000.SH")).toEqual([1, 10 / 10.01]);
    expect(store.content.instruments[0]!.attributes).not.toHaveProperty("exDayTolerance");
  });
});

it("parts of a marked history give what one import of the whole gives, in any order and with the mark on any of them", async () => {
  const preclose = fc.constantFrom(10, 10, 9.96, 10.03, 9.9, 9.7, 5, Number.NaN);
  await fc.assert(
    fc.asyncProperty(
      fc.array(preclose, { minLength: 3, maxLength: 45 }),
      fc.constantFrom("600000.SH", "000001.SZ", "AAPL.US"),
      fc.integer({ min: 1, max: 44 }),
      fc.constantFrom("both", "earlier", "later"),
      fc.boolean(),
      async (precloses, instrument, cut, mark, laterFirst) => {
        const rows = precloses.map((preclose, n) => bar(instrument, n, preclose));
        const whole = emptyStore();
        await importInto(whole, rows, marked);
        const at = Math.min(cut, rows.length - 1);
        const parts = [
          [rows.slice(0, at), mark === "later" ? plain : marked],
          [rows.slice(at), mark === "earlier" ? plain : marked],
        ] as const;
        const store = emptyStore();
        for (const [part, adjustment] of laterFirst ? parts.toReversed() : parts) {
          await importInto(store, part, adjustment);
        }
        expect(await factors(store, instrument)).toEqual(await factors(whole, instrument));
        expect(store.content.instruments).toEqual(whole.content.instruments);
      },
    ),
    { numRuns: 150 },
  );
});
