import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFrame } from "#data/hdf5/open-frame";
import type { Quote } from "#data/quotes/quote-feed";
import type { OpenedStore } from "#data/store/open-store";
import type { FactorSet } from "#factors/factor-set";
import { registryOf } from "#factors/registry";
import { isoOf, type Day } from "#market/day";
import type { Panel } from "#panel/panel";
import { generateSignals } from "#strategies/top-k-dropout";
import { exportSnapshot } from "../snapshot/export-snapshot.ts";
import { planOf, readMeta } from "../snapshot/snapshot-meta.ts";
import { snapshotIn } from "../snapshot/snapshot-place.ts";
import type { SnapshotAdjustment } from "../snapshot/snapshot-source.ts";
import { StoreSnapshotSource } from "../snapshot/store-snapshot-source.ts";
import { storeFactors } from "../store-factors.ts";
import { panelOfFrame } from "./frame-panel.ts";
import {
  LiveDataAdapter,
  type LiveFeatures,
  type LiveOptions,
  type LiveRequest,
} from "./live-data-adapter.ts";
import { livePlanOf } from "./live-plan.ts";
import { liveSource, liveStore } from "./live-source.ts";
import {
  BarFeed,
  calendar,
  codes,
  GONE,
  importThrough,
  LATE,
  marketStore,
  sessions,
  shanghai,
} from "./testing/live-market.ts";

const set = (name: string, factors: readonly (readonly [string, string])[]): FactorSet => ({
  name,
  title: { zh: name, en: name },
  source: "test",
  flatNames: true,
  factors: factors.map(([factor, expression]) => ({ name: factor, expression, unit: "ratio" })),
});
const FACTORS = [
  ["MA5", "Mean($close,5)/$close"],
  ["EMA12", "EMA($close,12)/$close"],
  ["OBV", "Sum(Sign($close-Ref($close,1))*$volume,0)"],
  ["RESI8", "Resi($close,8)/$close"],
  ["VWAP3", "Mean($vwap,3)/$close"],
  ["CORR7", "Corr($close,Log($volume+1),7)"],
  ["GAP", "$open/Ref($close,1)-1"],
] as const;
const wide = set("wide", FACTORS);
const across = set("across", [
  ["RANK", "CSRank(Mean($close,3))"],
  ["TURN", "Mean($turn,4)"],
]);
const registry = registryOf([wide, across]);
const engine = "test";
const NAMES = [
  "open",
  "close",
  "volume",
  "amount",
  "factor",
  "vwap",
  ...FACTORS.map(([name]) => `wide.${name}`),
];
const own =
  (names: readonly string[], adjustment: SnapshotAdjustment = { kind: "qlib" }): LiveRequest["plan"] =>
  (source) =>
    livePlanOf(source, names, { adjustment });

const LAST = sessions.at(-1)!;
/** A day in the middle, up to which another store is filled. */
const CUT = sessions[90]!;
let folder: string;
let whole: OpenedStore;
let cut: OpenedStore;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "live-features-"));
  whole = marketStore(join(folder, "whole"));
  cut = marketStore(join(folder, "cut"));
  await importThrough(whole, LAST);
  await importThrough(cut, CUT);
  for (const store of [whole, cut]) await storeFactors(store, [wide, across], { engine });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const adapterOf = (store: OpenedStore, options: Partial<LiveOptions> = {}): LiveDataAdapter =>
  new LiveDataAdapter(liveStore(store, { registry, engine }), { registry, ...options });

/** Everything of a panel that could differ, in a form that shows where. */
function contentOf(panel: Panel): unknown {
  return {
    days: [...panel.time.days].map(isoOf),
    instruments: panel.instruments,
    first: [...panel.first],
    last: [...panel.last],
    columns: [...panel.columns.values()].map(({ name, values }) => [
      name,
      values.constructor.name,
      [...values],
    ]),
  };
}

/** A number from 0 to below `most`, told by a seed. */
const random = (seed: number, most: number): number =>
  Math.floor(((Math.sin(seed * 12.9898) * 43758.5453) % 1) * most + most) % most;

