import { describe, expect, test } from "vitest";
import { evaluateExpressions } from "#expression/run/evaluate";
import { panelOf, type Panel } from "#panel/panel";
import { factorGroups, factorTable, type FactorRun } from "./factor-table.ts";
import type { MarketView } from "./market-view.ts";
import { blockThreads } from "./parallel/block-threads.ts";

const ROWS = 40;
const COUNT = 45;

/** Pseudo-random market with late listings, delistings, an instrument without a row, and suspended days. */
function market(): Panel<"market"> {
  let state = 20_260_301;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const instruments = Array.from(
    { length: COUNT },
    (_, at) => `S${String((at * 17) % COUNT).padStart(2, "0")}`,
  );
  const first = Int32Array.from(instruments, (_, at) => (at % 4 === 1 ? Math.floor(random() * ROWS) : 0));
  const last = Int32Array.from(instruments, (_, at) => {
    if (at === 7) return -1;
    return at % 5 === 2 ? first[at]! + Math.floor(random() * (ROWS - first[at]!)) : ROWS - 1;
  });
  const column = (name: string, of: (row: number, lane: number) => number) => ({
    name,
    values: Float32Array.from({ length: ROWS * COUNT }, (_, cell) => {
      const [row, lane] = [Math.floor(cell / COUNT), cell % COUNT];
      const value = of(row, lane);
      return first[lane]! <= row && row <= last[lane]! ? value : Number.NaN;
    }),
  });
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: ROWS }, (_, row) => 18_000 + row) },
    instruments,
    first,
    last,
    columns: [
      column("close", () => (random() < 0.08 ? Number.NaN : 1 + 100 * random())),
      column("open", () => 1 + Math.floor(10 * random())),
      column("industry", (row, lane) => (lane % 9 === 8 ? Number.NaN : (lane + (row > 20 ? 1 : 0)) % 4)),
    ],
  });
}

const whole = market();
const sorted = [...whole.instruments].filter((_, lane) => whole.first[lane]! <= whole.last[lane]!).sort();

function part(ids: readonly string[]): Panel<"market"> {
  const lanes = ids.map((id) => whole.instruments.indexOf(id));
  return panelOf({
    ...whole,
    instruments: ids,
    first: Int32Array.from(lanes, (lane) => whole.first[lane]!),
    last: Int32Array.from(lanes, (lane) => whole.last[lane]!),
    columns: [...whole.columns.values()].map(({ name, values }) => ({
      name,
      values: Float32Array.from(
        { length: ROWS * ids.length },
        (_, cell) => values[Math.floor(cell / ids.length) * COUNT + lanes[cell % ids.length]!]!,
      ),
    })),
  });
}

/** The market as a view; `asked` are the instruments handed on, all unless told. */
function viewOf(
  asked: readonly string[] = sorted,
  universe: readonly string[] = sorted,
): MarketView & { readonly widest: () => number } {
  let widest = 0;
  return {
    locator: "memory",
    calendar: "XSHG",
    time: whole.time,
    instruments: asked,
    universe,
    fields: [...whole.columns.keys()],
    generation: null,
    vwap: null,
    panel: (ids) => {
      widest = Math.max(widest, ids.length);
      return Promise.resolve(part(ids));
    },
    widest: () => widest,
  };
}

const expressions = [
  "CSRank($close/Ref($close,3))",
  "GroupZScore(CSWinsorize(Mean($close,5),0.05),$industry)",
  "CSScale(CSRank(Mean(CSDemean($close),4))-0.5)",
  "CSResi(GroupDemean($close,$industry),Std($close,5))",
  "$close-ChangeInstrument('S20',Mean(CSZScore($close),2))",
  "Mask(CSCount($close>50),'S03')",
  "CSBucket($open,5)",
  "Mean($close,5)",
];
const list = { factors: expressions.map((expression) => ({ name: expression, expression })) };

/** By factor and instrument, the values of every row. */
async function computed(view: MarketView, run: FactorRun = {}): Promise<Map<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  const { groups, failures } = await factorGroups(view, list, { precision: "f64", ...run });
  expect(failures).toEqual([]);
  for await (const { factors } of groups()) spread(factors, found);
  return found;
}

function spread(panel: Pick<Panel, "instruments" | "columns">, found: Map<string, readonly number[]>): void {
  const width = panel.instruments.length;
  for (const { name, values } of panel.columns.values()) {
    for (const [lane, id] of panel.instruments.entries()) {
      found.set(
        `${name} ${id}`,
        Array.from({ length: ROWS }, (_, row) => values[row * width + lane]!),
      );
    }
  }
}

