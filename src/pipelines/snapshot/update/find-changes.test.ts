import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Frame } from "#data/export/frame";
import type { Day } from "#market/day";
import type { InstrumentCoverage } from "../snapshot-source.ts";
import type { ExportState } from "./export-state.ts";
import { findChanges, MS_PER_DAY, type ChangeQuestion } from "./find-changes.ts";
import { rowsFrame, type Row } from "./testing/rows-frame.ts";

const DAYS = 30;
const OVERLAP_FROM = 25;
const KEYS = ["A", "B", "C", "D"] as const;

/** Values by key and day. */
type Table = ReadonlyMap<string, ReadonlyMap<Day, number>>;

const frameOf = (table: Table, wants: (key: string, day: Day) => boolean): Frame =>
  rowsFrame(
    [...table].flatMap(([key, days]) =>
      [...days].filter(([day]) => wants(key, day)).map(([day, value]): Row => [day * MS_PER_DAY, key, value]),
    ),
  );

const coverageOf = (table: Table, fingerprint: (key: string) => string): InstrumentCoverage[] =>
  [...table].flatMap(([instrument, days]) =>
    days.size === 0
      ? []
      : [
          {
            instrument,
            first: Math.min(...days.keys()),
            last: Math.max(...days.keys()),
            rows: days.size,
            fingerprint: fingerprint(instrument),
          },
        ],
  );

interface Told {
  readonly old: Table;
  readonly now: Table;
  readonly fingerprint?: (key: string) => string;
  readonly written?: ReadonlyMap<string, Day>;
  readonly baseDay?: Day;
  readonly state?: null;
  readonly failed?: readonly string[];
}

function question(told: Told): ChangeQuestion {
  const { old, now, fingerprint = () => "1", written = null, baseDay = null, failed = [] } = told;
  const isRead = (key: string): boolean => !failed.includes(key);
  const state: ExportState = {
    source: "test",
    generation: null,
    end: DAYS - 1,
    dataSha256: "",
    instruments: coverageOf(old, () => "1"),
  };
  return {
    held: { rows: (from = -Infinity) => frameOf(old, (_, day) => day * MS_PER_DAY >= from) },
    fresh: ({ from, instruments }) =>
      Promise.resolve(
        frameOf(now, (key, day) => day >= from && isRead(key) && (instruments?.has(key) ?? true)),
      ),
    spell: (instrument) => instrument,
    start: 0,
    end: DAYS - 1,
    coverage: coverageOf(now, fingerprint).filter(({ instrument }) => isRead(instrument)),
    state: told.state === null ? null : state,
    written,
    baseDay,
    overlapFrom: OVERLAP_FROM,
    failed: new Set(failed),
  };
}

const history = (from: Day, scale = 1): Map<Day, number> =>
  new Map(Array.from({ length: DAYS - from }, (_, index) => [from + index, (from + index) * scale]));
const market = (): Map<string, Map<Day, number>> => new Map(KEYS.slice(0, 3).map((key) => [key, history(0)]));

test("a market that is the same has no changes", async () => {
  expect(await findChanges(question({ old: market(), now: market() }))).toEqual(new Map());
});

test("a correction within the overlap is found there, without a look further back", async () => {
  const now = market();
  now.get("B")!.set(27, 5);
  const request = question({ old: market(), now });
  const asked: Day[] = [];
  const changes = await findChanges({
    ...request,
    fresh: async (scope) => {
      asked.push(scope.from);
      return await request.fresh(scope);
    },
  });
  expect([...changes.keys()]).toEqual(["B"]);
  expect(changes.get("B")).toMatchObject({ first: 27 * MS_PER_DAY, changed: 1, reason: "corrected" });
  expect(asked).toEqual([OVERLAP_FROM]);
});

test("a rewritten history is found by its overlap and compared from the start", async () => {
  const now = new Map([...market(), ["C", history(0, 0.5)]]);
  const changes = await findChanges(question({ old: market(), now }));
  // Day 0 has the value 0 on both scales.
  expect(changes.get("C")).toMatchObject({
    first: MS_PER_DAY,
    changed: DAYS - 1,
    reason: "history rewritten",
  });
  expect(changes.size).toBe(1);
});