describe("live features", () => {
  test("are those of an exported snapshot, at ten moments, of some instruments and days each", async () => {
    const root = join(folder, "snapshots");
    const request = { adjustment: "qfq", baseDay: sessions[3]!, sets: ["wide"], spelling: "qlib" } as const;
    await using source = await StoreSnapshotSource.open(whole, { registry });
    await exportSnapshot({ root, id: "one", source, request, engine, now: () => 0 });
    const place = await snapshotIn(root, "one");
    const plan = planOf(await readMeta(place));
    expect(plan.features.length).toBeGreaterThan(FACTORS.length);
    const adapter = adapterOf(whole);
    using stored = await openFrame(join(place.folder, "daily_pv.h5"));
    for (let round = 1; round <= 10; round++) {
      const end = 20 + random(round, sessions.length - 20);
      const window = 1 + random(round + 50, 20);
      const some = codes.filter((_, index) => random(round * 100 + index, 4) === 0 || index === round);
      const now = shanghai(sessions[end]!, "15:30");
      const live = await adapter.getFeatures(some, now, { plan, window });
      const names = some.map((code) => `${code.slice(7)}${code.slice(0, 6)}`);
      const panel = await panelOfFrame(stored.asFrame(), {
        from: sessions[end - window + 1]! * 86_400_000,
        to: sessions[end]! * 86_400_000,
        keys: new Set(names),
      });
      expect(contentOf(live.panel), `round ${round}`).toEqual(contentOf(panel));
      expect(live.absent).toEqual(names.filter((name) => !panel.instruments.includes(name)));
      const rule = { score: "EMA12", top: 3, drop: 1 };
      const { signals } = generateSignals(live.panel, rule, { isPartial: live.isPartial });
      expect(signals).toEqual(generateSignals(panel, rule).signals);
      expect(signals.length).toBeGreaterThan(0);
    }
  });

  test("never hold what came later, though the store does", async () => {
    for (const time of ["09:00", "14:59", "15:30", "23:59"]) {
      const now = shanghai(CUT, time);
      for (const adjustment of [
        { kind: "qlib" },
        { kind: "raw" },
        { kind: "qfq", baseDay: sessions[89]! },
      ] as const) {
        const request = { plan: own([...NAMES, "RANK", "TURN", "Std($close,9)"], adjustment), window: 15 };
        const [later, then] = [
          await adapterOf(whole).getFeatures(codes, now, request),
          await adapterOf(cut).getFeatures(codes, now, request),
        ];
        expect(contentOf(later.panel)).toEqual(contentOf(then.panel));
        expect(later.panel.time.days.at(-1)).toBe(time < "15" ? sessions[89] : CUT);
        expect(later.panel.instruments).toEqual(codes.filter((code) => code !== GONE).toSorted());
        expect(later.absent).toEqual([GONE]);
      }
    }
  });

  test("are the same out of any source of snapshots as out of a store", async () => {
    const plan = own(NAMES);
    const other = new LiveDataAdapter(
      liveSource(() => StoreSnapshotSource.open(whole, { registry })),
      { registry },
    );
    const now = shanghai(CUT, "16:00");
    const [one, two] = [
      await adapterOf(whole).getFeatures(codes, now, { plan, window: 12 }),
      await other.getFeatures(codes, now, { plan, window: 12 }),
    ];
    expect(contentOf(two.panel)).toEqual(contentOf(one.panel));
    const unknown = await other.getFeatures(codes, now, {
      plan: own(["close", "Mean($close,2)"]),
      window: 2,
    });
    expect([...unknown.panel.columns.keys()]).toEqual(["close"]);
    expect(unknown.uncomputed).toMatchObject([{ name: "Mean($close,2)", code: "LIVE_NOT_STORED" }]);
  });
});

/** The running session's row of a result, by instrument and column. */
function lastRow({ panel }: { readonly panel: Panel }): unknown {
  const [row, width] = [panel.time.days.length - 1, panel.instruments.length];
  return panel.instruments.map((instrument, lane) => [
    instrument,
    [...panel.columns.values()].map(({ name, values }) => [name, values[row * width + lane]!]),
  ]);
}

