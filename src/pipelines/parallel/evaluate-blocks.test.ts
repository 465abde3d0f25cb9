import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { buildGraph } from "#expression/ir/build";
import { evaluateExpressions, type EvaluationOptions } from "#expression/run/evaluate";
import { factorSet } from "#factors/catalogue";
import type { Parallel } from "#kernels/parallel";
import { panelOf, type Panel } from "#panel/panel";
import type { WorkerPool } from "#workers/worker-pool";
import { blockThreads } from "./block-threads.ts";
import { evaluateBlocks, evaluatePanels, type WholeOptions } from "./evaluate-blocks.ts";
import { blockWidth } from "./prepared-program.ts";

const FIELDS = ["open", "high", "low", "close", "vwap", "volume"] as const;

/** Late listings, delistings, an instrument without a row, suspended days, a zero volume and a spike. */
function marketOf(lanes: number, rows: number, seed: number): Panel<"market"> {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const first = Int32Array.from({ length: lanes }, (_, lane) =>
    lane % 3 === 1 ? Math.floor(random() * rows) : 0,
  );
  const last = Int32Array.from({ length: lanes }, (_, lane) => {
    if (lane % 11 === 7) return -1;
    return lane % 4 === 2 ? first[lane]! + Math.floor(random() * (rows - first[lane]!)) : rows - 1;
  });
  const columns = FIELDS.map((name) => ({
    name,
    values: new Float32Array(rows * lanes).fill(Number.NaN),
  }));
  for (let lane = 0; lane < lanes; lane++) {
    let price = 5 + 50 * random();
    for (let row = first[lane]!; row <= last[lane]!; row++) {
      price *= 1 + 0.06 * (random() - 0.5);
      const isSuspended = random() < (lane % 5 === 0 ? 0.2 : 0);
      const volume = random() < 0.02 ? 0 : random() < 0.01 ? 1e13 : Math.floor(1e6 * random());
      const bar = [price * 0.99, price * 1.02, price * 0.97, price, price * 1.001, volume];
      for (const [at, column] of columns.entries())
        column.values[row * lanes + lane] = isSuspended ? Number.NaN : bar[at]!;
    }
  }
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => 18_000 + row) },
    instruments: Array.from({ length: lanes }, (_, lane) => `S${lane}`),
    first,
    last,
    columns,
  });
}

const EXPRESSIONS = [
  "Mean($close,5)/$close",
  "Corr($close,Log($volume+1),10)",
  "Quantile($close,7,0.8)/$close",
  "EMA($close,12)-EMA($close,26)",
  "Rank($close/Ref($close,1)-1,20)",
  "Skew($close,9)*Kurt($volume,9)",
  "Ref($close,-2)/Ref($close,-1)-1",
  "$close-ChangeInstrument('S0',Mean($close,3))",
  "IdxMax($high,8)",
];
const graph = buildGraph(EXPRESSIONS);
const market = marketOf(77, 90, 20_261_121);

const pools = new Map<number, WorkerPool>();
function threads(count: number): WorkerPool {
  let pool = pools.get(count);
  if (pool === undefined) pools.set(count, (pool = blockThreads(count)));
  return pool;
}
afterAll(async () => {
  for (const pool of pools.values()) await pool.close();
});

type Bits = readonly Uint8Array[];

function bitsOf(columns: readonly { readonly values: Float32Array | Float64Array }[]): Bits {
  return columns.map(({ values }) =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice(),
  );
}

function expectedBits(of: typeof graph, panel: Panel, options: EvaluationOptions = {}): Bits {
  return bitsOf(evaluateExpressions(of, panel, options));
}

/** Whole columns put together from blocks, each block read before the next is asked for. */
async function collected(of: typeof graph, panel: Panel, options: WholeOptions): Promise<Bits> {
  const lanes = panel.instruments.length;
  const rows = panel.time.days.length;
  const isWide = options.precision === "f64";
  const whole = of.outputs.map(() => ({
    values: isWide ? new Float64Array(rows * lanes) : new Float32Array(rows * lanes),
  }));
  const seen: string[] = [];
  for await (const { offset, instruments, columns } of evaluateBlocks(of, panel, options)) {
    seen.push(...instruments);
    for (const [index, { values }] of columns.entries()) {
      expect(values.length).toBe(rows * instruments.length);
      for (let row = 0; row < rows; row++) {
        const part = values.subarray(row * instruments.length, (row + 1) * instruments.length);
        whole[index]!.values.set(part, row * lanes + offset);
      }
    }
  }
  expect(seen.toSorted()).toEqual([...panel.instruments].toSorted());
  return bitsOf(whole);
}

