import { afterEach, expect, test } from "vitest";
import { Gate } from "#kernels/parallel";
import { WorkerPool } from "./worker-pool.ts";

const entry = new URL("./testing/sample-tasks.ts", import.meta.url);
const pools: WorkerPool[] = [];

function poolOf(threads: number): WorkerPool {
  const pool = new WorkerPool(entry, threads);
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

const cells = (length: number): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(4 * length));

async function takeAll(pool: WorkerPool, count: number): Promise<{ at: number; index: number }[]> {
  const taken = cells(count);
  const heard: { at: number; index: number }[] = [];
  await pool.run("take-all", {
    input: { next: cells(1), taken },
    gate: new Gate(),
    onMessage: (message) => heard.push(message as { at: number; index: number }),
  });
  expect([...taken]).toEqual(Array.from({ length: count }, () => 1));
  return heard;
}

test("every part of the work is taken exactly once, and a pool serves run after run", async () => {
  const pool = poolOf(3);
  for (const count of [1, 50, 500]) {
    const heard = await takeAll(pool, count);
    expect(heard.map(({ at }) => at).sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
  }
});

test("what a task throws arrives with its name, code, remedy and stack, and the other threads stop", async () => {
  const pool = poolOf(2);
  const error = await pool
    .run("first-throws", { input: null, gate: new Gate() })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    name: "Refusal",
    message: "not today",
    code: "SAMPLE_REFUSED",
    remedy: "ask nicely",
  });
  expect((error as Error).stack).toContain("sample-tasks.ts");
  await takeAll(pool, 20);
});

test.each([
  ["first-exits", "exit code 7"],
  ["throws-later", "nobody catches this"],
])("a thread that dies (%s) is reported, and replaced at the next run", async (task, why) => {
  const pool = poolOf(2);
  await expect(pool.run(task, { input: null, gate: new Gate() })).rejects.toMatchObject({
    code: "WORKER_DIED",
    message: expect.stringContaining(why) as string,
  });
  await takeAll(pool, 20);
});

test("an entry file that cannot be loaded is a death, not a hang", async () => {
  const pool = new WorkerPool(new URL("./testing/not-there.ts", import.meta.url), 2);
  pools.push(pool);
  await expect(pool.run("any", { input: null, gate: new Gate() })).rejects.toMatchObject({
    code: "WORKER_DIED",
  });
});

test("a task nobody knows is named with those there are", async () => {
  await expect(poolOf(1).run("knit", { input: null, gate: new Gate() })).rejects.toMatchObject({
    code: "WORKER_TASK_UNKNOWN",
    remedy: expect.stringContaining("take-all") as string,
  });
});

test("input that cannot be cloned fails the run and leaves the pool usable", async () => {
  const pool = poolOf(2);
  await expect(pool.run("take-all", { input: () => 1, gate: new Gate() })).rejects.toMatchObject({
    name: "DataCloneError",
  });
  await takeAll(pool, 5);
});

test("an aborted run throws the signal's reason once all threads have stopped", async () => {
  const pool = poolOf(2);
  const controller = new AbortController();
  const heard: unknown[] = [];
  const run = pool.run("waits", {
    input: cells(1),
    gate: new Gate(),
    signal: controller.signal,
    onMessage: (message) => {
      heard.push(message);
      if (heard.length === 2) controller.abort(new Error("enough"));
    },
  });
  await expect(run).rejects.toThrow("enough");
  expect(heard).toEqual(["waiting", "waiting"]);
  await takeAll(pool, 5);
  await expect(
    pool.run("waits", { input: cells(1), gate: new Gate(), signal: controller.signal }),
  ).rejects.toThrow("enough");
});

test("threads that wait go on when what they wait for has changed", async () => {
  const cell = cells(1);
  const gate = new Gate();
  const heard: unknown[] = [];
  await poolOf(2).run("waits", {
    input: cell,
    gate,
    onMessage: (message) => {
      heard.push(message);
      if (heard.length !== 2) return;
      Atomics.store(cell, 0, 1);
      gate.changed();
    },
  });
  expect(heard.slice(2)).toEqual(["let through", "let through"]);
});

test("a throw of the listener ends the run", async () => {
  const run = poolOf(2).run("waits", {
    input: cells(1),
    gate: new Gate(),
    onMessage: () => {
      throw new RangeError("cannot use that");
    },
  });
  await expect(run).rejects.toThrow("cannot use that");
});

test("a pool that is at work refuses a second run", async () => {
  const pool = poolOf(1);
  const gate = new Gate();
  const first = pool.run("waits", { input: cells(1), gate });
  await expect(pool.run("take-all", { input: null, gate: new Gate() })).rejects.toMatchObject({
    code: "WORKER_POOL_BUSY",
  });
  gate.close();
  await first;
});

test("closing ends threads in the middle of their work and refuses later runs", async () => {
  const pool = poolOf(2);
  const ticks = cells(1);
  const run = pool.run("ticks", { input: ticks, gate: new Gate() });
  const reason = run.catch((thrown: unknown) => thrown);
  const started = Atomics.waitAsync(ticks, 0, 0);
  if (started.async) await started.value;
  await pool.close();
  expect(await reason).toMatchObject({ code: "WORKER_DIED" });
  const seen = Atomics.load(ticks, 0);
  expect(seen).toBeGreaterThan(0);
  expect(Atomics.wait(ticks, 0, seen, 30)).toBe("timed-out");
  await expect(takeAll(pool, 1)).rejects.toMatchObject({ code: "WORKER_POOL_CLOSED" });
});

test("less than one thread is refused", () => {
  expect(() => new WorkerPool(entry, 0)).toThrow(RangeError);
});
