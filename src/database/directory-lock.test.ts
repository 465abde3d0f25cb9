import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holderOfDirectory, lockDirectory, type LockProcesses } from "./directory-lock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Processes by number, of which some are gone. */
function processes(pid: number, gone: readonly number[] = []): LockProcesses {
  return {
    self: () => ({ host: "h", boot: "b", pid, started: "1", use: "u" }),
    isGone: (holder) => gone.includes(holder.pid),
  };
}

test("who holds the lock is named until it is given back", async () => {
  expect(holderOfDirectory(directory, processes(1))).toBeNull();
  const unlock = await lockDirectory(directory, processes(1));
  expect(holderOfDirectory(directory, processes(2))).toMatchObject({ pid: 1, host: "h" });
  await expect(lockDirectory(directory, processes(2))).rejects.toMatchObject({
    code: "DATABASE_LOCKED",
    message: "process 1 on h has the state database open",
    place: { pid: 1, host: "h" },
  });
  expect(readdirSync(join(directory, "holder"))).toHaveLength(1);
  unlock();
  unlock();
  (await lockDirectory(directory, processes(2)))();
  expect(readdirSync(join(directory, "holder"))).toEqual([]);
});

test("a dead holder's lock is taken over, another's file is left alone", async () => {
  mkdirSync(join(directory, "holder"));
  writeFileSync(join(directory, "holder", "notes.txt"), "");
  await lockDirectory(directory, processes(1));
  const unlock = await lockDirectory(directory, processes(2, [1]));
  expect(holderOfDirectory(directory, processes(3))).toMatchObject({ pid: 2 });
  unlock();
  expect(readdirSync(join(directory, "holder"))).toEqual(["notes.txt"]);
});

test("of many that try at once never two hold it, and after a dead one somebody does", async () => {
  let taken = 0;
  let most = 0;
  const refused: unknown[] = [];
  for (let round = 0; round < 20; round++) {
    await lockDirectory(directory, processes(999));
    let holding = 0;
    const attempts = Array.from({ length: 8 }, async (_, at) => {
      await sleep((at * 7 + round) % 5);
      const unlock = await lockDirectory(directory, processes(at + 1, [999]));
      holding += 1;
      taken += 1;
      most = Math.max(most, holding);
      await sleep(1);
      holding -= 1;
      unlock();
    });
    for (const attempt of await Promise.allSettled(attempts)) {
      if (attempt.status === "rejected") refused.push(attempt.reason);
    }
    expect(readdirSync(join(directory, "holder"))).toEqual([]);
  }
  expect(most).toBe(1);
  expect(taken).toBeGreaterThan(20);
  expect(refused.filter((error) => (error as { code?: string }).code !== "DATABASE_LOCKED")).toEqual([]);
});
