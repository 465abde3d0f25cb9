/**
 * How precomputing goes when something is in the way: each time the right outcome, a coded error where there is one, and
 * the store either as it was or as an undisturbed run leaves it.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOf } from "../end-to-end/command-line.ts";
import { startPostgres, type PostgresServer } from "./postgres-server.ts";
import { damageSegment } from "./testing/damage.ts";
import { stateOf, wrongEffects } from "./testing/job-rows.ts";
import { alphaloom, answerOf, done, Program, type Ended, type Refusal } from "./testing/program.ts";
import { wholeStocks, writeMarket } from "./testing/real-market.ts";
import { storeIn, unexplainedFiles, valuesOf } from "./testing/store-content.ts";
import { smallDisk } from "./testing/tmpfs.ts";

let folder: string;
let server: PostgresServer;
let wholeValues: string;
let databases = 0;
let rounds = 0;

const market = (): string => join(folder, "market.parquet");
const RUN = ["precompute", "run", "--no-validate", "--json"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "precompute-outcomes-"));
  server = await startPostgres();
  await writeMarket(market(), [{ codes: await wholeStocks(100) }]);
  await done(folder, ["import", `parquet:${market()}`, "--workspace", join(folder, "bars")]);
  cpSync(join(folder, "bars"), join(folder, "computed"), { recursive: true });
  await done(folder, [...RUN, "--workspace", join(folder, "computed")]);
  wholeValues = await valuesOf(join(folder, "computed"));
}, 300_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A workspace of its own that holds bars, or factors too. */
function workspaceOf(template: "bars" | "computed"): string {
  const workspace = join(folder, `workspace-${rounds++}`);
  cpSync(join(folder, template), workspace, { recursive: true });
  return workspace;
}

