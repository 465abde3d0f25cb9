/**
 * The life of a precomputed market: a full run, days appended one by one, a corrected history, a new stock. After each,
 * what the store gives out equals, bit for bit, what a fresh workspace with the same bars gives after one full run.
 * DEPTH=full takes all 300 stocks, every one of the last 20 days, and compares after each.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareDumps, dumped } from "./testing/dumps.ts";
import { answerOf, done } from "./testing/program.ts";
import { allStocks, sessions, wholeStocks, writeMarket, type MarketPart } from "./testing/real-market.ts";

const isFull = process.env["DEPTH"] === "full";
const LAST_DAYS = 20;

let folder: string;
let stocks: readonly string[];
let newcomer: string;
let days: readonly string[];
/** The rows of each import so far, as one market. */
const imported: MarketPart[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "precompute-scenario-"));
  // In the order of their codes the newcomer is not the last.
  const all = isFull ? await allStocks() : await wholeStocks(41);
  newcomer = all[17]!;
  stocks = all.filter((code) => code !== newcomer);
  days = (await sessions()).slice(-LAST_DAYS - 1);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** Imports rows into the workspace as a user does, from a file of their own. */
async function importPart(part: MarketPart, workspace = "workspace"): Promise<void> {
  const file = join(folder, `rows-${files++}.parquet`);
  await writeMarket(file, [part]);
  imported.push(part);
  await done(folder, ["import", `parquet:${file}`, "--workspace", workspace]);
}

interface Updated {
  readonly ok: boolean;
  readonly generation: number;
  readonly sets: readonly { readonly set: string; readonly computedRows: number }[];
}

async function updated(): Promise<Updated> {
  return answerOf(await done(folder, ["precompute", "update", "--no-validate", "--json"])) as Updated;
}

/** Days of the appended ones that are imported and computed together, and whether what came of it is compared. */
function appends(): { readonly from: number; readonly to: number; readonly compared: boolean }[] {
  const each = Array.from({ length: LAST_DAYS }, (_, day) => ({
    from: day + 1,
    to: day + 1,
    compared: true,
  }));
  if (isFull) return each;
  // The same days in fewer processes: some alone, the others in two heaps.
  return [
    { from: 1, to: 1, compared: false },
    { from: 2, to: 2, compared: true },
    { from: 3, to: 3, compared: false },
    { from: 4, to: 10, compared: false },
    { from: 11, to: 18, compared: false },
    { from: 19, to: 19, compared: false },
    { from: 20, to: 20, compared: true },
  ];
}

/** What the workspace gives out against a fresh one with the same bars, imported at once, and one full run. */
async function expectAsFresh(what: string): Promise<void> {
  const fresh = join(folder, "fresh");
  try {
    const file = join(folder, "fresh.parquet");
    await writeMarket(file, imported);
    await done(folder, ["import", `parquet:${file}`, "--workspace", fresh]);
    await done(folder, ["precompute", "run", "--full", "--no-validate", "--workspace", fresh]);
    const [mine, whole] = await Promise.all([
      dumped(folder, "workspace", join(folder, "mine.parquet")),
      dumped(folder, fresh, join(folder, "whole.parquet")),
    ]);
    const { rows, columns, differences } = await compareDumps(mine, whole);
    console.log(`${what}: ${rows} rows × ${columns} columns compared`);
    expect(differences, what).toEqual([]);
    expect(rows).toBeGreaterThan(30_000);
    expect(columns).toBeGreaterThan(350);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

test("a full run, days one by one, a correction and a new stock give what one full run gives", async () => {
  await importPart({ codes: stocks, to: days[0]! });
  const first = answerOf(await done(folder, ["precompute", "run", "--json"])) as Updated;
  const whole = first.sets.map(({ computedRows }) => computedRows);

  for (const { from, to, compared } of appends()) {
    await importPart({ codes: stocks, from: days[from]!, to: days[to]! });
    const { sets } = await updated();
    for (const [index, { set, computedRows }] of sets.entries())
      expect(computedRows, `${set}: only what is new`).toBeLessThan(whole[index]! / 4);
    if (compared) await expectAsFresh(`after ${days[to]!}`);
  }

  // Two months of one stock were wrong by one percent; the close before of the day after them as well.
  const [start, end, after] = ["2022-03-01", "2022-04-29", "2022-05-05"];
  const scaled = (column: string): string =>
    `CASE WHEN trade_date <= DATE '${end}' THEN round(${column} * 1.01, 2) ELSE ${column} END`;
  await importPart({
    codes: [stocks[5]!],
    from: start,
    to: after,
    changed: {
      open: scaled("open"),
      high: scaled("high"),
      low: scaled("low"),
      close: scaled("close"),
      preclose: `CASE WHEN trade_date > DATE '${start}' THEN round(preclose * 1.01, 2) ELSE preclose END`,
    },
  });
  const corrected = await updated();
  const windows = corrected.sets.find(({ set }) => set === "alpha158")!;
  expect(windows.computedRows, "only the block of the corrected stock").toBeLessThan(whole[0]!);
  await expectAsFresh("after the correction");

  await importPart({ codes: [newcomer] });
  await updated();
  await expectAsFresh("after the new stock");

  const again = answerOf(await done(folder, ["precompute", "update", "--no-validate", "--json"]));
  expect(again, "nothing is left to do").toMatchObject({ ok: true, job: null });
});

test("what was computed passes the full validation", async () => {
  const verified = answerOf(await done(folder, ["precompute", "verify", "--mode", "full", "--json"]));
  expect(verified).toMatchObject({ ok: true });
});