/** Blocks of 8 instruments: memory for no more. */
function narrow(of: typeof graph, panel: Panel, parallel?: Parallel): { readonly memoryBytes: number } {
  const size = { outputs: of.outputs.length, rows: panel.time.days.length, threads: parallel?.threads ?? 1 };
  for (let memoryBytes = 1; ; memoryBytes *= 1.1) {
    if (blockWidth({ ...size, memoryBytes }) === 8) return { memoryBytes };
  }
}

function shuffled(blocks: number): number[] {
  return Array.from({ length: blocks }, (_, at) => at).sort((a, b) => ((a * 7) % 5) - ((b * 7) % 5) || b - a);
}

describe.each(["f32", "f64"] as const)("as %s", (precision) => {
  const expected = expectedBits(graph, market, { precision });

  test.each([0, 1, 2, 3])("%i threads give the bytes of one evaluation of the whole panel", async (count) => {
    const parallel = count === 0 ? {} : { parallel: threads(count) };
    expect(await collected(graph, market, { precision, ...parallel })).toEqual(expected);
  });

  test.each([0, 2])("%i threads and any order and size of blocks give the same bytes", async (count) => {
    const parallel = count === 0 ? undefined : threads(count);
    const orders = [shuffled, (blocks: number) => [...Array(blocks).keys()].reverse()];
    for (const order of orders) {
      const options = { precision, order, ...narrow(graph, market, parallel) };
      const found = await collected(
        graph,
        market,
        parallel === undefined ? options : { ...options, parallel },
      );
      expect(found).toEqual(expected);
    }
  });
});

test.each(["mixed", "float64"] as const)("Alpha158 in %s lanes is the same on two threads", async (lanes) => {
  const panel = marketOf(37, 80, 7);
  const set = buildGraph(factorSet("alpha158").factors);
  const expected = expectedBits(set, panel, { lanes });
  expect(await collected(set, panel, { lanes, parallel: threads(2) })).toEqual(expected);
});

test("lines over a field that is infinite somewhere are those of one evaluation", async () => {
  const columns = [...market.columns.values()].map(({ name, values }) => ({ name, values: values.slice() }));
  for (const [row, lane] of [
    [30, 5],
    [61, 40],
  ] as const)
    columns[3]!.values[row * market.instruments.length + lane] = Number.POSITIVE_INFINITY;
  const panel = panelOf({ ...market, columns });
  const lines = buildGraph(["Slope($close,5)/$close", "Mean(Resi($close,9),3)", "Mean($close,5)"]);
  const expected = expectedBits(lines, panel);
  expect(expected).not.toEqual(expectedBits(lines, market));
  for (const parallel of [undefined, threads(2)]) {
    const options = { ...narrow(lines, panel, parallel), ...(parallel === undefined ? {} : { parallel }) };
    expect(await collected(lines, panel, options)).toEqual(expected);
  }
});

test("any number of instruments gives the bytes of one evaluation", async () => {
  const small = buildGraph(EXPRESSIONS.slice(0, 4));
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 40 }),
      async (lanes, rows) => {
        const panel = marketOf(lanes, rows, lanes * 100 + rows);
        const parallel = threads(2);
        const found = await collected(small, panel, { parallel, ...narrow(small, panel, parallel) });
        expect(found).toEqual(expectedBits(small, panel));
      },
    ),
    { numRuns: 12 },
  );
});

test("a shared column is read where it lies", async () => {
  const columns = [...market.columns.values()].map(({ name, values }) => {
    const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
    shared.set(values);
    return { name, values: shared };
  });
  const panel = panelOf({ ...market, columns });
  expect(await collected(graph, panel, { parallel: threads(2) })).toEqual(expectedBits(graph, market));
});

test("a consumer that is slow finds every block intact, and one that leaves early frees the threads", async () => {
  const parallel = threads(2);
  const options = { parallel, ...narrow(graph, market, parallel) };
  const all: Bits[] = [];
  for await (const { columns } of evaluateBlocks(graph, market, options)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    all.push(bitsOf(columns));
  }
  expect(all).toHaveLength(10);
  let read = 0;
  for await (const { columns } of evaluateBlocks(graph, market, options)) {
    expect(bitsOf(columns)).toEqual(all[read]);
    if (++read === 3) break;
  }
  expect(await collected(graph, market, options)).toEqual(expectedBits(graph, market));
});

