/**
 * Twenty days of the real market, with ex-dates, suspensions, two late corrections, a new listing and a stock that comes
 * with its history, brought into a snapshot one by one by a process that is killed (SIGKILL) at seeded moments. After the
 * kill every file is the old one or the new one; started again the update gives the bytes that an undisturbed one gives,
 * and the values that a full export gives. DEPTH=full kills on every day, again and again.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExportResult } from "../../src/pipelines/snapshot/export-result.ts";
import type { SnapshotProfile } from "../../src/pipelines/snapshot/snapshot-plan.ts";
import { PENDING_FOLDER } from "../../src/pipelines/snapshot/update/commit-record.ts";
import { sha256OfFile } from "../../src/pipelines/snapshot/update/file-hash.ts";
import { contentOf } from "../../src/pipelines/snapshot/update/testing/snapshot-content.ts";
import { randomOfRound, SEED } from "./testing/seeds.ts";
import {
  DAYS,
  exportDay,
  ID,
  importDays,
  updateDay,
  type DayOfMarket,
  type MarketDays,
} from "./testing/snapshot-days.ts";

const isFull = process.env["DEPTH"] === "full";
const STOCKS = isFull ? 120 : 36;
/** Runs through all days; in each of them so many days are disturbed. */
const RUNS = isFull ? 6 : 1;
const KILLS = isFull ? DAYS : 10;
const profiles: readonly SnapshotProfile[] = ["aistock", "rdagent"];

let folder: string;
let market: MarketDays;
const place = (...names: string[]): string => join(folder, ...names);
const child = join(import.meta.dirname, "testing", "snapshot-update-child.ts");
const durations = new Map<SnapshotProfile, number>();

/** By file, of a snapshot's folder with all that lies about it. */
async function hashesOf(snapshots: string): Promise<ReadonlyMap<string, string>> {
  const names = readdirSync(snapshots, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(snapshots.length + 1))
    .sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await sha256OfFile(join(snapshots, name))] as const)),
  );
}

const dayOfMarket = (day: number, snapshots: string): DayOfMarket => ({
  root: market.root,
  generation: market.generations[day]!,
  snapshots,
});

