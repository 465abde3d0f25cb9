import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreKey } from "#data/store/panel-store";
import { ExpressionError } from "#expression/errors";
import { FactorError } from "#factors/errors";
import type { EndedShard, JobKind, StepContext } from "#jobs/job-kind";
import { commitPrecompute, type PrecomputeReport } from "#pipelines/precompute/commit";
import { needDiskSpace } from "#pipelines/precompute/disk-space";
import { placeOrder, planOrder, type PlacedOrder, type ResolvedOrder } from "#pipelines/precompute/order";
import { precomputeOrder } from "#pipelines/precompute/order-schema";
import type { PrecomputePlan, PrecomputeShard } from "#pipelines/precompute/plan";
import { resultOf, type PortableResult, type ShardResult } from "#pipelines/precompute/shard";
import type { ShardThreads } from "#pipelines/precompute/shard-threads";
import { refreshKnownSources } from "#pipelines/known-sources/refresh-known-sources";
import { parseStoreName, storeName, storeOf, workspaceAt } from "#pipelines/workspace";

/** What is done once a run's generation stands: versions, validation, exports. */
export interface AfterCommit {
  readonly name: string;
  run(committed: CommittedRun): Promise<unknown>;
}

export interface CommittedRun {
  readonly placed: PlacedOrder;
  readonly order: ResolvedOrder;
  readonly report: PrecomputeReport;
  readonly signal: AbortSignal;
}

export interface PrecomputeSummary extends PrecomputeReport {
  readonly store: string;
  /** What the steps afterwards returned, by name. */
  readonly after: Readonly<Record<string, unknown>>;
  /** Steps afterwards that failed. */
  readonly problems: readonly { readonly step: string; readonly code: string; readonly message: string }[];
}

export interface PrecomputeKindOptions {
  /** Root of the workspace. */
  readonly workspace: string;
  readonly version: string;
  /** Of a process that works at jobs. */
  readonly threads: () => ShardThreads;
  readonly after: readonly AfterCommit[];
  /** What this process has just planned: a job of the same order on the same generation need not plan it again. */
  readonly ahead?: PlannedAhead;
}

/** A plan that was made before its job. */
export interface PlannedAhead {
  readonly store: StoreKey;
  readonly order: ResolvedOrder;
  readonly shardsAtLeast: number;
  readonly plan: PrecomputePlan;
}

type Plan = Omit<PrecomputePlan, "shards">;
type Context<State> = StepContext<ResolvedOrder, State>;

export const PRECOMPUTE = "precompute";

/** Shards for each thread, so that the last ones end together. */
export const SHARDS_A_THREAD = 4;
const LOCK_PATIENCE_MS = 120_000;

