/**
 * A kind of job for tests whose effects can be counted: every accepted result is a file named after (job, shard), made
 * by the finish; every start of a shard is a file of its own.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobKind } from "../job-kind.ts";

export interface EffectsPayload {
  readonly folder: string;
  readonly shards: number;
  /** How long a shard takes. */
  readonly ms?: number;
  readonly key?: string;
  /** Shards that throw: at their first so many starts. */
  readonly broken?: Readonly<Record<number, number>>;
  /** Shards that report failures of their parts, likewise. */
  readonly weak?: Readonly<Record<number, number>>;
  readonly failsIn?: "plan" | "finish";
  /** Shards go on although they are told to stop. */
  readonly isDeaf?: boolean;
}

interface EffectsShard {
  readonly stocks: readonly number[];
}

interface EffectsResult {
  readonly file: string;
}

export class PermanentError extends Error {
  readonly code = "TEST_PERMANENT";
}

type EffectsKind = JobKind<
  EffectsPayload,
  EffectsShard,
  EffectsResult,
  { readonly adopted: number },
  { readonly stem: string }
>;

const STOCKS = 4;

export const effectsKind: EffectsKind = {
  name: "effects",
  title: { zh: "效果", en: "effects" },
  exclusive: ({ key }) => key ?? null,
  isPermanent: (error) => error instanceof PermanentError,
  async plan({ folder, shards, failsIn }, { jobId }) {
    if (failsIn === "plan") throw new PermanentError("no plan");
    mkdirSync(join(folder, jobId, "adopted"), { recursive: true });
    const inputs = Array.from({ length: shards }, (_, index) => ({
      work: 1,
      input: { stocks: Array.from({ length: STOCKS }, (_unused, lane) => index * STOCKS + lane) },
    }));
    return { shards: inputs, totals: { stocks: shards * STOCKS }, state: { stem: "part" } };
  },
  async run({ stocks }, context) {
    const { folder, ms = 0, broken = {}, weak = {}, isDeaf } = context.payload;
    const ordinal = stocks[0]! / STOCKS;
    const place = join(folder, context.jobId);
    writeFileSync(join(place, `start-${ordinal}-${context.attempt}-${randomUUID()}`), "");
    const starts = startsOf(folder, context.jobId, ordinal);
    context.log({ level: "info", subject: `S${ordinal}`, message: `start ${context.attempt}` });
    for (let stock = 0; stock < STOCKS; stock++) {
      if (ms > 0) await sleep(ms / STOCKS, undefined, isDeaf === true ? {} : { signal: context.signal });
      context.progress({ stocks: stock + 1 }, (stock + 1) / STOCKS);
    }
    if (starts <= (broken[ordinal] ?? 0)) throw new Error(`shard ${ordinal} is broken`);
    const file = `${context.state.stem}-${ordinal}-${randomUUID()}`;
    writeFileSync(join(place, file), stocks.join());
    context.took("MA5", 2);
    const failures = starts <= (weak[ordinal] ?? 0) ? 1 : 0;
    return { result: { file }, done: { stocks: STOCKS - failures }, failures };
  },
  async finish(shards, { payload: { folder, failsIn }, jobId }) {
    if (failsIn === "finish") throw new PermanentError("no finish");
    const place = join(folder, jobId);
    for (const { ordinal, result } of shards) {
      if (result === null) continue;
      if (!existsSync(join(place, result.file))) throw new Error(`${result.file} is missing`);
      // "wx": a second effect of one shard is an error, unless it is the finish itself that is repeated.
      const adopted = join(place, "adopted", String(ordinal));
      if (!existsSync(adopted)) writeFileSync(adopted, result.file, { flag: "wx" });
    }
    const failed = shards.filter(({ failures, result }) => result === null || failures > 0).length;
    return { summary: { adopted: readdirSync(join(place, "adopted")).length }, partial: failed > 0 };
  },
  async reject({ file }, { payload: { folder }, jobId }) {
    rmSync(join(folder, jobId, file));
  },
  async abandon(results, { payload: { folder }, jobId }) {
    for (const { file } of results) rmSync(join(folder, jobId, file), { force: true });
  },
};

/** How often a shard was started. */
export function startsOf(folder: string, job: string, ordinal: number): number {
  return filesOf(folder, job).filter((name) => name.startsWith(`start-${ordinal}-`)).length;
}

/** The results that lie in a job's folder, by shard. */
export function resultsOf(folder: string, job: string): number[] {
  return filesOf(folder, job)
    .filter((name) => name.startsWith("part-"))
    .map((name) => Number(name.split("-")[1]))
    .toSorted((a, b) => a - b);
}

/** The shards whose effect was made visible. */
export function adoptedOf(folder: string, job: string): number[] {
  return readdirSync(join(folder, job, "adopted"))
    .map(Number)
    .toSorted((a, b) => a - b);
}

function filesOf(folder: string, job: string): string[] {
  return readdirSync(join(folder, job));
}
