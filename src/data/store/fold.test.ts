import { expect, test } from "vitest";
import { foldsAfter } from "./fold.ts";
import { visibleEntries } from "./layers.ts";
import type { SegmentEntry } from "./manifest.ts";
import { defaultLayout } from "./store-parts.ts";

let made = 0;
const entryOf = (from: number, to: number): SegmentEntry => ({
  set: "s",
  block: 0,
  generation: ++made,
  part: 0,
  from,
  to,
  fields: ["f"],
  bytes: 0,
  checksum: 0,
});

/** One write and the folds after it; the rows that were written in all. */
function write(
  before: readonly SegmentEntry[],
  from: number,
  to: number,
  phase = 0,
): { after: SegmentEntry[]; rows: number } {
  let after = visibleEntries([...before, entryOf(from, to)]);
  let rows = to - from;
  for (const fold of foldsAfter(before, after, { layout: defaultLayout, phase, rowsPerSession: 1 })) {
    after = [...after, entryOf(fold.from, fold.to)];
    rows += fold.to - fold.from;
  }
  return { after: visibleEntries(after), rows };
}

test("years of single days stay few segments, and each row is written at most four times", () => {
  const start = 2500;
  const days = 5000;
  for (const phase of [0, 7, 171]) {
    let entries: SegmentEntry[] = [entryOf(0, start)];
    let rows = 0;
    let most = 0;
    for (let day = start; day < start + days; day++) {
      const step = write(entries, day, day + 1, phase);
      entries = step.after;
      rows += step.rows;
      most = Math.max(most, entries.length);
    }
    expect(rows / days).toBeLessThan(4);
    expect(most).toBeLessThan(31 + 7 + 7 + 5);
    expect(entries[0]).toMatchObject({ from: 0, to: start });
    expect(entries.some((entry) => entry.to - entry.from === 2048)).toBe(true);
  }
});

test("of 172 blocks only a few fold on any one day", () => {
  const blocks = Array.from({ length: 172 }, () => [entryOf(0, 2500)] as SegmentEntry[]);
  let worst = 0;
  for (let day = 2500; day < 2500 + 300; day++) {
    let rows = 0;
    for (const [block, entries] of blocks.entries()) {
      const step = write(entries, day, day + 1, block);
      blocks[block] = step.after;
      rows += step.rows;
    }
    worst = Math.max(worst, rows / blocks.length);
  }
  // Folding all blocks on the 256th day would write 256 rows for each block on that day.
  expect(worst).toBeLessThan(16);
});

test("corrections pile up to a limit, then the small ones are folded where they are", () => {
  let entries: SegmentEntry[] = [entryOf(0, 4000)];
  let rows = 0;
  for (let count = 0; count < 1000; count++) {
    const row = (count * 997) % 2000;
    const step = write(entries, row, row + 1);
    entries = step.after;
    rows += step.rows;
  }
  expect(entries.length).toBeLessThanOrEqual(defaultLayout.pileUp + 5);
  expect(rows / 1000).toBeLessThan(60);
});

test("a correction of the newest day replaces its segment", () => {
  const first = write([entryOf(0, 100)], 100, 101).after;
  const second = write(first, 100, 101).after;
  expect(second.map(({ from, to }) => [from, to])).toEqual([
    [0, 100],
    [100, 101],
  ]);
});

test("minute bars count sessions, not rows", () => {
  const before = Array.from({ length: 31 }, (_, day) => entryOf(day * 240, (day + 1) * 240));
  const after = [...before, entryOf(31 * 240, 32 * 240)];
  expect(foldsAfter(before, after, { layout: defaultLayout, phase: 0, rowsPerSession: 240 })).toEqual([
    { from: 0, to: 32 * 240 },
  ]);
});
