/**
 * Live features of the CSI 300 against an exported snapshot's file: the same values at random moments, for random
 * instruments and windows, and the same signals. The running session from quotes equals the bar that is stored later.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/data/duckdb/database.ts";
import { sqlText } from "../../src/data/duckdb/sql.ts";
import { openFrame } from "../../src/data/hdf5/open-frame.ts";
import { readBars } from "../../src/data/quotes/tdx/messages.ts";
import { TdxFeed } from "../../src/data/quotes/tdx/tdx-feed.ts";
import type { ServedQuote } from "../../src/data/quotes/tdx/testing/tdx-bytes.ts";
import { TdxTestServer } from "../../src/data/quotes/tdx/testing/tdx-server.ts";
import type { OpenedStore } from "../../src/data/store/open-store.ts";
import { shippedFactors } from "../../src/factors/catalogue.ts";
import { dayOf, isoOf, type Day } from "../../src/market/day.ts";
import type { Panel } from "../../src/panel/panel.ts";
import { panelOfFrame } from "../../src/pipelines/live-features/frame-panel.ts";
import { LiveDataAdapter, type LiveFeatures } from "../../src/pipelines/live-features/live-data-adapter.ts";
import { livePlanOf, type LivePlan } from "../../src/pipelines/live-features/live-plan.ts";
import { liveStore } from "../../src/pipelines/live-features/live-source.ts";
import { exportSnapshot } from "../../src/pipelines/snapshot/export-snapshot.ts";
import { planOf, readMeta } from "../../src/pipelines/snapshot/snapshot-meta.ts";
import { snapshotIn } from "../../src/pipelines/snapshot/snapshot-place.ts";
import { StoreSnapshotSource } from "../../src/pipelines/snapshot/store-snapshot-source.ts";
import { storeFactors } from "../../src/pipelines/store-factors.ts";
import { storeOf, workspaceAt } from "../../src/pipelines/workspace.ts";
import { generateSignals } from "../../src/strategies/top-k-dropout.ts";
import { prepare } from "../end-to-end/command-line.ts";
import { sharedData } from "../golden/shared-data.ts";
import { allStocks, sessions, writeMarket } from "./testing/real-market.ts";
import { randomOfRound, SEED } from "./testing/seeds.ts";

const ROUNDS = process.env["DEPTH"] === "full" ? 400 : 100;
const QUOTED_DAYS = process.env["DEPTH"] === "full" ? 20 : 4;
const registry = shippedFactors;
const engine = "wide";
const BASE = dayOf("2020-06-30");

let folder: string;
let stocks: readonly string[];
let days: readonly Day[];
let store: OpenedStore;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "live-wide-"));
  stocks = await allStocks();
  days = (await sessions()).map(dayOf);
  const file = join(folder, "market.parquet");
  await writeMarket(file, [{ codes: stocks }]);
  await prepare(folder, ["import", `parquet:${file}`]);
  store = storeOf(workspaceAt(join(folder, "workspace")), { calendar: "XSHG", freq: "day" });
  await storeFactors(store, [registry.set("alpha158")], { engine });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const adapterOn = (on: OpenedStore, feed?: TdxFeed): LiveDataAdapter =>
  new LiveDataAdapter(liveStore(on, { registry, engine }), {
    registry,
    ...(feed === undefined ? {} : { feed }),
  });

/** Milliseconds since 1970 of a time of day in Shanghai. */
const shanghai = (day: Day, hour: number): number => day * 86_400_000 + (hour - 8) * 3_600_000;

/** Which bits of two panels differ. */
function differences(one: Panel, two: Panel): readonly string[] {
  const axes = (panel: Panel): string =>
    JSON.stringify([
      [...panel.time.days],
      panel.instruments,
      [...panel.first],
      [...panel.last],
      [...panel.columns.keys()],
    ]);
  if (axes(one) !== axes(two)) return ["axes"];
  return [...one.columns.values()].flatMap(({ name, values }) => {
    const other = two.columns.get(name)!.values;
    const isEqual =
      values.constructor === other.constructor && values.every((value, at) => Object.is(value, other[at]));
    return isEqual ? [] : [name];
  });
}

