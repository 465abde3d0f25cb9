import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenedStore } from "#data/store/open-store";
import { isoOf } from "#market/day";
import { marketStore, writeBars } from "../testing/stored-market.ts";
import { storeFactors } from "../store-factors.ts";
import { viewOfStore } from "../market-view.ts";
import { InstrumentsFailed, SnapshotError } from "./errors.ts";
import type { SnapshotAdjustment, SnapshotScope } from "./snapshot-source.ts";
import { StoreSnapshotSource } from "./store-snapshot-source.ts";

const MS = 86_400_000;
/** More than two blocks, spans of many kinds, two lanes stored front-adjusted. */
const MARKET = {
  instruments: 70,
  from: 0,
  to: 90,
  first: (instrument: number) => (instrument % 5 === 0 ? 17 : 0),
  last: (instrument: number) => (instrument % 7 === 0 ? 60 : Number.POSITIVE_INFINITY),
  adjusted: (instrument: number) => instrument === 3 || instrument === 40,
};

let root: string;
let store: OpenedStore;
beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), "snapshot-source-"));
  store = marketStore(path.join(root, "store"));
  await writeBars(store, MARKET);
  await storeFactors(
    store,
    [
      {
        name: "two",
        factors: [
          { name: "MA3", expression: "Mean($close,3)/$close" },
          { name: "RANGE", expression: "$high-$low" },
        ],
      },
    ],
    { engine: "test" },
  );
});
afterAll(() => rmSync(root, { recursive: true }));

/** Rows of a frame by day and instrument. */
async function rowsOf(
  source: StoreSnapshotSource,
  columns: readonly string[],
  {
    scope = {},
    adjustment = { kind: "qlib" },
  }: { scope?: SnapshotScope; adjustment?: SnapshotAdjustment } = {},
): Promise<Map<string, number[]>> {
  const frame = await source.frame(scope, { columns, adjustment });
  const rows = new Map<string, number[]>();
  let last = "";
  for await (const batch of frame.batches()) {
    for (let row = 0; row < batch.times.length; row++) {
      const id = frame.keys[batch.keys[row]!]!;
      const at = `${isoOf(batch.times[row]! / MS)} ${id}`;
      expect(at > last, `${at} after ${last}`).toBe(true);
      last = at;
      rows.set(
        at,
        batch.values.map((values) => Number(values[row])),
      );
    }
  }
  return rows;
}