test("an aborted run throws the signal's reason and leaves the threads usable", async () => {
  for (const parallel of [undefined, threads(2)]) {
    const controller = new AbortController();
    const options = {
      ...narrow(graph, market, parallel),
      ...(parallel === undefined ? {} : { parallel }),
    };
    let read = 0;
    const run = async (): Promise<void> => {
      for await (const block of evaluateBlocks(graph, market, { ...options, signal: controller.signal })) {
        expect(block.columns).toHaveLength(EXPRESSIONS.length);
        if (++read === 2) controller.abort(new Error("enough"));
      }
    };
    await expect(run()).rejects.toThrow("enough");
    expect(read).toBe(2);
    expect(await collected(graph, market, options)).toEqual(expectedBits(graph, market));
  }
});

test("threads that die fail the run that reads them", async () => {
  const pool = blockThreads(2);
  const run = async (): Promise<void> => {
    for await (const _ of evaluateBlocks(graph, market, { parallel: pool, ...narrow(graph, market, pool) })) {
      await pool.close();
    }
  };
  await expect(run()).rejects.toMatchObject({ code: "WORKER_DIED" });
});

test("a field that is not there is named before any thread starts", async () => {
  const missing = buildGraph(["Mean($nosuch,5)"]);
  await expect(collected(missing, market, { parallel: threads(2) })).rejects.toThrow("no column nosuch");
});

test("few instruments are computed together where memory forbids more", () => {
  const size = { outputs: 158, rows: 2_500, threads: 8 };
  expect(blockWidth({ ...size, threads: 2 })).toBe(32);
  expect(blockWidth(size)).toBeLessThan(32);
  expect(blockWidth({ ...size, memoryBytes: 1 })).toBe(4);
  expect(blockWidth({ outputs: 0, rows: 0, threads: 1 })).toBe(32);
});

function part(from: number, count: number): Panel<"market"> {
  const lanes = market.instruments.length;
  const rows = market.time.days.length;
  const instruments = market.instruments.slice(from, from + count);
  const width = instruments.length;
  return panelOf({
    ...market,
    instruments,
    first: market.first.slice(from, from + count),
    last: market.last.slice(from, from + count),
    columns: [...market.columns.values()].map(({ name, values }) => ({
      name,
      values: Float32Array.from(
        { length: rows * width },
        (_, cell) => values[Math.floor(cell / width) * lanes + from + (cell % width)]!,
      ),
    })),
  });
}

async function* arriving(size: number, failAt = Number.POSITIVE_INFINITY): AsyncGenerator<Panel<"market">> {
  for (let from = 0; from < market.instruments.length; from += size) {
    if (from >= failAt) throw new RangeError(`cannot read ${from}`);
    await Promise.resolve();
    yield part(from, size);
  }
}

async function* uneven(): AsyncGenerator<Panel<"market">> {
  yield part(0, 4);
  await Promise.resolve();
  yield part(4, 9);
}

describe("panels that arrive one after the other", () => {
  const foreign = part(0, 1);

  test.each([
    [0, 32],
    [1, 32],
    [2, 7],
    [3, 32],
  ])("on %i threads, %i at a time, have the bytes of evaluating each", async (count, size) => {
    const parallel = count === 0 ? {} : { parallel: threads(count) };
    let from = 0;
    for await (const { market: panel, columns } of evaluatePanels(graph, arriving(size), {
      ...parallel,
      foreign,
    })) {
      expect(panel.instruments).toEqual(market.instruments.slice(from, from + size));
      expect(bitsOf(columns)).toEqual(expectedBits(graph, panel, { foreign }));
      from += panel.instruments.length;
    }
    expect(from).toBe(market.instruments.length);
  });

  test("that fail to arrive fail the run, after the blocks before them", async () => {
    let read = 0;
    const run = async (): Promise<void> => {
      const options = { parallel: threads(2), foreign };
      for await (const { market: panel } of evaluatePanels(graph, arriving(8, 40), options)) {
        read += panel.instruments.length;
      }
    };
    await expect(run()).rejects.toThrow("cannot read 40");
    expect(read).toBeLessThanOrEqual(40);
  });

  test("of another shape are refused", async () => {
    const read = Array.fromAsync(evaluatePanels(graph, uneven(), { parallel: threads(2), foreign }));
    await expect(read).rejects.toThrow("a panel of 9 instruments for blocks of 4");
  });

  test("that are none at all make no block", async () => {
    for await (const _ of evaluatePanels(graph, (async function* () {})(), { parallel: threads(2) })) {
      throw new Error("a block of nothing");
    }
    expect(pools.get(2)!.threads).toBe(2);
  });
});