describe("live features of the CSI 300", () => {
  test(`are those of the exported file at ${ROUNDS} random moments (seed ${SEED})`, async () => {
    const root = join(folder, "snapshots");
    const plans: LivePlan[] = [];
    for (const [id, request] of [
      ["aistock", { adjustment: "qfq", baseDay: BASE, sets: ["alpha158"] }],
      ["rdagent", { profile: "rdagent" }],
    ] as const) {
      await using source = await StoreSnapshotSource.open(store, { registry });
      await exportSnapshot({ root, id, source, request, engine, now: () => 0 });
      plans.push(planOf(await readMeta(await snapshotIn(root, id))));
    }
    const files = [
      await openFrame(join(root, "aistock", "daily_pv.h5")),
      await openFrame(join(root, "rdagent", "daily_pv.h5")),
    ];
    const adapter = adapterOn(store);
    let cells = 0;
    let signals = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const random = randomOfRound(round);
      const which = round % 2;
      const window = 1 + Math.floor(random() * 60);
      const end = 180 + Math.floor(random() * (days.length - 180));
      const some = stocks.filter(() => random() < 0.1);
      const hour = random() < 0.5 ? 16 : 32;
      const live = await adapter.getFeatures(some, shanghai(days[end]!, hour), {
        plan: plans[which]!,
        window,
      });
      const names = some.map((code) => (which === 0 ? code : `${code.slice(7)}${code.slice(0, 6)}`));
      const range = { from: days[end - window + 1]! * 86_400_000, to: days[end]! * 86_400_000 };
      const frame = files[which]!.asFrame();
      const panel = await panelOfFrame(
        { ...frame, batches: () => files[which]!.batches(range) },
        { ...range, keys: new Set(names) },
      );
      expect(differences(live.panel, panel), `round ${round}`).toEqual([]);
      expect(live.failures.length + live.uncomputed.length).toBe(0);
      cells += panel.time.days.length * panel.instruments.length * panel.columns.size;
      const rule = { score: which === 0 ? "ROC20" : "$close", top: 5, drop: 2 };
      const made = generateSignals(live.panel, rule, { isPartial: live.isPartial });
      expect(made).toEqual(generateSignals(panel, rule));
      signals += made.signals.length;
    }
    for (const file of files) file[Symbol.dispose]();
    expect(cells).toBeGreaterThan(ROUNDS * 10_000);
    expect(signals).toBeGreaterThan(ROUNDS * 5);
  });

  test("do not change when what comes later is not there yet", async () => {
    const end = days[700]!;
    const before = join(folder, "before");
    const file = join(folder, "before.parquet");
    await writeMarket(file, [{ codes: stocks, to: isoOf(end) }]);
    await prepare(folder, ["import", `parquet:${file}`, "--workspace", before]);
    const then = storeOf(workspaceAt(before), { calendar: "XSHG", freq: "day" });
    const plan = (source: StoreSnapshotSource): LivePlan =>
      livePlanOf(source, [
        "open",
        "close",
        "volume",
        "factor",
        "alpha158.RSV20",
        "RSI14",
        "MACD",
        "CSRank($close)",
      ]);
    const request = { plan: plan as never, window: 40 };
    const [one, two] = [
      await adapterOn(store).getFeatures(stocks, shanghai(end, 16), request),
      await adapterOn(then).getFeatures(stocks, shanghai(end, 16), request),
    ];
    expect(differences(one.panel, two.panel)).toEqual([]);
    expect(one.panel.instruments.length).toBeGreaterThan(200);
  });
});

/** Bars of a day as a server of today would quote them: ticks and hands. */
async function quotesOn(day: Day): Promise<ReadonlyMap<string, ServedQuote>> {
  using database = await Database.open();
  const rows = await database.rows(
    `SELECT * FROM read_parquet(${sqlText(sharedData("reference", "csi300-daily-2020-2025.parquet"))})
     WHERE trade_date = DATE ${sqlText(isoOf(day))}`,
  );
  return new Map(
    rows.map((row) => {
      const of = (name: string): number => Number(row[name]);
      const [code = "", venue] = String(row["ts_code"]).split(".");
      const ticks = (name: string): number => Math.round(of(name) * 100);
      const isTraded = of("volume") > 0;
      const market = venue === "SH" ? 1 : 0;
      const prices = { price: ticks("close"), open: ticks("open"), high: ticks("high"), low: ticks("low") };
      const shared = { market, code, preclose: ticks("preclose"), time: 14_590_000 };
      const traded = { volume: Math.round(of("volume") / 100), amount: of("amount") };
      const none = { price: 0, open: 0, high: 0, low: 0, volume: 0, amount: 0 };
      return [`${market}${code}`, { ...shared, ...(isTraded ? { ...prices, ...traded } : none) }];
    }),
  );
}