describe("rows of a store", () => {
  test("come in the order of day and instrument, one for each day of an instrument's span", async () => {
    await using source = await StoreSnapshotSource.open(store);
    const coverage = await source.coverage({});
    const rows = await rowsOf(source, ["close"]);
    expect(rows.size).toBe(coverage.reduce((sum, each) => sum + each.rows, 0));
    expect(coverage.map(({ instrument }) => instrument)).toEqual(
      coverage.map(({ instrument }) => instrument).toSorted(),
    );
    for (const { instrument, first, last } of coverage) {
      expect(rows.has(`${isoOf(first)} ${instrument}`)).toBe(true);
      expect(rows.has(`${isoOf(last)} ${instrument}`)).toBe(true);
      expect(rows.has(`${isoOf(last + 1)} ${instrument}`)).toBe(false);
    }
  });

  test.each([1, 20_000, 1 << 30])("are the same whatever fits into a tile: %i bytes", async (tileBytes) => {
    await using source = await StoreSnapshotSource.open(store, { tileBytes });
    await using whole = await StoreSnapshotSource.open(store);
    const columns = ["close", "two.MA3", "volume", "two.RANGE"];
    expect(await rowsOf(source, columns)).toEqual(await rowsOf(whole, columns));
  });

  test("in Qlib's adjustment are what expressions read, rounded to float32", async () => {
    await using source = await StoreSnapshotSource.open(store);
    await using snapshot = await store.snapshot();
    const view = viewOfStore(snapshot);
    const names = ["open", "high", "low", "close", "volume", "amount", "vwap", "factor"];
    const rows = await rowsOf(source, names);
    const panel = await view.panel(view.instruments);
    for (const [lane, id] of view.instruments.entries()) {
      // The factor of what was stored adjusted is 1 in a snapshot: exported price ÷ given price.
      const compared = MARKET.adjusted(Number(id.slice(1))) ? names.slice(0, -1) : names;
      for (let row = panel.first[lane]!; row <= panel.last[lane]!; row++) {
        const found = rows.get(`${isoOf(panel.time.days[row]!)} ${id}`)!;
        for (const [index, name] of compared.entries()) {
          const expected = panel.columns.get(name)!.values[row * view.instruments.length + lane];
          expect(Object.is(Math.fround(found[index]!), expected), `${name} of ${id} in row ${row}`).toBe(
            true,
          );
        }
      }
    }
  });

  test("in qfq are as traded on the base day, and returns are those of Qlib's adjustment", async () => {
    await using source = await StoreSnapshotSource.open(store);
    const baseDay = 50;
    const adjustment = { kind: "qfq", baseDay } as const;
    const columns = ["close", "volume", "factor"];
    const [raw, qfq, qlib] = await Promise.all(
      [{ kind: "raw" } as const, adjustment, { kind: "qlib" } as const].map((kind) =>
        rowsOf(source, columns, { adjustment: kind }),
      ),
    );
    const rows = [...qfq!].map(([at, [close, volume, factor]]) => {
      const [day, id] = at.split(" ") as [string, string];
      const [traded, shares] = raw!.get(at) as [number, number];
      return {
        day,
        id,
        ratio: close! / qlib!.get(at)![0]!,
        exported: [close!, volume!, factor!],
        traded,
        shares,
      };
    });
    const open = rows.filter(({ traded }) => !Number.isNaN(traded));
    expect(rows.filter(({ traded }) => Number.isNaN(traded)).map(({ exported: [close] }) => close)).toEqual(
      Array.from({ length: rows.length - open.length }, () => Number.NaN),
    );
    const ratios = new Map(open.map(({ id, ratio }) => [id, ratio]));
    for (const { id, ratio, exported, traded, shares } of open) {
      const [close, volume, factor] = exported as [number, number, number];
      expect(close / factor).toBeCloseTo(traded, 10);
      expect(volume * factor).toBeCloseTo(shares, 5);
      expect(ratio / ratios.get(id)!).toBeCloseTo(1, 12);
    }
    for (const { exported, traded, shares } of open.filter(({ day }) => day === isoOf(baseDay)))
      expect(exported).toEqual([traded, shares, 1]);
    expect(ratios.size).toBe(70);
  });

  test("of a scope are the same rows as of the whole, cut", async () => {
    await using source = await StoreSnapshotSource.open(store);
    const whole = await rowsOf(source, ["close", "two.MA3"]);
    const instruments = new Set(["I0003", "I0040", "I0007", "I0069"]);
    const part = await rowsOf(source, ["close", "two.MA3"], { scope: { start: 20, end: 65, instruments } });
    const expected = [...whole].filter(([at]) => {
      const [day, id] = at.split(" ") as [string, string];
      return instruments.has(id) && day >= isoOf(20) && day <= isoOf(65);
    });
    expect([...part]).toEqual(expected);
    expect(part.size).toBeGreaterThan(100);
  });

  test("whose file is damaged fail with the instruments of that block", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "snapshot-damage-"));
    const other = marketStore(path.join(folder, "store"));
    await writeBars(other, MARKET);
    const segments = path.join(folder, "store", "24x7", "day", "segments");
    const file = readdirSync(segments).toSorted().at(-1)!;
    const bytes = readFileSync(path.join(segments, file));
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(path.join(segments, file), bytes);
    await using source = await StoreSnapshotSource.open(other);
    const failure = await rowsOf(source, ["close", "volume", "amount", "factor"]).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(InstrumentsFailed);
    expect((failure as InstrumentsFailed).instruments).toHaveLength(6);
    expect((failure as InstrumentsFailed).instruments).toContain("I0064");
    truncateSync(path.join(segments, file), 10);
    rmSync(folder, { recursive: true });
  });

  test("of a column that is not there are refused with what is", async () => {
    await using source = await StoreSnapshotSource.open(store);
    await expect(source.frame({}, { columns: ["closing"], adjustment: { kind: "raw" } })).rejects.toThrow(
      SnapshotError,
    );
    expect(source.columns.map(({ name }) => name)).toEqual([
      "open",
      "high",
      "low",
      "close",
      "volume",
      "amount",
      "vwap",
      "factor",
      "two.MA3",
      "two.RANGE",
    ]);
  });
});

test("a fingerprint changes with the adjustment and not with new rows", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "snapshot-fingerprint-"));
  const own = marketStore(path.join(folder, "store"));
  await writeBars(own, { instruments: 2, from: 0, to: 50 });
  const at = async (): Promise<readonly string[]> => {
    await using source = await StoreSnapshotSource.open(own);
    return (await source.coverage({ end: 45 })).map(({ fingerprint }) => fingerprint);
  };
  const before = await at();
  await writeBars(own, { instruments: 2, from: 50, to: 70 });
  expect(await at()).toEqual(before);
  await writeBars(own, {
    instruments: 2,
    from: 0,
    to: 70,
    value: (instrument, row, name) => (instrument === 1 && name === "factor" && row > 20 ? 3 : undefined),
  });
  const after = await at();
  expect(after[0]).toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
  rmSync(folder, { recursive: true });
});