test("another fingerprint makes a look, and no change where the values are the same", async () => {
  const now = market();
  now.get("A")!.set(3, -1);
  const told = { old: market(), now, fingerprint: (key: string): string => (key === "C" ? "1" : "2") };
  const changes = await findChanges(question(told));
  expect([...changes]).toEqual([
    [
      "A",
      expect.objectContaining({ first: 3 * MS_PER_DAY, changed: 1, reason: "adjustment or rows changed" }),
    ],
  ]);
});

test("instruments that are new, gone, or have other rows are compared whole", async () => {
  const now = new Map([...market(), ["D", history(20)]]);
  now.delete("A");
  now.get("B")!.delete(11);
  const changes = await findChanges(question({ old: market(), now }));
  expect(changes.get("A")).toMatchObject({ removed: DAYS, reason: "gone from the source" });
  expect(changes.get("B")).toMatchObject({ removed: 1, first: 11 * MS_PER_DAY });
  expect(changes.get("D")).toMatchObject({ added: 10, first: 20 * MS_PER_DAY, reason: "new instrument" });
});

test("an old correction is found by a store's word for it, and by comparing everything", async () => {
  const now = market();
  now.get("B")!.set(4, 5);
  const told = { old: market(), now };
  expect((await findChanges(question(told))).size).toBe(0);
  // A store tells of instruments that the snapshot has nothing of, too.
  const written = new Map([
    ["B", 4],
    ["Z", 2],
  ]);
  for (const means of [{ written }, { state: null }] as const) {
    const changes = await findChanges(question({ ...told, ...means }));
    expect([...changes.keys()]).toEqual(["B"]);
    expect(changes.get("B")).toMatchObject({ first: 4 * MS_PER_DAY, changed: 1 });
  }
});

test("a value written up to the base day makes the whole history suspect", async () => {
  // All of B is on another scale; in the overlap it was suspended, and there is nothing to see.
  const [old, now] = [market(), market()];
  for (const table of [old, now])
    for (let day = OVERLAP_FROM; day < DAYS; day++) table.get("B")!.set(day, NaN);
  for (let day = 0; day < OVERLAP_FROM; day++) now.get("B")!.set(day, day + 1);
  const told = { old, now, written: new Map([["B", 26]]) };
  expect((await findChanges(question(told))).size).toBe(0);
  expect((await findChanges(question({ ...told, baseDay: 26 }))).get("B")).toMatchObject({
    first: 0,
    changed: OVERLAP_FROM,
  });
});

test("instruments that cannot be read stay as they are", async () => {
  const now = new Map([...market(), ["A", history(0, 3)]]);
  expect((await findChanges(question({ old: market(), now, failed: ["A"] }))).size).toBe(0);
});

test("of any corrections that a store tells, exactly those with another value are found, from no later a day", async () => {
  const edits = fc.array(
    fc.tuple(fc.constantFrom(...KEYS), fc.nat(DAYS - 1), fc.constantFrom(null, 0, 1, NaN, 1e9)),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(edits, async (drawn) => {
      const [old, now] = [market(), new Map([...market(), ["D", new Map<Day, number>()]])];
      const written = new Map<string, Day>();
      for (const [key, day, value] of drawn) {
        if (value === null) now.get(key)!.delete(day);
        else now.get(key)!.set(day, value);
        written.set(key, Math.min(day, written.get(key) ?? day));
      }
      const changes = await findChanges(question({ old, now, written }));
      for (const key of KEYS) {
        const days = Array.from({ length: DAYS }, (_, day) => day);
        const first = days.find((day) => !Object.is(old.get(key)?.get(day), now.get(key)?.get(day)));
        expect(changes.get(key)?.first).toBe(first === undefined ? undefined : first * MS_PER_DAY);
      }
    }),
  );
});
