/**
 * The shipped A-shares through the real path, store → view → factors: what comes after a day changes no value of the
 * day, and neither the order nor the number of instruments computed together changes any.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BarBatch, BarRequest, BarSource } from "../src/data/source.ts";
import { factorSet } from "../src/factors/catalogue.ts";
import { factorGroups } from "../src/pipelines/factor-table.ts";
import { viewOfStore, type MarketView } from "../src/pipelines/market-view.ts";
import { openSource, refreshData } from "../src/pipelines/refresh-data.ts";
import { storeOf, workspaceAt } from "../src/pipelines/workspace.ts";

const aShares = join(
  import.meta.dirname,
  "..",
  "fixtures",
  "a-share-daily",
  "a-share-daily-2017-2019.parquet",
);
const key = { calendar: "XSHG", freq: "day" } as const;
const set = factorSet("alpha158");
const names = set.factors.map((factor) => factor.name);
const SEED = 20_190_603;
const CUTS = process.env["DEPTH"] === "full" ? 500 : 50;
/** A bank, a late listing, long suspensions, an ex-day every year. */
const SOME = ["000001.SZ", "000333.SZ", "600000.SH", "600519.SH", "601318.SH", "603993.SH"];

let folder: string;
let source: BarSource;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "no-look-ahead-"));
  source = await openSource(`parquet:${aShares}`);
  await refreshData(workspaceAt(join(folder, "whole")), source, { engine: "test" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withStore<T>(
  name: string,
  instruments: readonly string[] | null,
  use: (view: MarketView) => Promise<T>,
): Promise<T> {
  await using snapshot = await storeOf(workspaceAt(join(folder, name)), key).snapshot();
  return await use(
    viewOfStore(snapshot, {
      vwap: "typical",
      ...(instruments === null ? {} : { instruments: new Set(instruments) }),
    }),
  );
}

interface Computed {
  /** Factor behind factor, over the whole time axis. */
  readonly values: Float32Array;
  readonly close: Float32Array;
  /** Row of its last bar. */
  readonly last: number;
}

async function factorsOf(view: MarketView, group: number): Promise<ReadonlyMap<string, Computed>> {
  const rows = view.time.days.length;
  const found = new Map<string, Computed>();
  const run = await factorGroups(view, set, { group });
  expect(run.failures).toEqual([]);
  for await (const { market, factors } of run.groups()) {
    const lanes = factors.instruments.length;
    const prices = market.columns.get("close")!.values;
    for (const [lane, id] of factors.instruments.entries()) {
      const values = new Float32Array(names.length * rows);
      for (const [index, name] of names.entries()) {
        const column = factors.columns.get(name)!.values;
        for (let row = 0; row < rows; row++) values[index * rows + row] = column[row * lanes + lane]!;
      }
      const close = Float32Array.from({ length: rows }, (_, row) => prices[row * lanes + lane]!);
      found.set(id, { values, close, last: factors.last[lane]! });
    }
  }
  return found;
}

/** Mulberry32: the cuts are the same on every machine. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

test(`no Alpha158 value before the cut changes at ${CUTS} random dates (seed ${SEED})`, async () => {
  const random = randomOf(SEED);
  const { whole, days } = await withStore("whole", SOME, async (view) => ({
    whole: await factorsOf(view, SOME.length),
    days: view.time.days,
  }));
  const held = await heldOf(source, new Set(SOME));
  let compared = 0;
  const changed: string[] = [];
  for (let round = 0; round < CUTS; round++) {
    // The first of the new store's days may not move: a store begins with its first imported session.
    const cut = days[Math.floor(random() * (days.length - 1))]!;
    const name = `cut-${round}`;
    await refreshData(workspaceAt(join(folder, name)), held, { engine: "test", request: { end: cut } });
    await withStore(name, null, async (view) => {
      const past = await factorsOf(view, SOME.length);
      const rows = view.time.days.length;
      const from = days.indexOf(view.time.days[0]!);
      expect(from).toBe(0);
      expect(view.time.days.at(-1)).toBeLessThanOrEqual(cut);
      for (const [id, { values, last }] of past) {
        const all = whole.get(id)!;
        for (let index = 0; index < names.length; index++) {
          for (let row = 0; row <= last; row++) {
            compared++;
            const [before, after] = [values[index * rows + row]!, all.values[index * days.length + row]!];
            if (!Object.is(before, after))
              changed.push(`${names[index]} of ${id} row ${row}: ${before} → ${after}`);
          }
        }
        // A suspension that lasts at the cut: those rows join when trading goes on, without a price.
        for (let row = last + 1; row < rows; row++) {
          if (!Number.isNaN(all.close[row]!))
            changed.push(`${id} has a bar on row ${row} that the cut lacks`);
        }
      }
    });
    rmSync(join(folder, name), { recursive: true });
  }
  expect(changed.slice(0, 5)).toEqual([]);
  expect(compared).toBeGreaterThan(CUTS * names.length * 500);
});

/** The rows of some instruments, read once; a request with `end` delivers those up to it. */
async function heldOf(from: BarSource, instruments: ReadonlySet<string>): Promise<BarSource> {
  const batches: BarBatch[] = [];
  for await (const batch of from.bars({ instruments })) batches.push(batch);
  return {
    describe: () => from.describe(),
    async *bars(request: BarRequest = {}) {
      for (const batch of batches) {
        const kept = Array.from(batch.days.keys()).filter(
          (row) => request.end === undefined || batch.days[row]! <= request.end,
        );
        yield await Promise.resolve({
          ...batch,
          instrument: Int32Array.from(kept, (row) => batch.instrument[row]!),
          days: Int32Array.from(kept, (row) => batch.days[row]!),
          columns: new Map(
            [...batch.columns].map(([name, values]) => [
              name,
              Float64Array.from(kept, (row) => values[row]!),
            ]),
          ),
        });
      }
    },
  };
}

const shaOf = (values: Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");

const hashes = async (view: MarketView, group: number): Promise<Record<string, string>> => {
  const found = await factorsOf(view, group);
  const ids = [...found.keys()].sort();
  return Object.fromEntries(ids.map((id) => [id, shaOf(found.get(id)!.values)]));
};

test("groups of 1, 7 and 32 instruments and the reverse order give the same bytes", async () => {
  await withStore("whole", null, async (view) => {
    const some: MarketView = { ...view, instruments: view.instruments.slice(0, 48) };
    const expected = await hashes(some, 32);
    expect(new Set(Object.values(expected)).size).toBe(48);
    expect(await hashes(some, 7)).toEqual(expected);
    expect(await hashes({ ...some, instruments: [...some.instruments].reverse() }, 1)).toEqual(expected);
  });
});
