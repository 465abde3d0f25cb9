/** Processes that are killed, and what must hold of their jobs afterwards. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { StateDatabase } from "#database/state-database";
import { adoptedOf } from "./effects.ts";

const script = join(import.meta.dirname, "jobs-child.ts");
const node = join(import.meta.dirname, "..", "..", "..", "node_modules", ".bin", "node");

export interface ChildOrder {
  readonly action: "endless" | "drain" | "worker";
  /** Folder of the embedded database or address of the server. */
  readonly place: string;
  readonly folder: string;
  readonly leaseMs?: number;
}

export interface Child {
  /** Resolves when it works. */
  readonly ready: Promise<void>;
  /** The signal that ended it, or null. */
  readonly ended: Promise<NodeJS.Signals | null>;
  kill(signal: NodeJS.Signals): void;
}

export function startChild({ action, place, folder, leaseMs }: ChildOrder): Child {
  const more = leaseMs === undefined ? [] : [String(leaseMs)];
  const child: ChildProcess = spawn(node, [script, action, place, folder, ...more], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<NodeJS.Signals | null>((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => {
      if (code !== null && code !== 0) fail(new Error(`${action} ended with exit code ${code}`));
      else settle(signal);
    });
  });
  const ready = new Promise<void>((settle) => child.stdout!.once("data", () => settle()));
  return {
    ready: Promise.race([ready, ended.then(() => undefined)]),
    ended,
    kill: (signal) => void child.kill(signal),
  };
}

/**
 * Kills an endless child at `kills` moments, drains what is left and checks every job. The moments: a part of them from
 * the start of the process (opening, recovering), the others from where it works.
 */
export async function killAgainAndAgain(
  order: Omit<ChildOrder, "action">,
  kills: number,
  random: () => number,
): Promise<{ readonly killed: number }> {
  let killed = 0;
  for (let round = 0; round < kills; round++) {
    const child = startChild({ ...order, action: "endless" });
    if (round % 5 !== 4) await child.ready;
    await sleep(600 * random());
    child.kill("SIGKILL");
    if ((await child.ended) === "SIGKILL") killed++;
  }
  const last = startChild({ ...order, action: "drain" });
  expect(await last.ended).toBeNull();
  return { killed };
}

/** Every job completed, each shard's one accepted result is the one whose effect is there. Returns the jobs' number. */
export async function checkEffects(database: StateDatabase, folder: string): Promise<number> {
  const { rows: jobs } = await database.query<{
    readonly id: string;
    readonly state: string;
    readonly payload: { readonly shards: number };
  }>("select id, state, payload from alphaloom.job where payload ->> 'folder' = $1", [folder]);
  for (const { id, state, payload } of jobs) {
    expect([id, state]).toEqual([id, "completed"]);
    const { rows: shards } = await database.query<{
      readonly ordinal: number;
      readonly result: { readonly file: string };
    }>("select ordinal, result from alphaloom.step where job_id = $1 and part = 'shard' order by ordinal", [
      id,
    ]);
    expect(shards).toHaveLength(payload.shards);
    expect(adoptedOf(folder, id)).toEqual(shards.map(({ ordinal }) => ordinal));
    for (const { ordinal, result } of shards) {
      expect(readFileSync(join(folder, id, "adopted", String(ordinal)), "utf8")).toBe(result.file);
    }
  }
  const { rows: left } = await database.query(
    `select 1 from alphaloom.step as step join alphaloom.job as job on job.id = step.job_id
     where job.payload ->> 'folder' = $1 and step.state <> 'completed'`,
    [folder],
  );
  expect(left).toEqual([]);
  return jobs.length;
}

/** A sequence of numbers between 0 and 1 from a seed. After Steele, Lea and Flood (2014), SplitMix. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
