/**
 * Real kill -9 of workers that share a PostgreSQL server: three processes work at one job and, at a seeded moment, one of
 * them is killed, or the command that waits for the job, or all of them. Whoever is left or comes new finishes the job
 * with what an uninterrupted one gives, bit for bit; every shard counts once. DEPTH=full takes ten times as many.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyStore } from "../../src/data/store/verify.ts";
import type { StateDatabase } from "../../src/database/state-database.ts";
import { openSource, refreshData } from "../../src/pipelines/refresh-data.ts";
import { workspaceAt } from "../../src/pipelines/workspace.ts";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";
import { jobsIn, stateOf, wrongEffects, type JobRow } from "./testing/job-rows.ts";
import { answerOf, done, Program } from "./testing/program.ts";
import { wholeStocks, writeMarket } from "./testing/real-market.ts";
import { randomOfRound, SEED } from "./testing/seeds.ts";
import { storeIn, unexplainedFiles, valuesOf } from "./testing/store-content.ts";

const KILLS = process.env["DEPTH"] === "full" ? 120 : 12;
const WORKERS = 3;

let folder: string;
let workspace: string;
let server: PostgresServer;
let database: StateDatabase;
let workers: Program[] = [];
let durationMs: number;
/** The market in two states of one stock's history: every round imports the other one. */
const states = ["first", "second"] as const;
type State = (typeof states)[number];
let current: State = "second";
const wholeValues = new Map<State, string>();

const newWorker = (): Program => new Program(folder, ["worker", "--threads", "1"], { database: server.url });
function isReady(program: Program): boolean {
  if (program.isOver) throw new Error(`a worker ended by itself: ${program.said}`);
  return program.said.includes("takes steps");
}

async function importState(state: State): Promise<void> {
  const source = await openSource(`parquet:${join(folder, `${state}.parquet`)}`);
  await refreshData(workspaceAt(workspace), source, { engine: "test" });
  current = state;
}

const argvOf = (...options: readonly string[]): string[] => [
  "precompute",
  "run",
  "--no-validate",
  "--json",
  ...options,
];
const run = (...options: readonly string[]): Program =>
  new Program(folder, argvOf(...options), { database: server.url });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "precompute-workers-"));
  workspace = join(folder, "workspace");
  server = await startPostgres();
  const codes = await wholeStocks(100);
  await writeMarket(join(folder, "first.parquet"), [{ codes }]);
  const changed = { volume: "volume + 100" };
  await writeMarket(join(folder, "second.parquet"), [
    { codes },
    { codes: [codes[40]!], from: "2021-03-01", to: "2021-03-05", changed },
  ]);
  workers = Array.from({ length: WORKERS }, newWorker);
  for (const state of states) {
    await importState(state);
    const started = performance.now();
    const submitted = answerOf(await done(folder, argvOf("--detach"), { database: server.url }));
    database ??= await stateOf(workspace, server.url);
    expect(await endOf((submitted as { job: string }).job)).toBe("completed");
    durationMs = performance.now() - started;
    wholeValues.set(state, await valuesOf(workspace));
  }
}, 600_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await database?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The state a job ends in. */
async function endOf(job: string): Promise<string> {
  const until = performance.now() + 120_000;
  for (;;) {
    const found = (await jobsIn(database)).find(({ id }) => id === job);
    if (found !== undefined && found.state !== "queued" && found.state !== "running") return found.state;
    if (performance.now() > until) throw new Error(`job ${job} is ${found?.state ?? "not there"}`);
    await sleep(50);
  }
}

/** The job that a command submits; null when the command was killed before it did. */
async function submittedBy(program: Program, known: ReadonlySet<string>): Promise<JobRow | null> {
  for (;;) {
    const fresh = (await jobsIn(database)).find(({ id }) => !known.has(id));
    if (fresh !== undefined) return fresh;
    if (program.isOver) return (await jobsIn(database)).find(({ id }) => !known.has(id)) ?? null;
    await sleep(20);
  }
}

type Victim = "one worker" | "the command" | "all workers" | "everything";

function victimOf(part: number): Victim {
  if (part < 0.6) return "one worker";
  if (part < 0.75) return "the command";
  return part < 0.9 ? "all workers" : "everything";
}

test(`of ${WORKERS} workers killed at ${KILLS} moments (seed ${SEED}) the rest or new ones finish the job`, async () => {
  const seen = { early: 0, amid: 0, late: 0 };
  const hit = new Map<Victim, number>();
  for (let round = 0; round < KILLS; round++) {
    const random = randomOfRound(1_000 + round);
    const isFull = round % 2 === 0;
    const victim = victimOf(random());
    const afterMs = durationMs * 1.1 * random();
    const chosen = Math.floor(WORKERS * random());
    const what = `round ${round}: ${isFull ? "full" : "update"}, ${victim} after ${Math.round(afterMs)} ms`;
    hit.set(victim, (hit.get(victim) ?? 0) + 1);
    while (!workers.every(isReady)) await sleep(50);
    if (!isFull) await importState(current === "first" ? "second" : "first");
    const known = new Set((await jobsIn(database)).map(({ id }) => id));
    const command = run(...(isFull ? ["--full"] : []));
    await sleep(afterMs);
    const before = (await jobsIn(database)).find(({ id }) => !known.has(id));
    seen[before === undefined ? "early" : before.state === "completed" ? "late" : "amid"]++;

    const dead = victim === "one worker" ? [chosen] : victim === "the command" ? [] : [0, 1, 2];
    await Promise.all(dead.map((index) => workers[index]!.kill()));
    if (victim === "the command" || victim === "everything") await command.kill();
    for (const index of dead) workers[index] = newWorker();

    let job = await submittedBy(command, known);
    if (job === null) {
      const again = run(...(isFull ? ["--full"] : []));
      job = (await submittedBy(again, known))!;
      await again.ended;
    }
    expect(await endOf(job.id), what).toBe("completed");
    await command.ended;
    const jobs = (await jobsIn(database)).filter(({ id }) => !known.has(id));
    expect(jobs, `${what}: one job`).toHaveLength(1);
    expect(await valuesOf(workspace), what).toBe(wholeValues.get(current));
    expect(await wrongEffects(database, job.id, workspace), what).toEqual([]);
    expect(await unexplainedFiles(workspace), what).toEqual([]);
    if (round % 4 === 3) expect((await verifyStore(storeIn(workspace))).findings, what).toEqual([]);
  }
  const victims = [...hit].map(([name, times]) => `${name} ${times}`).join(", ");
  console.log(
    `${KILLS} kills (${victims}): ${seen.early} before the job was there, ${seen.amid} amid, ${seen.late} after`,
  );
  expect(seen.amid).toBeGreaterThan(KILLS / 6);
});
