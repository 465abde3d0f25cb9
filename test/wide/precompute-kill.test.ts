/**
 * Real kill -9 of `precompute run` and `precompute update`, each with all of its process group, at seeded moments, on the
 * workspace's own database. Started again they bring the store to what an uninterrupted one gives, bit for bit; every
 * shard counts once and nothing is left lying. DEPTH=full takes many times as many moments.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { currentDigest } from "../../src/data/store/testing/store-digest.ts";
import { verifyStore } from "../../src/data/store/verify.ts";
import { jobsIn, stateOf, wrongEffects } from "./testing/job-rows.ts";
import { done, Program } from "./testing/program.ts";
import { sessions, wholeStocks, writeMarket } from "./testing/real-market.ts";
import { randomOfRound, SEED } from "./testing/seeds.ts";
import { storeIn, unexplainedFiles } from "./testing/store-content.ts";

const KILLS = process.env["DEPTH"] === "full" ? 110 : 6;
const DAYS = 1_200;
const NEW_DAYS = 5;

let folder: string;
const place = (name: string): string => join(folder, name);
const argv = (command: "run" | "update"): string[] => ["precompute", command, "--no-validate"];

/** What each round starts from: bars alone for `run`; factors and a source with new days for `update`. */
const commands = ["run", "update"] as const;
const templates = { run: "bars", update: "computed" } as const;
interface Expected {
  readonly old: string;
  readonly fresh: string;
  readonly durationMs: number;
}
const expected = new Map<string, Expected>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "precompute-kill-"));
  const codes = await wholeStocks(60);
  const days = (await sessions()).slice(0, DAYS);
  const until = (count: number): Promise<void> =>
    writeMarket(place("market.parquet"), [{ codes, to: days.at(-count - 1)! }]);
  await until(NEW_DAYS);
  for (const name of Object.values(templates))
    await done(folder, ["import", `parquet:${place("market.parquet")}`, "--workspace", place(name)]);
  await done(folder, [...argv("run"), "--workspace", place("computed")]);
  await until(0);
  for (const command of commands) {
    const name = templates[command];
    const old = await currentDigest(storeIn(place(name)));
    cpSync(place(name), place("whole"), { recursive: true });
    const started = performance.now();
    await done(folder, [...argv(command), "--workspace", place("whole")]);
    const durationMs = performance.now() - started;
    expected.set(command, { old, fresh: await currentDigest(storeIn(place("whole"))), durationMs });
    rmSync(place("whole"), { recursive: true });
  }
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** After so much of an undisturbed run's time, or so long after its first file is in the store. */
type Moment = { readonly part: number } | { readonly files: number; readonly delayMs: number };

const segmentsIn = (workspace: string): number =>
  readdirSync(join(workspace, "store", "XSHG", "day", "segments")).filter((name) => name.includes("~"))
    .length;

/** Whether the process was killed; false when it was done before. */
async function killed(command: "run" | "update", workspace: string, moment: Moment): Promise<boolean> {
  const known = segmentsIn(workspace);
  const program = new Program(folder, [...argv(command), "--workspace", workspace]);
  const kill = (): void => program.signal("SIGKILL");
  let timer: NodeJS.Timeout | undefined;
  let watch: NodeJS.Timeout | undefined;
  if ("part" in moment) timer = setTimeout(kill, expected.get(command)!.durationMs * moment.part);
  else {
    watch = setInterval(() => {
      if (segmentsIn(workspace) < known + moment.files) return;
      clearInterval(watch);
      timer = setTimeout(kill, moment.delayMs);
    }, 1);
  }
  const ended = await program.ended;
  clearInterval(watch);
  clearTimeout(timer);
  if (ended.signal !== "SIGKILL" && ended.code !== 0)
    throw new Error(`precompute ${command} ended with ${ended.code}:\n${ended.err}`);
  return ended.signal === "SIGKILL";
}

test(`killed at ${KILLS} moments (seed ${SEED}) a run ends as if it had not been`, async () => {
  const seen = { killed: 0, untouched: 0, halfWritten: 0, committed: 0 };
  for (let round = 0; round < KILLS; round++) {
    const random = randomOfRound(round);
    const command = commands[round % 2]!;
    const { old, fresh } = expected.get(command)!;
    const moment: Moment =
      Math.floor(round / 2) % 2 === 0
        ? { part: 0.15 + 0.85 * random() }
        : // All that an update writes of a small market is a file or two.
          {
            files: 1 + Math.floor((command === "run" ? 8 : 1) * random()),
            delayMs: 400 * random() ** 2,
          };
    const what = `round ${round}, ${command} ${JSON.stringify(moment)}`;
    const workspace = place(`round-${round}`);
    cpSync(place(templates[command]), workspace, { recursive: true });
    const before = segmentsIn(workspace);
    if (await killed(command, workspace, moment)) seen.killed++;
    const store = storeIn(workspace);
    const found = await currentDigest(store);
    // An update that was killed between its two halves has imported, and nothing else.
    if (found === fresh) seen.committed++;
    else if (segmentsIn(workspace) > before) seen.halfWritten++;
    else seen.untouched++;
    if (command === "run") expect([old, fresh], what).toContain(found);
    // Damage is what a reader could meet; what nobody lists any more may be half written.
    expect((await verifyStore(store)).findings, what).toEqual([]);

    await done(folder, [...argv(command), "--workspace", workspace]);
    expect(await currentDigest(store), what).toBe(fresh);
    if (existsSync(join(workspace, "state"))) {
      await using database = await stateOf(workspace);
      const jobs = await jobsIn(database);
      expect(
        jobs.filter(({ state }) => state !== "completed"),
        what,
      ).toEqual([]);
      expect(await wrongEffects(database, jobs.at(-1)!.id, workspace), what).toEqual([]);
    }
    expect((await verifyStore(store)).findings, what).toEqual([]);
    expect(await unexplainedFiles(workspace), what).toEqual([]);
    rmSync(workspace, { recursive: true });
  }
  console.log(
    `killed ${seen.killed} of ${KILLS}: ${seen.untouched} before a file was written, ${seen.halfWritten} while writing, ${seen.committed} after the commit`,
  );
  expect(seen.killed).toBeGreaterThan(KILLS / 2);
  expect(seen.halfWritten).toBeGreaterThan(0);
});