describe("the running session, quoted by a TDX server", () => {
  test(`gives the bars and factors that the store has later, on ${QUOTED_DAYS} days`, async () => {
    const exDays: number[] = [];
    for (let round = 0; round < QUOTED_DAYS; round++) {
      // Summer, when most dividends are paid.
      const summer = days.filter((day) => isoOf(day).slice(5, 7) === "06" || isoOf(day).slice(5, 7) === "07");
      const day = summer[Math.floor(randomOfRound(1000 + round)() * summer.length)]!;
      const before = days[days.indexOf(day) - 1]!;
      const workspace = join(folder, `day-${round}`);
      const file = join(folder, `day-${round}.parquet`);
      await writeMarket(file, [{ codes: stocks, to: isoOf(before) }]);
      await prepare(folder, ["import", `parquet:${file}`, "--workspace", workspace]);
      const then = storeOf(workspaceAt(workspace), { calendar: "XSHG", freq: "day" });
      const quotes = await quotesOn(day);
      await using server = await TdxTestServer.open({ quotes, deflated: true });
      await using feed = new TdxFeed({ servers: [{ host: "127.0.0.1", port: server.port }] });
      const names = [
        "open",
        "high",
        "low",
        "close",
        "preclose",
        "factor",
        "alpha158.MA5",
        "alpha158.KLEN",
        "RSI14",
        "MACD",
        "EMA($close,9)",
      ];
      const request = {
        plan: ((source: StoreSnapshotSource) => livePlanOf(source, names)) as never,
        window: 5,
      };
      const live = await adapterOn(then, feed).getFeatures(stocks, shanghai(day, 14.99), {
        ...request,
        partial: "features",
      });
      const later = await adapterOn(store).getFeatures(live.panel.instruments, shanghai(day, 16), request);
      expect(live.running).toBe(day);
      expect(live.failures).toEqual([]);
      // A newly listed stock is not in the store yet; prices are whole ticks, so that all bits are the same.
      expect(differences(live.panel, later.panel)).toEqual([]);
      exDays.push(exDaysOf(live));
    }
    console.log(`ex-days by day: ${exDays.join(", ")}`);
    expect(exDays.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });
});

/** Instruments whose factor on the partial row is another one than on the row before. */
function exDaysOf({ panel }: LiveFeatures): number {
  const { values } = panel.columns.get("factor")!;
  const [row, width] = [panel.time.days.length - 1, panel.instruments.length];
  return panel.instruments.filter(
    (_, lane) => values[row * width + lane]! !== values[(row - 1) * width + lane]!,
  ).length;
}

test("bars that a real server sent are those of the reference data", async () => {
  const recorded =
    "0a0078da340198b8018404bc055ee8b3e949ad2b094f79da34010af801a002cc0260dec949859ded4e7ada34016882028e04e603b8f91e4a111f394f" +
    "7dda3401e401c20200f604f84d2b4ad4d0444f7eda3401721eaa0268d87bc549ee80e34e7fda34011e288601c601d08db849230ed54e80da3401727c" +
    "32da013023584999a0784e81da3401147c0ad001d0fa86498d989a4e84da34015e6800d60278c28e491ca6a14e85da340154d001b801da01403e9249" +
    "89d6a54e";
  const bars = readBars(Uint8Array.from(Buffer.from(recorded, "hex")), "day");
  using database = await Database.open();
  const rows = await database.rows(
    `SELECT * FROM read_parquet(${sqlText(sharedData("reference", "csi300-daily-2020-2025.parquet"))})
     WHERE ts_code = '000001.SZ' AND trade_date BETWEEN DATE '2024-10-16' AND DATE '2024-10-29' ORDER BY trade_date`,
  );
  expect(rows).toHaveLength(10);
  for (const [index, { day, open, high, low, close, volume, amount }] of bars.entries()) {
    const row = rows[index]!;
    const of = (name: string): number => Number(row[name]);
    expect(isoOf(day)).toBe(isoOf(of("trade_date")));
    expect([open, high, low, close].map((price) => price / 1000)).toEqual(
      ["open", "high", "low", "close"].map(of),
    );
    // Hands there, shares here; amounts of 24 bits.
    expect(Math.abs(volume * 100 - of("volume"))).toBeLessThanOrEqual(100);
    expect(Math.abs(amount / of("amount") - 1)).toBeLessThan(1e-6);
  }
});
