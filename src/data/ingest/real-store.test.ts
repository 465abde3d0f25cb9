/** The store on disk under the import, beside its in-memory twin. */
import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { openStore } from "#data/store/open-store";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";
import { dayOf } from "#market/day";
import { importBars } from "./import-bars.ts";
import { MemoryStore } from "./testing/memory-store.ts";
import { RowsSource } from "./testing/rows-source.ts";

const monday = dayOf("2024-01-01");
const calendar = { first: monday, last: monday + 200, isSession: (day: number): boolean => day % 7 < 5 };

function sessionsBetween(start: number, end: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, end - start + 1) }, (_, i) => start + i).filter((day) =>
    calendar.isSession(day),
  );
}

function diskStore(): OpenedStore {
  const root = mkdtempSync(path.join(os.tmpdir(), "store-"));
  return openStore(root, { calendar: "test", freq: "day" }, { sessionsBetween, now: () => 0 });
}

/** Everything a generation says, cell by cell; the order of fields is the store's own. */
async function contentOf(snapshot: StoreSnapshot): Promise<unknown> {
  const sets: unknown[] = [];
  for (const [name, set] of snapshot.fieldSets) {
    const panel = await snapshot.readPanel({ set: name, role: "market" });
    const fields = new Map(set.fields.map((field) => [field.name, field]));
    sets.push([name, fields, [...panel.first], [...panel.last], panel.columns]);
  }
  return [[...snapshot.time.days], snapshot.instruments, sets];
}

const rowOf = fc.record({
  instrument: fc.constantFrom("A", "B", "C", "D"),
  day: fc.integer({ min: monday, max: monday + 60 }),
  values: fc.record(
    {
      close: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Number.NaN)),
      preclose: fc.integer({ min: 1, max: 4 }),
      volume: fc.constantFrom(0, 2 ** 53, 1),
    },
    { requiredKeys: ["close", "preclose"] },
  ),
});

it("any sequence of imports leaves the same content on disk as in memory", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(rowOf, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 }),
      async (imports) => {
        const memory = new MemoryStore(sessionsBetween);
        const disk = diskStore();
        for (const rows of imports) {
          const options = { calendar, engine: "test", now: () => 0 };
          const expected = await importBars(new RowsSource(rows), memory.writer(), options);
          const result = await importBars(new RowsSource(rows), await disk.writer(), options);
          expect(result).toEqual(expected);
          if (result.generation === 0) continue;
          await using snapshot = await disk.snapshot();
          expect(await contentOf(snapshot)).toEqual(await contentOf(memory.snapshot()));
        }
      },
    ),
    { numRuns: 25 },
  );
});

it("a failed import gives the writer's lock back and leaves the generation as it was", async () => {
  const disk = diskStore();
  const rows = [{ instrument: "A", day: monday, values: { close: 3 } }];
  await importBars(new RowsSource(rows), await disk.writer(), { calendar, engine: "test" });
  const signal = AbortSignal.abort(new Error("stop"));
  const later = [{ instrument: "A", day: monday + 3, values: { close: 4 } }];
  await expect(
    importBars(new RowsSource(later), await disk.writer(), { calendar, engine: "test", signal }),
  ).rejects.toThrow("stop");
  const result = await importBars(new RowsSource(later), await disk.writer(), { calendar, engine: "test" });
  expect(result.generation).toBe(2);
  expect(result.rows.added).toBe(1);
});
