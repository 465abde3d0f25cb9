import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InspectionContext } from "#data/quality/finding";
import { inspectSource } from "#data/quality/inspect-source";
import { inspectRows } from "#data/quality/inspect";
import type { QualityReport } from "#data/quality/quality-report";
import { QualityReportBuilder } from "#data/quality/quality-report";
import type { ImportResult } from "./import-result.ts";
import type { MemoryStore } from "./testing/memory-store.ts";
import type { TestRow } from "./testing/rows-source.ts";
import { RowsSource } from "./testing/rows-source.ts";
import {
  calendar,
  emptyStore,
  importInto,
  monday,
  panelOfStore,
  series,
  session,
} from "./testing/weekday-market.ts";

const sessions: InspectionContext["calendar"] = {
  ...calendar,
  name: "test",
  sessionsBetween: (start, end) =>
    Int32Array.from({ length: Math.max(0, end - start + 1) }, (_, i) => start + i).filter((day) =>
      calendar.isSession(day),
    ),
};

type Options = Parameters<typeof importInto>[2];

/** Imports with the rules on and reports what they found. */
async function gated(
  store: MemoryStore,
  rows: readonly TestRow[],
  options: Options = {},
): Promise<{ result: ImportResult; report: QualityReport }> {
  const builder = new QualityReportBuilder();
  const result = await importInto(store, rows, {
    ...options,
    import: {
      quality: (own, facts) => inspectRows(own, { calendar: sessions, listedOn: () => facts.listedOn }),
      onInspection: (inspection, fate) => builder.add(inspection, { refused: fate === "refused" }),
    },
  });
  return { result, report: builder.report({ source: "rows:test", shape: "rows", calendar: "test" }) };
}

function bar(day: number, close: number, instrument = "A"): TestRow {
  const values = { open: close, high: close, low: close, close, volume: 5 };
  return { instrument, day, values };
}

const anyRow = fc.record({
  instrument: fc.constantFrom("A", "B", "C"),
  day: fc.integer({ min: monday, max: monday + 20 }),
  values: fc.record({
    high: fc.constantFrom(3, 3, 3, -1, Infinity),
    close: fc.constantFrom(3, 3, 3, 0, Number.NaN),
    volume: fc.constantFrom(7, 7, 0, -7),
    status: fc.constantFrom(1, 1, 0),
  }),
});

describe("the quality rules in an import", () => {
  it("say of every row what the store then holds: kept out, merged, refused or stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 30 }), async (rows) => {
        const store = emptyStore();
        const { result, report } = await gated(store, rows);
        const counted = result.rows;
        expect(report.rows).toBe(rows.length);
        expect(counted.read).toBe(rows.length);
        expect(report.keptOut).toBe(counted.keptOut);
        expect(report.refusedRows).toBe(counted.failed);
        expect(counted.added).toBe(counted.read - counted.keptOut - counted.duplicates - counted.failed);
        expect(report.instruments.map(({ instrument }) => instrument)).toEqual(
          [...new Set(rows.map(({ instrument }) => instrument))].sort(),
        );
        const dropped = new Set(
          report.findings
            .filter(({ action }) => action === "dropped")
            .map(({ instrument, day }) => `${instrument} ${day}`),
        );
        if (store.generation === 0) return;
        const panel = await panelOfStore(store);
        let stored = 0;
        for (const [lane, instrument] of panel.instruments.entries()) {
          const volume = await series(store, instrument, "volume");
          for (const [at, value] of volume.entries()) {
            if (Number.isNaN(value)) continue;
            stored++;
            const day = new Date(panel.time.days[panel.first[lane]! + at]! * 86_400_000);
            expect(dropped).not.toContain(`${instrument} ${day.toISOString().slice(0, 10)}`);
          }
        }
        expect(stored).toBe(counted.added);
      }),
      { numRuns: 150 },
    );
  });

  it("find in an import what an inspection of the source alone finds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 30 }), async (rows) => {
        const { report } = await gated(emptyStore(), rows);
        const alone = await inspectSource(new RowsSource(rows), { calendar: sessions });
        expect(report).toEqual({ ...alone, source: "rows:test" });
      }),
      { numRuns: 60 },
    );
  });

  it("leave no lane behind for an instrument of which nothing stays", async () => {
    const store = emptyStore();
    const { result } = await gated(store, [bar(session(0), -1), bar(monday + 5, 4), bar(session(1), 4, "B")]);
    expect(store.content.instruments.map(({ id }) => id)).toEqual(["B"]);
    expect(result.rows).toMatchObject({ read: 3, added: 1, keptOut: 2 });
    expect(result.findings.map(({ rule }) => rule)).toContain("no-session");
    expect(result.span).toEqual({ first: session(1), last: session(1) });
  });

  it("take two bars of one closed day for what they are, even when they disagree", async () => {
    const store = emptyStore();
    const { result, report } = await gated(store, [
      bar(monday + 5, 4),
      bar(monday + 5, 5),
      bar(session(6), 4),
    ]);
    expect(result.failures).toEqual([]);
    expect(result.rows).toMatchObject({ added: 1, keptOut: 2 });
    expect(report.rules).toEqual([expect.objectContaining({ rule: "holiday-bar", findings: 2, dropped: 2 })]);
  });

  it("know the day of listing from the store, so that an update is no listing", async () => {
    const seen: (number | undefined)[] = [];
    const store = emptyStore();
    const told = (rows: readonly TestRow[]): Promise<ImportResult> =>
      importInto(store, rows, {
        import: {
          quality: (own, facts) => {
            seen.push(facts.listedOn);
            return inspectRows(own, { calendar: sessions });
          },
        },
      });
    await told([bar(session(0), 4, "A"), bar(session(2), 4, "B")]);
    await told([bar(session(3), 4, "A"), bar(session(4), 4, "B"), bar(session(3), 4, "C")]);
    expect(seen).toEqual([undefined, session(2), undefined, session(2), session(3)]);
  });

  it("go over a rewritten history that is read whole, and count it once", async () => {
    const qfq = { adjustment: { kind: "qfq", baseDay: session(9) } } as const;
    const store = emptyStore();
    const days = [0, 1, 2, 3, 4].map(session);
    await gated(
      store,
      days.map((day) => bar(day, 10)),
      qfq,
    );
    const source = days.map((day, at) => bar(day, at === 1 ? -1 : 20));
    const builder = new QualityReportBuilder();
    const rows = [...source, bar(monday + 5, 20)];
    const result = await importInto(store, rows, {
      ...qfq,
      import: {
        request: { start: session(3) },
        quality: (own) => inspectRows(own, { calendar: sessions }),
        onInspection: (inspection, fate) => builder.add(inspection, { refused: fate === "refused" }),
      },
    });
    const report = builder.report({ source: "rows:test", shape: "rows", calendar: "test" });
    expect(result.rewrites).toHaveLength(1);
    expect(await series(store, "A", "close")).toEqual([20, Number.NaN, 20, 20, 20]);
    expect(report).toMatchObject({ rows: 6, keptOut: 2 });
    expect(result.rows).toMatchObject({ read: 6, keptOut: 2 });
    expect(result.instruments.read).toBe(1);
  });
});