/** The snapshot as undisturbed updates leave it on a day. */
const template = (profile: SnapshotProfile, day: number): string => place("templates", profile, `day-${day}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "snapshot-update-"));
  market = await importDays(place("workspace"), STOCKS);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("twenty days, one by one, give what a full export gives on each of them", async () => {
  expect(market.exDates).toBeGreaterThan(10);
  expect(market.suspensions).toBeGreaterThan(5);
  const baseDay = market.lastDays[0]!;
  for (const profile of profiles) {
    await exportDay(dayOfMarket(0, template(profile, 0)), { profile, baseDay });
    const results: ExportResult[] = [];
    for (let day = 1; day <= DAYS; day++) {
      const own = dayOfMarket(day, template(profile, day));
      cpSync(template(profile, day - 1), own.snapshots, { recursive: true });
      const started = performance.now();
      results.push(await updateDay(own));
      durations.set(profile, performance.now() - started);
      const full = dayOfMarket(day, place("full"));
      await exportDay(full, { profile, baseDay });
      expect(await contentOf(join(own.snapshots, ID)), `${profile}, day ${day}`).toEqual(
        await contentOf(join(full.snapshots, ID)),
      );
      if (day === DAYS) equalInPandas(join(own.snapshots, ID), join(full.snapshots, ID));
      rmSync(full.snapshots, { recursive: true });
    }
    const reasons = results.flatMap(({ instruments }) =>
      instruments.flatMap(({ instrument, reason }) =>
        reason === undefined ? [] : [`${instrument} ${reason}`],
      ),
    );
    const [listed, late, corrected, old] = market.codes;
    expect(reasons).toEqual([
      `${late} new instrument`,
      `${corrected} corrected`,
      `${old} corrected in the store`,
    ]);
    const last = results.at(-1)!.instruments.find(({ instrument }) => instrument === listed);
    expect(last?.rows).toBe(DAYS - 6);
    console.log(
      `${profile}: ${results.at(-1)!.rows} rows, a day in ${Math.round(durations.get(profile)!)} ms; ` +
        `${market.exDates} ex-dates, ${market.suspensions} suspended days`,
    );
  }
});

/** Whether real pandas finds the same frame in both, in order and without a row twice. */
function equalInPandas(left: string, right: string): void {
  const script = `
import sys, pandas as pd
left, right = (pd.read_hdf(folder + "/daily_pv.h5") for folder in sys.argv[1:3])
pd.testing.assert_frame_equal(left, right, check_exact=True)
assert left.index.is_monotonic_increasing and left.index.is_unique and list(left.index.names) == ["datetime", "instrument"]
`;
  execFileSync("/usr/bin/python3", ["-W", "ignore", "-c", script, left, right], { stdio: "pipe" });
}

/** After so much of an undisturbed update, or when a file of the pending change is there. */
type Moment = { readonly part: number } | { readonly file: string; readonly delayMs: number };

function momentOf(random: () => number): Moment {
  if (random() < 0.5) return { part: random() };
  const file = ["next/daily_pv.h5", "next/meta.json", "commit.json"][Math.floor(3 * random())]!;
  return { file, delayMs: random() < 0.5 ? 0 : 6 * random() };
}

/** Whether the process was killed; false when it was done before. */
async function killed(own: DayOfMarket, profile: SnapshotProfile, moment: Moment): Promise<boolean> {
  const node = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "node");
  const argv = [child, own.root, String(own.generation), own.snapshots];
  const running = spawn(node, argv, {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "compile-cache") },
  });
  const closed = once(running, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const kill = (): void => {
    if (running.exitCode === null && running.signalCode === null) process.kill(-running.pid!, "SIGKILL");
  };
  let timer: NodeJS.Timeout | undefined;
  let watch: NodeJS.Timeout | undefined;
  running.stdout.once("data", () => {
    if ("part" in moment) timer = setTimeout(kill, moment.part * durations.get(profile)!);
    else {
      watch = setInterval(() => {
        if (!existsSync(join(own.snapshots, ID, PENDING_FOLDER, moment.file))) return;
        clearInterval(watch);
        if (moment.delayMs === 0) kill();
        else timer = setTimeout(kill, moment.delayMs);
      }, 1);
    }
  });
  const [code, signal] = await closed;
  clearInterval(watch);
  clearTimeout(timer);
  if (signal === null && code !== 0) throw new Error(`the update ended with ${code}`);
  return signal === "SIGKILL";
}

test(`killed on ${RUNS * KILLS} days (seed ${SEED}) updates end as if they had not been`, async () => {
  const seen = { killed: 0, untouched: 0, staged: 0, counted: 0, done: 0 };
  for (let run = 0; run < RUNS; run++) {
    const profile = profiles[run % 2]!;
    const random = randomOfRound(run);
    const snapshots = place(`run-${run}`);
    cpSync(template(profile, 0), snapshots, { recursive: true });
    let before = await hashesOf(snapshots);
    const disturbed = new Set(
      Array.from({ length: DAYS }, (_, index) => ({ day: index + 1, order: random() }))
        .sort((left, right) => left.order - right.order)
        .slice(0, KILLS)
        .map(({ day }) => day),
    );
    for (let day = 1; day <= DAYS; day++) {
      const own = dayOfMarket(day, snapshots);
      const after = await hashesOf(template(profile, day));
      const moment = momentOf(random);
      const what = `run ${run}, ${profile}, day ${day}, ${JSON.stringify(moment)}`;
      if (disturbed.has(day)) {
        if (await killed(own, profile, moment)) seen.killed++;
        const found = await hashesOf(snapshots);
        const lost = [...before.keys()].filter(
          (name) => after.has(name) && !name.startsWith(".locks/") && !found.has(name),
        );
        expect(lost, what).toEqual([]);
        for (const [name, hash] of found) {
          if (name.startsWith(".locks/") || name.startsWith(join(ID, PENDING_FOLDER))) continue;
          expect([before.get(name), after.get(name)], `${what}: ${name}`).toContain(hash);
        }
        const pending = join(snapshots, ID, PENDING_FOLDER);
        if (existsSync(join(pending, "commit.json"))) seen.counted++;
        else if (existsSync(pending)) seen.staged++;
        else if (found.get(`${ID}/meta.json`) === after.get(`${ID}/meta.json`)) seen.done++;
        else seen.untouched++;
      }
      await updateDay(own);
      before = await hashesOf(snapshots);
      expect([...before], what).toEqual([...after]);
    }
    rmSync(snapshots, { recursive: true });
  }
  console.log(
    `killed ${seen.killed} of ${RUNS * KILLS}: ${seen.untouched} before a file was written, ${seen.staged} while writing, ` +
      `${seen.counted} while renaming, ${seen.done} afterwards`,
  );
  expect(seen.killed).toBeGreaterThan((RUNS * KILLS) / 2);
  expect(seen.staged).toBeGreaterThan(0);
  if (isFull) expect(seen.counted).toBeGreaterThan(0);
});