/** Factors of a day's bars, by instrument. */
const factorsOn = async (day: Day): Promise<Map<string, number>> => {
  const { panel } = await adapterOf(whole).getFeatures(codes, shanghai(day, "16:00"), {
    plan: own(["factor"]),
    window: 1,
  });
  return new Map(panel.instruments.map((id, lane) => [id, panel.columns.get("factor")!.values[lane]!]));
};

const onlyTraded = (quote: Quote): Quote | null => (quote.volume > 0 ? quote : null);
const timeless = (quote: Quote): Quote => ({ ...quote, second: Number.NaN });
const codesOf = ({ failures }: LiveFeatures): Set<string> => new Set(failures.map(({ code }) => code));

describe("the running session", () => {
  /** The day after the cut, quoted, and its bar as the whole store has it. */
  const NEXT = sessions[91]!;
  const live = (
    request: Partial<LiveRequest> & { readonly window?: number },
    feed = new BarFeed(NEXT),
  ): Promise<LiveFeatures> =>
    adapterOf(cut, { feed }).getFeatures(codes, shanghai(NEXT, "11:00"), {
      plan: own(NAMES),
      window: 10,
      ...request,
    });

  test("is a row like the one that is stored later, bit for bit, ex-days and factors included", async () => {
    for (const adjustment of [
      { kind: "qlib" },
      { kind: "raw" },
      { kind: "qfq", baseDay: sessions[60]! },
    ] as const) {
      const plan = own([...NAMES, "Std($close,9)", "preclose"], adjustment);
      const partial = await live({ plan, partial: "features" });
      const later = await adapterOf(whole).getFeatures(codes, shanghai(NEXT, "16:00"), { plan, window: 10 });
      expect(contentOf(partial.panel)).toEqual(contentOf(later.panel));
      expect(partial.failures).toEqual([]);
      expect([partial.running, partial.storedThrough]).toEqual([NEXT, CUT]);
      expect(
        [...partial.isPartial].map((mark, at) => mark === (at >= 9 * later.panel.instruments.length ? 1 : 0)),
      ).not.toContain(false);
      expect([...later.isPartial]).not.toContain(1);
    }
  });

  test("is an ex-day for some, so that the comparison means something", async () => {
    const [before, after] = [await factorsOn(CUT), await factorsOn(NEXT)];
    expect([...after].filter(([id, factor]) => before.get(id) !== factor).length).toBeGreaterThan(0);
  });

  test("is left out unless it is asked for, and gives no factors unless those are", async () => {
    const feed = new BarFeed(NEXT);
    const without = await live({}, feed);
    expect([without.panel.time.days.at(-1), without.running, feed.asked]).toEqual([CUT, null, []]);
    const bars = await live({ partial: "bars", plan: own(["close", "wide.MA5"]) });
    const { values } = bars.panel.columns.get("wide.MA5")!;
    const width = bars.panel.instruments.length;
    expect(new Set(values.subarray(9 * width))).toEqual(new Set([Number.NaN]));
    expect(
      bars.panel.columns
        .get("close")!
        .values.subarray(9 * width)
        .some((value) => value > 0),
    ).toBe(true);
    const rule = { score: "wide.MA5", top: 3, drop: 1 };
    expect(generateSignals(bars.panel, rule).signals.some(({ day }) => day === NEXT)).toBe(false);
  });

  test("alone is a window of one day", async () => {
    const one = await live({ window: 1, partial: "features" });
    const ten = await live({ window: 10, partial: "features" });
    expect([...one.panel.time.days]).toEqual([NEXT]);
    expect(lastRow(one)).toEqual(lastRow(ten));
  });

  test("gives way to the stored bar once that is there", async () => {
    const feed = new BarFeed(NEXT);
    const adapter = adapterOf(whole, { feed });
    const after = await adapter.getFeatures(codes, shanghai(NEXT, "16:00"), {
      plan: own(NAMES),
      window: 2,
      partial: "features",
    });
    expect([after.running, feed.asked]).toEqual([null, []]);
    // Until the session is over a stored bar is no bar of it.
    const during = await adapter.getFeatures(codes, shanghai(NEXT, "10:30"), {
      plan: own(NAMES),
      window: 2,
      partial: "bars",
    });
    expect(during.failures.map(({ code }) => code)).toContain("PARTIAL_QUOTE_STALE");
    expect(during.panel.time.days.at(-1)).toBe(CUT);
  });

  test("says what it lacks: quotes, columns without a definition, and factors of more than one instrument", async () => {
    const feed = new BarFeed(NEXT, (quote) => {
      if (quote.instrument === "000001.SZ") return null;
      if (quote.instrument === "600008.SH") return { ...quote, day: CUT };
      return quote.instrument === "688981.SH" ? { ...quote, second: 15 * 3600 } : quote;
    });
    const { failures, panel } = await live(
      { partial: "features", plan: own(["close", "RANK", "TURN", "turn", "wide.MA5"]) },
      feed,
    );
    expect(failures.map(({ instrument, column, code }) => [instrument ?? column, code])).toEqual([
      ["000001.SZ", "PARTIAL_NO_QUOTE"],
      ["600008.SH", "PARTIAL_QUOTE_STALE"],
      ["688981.SH", "PARTIAL_QUOTE_STALE"],
      ["RANK", "PARTIAL_ACROSS_INSTRUMENTS"],
      ["TURN", "PARTIAL_NOT_QUOTED"],
    ]);
    const lane = panel.instruments.indexOf("000001.SZ");
    expect([panel.last[lane], panel.last[lane + 1]]).toEqual([8, 9]);
    expect(feed.asked).not.toContain(GONE);
  });

  test("is not made of quotes of another day that do not say so: the last stored bar again, or no time", async () => {
    const after = shanghai(NEXT, "15:20");
    const request = { plan: own(["close", "factor"]), window: 3, partial: "bars" } as const;
    const ask = (feed: BarFeed): Promise<LiveFeatures> =>
      adapterOf(cut, { feed }).getFeatures(codes, after, request);
    const stuck = await ask(
      new BarFeed(CUT, (quote) => {
        // Hands, as servers count them.
        const rounded = { ...quote, volume: Math.floor(quote.volume / 100) * 100 };
        return onlyTraded({ ...rounded, second: 15 * 3600 });
      }),
    );
    expect(stuck.panel.time.days.at(-1)).toBe(CUT);
    expect([...stuck.isPartial]).not.toContain(1);
    expect(stuck.failures.filter(({ code }) => code === "PARTIAL_QUOTE_STALE").length).toBeGreaterThan(30);
    const unknown = await ask(new BarFeed(NEXT, timeless));
    expect([codesOf(unknown), [...unknown.isPartial].includes(1)]).toEqual([
      new Set(["PARTIAL_QUOTE_STALE"]),
      false,
    ]);
    // One that tells its day needs no time, and may be like the bar before in all.
    const told = await ask(new BarFeed(CUT, (quote) => onlyTraded({ ...timeless(quote), day: NEXT })));
    expect(codesOf(told)).not.toContain("PARTIAL_QUOTE_STALE");
    expect([...told.isPartial]).toContain(1);
    // One more hand traded, and it is another bar.
    const more = new BarFeed(CUT, (quote) => onlyTraded({ ...quote, volume: quote.volume + 100 }));
    expect(codesOf(await ask(more))).not.toContain("PARTIAL_QUOTE_STALE");
  });

  test("without a trade yet is a row without prices, which carries the factor", async () => {
    const none = {
      price: Number.NaN,
      open: Number.NaN,
      high: Number.NaN,
      low: Number.NaN,
      volume: 0,
      amount: 0,
    };
    const feed = new BarFeed(NEXT, (quote) => ({ ...quote, ...none }));
    const { panel } = await live({ partial: "bars", plan: own(["close", "volume", "factor"]) }, feed);
    const width = panel.instruments.length;
    const [close, volume, factor] = ["close", "volume", "factor"].map(
      (name) => panel.columns.get(name)!.values,
    );
    expect(new Set(close!.subarray(9 * width))).toEqual(new Set([Number.NaN]));
    expect(new Set(volume!.subarray(9 * width))).toEqual(new Set([0]));
    expect([...factor!.subarray(9 * width)]).toEqual([...factor!.subarray(8 * width, 9 * width)]);
  });
});