/** The precompute run as a job: plan, shards of instrument blocks, one commit. */
export function precomputeKind(
  options: PrecomputeKindOptions,
): JobKind<ResolvedOrder, PrecomputeShard, PortableResult, PrecomputeSummary, Plan | null> {
  const { workspace, version, threads } = options;
  return {
    name: PRECOMPUTE,
    title: { zh: "离线生成指标/因子", en: "Precompute indicators and factors" },
    check: (payload) => checkedOrder(payload),
    exclusive: ({ store }) => `precompute ${store}`,
    isPermanent,
    async plan(order, context) {
      const { jobId } = context;
      const placed = await placeOrder(workspace, order);
      const { store, factors } = placed;
      if (order.refresh === true) await refreshSources(workspace, store, { version, context });
      for (const { code, message } of factors.problems)
        context.log({ level: "warning", message: `${code} ${message}` });
      // One run works on a store at a time: what others hold is left over.
      for (const { run } of await store.runs()) if (run !== jobId) await store.endRun(run);
      const generation = await store.beginRun(jobId);
      const shardsAtLeast = threads().threads * SHARDS_A_THREAD;
      const { shards, ...plan } =
        plannedAhead(options.ahead, { order, generation, run: jobId, shardsAtLeast }) ??
        (await planOrder(placed, order, { run: jobId, version, shardsAtLeast, generation }));
      await needDiskSpace(store.parts.storage.place, plan.totals.bytes);
      for (const { list, failures } of plan.sets) {
        for (const { name, code, message } of failures)
          context.log({ level: "error", subject: `${list.name}.${name}`, message: `${code} ${message}` });
      }
      const { instruments, instrumentDays, factors: columns } = plan.totals;
      context.log({
        level: "info",
        message: `${shards.length} shards from generation ${generation} of ${storeName(store.key)}`,
        data: { sets: plan.sets.map(({ list }) => list.name), ...plan.totals },
      });
      return {
        shards,
        totals: { instruments, instrumentDays, instrumentFactors: instruments * columns },
        state: plan,
      };
    },
    async run(shard, context) {
      const { signal, attempt, payload } = context;
      const plan = planOf(context);
      const store = storeOf(workspaceAt(workspace), parseStoreName(payload.store));
      await needDiskSpace(store.parts.storage.place, 0);
      const done = { instruments: 0, instrumentDays: 0, instrumentFactors: 0 };
      const result = await threads().run({
        store: store.key,
        plan,
        shard,
        attempt,
        signal,
        onBlock({ block, instruments, instrumentDays }) {
          done.instruments += instruments.length;
          done.instrumentDays += instrumentDays;
          done.instrumentFactors += instruments.length * plan.totals.factors;
          context.progress(done);
          // One line for all of them: a day of a market would be thousands.
          context.log({ level: "debug", message: `block ${block} computed`, data: { about: instruments } });
        },
      });
      for (const { instruments, code, message } of result.failed) {
        for (const instrument of instruments)
          context.log({ level: "error", subject: instrument, message: `${code} ${message}` });
      }
      for (const [subject, milliseconds] of Object.entries(result.milliseconds))
        context.took(subject, milliseconds);
      const failures = result.failed.reduce((sum, { instruments }) => sum + instruments.length, 0);
      return { result, done, failures };
    },
    async finish(shards, context) {
      const { signal, payload: order } = context;
      const placed = await placeOrder(workspace, order);
      const plan: PrecomputePlan = {
        ...planOf(context),
        shards: shards.map(({ input }) => ({ work: 1, input })),
      };
      const report = await patiently(() => commitPrecompute(placed.store, plan, resultsOf(shards)), signal);
      await threads().rest();
      context.log({
        level: "info",
        message: `generation ${report.generation} of ${storeName(placed.store.key)}`,
      });
      const after: Record<string, unknown> = {};
      const problems: { step: string; code: string; message: string }[] = [];
      const isNew = report.generation > report.inputGeneration;
      for (const step of isNew ? options.after : []) {
        try {
          after[step.name] = await step.run({ placed, order, report, signal });
        } catch (error) {
          if (signal.aborted) throw error;
          const problem = { step: step.name, code: codeOf(error), message: messageOf(error) };
          problems.push(problem);
          context.log({ level: "error", subject: step.name, message: `${problem.code} ${problem.message}` });
        }
      }
      const summary = { ...report, store: storeName(placed.store.key), after, problems };
      const isWhole =
        shards.every(({ result, failures }) => result !== null && failures === 0) &&
        report.sets.every(({ failures }) => failures.length === 0);
      return { summary, partial: !isWhole || problems.length > 0 };
    },
    async abandon(_results, { jobId, payload }) {
      const { store } = await placeOrder(workspace, payload);
      await store.endRun(jobId);
    },
  };
}

function checkedOrder(payload: unknown): ResolvedOrder {
  const parsed = precomputeOrder.required({ store: true }).safeParse(payload);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DataError("DATA_VALUE_INVALID", `${issue!.path.join(".") || "the order"}: ${issue!.message}`, {
    remedy: "all that may be given is store, sets, codes, start, end, mode, vwap and validate",
  });
}

/** Imports again what changed in the sources; one that cannot be read is told and does not keep the others back. */
async function refreshSources(
  workspace: string,
  store: OpenedStore,
  { version, context }: { readonly version: string; readonly context: Context<null> },
): Promise<void> {
  await refreshKnownSources(workspaceAt(workspace), store.key, {
    engine: version,
    signal: context.signal,
    onSource(outcome) {
      const { kind, locator } = outcome;
      if (kind === "unchanged") return;
      const isProblem = kind === "missing" || kind === "failed";
      const message = isProblem ? `${outcome.problem.code} ${outcome.problem.message}` : "imported again";
      context.log({ level: isProblem ? "warning" : "info", subject: locator, message });
    },
  });
}

function plannedAhead(
  ahead: PlannedAhead | undefined,
  wanted: {
    readonly order: ResolvedOrder;
    readonly generation: number;
    readonly run: string;
    readonly shardsAtLeast: number;
  },
): PrecomputePlan | null {
  if (ahead?.plan.generation !== wanted.generation || ahead.shardsAtLeast !== wanted.shardsAtLeast)
    return null;
  return isDeepStrictEqual(ahead.order, wanted.order) ? { ...ahead.plan, run: wanted.run } : null;
}

function planOf({ state }: Context<Plan | null>): PrecomputePlan {
  if (state === null) throw new TypeError("a shard without its plan");
  return { ...state, shards: [] };
}

function resultsOf(shards: readonly EndedShard<PrecomputeShard, PortableResult>[]): readonly ShardResult[] {
  return shards.flatMap(({ result }) => (result === null ? [] : [resultOf(result)]));
}

/** Waits while somebody else, an import say, writes to the store. */
async function patiently<T>(commit: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const until = performance.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      return await commit();
    } catch (error) {
      const isLocked = error instanceof DataError && error.code === "STORE_LOCKED";
      if (!isLocked || performance.now() > until) throw error;
    }
    await setTimeout(200, undefined, { signal });
  }
}

/** What a further start would meet again. */
function isPermanent(error: unknown): boolean {
  if (error instanceof ExpressionError || error instanceof FactorError) return true;
  return error instanceof DataError && error.code !== "STORE_LOCKED";
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "INTERNAL";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
