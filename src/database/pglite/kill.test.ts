import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

const KILLS = process.env["DEPTH"] === "full" ? 100 : 10;
const root = resolve(import.meta.dirname, "..", "..", "..");
const directory = mkdtempSync(join(tmpdir(), "database-kill-"));
afterAll(() => rmSync(directory, { recursive: true }));

interface Found {
  readonly n: number;
  readonly count: number;
  /** Transactions of which only a half is there. */
  readonly torn: number;
}

interface Told {
  /** What the child saw when it had opened; null when it was killed before. */
  readonly found: Found | null;
  /** The last number confirmed before the kill. */
  readonly confirmed: number;
}

/** Lets the child work and kills it `afterMs` after it has opened, or (`whileOpening`) after its start. */
function killedChild(afterMs: number, whileOpening: boolean): Promise<Told> {
  const child = spawn(process.execPath, [join(root, "src/database/testing/kill-child.ts"), directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const killLater = (): NodeJS.Timeout => setTimeout(() => child.kill("SIGKILL"), afterMs);
  let told = "";
  let timer = whileOpening ? killLater() : undefined;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    told += chunk;
    timer ??= killLater();
  });
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (_, signal) => {
      clearTimeout(timer);
      if (signal !== "SIGKILL") fail(new Error(`the child ended by itself: ${told}`));
      const [first, ...numbers] = told.split("\n").slice(0, -1);
      const found = first === undefined ? null : (JSON.parse(first) as Found);
      settle({ found, confirmed: Number(numbers.at(-1) ?? found?.n ?? 0) });
    });
  });
}

test(`after each of ${KILLS} kills every confirmed row is there, transactions whole, the folder free`, async () => {
  let confirmed = 0;
  let rounds = 0;
  const check = (found: Found): void => {
    expect(found.n, "nothing confirmed is missing").toBeGreaterThanOrEqual(confirmed);
    expect(found.n, "at most what was under way came besides").toBeLessThanOrEqual(confirmed + 1);
    expect(found).toEqual({ n: found.n, count: found.n, torn: 0 });
    rounds += 1;
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const whileOpening = kill % 5 === 4;
    const told = await killedChild(
      whileOpening ? 50 + ((kill * 131) % 400) : (kill * 67) % 180,
      whileOpening,
    );
    if (told.found === null) continue;
    check(told.found);
    confirmed = told.confirmed;
  }
  const last = await killedChild(0, false);
  check(last.found!);
  expect(rounds).toBeGreaterThan(KILLS / 2);
  expect(confirmed).toBeGreaterThan(KILLS);
}, 600_000);
