import { expect, test } from "vitest";
import { emptyStore, importInto, market } from "#data/ingest/testing/weekday-market";
import { smallDirectory } from "#data/sources/qlib-bin/testing/small-directory";
import { factorGroups } from "./factor-table.ts";
import { viewOfQlib, viewOfStore, type MarketView } from "./market-view.ts";

const ranks = { factors: [{ name: "rank", expression: "CSRank($close)" }] };

/** Ranks of each instrument, row after row. */
async function ranksOf(view: MarketView): Promise<Map<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  const { groups } = await factorGroups(view, ranks, { group: 2 });
  for await (const { factors } of groups()) {
    const { values } = factors.columns.get("rank")!;
    const width = factors.instruments.length;
    for (const [lane, id] of factors.instruments.entries())
      found.set(
        id,
        [...values].filter((_, cell) => cell % width === lane),
      );
  }
  return found;
}

test("some instruments of a store rank among all of it", async () => {
  const store = emptyStore();
  await importInto(store, market);
  const snapshot = store.snapshot();
  const all = await ranksOf(viewOfStore(snapshot));
  const some = viewOfStore(snapshot, { instruments: new Set(["B"]) });
  expect([some.instruments, some.universe]).toEqual([["B"], ["A", "B", "C"]]);
  expect(await ranksOf(some)).toEqual(new Map([["B", all.get("B")]]));
  expect(all.get("B")!.some((rank) => rank < 1)).toBe(true);
});

test("some instruments of a Qlib directory rank among all of it", async () => {
  const dir = smallDirectory({
    calendar: ["2024-01-02", "2024-01-03"],
    features: { "sh600000/close": [0, 1, 5], "sh600001/close": [0, 2, 4], "sh600002/close": [1, 9] },
    markets: {
      "all.txt": ["SH600000", "SH600001", "SH600002"].map((id) => `${id}\t2024-01-02\t2024-01-03\n`).join(""),
    },
  });
  const some = viewOfQlib(dir, { instruments: new Set(["SH600001"]) });
  expect(some.universe).toHaveLength(3);
  expect(await ranksOf(some)).toEqual(new Map([["SH600001", [1, Math.fround(1 / 3)]]]));
});