function expected(): Map<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  const columns = evaluateExpressions(expressions, whole, { precision: "f64" });
  spread(
    { instruments: whole.instruments, columns: new Map(columns.map((column) => [column.name, column])) },
    found,
  );
  for (const name of expressions) {
    for (const id of whole.instruments) if (!sorted.includes(id)) found.delete(`${name} ${id}`);
  }
  return found;
}

describe("factors across instruments", () => {
  test.each([1, 7, 32, 1000])(
    "have the bits of the whole panel when computed %i at a time",
    async (group) => {
      const view = viewOf();
      expect(await computed(view, { group })).toEqual(expected());
      // Two instruments are named by expressions, and read together.
      expect(view.widest()).toBe(Math.max(2, Math.min(group, sorted.length)));
    },
  );

  test.each([1, 2, 3])("have the same bits on %i threads", async (count) => {
    await using parallel = blockThreads(count);
    expect(await computed(viewOf(), { parallel })).toEqual(expected());
    expect(await computed(viewOf(), { parallel, group: 7 })).toEqual(expected());
  });

  test("do not depend on the order in which a view names its instruments", async () => {
    const reversed = sorted.toReversed();
    expect(await computed(viewOf(reversed, reversed), { group: 7 })).toEqual(await computed(viewOf()));
  });

  test("see the whole universe when some instruments only are asked for", async () => {
    const asked = ["S03", "S11", "S20", "S31"];
    const some = await computed(viewOf(asked), { group: 3 });
    const all = expected();
    expect([...some.keys()].sort()).toEqual(
      expressions.flatMap((name) => asked.map((id) => `${name} ${id}`)).sort(),
    );
    for (const [key, values] of some) expect(values).toEqual(all.get(key));
  });

  test("see those asked for where a view has no wider universe", async () => {
    const asked = sorted.slice(0, 5);
    const { universe: _, ...view } = viewOf(asked);
    const { groups, universe } = await factorGroups(view, {
      factors: [{ name: "n", expression: "CSCount($open)" }],
    });
    expect(universe).toBe(5);
    for await (const { factors } of groups()) {
      expect(
        Math.max(...[...factors.columns.get("n")!.values].filter((value) => value > 0)),
      ).toBeLessThanOrEqual(5);
    }
  });

  test("are the same days whatever range is handed on", async () => {
    const [start, end] = [whole.time.days[10]!, whole.time.days[19]!];
    const all = expected();
    const table = await factorTable(viewOf(), list, { precision: "f64", start, end });
    expect(table.universe).toBe(sorted.length);
    let compared = 0;
    for await (const { instrument, first, length, columns } of table.series()) {
      for (const [name, values] of columns) {
        expect([...values]).toEqual(all.get(`${name} ${instrument}`)!.slice(first, first + length));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(200);
  });

  test("keep the others' company: one that cannot be computed fails by itself", async () => {
    const { failures, names } = await factorGroups(viewOf(), {
      factors: [
        { name: "bad", expression: "P(CSRank($close))" },
        { name: "ahead", expression: "CSRank(Ref($close,-1))" },
        { name: "good", expression: "CSRank($close)" },
      ],
    });
    expect(names).toEqual(["good"]);
    expect(failures.map(({ name, error }) => [name, error.code])).toEqual([
      ["bad", "EXPRESSION_PERIODIC"],
      ["ahead", "EXPRESSION_LOOKS_AHEAD"],
    ]);
  });
});

test("progress counts up to the instruments asked for, phases included", async () => {
  const seen: number[] = [];
  await computed(viewOf(), { group: 10, onInstruments: (done) => seen.push(done) });
  expect(seen.at(-1)).toBe(sorted.length);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.length).toBeGreaterThan(10);
});

test("a list without such operators reads every instrument once and has no universe", async () => {
  let read = 0;
  const view = viewOf();
  const counting: MarketView = {
    ...view,
    panel: (ids) => {
      read += ids.length;
      return view.panel(ids);
    },
  };
  const { universe, groups } = await factorGroups(counting, {
    factors: [{ name: "m", expression: "Mean($close,5)" }],
  });
  for await (const { market: each } of groups()) expect(each.instruments.length).toBeGreaterThan(0);
  expect([universe, read]).toEqual([0, sorted.length]);
});

test("a run that is called off stops between groups of a phase", async () => {
  const controller = new AbortController();
  const run = computed(viewOf(), {
    group: 5,
    signal: controller.signal,
    onInstruments: () => controller.abort(new Error("enough")),
  });
  await expect(run).rejects.toThrow("enough");
});