describe("a request", () => {
  const now = shanghai(CUT, "16:00");
  const refused = async (
    changes: Partial<LiveRequest> & {
      readonly window?: number;
      readonly now?: number;
      readonly symbols?: readonly string[];
    },
    options: Partial<LiveOptions> = {},
  ): Promise<unknown> => {
    const { symbols = codes, now: at = now, ...rest } = changes;
    const asked = { plan: own(["close"]), window: 5, ...rest };
    return await adapterOf(cut, options)
      .getFeatures(symbols, at, asked)
      .then(
        () => "given",
        (error: { readonly code?: string }) => error.code ?? error,
      );
  };

  test("is refused by a code where it cannot be answered", async () => {
    expect(await refused({})).toBe("given");
    expect(await refused({ symbols: [] })).toBe("LIVE_NOTHING_ASKED");
    expect(await refused({ symbols: ["../etc"] })).toBe("MARKET_INSTRUMENT_FORM");
    expect(await refused({ plan: own([]) })).toBe("LIVE_NOTHING_ASKED");
    expect(await refused({ plan: own(["no_such_factor"]) })).toBe("FACTOR_UNKNOWN");
    expect(await refused({ plan: own(["Ref($close,-2)/$close"]) })).toBe("LIVE_LOOKS_AHEAD");
    expect(await refused({ plan: own(["Mean($close,"]) })).toMatch(/^EXPRESSION_/);
    expect(await refused({ window: 0 })).toBe("LIVE_WINDOW_INVALID");
    expect(await refused({ freq: "1min" })).toBe("LIVE_FREQUENCY");
    expect(await refused({ partial: "bars" })).toBe("LIVE_NO_FEED");
    expect(await refused({ plan: own(["close"], { kind: "qfq", baseDay: CUT + 1 }) })).toBe(
      "LIVE_BASE_DAY_AHEAD",
    );
  });

  test("is refused where the store lacks sessions that have closed, unless that is allowed", async () => {
    const later = shanghai(sessions[93]!, "10:00");
    expect(await refused({ now: later })).toBe("LIVE_STORE_BEHIND");
    expect(await refused({ now: later, mayLack: 1 })).toBe("LIVE_STORE_BEHIND");
    const given = await adapterOf(cut).getFeatures(codes, later, {
      plan: own(["close"]),
      window: 5,
      mayLack: 2,
    });
    expect(given.lacking).toEqual(sessions.slice(91, 93));
    expect([...given.panel.time.days]).toEqual(sessions.slice(88, 91));
  });

  test("for the running session is refused where the session before is lacking, whatever is allowed", async () => {
    const feed = new BarFeed(sessions[92]!);
    const wanted = { partial: "bars", mayLack: 2 } as const;
    expect(await refused({ now: shanghai(sessions[92]!, "11:00"), ...wanted }, { feed })).toBe(
      "LIVE_STORE_BEHIND",
    );
    expect(feed.asked).toEqual([]);
    // Before it begins there is no such row, and only stored ones are given.
    expect(await refused({ now: shanghai(sessions[92]!, "09:00"), ...wanted }, { feed })).toBe("given");
    const next = new BarFeed(sessions[91]!);
    expect(await refused({ now: shanghai(sessions[91]!, "11:00"), ...wanted }, { feed: next })).toBe("given");
  });

  test("may spell instruments in any way, name them twice, and reach before the first row", async () => {
    const { panel, absent } = await adapterOf(cut).getFeatures(
      ["SH600008", "600008.SH", "sz.000001", LATE, "600999"],
      now,
      {
        plan: own(["close"]),
        window: 500,
      },
    );
    expect(panel.instruments).toEqual(["000001.SZ", LATE, "600008.SH"]);
    expect([...panel.first]).toEqual([0, 40, 0]);
    expect(panel.time.days).toHaveLength(91);
    expect(absent).toEqual(["600999.SH"]);
  });
});

test("the calendar of the tests is the exchange's", () => {
  expect(sessions.every((day) => calendar.isSession(day))).toBe(true);
});