/** Address of an empty database on the server. */
async function newDatabase(): Promise<string> {
  const name = `outcomes_${databases++}`;
  await using database = await stateOf("unused", server.url);
  await database.query(`create database ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

const staged = (workspace: string): number =>
  readdirSync(join(workspace, "store/XSHG/day/segments")).filter((name) => name.includes("~")).length;

/** Waits until the run has written files of so many segments. */
async function hasStaged(workspace: string, count: number, program: Program): Promise<void> {
  while (!program.isOver && staged(workspace) < count) await sleep(2);
  if (staged(workspace) < count) throw new Error(`the run ended: ${program.said}`);
}

const errorOf = (ended: Ended): Refusal["error"] => (answerOf(ended) as Refusal).error;

/** Cancels the job that a program works at as soon as it has written a file; the program stands still meanwhile. */
async function cancelledEarly(program: Program, workspace: string, database: string): Promise<string> {
  await hasStaged(workspace, 1, program);
  program.signal("SIGSTOP");
  const { id } = await newestJob(workspace, database);
  const cancel = new Program(folder, ["jobs", "cancel", id, "--json", "--workspace", workspace], {
    database,
  });
  {
    await using state = await stateOf(workspace, database);
    const isAsked = async (): Promise<boolean> =>
      (await state.query("select 1 from alphaloom.job where cancel_requested_at is not null")).rows.length >
      0;
    await expect.poll(isAsked, { timeout: 30_000 }).toBe(true);
  }
  program.signal("SIGCONT");
  expect(answerOf(await cancel.ended)).toMatchObject({ ok: true, job: { id, state: "cancelled" } });
  return id;
}

interface ShownJob {
  readonly id: string;
  readonly state: string;
  readonly retries: number;
  readonly progress: { readonly shards: { readonly completed: number; readonly of: number } };
}

async function newestJob(workspace: string, database: string): Promise<ShownJob> {
  const listed = await done(folder, ["jobs", "list", "--json", "--workspace", workspace], { database });
  return (answerOf(listed) as { jobs: ShownJob[] }).jobs[0]!;
}

describe("stopping", () => {
  test("a cancelled job stops, and resumed it gives the uninterrupted result without computing anything twice", async () => {
    const workspace = workspaceOf("bars");
    const database = await newDatabase();
    const program = new Program(folder, [...RUN, "--threads", "1", "--workspace", workspace], { database });
    const id = await cancelledEarly(program, workspace, database);
    const ended = await program.ended;
    expect(ended.code).toBe(1);
    expect(errorOf(ended).code).toBe("JOB_CANCELLED");
    expect((await storeIn(workspace).generations())[0]!.generation, "nothing is visible").toBe(1);

    await using state = await stateOf(workspace, database);
    const finished = async (): Promise<readonly unknown[]> =>
      (
        await state.query(
          "select ordinal, attempt from alphaloom.step where part = 'shard' and state = 'completed' order by 1",
        )
      ).rows;
    const before = await finished();
    expect(before.length, "some was left to do").toBeLessThan(4);
    const resumed = await done(folder, ["jobs", "resume", id, "--json", "--workspace", workspace], {
      database,
    });
    expect(answerOf(resumed)).toMatchObject({ ok: true, job: { id, state: "completed" } });
    expect((await finished()).slice(0, before.length), "what was finished is not run again").toEqual(before);
    expect(await valuesOf(workspace)).toBe(wholeValues);
    expect(await wrongEffects(state, id, workspace)).toEqual([]);
    expect(await unexplainedFiles(workspace)).toEqual([]);
  });

  test("a cancelled job that a newer run has overtaken fails when it is resumed, and changes nothing", async () => {
    const workspace = workspaceOf("bars");
    const database = await newDatabase();
    const program = new Program(folder, [...RUN, "--threads", "1", "--workspace", workspace], { database });
    const id = await cancelledEarly(program, workspace, database);
    await program.ended;
    await done(folder, [...RUN, "--workspace", workspace], { database });
    const [before] = await storeIn(workspace).generations();
    const resumed = await alphaloom(folder, ["jobs", "resume", id, "--json", "--workspace", workspace], {
      database,
    });
    expect(resumed.code).toBe(1);
    expect(errorOf(resumed).code).toBe("STORE_CHANGED");
    expect((await storeIn(workspace).generations())[0]).toEqual(before);
    expect(await valuesOf(workspace)).toBe(wholeValues);
    expect(await unexplainedFiles(workspace)).toEqual([]);
  });

  test("Ctrl+C ends a run that the next one finishes", async () => {
    const workspace = workspaceOf("bars");
    const program = new Program(folder, [...RUN, "--threads", "1", "--workspace", workspace]);
    await hasStaged(workspace, 1, program);
    program.signal("SIGINT");
    const ended = await program.ended;
    expect(ended.code, ended.err).toBe(130);
    expect((await storeIn(workspace).generations())[0]!.generation).toBe(1);
    await done(folder, [...RUN, "--workspace", workspace]);
    expect(await valuesOf(workspace)).toBe(wholeValues);
    expect(await unexplainedFiles(workspace)).toEqual([]);
  });
});

describe("damage", () => {
  test("bars of one block: the others are computed, and a retry computes it once its file is restored", async () => {
    const workspace = workspaceOf("bars");
    const database = await newDatabase();
    const restore = damageSegment(workspace, "bars", 1);
    const partly = await alphaloom(folder, [...RUN, "--workspace", workspace], { database });
    expect(partly.code).toBe(3);
    const answer = answerOf(partly) as { job: string; failed: { code: string; instruments: string[] }[] };
    expect(answer.failed).toMatchObject([{ block: 1, code: "STORE_DAMAGED" }]);
    expect(answer.failed[0]!.instruments).toHaveLength(32);
    const retry = (): Promise<Ended> =>
      alphaloom(folder, ["jobs", "retry", answer.job, "--json", "--workspace", workspace], { database });
    const inVain = await retry();
    expect(inVain.code).toBe(3);
    expect(answerOf(inVain)).toMatchObject({
      ok: false,
      job: { state: "completed_with_errors", retries: 1 },
    });
    restore();
    const helped = await retry();
    expect(helped.code, helped.err).toBe(0);
    expect(answerOf(helped)).toMatchObject({ ok: true, job: { state: "completed", retries: 2 } });
    expect(await valuesOf(workspace)).toBe(wholeValues);
    expect(await unexplainedFiles(workspace)).toEqual([]);
  });

  test("bars of one block that data repair brought back: the next run computes what was left out", async () => {
    const workspace = workspaceOf("bars");
    damageSegment(workspace, "bars", 2);
    const partly = await alphaloom(folder, [...RUN, "--workspace", workspace]);
    expect(partly.code).toBe(3);
    await done(folder, ["data", "repair", "--workspace", workspace]);
    await done(folder, [...RUN, "--workspace", workspace]);
    expect(await valuesOf(workspace)).toBe(wholeValues);
    expect(await unexplainedFiles(workspace)).toEqual([]);
  });

  test("a job is retried as often as its limit allows", async () => {
    const workspace = workspaceOf("bars");
    const database = await newDatabase();
    damageSegment(workspace, "bars", 0);
    const { job } = answerOf(await alphaloom(folder, [...RUN, "--workspace", workspace], { database })) as {
      job: string;
    };
    await using state = await stateOf(workspace, database);
    await state.query("update alphaloom.job set retries = retry_limit");
    const before = await state.query("select * from alphaloom.job");
    const refused = await alphaloom(folder, ["jobs", "retry", job, "--json", "--workspace", workspace], {
      database,
    });
    expect(refused.code).toBe(1);
    expect(errorOf(refused).code).toBe("JOB_RETRY_LIMIT");
    expect((await state.query("select * from alphaloom.job")).rows).toEqual(before.rows);
  });

  test("factors of one block: verify finds them and computes them again", async () => {
    const workspace = workspaceOf("computed");
    damageSegment(workspace, "alpha158", 2);
    const look = await alphaloom(folder, [
      "precompute",
      "verify",
      "--mode",
      "full",
      "--no-repair",
      "--json",
      "--workspace",
      workspace,
    ]);
    expect(look.code).toBe(3);
    expect((answerOf(look) as { damaged: unknown[] }).damaged).toMatchObject([{ set: "alpha158", block: 2 }]);
    const verified = await done(folder, [
      "precompute",
      "verify",
      "--mode",
      "full",
      "--json",
      "--workspace",
      workspace,
    ]);
    expect(answerOf(verified)).toMatchObject({ ok: true });
    expect(await valuesOf(workspace)).toBe(wholeValues);
  });
});

describe("somebody else at work", () => {
  test("a commit waits until an import is done with the store", async () => {
    const workspace = workspaceOf("bars");
    const writer = await storeIn(workspace).writer();
    const program = new Program(folder, [...RUN, "--workspace", workspace]);
    try {
      await hasStaged(workspace, 16, program);
      const early = await Promise.race([program.ended, sleep(1500).then(() => null)]);
      expect(early, "it waits").toBeNull();
    } finally {
      await writer.abort();
    }
    const ended = await program.ended;
    expect(ended.code, ended.err).toBe(0);
    expect(await valuesOf(workspace)).toBe(wholeValues);
  });

  test("a second run is refused with the id of the first, and changes nothing", async () => {
    const workspace = workspaceOf("bars");
    const database = await newDatabase();
    const writer = await storeIn(workspace).writer();
    const first = new Program(folder, [...RUN, "--workspace", workspace], { database });
    await hasStaged(workspace, 1, first);
    const { id } = await newestJob(workspace, database);
    const second = await alphaloom(folder, [...RUN, "--full", "--workspace", workspace], { database });
    expect(second.code).toBe(1);
    expect(errorOf(second)).toMatchObject({ code: "JOB_RUNNING", message: expect.stringContaining(id) });
    const detached = await alphaloom(folder, [...RUN, "--detach", "--workspace", workspace], { database });
    expect(errorOf(detached)).toMatchObject({ code: "JOB_RUNNING", message: expect.stringContaining(id) });
    await writer.abort();
    expect((await first.ended).code).toBe(0);
    expect(await valuesOf(workspace)).toBe(wholeValues);
  });

  test("without a server a command at work answers the others: a second run is refused, its job shown and cancelled", async () => {
    const workspace = workspaceOf("bars");
    const writer = await storeIn(workspace).writer();
    const first = new Program(folder, [...RUN, "--workspace", workspace]);
    await hasStaged(workspace, 1, first);
    const second = await alphaloom(folder, [...RUN, "--workspace", workspace]);
    expect(second.code).toBe(1);
    const refused = errorOf(second) as { code: string; message: string };
    expect(refused).toMatchObject({ code: "JOB_RUNNING", message: expect.stringMatching(/precompute-/) });
    const listed = answerOf(await done(folder, ["jobs", "list", "--json", "--workspace", workspace]));
    const [job] = (listed as { jobs: { id: string; state: string }[] }).jobs;
    expect(job).toMatchObject({ state: "running" });
    expect(refused.message).toContain(job!.id);
    const cancelled = await done(folder, ["jobs", "cancel", job!.id, "--json", "--workspace", workspace]);
    expect(answerOf(cancelled)).toMatchObject({ ok: true, job: { state: "cancelled" } });
    const ended = await first.ended;
    expect(errorOf(ended)).toMatchObject({ code: "JOB_CANCELLED" });
    await writer.abort();
    expect((await alphaloom(folder, [...RUN, "--workspace", workspace])).code).toBe(0);
    expect(await valuesOf(workspace)).toBe(wholeValues);
  });

  test.each(["fast", "immediate"] as const)(
    "a server that restarts (%s) in the middle costs time and nothing else",
    async (how) => {
      const workspace = workspaceOf("bars");
      const database = await newDatabase();
      const program = new Program(folder, [...RUN, "--workspace", workspace], { database });
      await hasStaged(workspace, 1, program);
      await server.restart(how);
      const ended = await program.ended;
      expect(ended.code, ended.err).toBe(0);
      const { job } = answerOf(ended) as { job: string };
      expect(await valuesOf(workspace)).toBe(wholeValues);
      await using state = await stateOf(workspace, database);
      expect(await wrongEffects(state, job, workspace)).toEqual([]);
      expect(await unexplainedFiles(workspace)).toEqual([]);
    },
  );
});

describe("the disk", () => {
  test("too small from the start: refused before anything is written", async () => {
    const disk = smallDisk(100);
    try {
      const workspace = join(disk.folder, "workspace");
      cpSync(join(folder, "bars"), workspace, { recursive: true });
      const before = contentOf(join(workspace, "store"));
      const full = await alphaloom(folder, [...RUN, "--workspace", workspace], {
        database: await newDatabase(),
      });
      expect(full.code).toBe(1);
      expect(errorOf(full)).toMatchObject({
        code: "DATA_DISK_FULL",
        remedy: expect.stringMatching(/^free .*space/),
      });
      const after = contentOf(join(workspace, "store"));
      for (const [path, hash] of before) expect(after.get(path), path).toBe(hash);
    } finally {
      disk.remove();
    }
  });

  test("filled by somebody in the middle: the store stays as it was, and with room again a retry finishes", async () => {
    const disk = smallDisk(700);
    try {
      const workspace = join(disk.folder, "workspace");
      cpSync(join(folder, "bars"), workspace, { recursive: true });
      const database = await newDatabase();
      const program = new Program(folder, [...RUN, "--threads", "1", "--workspace", workspace], { database });
      await hasStaged(workspace, 1, program);
      const { bavail, bsize } = statfsSync(disk.folder);
      const filler = join(disk.folder, "filler");
      fill(filler, Math.max(0, bavail * bsize - 2 ** 20));
      const ended = await program.ended;
      expect([1, 3], ended.out).toContain(ended.code);
      expect(ended.out).toContain("DATA_DISK_FULL");
      rmSync(filler);
      const { id } = await newestJob(workspace, database);
      await done(folder, ["jobs", "retry", id, "--workspace", workspace], { database });
      await done(folder, [...RUN, "--workspace", workspace], { database });
      expect(await valuesOf(workspace)).toBe(wholeValues);
      expect(await unexplainedFiles(workspace)).toEqual([]);
    } finally {
      disk.remove();
    }
  });

  test("read-only: refused, whatever database is used", async () => {
    const disk = smallDisk(300);
    try {
      const workspace = join(disk.folder, "workspace");
      cpSync(join(folder, "bars"), workspace, { recursive: true });
      const before = contentOf(workspace);
      disk.makeReadOnly();
      const own = await alphaloom(folder, [...RUN, "--workspace", workspace]);
      expect(own.code).toBe(1);
      expect(errorOf(own).code).toBe("DATABASE_NOT_PERMITTED");
      const shared = await alphaloom(folder, [...RUN, "--workspace", workspace], {
        database: await newDatabase(),
      });
      expect(shared.code).toBe(1);
      expect(errorOf(shared).code).toBe("DATA_NOT_PERMITTED");
      expect(contentOf(workspace)).toEqual(before);
    } finally {
      disk.remove();
    }
  });
});

/** Memory of the disk is what counts, so that the file has to be written. */
function fill(file: string, bytes: number): void {
  const chunk = Buffer.alloc(2 ** 20, 1);
  const parts = Math.floor(bytes / chunk.length);
  writeFileSync(file, "");
  for (let part = 0; part < parts; part++) {
    try {
      writeFileSync(file, chunk, { flag: "a" });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOSPC") return;
      throw error;
    }
  }
}

describe("what cannot be meant is refused, and nothing has changed", () => {
  const closed = "postgresql://alphaloom:s3cret@127.0.0.1:1/postgres";
  test.each([
    ["an unknown set", ["--set", "alpha159"], {}, "EXPRESSION_SET_UNKNOWN"],
    ["an unknown code", ["--codes", "999999.SZ"], {}, "STORE_INSTRUMENT_MISSING"],
    ["a start after the end", ["--start", "2024-02-01", "--end", "2024-01-01"], {}, "CLI_USAGE"],
    ["a database that is down", [], { database: closed }, "DATABASE_DOWN"],
    ["an unknown store", ["--store", "XNYS/day"], {}, "DATA_VALUE_INVALID"],
    ["threads that are none", ["--threads", "0"], {}, "CLI_USAGE"],
    ["no memory", ["--memory", "1"], {}, "CLI_USAGE"],
  ] as const)("%s", async (_, options, how, code) => {
    const workspace = join(folder, "bars");
    const before = contentOf(workspace);
    const refused = await alphaloom(folder, [...RUN, ...options, "--workspace", workspace], how);
    expect([1, 2]).toContain(refused.code);
    expect(errorOf(refused).code).toBe(code);
    expect(refused.out + refused.err).not.toContain("s3cret");
    expect(contentOf(workspace)).toEqual(before);
  });

  test("an empty workspace", async () => {
    const workspace = join(folder, "nothing");
    for (const command of ["run", "update", "status", "verify", "rollback"]) {
      const refused = await alphaloom(folder, ["precompute", command, "--json", "--workspace", workspace]);
      expect(refused.code, command).toBe(1);
      expect(errorOf(refused).code, command).toBe("STORE_MISSING");
    }
    expect(existsSync(workspace)).toBe(false);
  });

  test.each([
    ["show", "no such job", "CLI_USAGE"],
    ["show", "nobody", "JOB_UNKNOWN"],
    ["cancel", "nobody", "JOB_UNKNOWN"],
    ["resume", "nobody", "JOB_UNKNOWN"],
    ["retry", "nobody", "JOB_UNKNOWN"],
    ["logs", "nobody", "JOB_UNKNOWN"],
  ])("jobs %s of %s", async (command, id, code) => {
    const workspace = join(folder, "computed");
    const refused = await alphaloom(folder, ["jobs", command, id, "--json", "--workspace", workspace]);
    expect([1, 2]).toContain(refused.code);
    expect(errorOf(refused).code).toBe(code);
  });
});
