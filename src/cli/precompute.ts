import { Command } from "commander";
import type { JobView } from "#jobs/jobs";
import {
  placeOrder,
  planOrder,
  resolveOrders,
  type PlacedOrder,
  type ResolvedOrder,
} from "#pipelines/precompute/order";
import { isNothing, type PrecomputePlan } from "#pipelines/precompute/plan";
import { codesArgument, rangeArgument, threadsArgument } from "./arguments.ts";
import { commaSeparated, reportProblems } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { followJob, outcomeOf, runningJob } from "./follow-job.ts";
import { mayBeInterrupted } from "./interrupted.ts";
import { UsageError } from "./outcome.ts";
import { PRECOMPUTE, SHARDS_A_THREAD, type PrecomputeSummary } from "./precompute-kind.ts";
import { loadState } from "./load-state.ts";
import type { State, WorkOptions as ThreadWork } from "./state.ts";
import { workThreads } from "./work-threads.ts";
import { count, duration, type Terminal } from "./terminal.ts";
import { rollbackSubcommand } from "./precompute-rollback.ts";
import { statusSubcommand } from "./precompute-status.ts";
import type { RefreshedSources } from "#pipelines/known-sources/refresh-known-sources";
import { refreshSources } from "./precompute-update.ts";
import { verifySubcommand } from "./precompute-verify.ts";
import { version } from "./version.ts";

const MEMORY_MEGABYTES = "2048";

/** How the work is done. */
export interface WorkOptions {
  readonly threads?: string;
  readonly memory?: string;
  readonly detach?: boolean;
}

interface RunOptions extends SharedOptions, WorkOptions {
  readonly store?: string;
  readonly set?: readonly string[];
  readonly codes?: string;
  readonly start?: string;
  readonly end?: string;
  readonly full?: boolean;
  readonly vwap?: string;
  readonly validate?: boolean;
}

export function precomputeCommand(): Command {
  return new Command("precompute")
    .description("compute every indicator and factor into the store, and keep them current")
    .addCommand(
      runSubcommand("run")
        .description(
          "compute what is missing, new or changed: all instruments, all dates, all default sets unless told",
        )
        .action((options: RunOptions) => runCommand(options, (context) => runPrecompute(context, options))),
    )
    .addCommand(
      runSubcommand("update")
        .description("import again what changed in the known sources, then compute what is affected")
        .option("--rehash", "compare the sources' content whatever their size and timestamp say")
        .action((options: UpdateOptions) => runCommand(options, (context) => update(context, options))),
    )
    .addCommand(statusSubcommand())
    .addCommand(verifySubcommand())
    .addCommand(rollbackSubcommand());
}

interface UpdateOptions extends RunOptions {
  readonly rehash?: boolean;
}

async function update(context: CommandContext, options: UpdateOptions): Promise<boolean> {
  const sources: RefreshedSources["outcomes"][number][] = [];
  const refresh = async ({ store }: ResolvedOrder): Promise<void> => {
    sources.push(...(await refreshSources(context, store, { rehash: options.rehash === true })).outcomes);
  };
  const { ok, ...answer } = await precomputeAll(context, options, refresh);
  const isWhole = sources.every(({ kind }) => kind === "unchanged" || kind === "imported");
  context.terminal.result({ ok: ok && isWhole, sources, ...answer });
  return ok && isWhole;
}

/** The options that `run` and `update` share. */
function runSubcommand(name: string): Command {
  return withSharedOptions(new Command(name))
    .option("--store <name>", "only this store: XSHG/day; every daily one unless told")
    .option(
      "--set <name...>",
      "factor sets instead of alpha158, tech, fund, base and the workspace's own; all",
    )
    .option("--codes <list>", "only these instruments: A,B or @FILE")
    .option("--start <date>", "first session")
    .option("--end <date>", "last session")
    .option("--full", "compute everything again, whatever is stored")
    .option("--vwap <rule>", "what $vwap is where no source gives it: amount or typical")
    .option("--threads <n>", "threads; as many as there are cores unless told, at most 8")
    .option("--memory <megabytes>", "resident memory that should not be exceeded", MEMORY_MEGABYTES)
    .option("--no-validate", "leave out the validation afterwards")
    .option("--detach", "only queue the job, for a running serve or worker");
}

async function runPrecompute(context: CommandContext, options: RunOptions): Promise<boolean> {
  const answer = await precomputeAll(context, options);
  context.terminal.result(answer);
  return answer.ok;
}

/** One store, the one that is named or the only one; or every daily store of the workspace, one after the other. */
async function precomputeAll(
  context: CommandContext,
  options: RunOptions,
  before: (order: ResolvedOrder) => Promise<void> = () => Promise.resolve(),
): Promise<PrecomputeOutcome | { readonly ok: boolean; readonly stores: readonly PrecomputeOutcome[] }> {
  const orders = await resolveOrders(context.workspace, orderOf(options));
  const outcomes: PrecomputeOutcome[] = [];
  for (const order of orders) {
    await before(order);
    outcomes.push(await precompute(context, order, options));
  }
  const [only] = outcomes;
  if (only !== undefined && outcomes.length === 1) return only;
  return { ok: outcomes.every(({ ok }) => ok), stores: outcomes };
}

/** What a run came to; `job` is null when there was nothing to compute. */
export interface PrecomputeOutcome extends Partial<PrecomputeSummary> {
  readonly ok: boolean;
  readonly store: string;
  readonly job: string | null;
  /** Shards that did not work out, the first 100; `jobs retry` runs them again. */
  readonly failedShards?: JobView["failedShards"];
}

/** Computes what is due as a job, in this process where no other one works at jobs. */
export async function precompute(
  context: CommandContext,
  order: ResolvedOrder,
  options: WorkOptions = {},
): Promise<PrecomputeOutcome> {
  const { terminal, workspace } = context;
  const { store } = order;
  const placed = await placeOrder(workspace, order);
  reportProblems(terminal, placed.factors.problems);
  const isDetached = options.detach === true;
  const probe = await probed(placed, order, options);
  const ahead = { store: placed.store.key, order, shardsAtLeast: shardsOf(options), plan: probe };
  const work = isDetached ? null : workOf(context, options, ahead);
  if (isNothing(probe) && (isDetached || !(await mayBeInterrupted(workspace, placed.store))))
    return nothingToDo(terminal, store, probe);
  await using state = await loadState(context, work);
  const turn = new Turn(context, state, { isDetached });
  if (isNothing(probe)) {
    // Everything is computed; a job that was cut off still has to end.
    await turn.finishInterrupted(store);
    const now = await probed(placed, order, options);
    if (isNothing(now)) return nothingToDo(terminal, store, now);
  }
  const view = await turn.submit(order);
  if (isDetached) {
    terminal.line(`queued as job ${view.id}`);
    return { ok: true, store, job: view.id };
  }
  const ended = await followJob(context, state.jobs, view.id);
  describeRun(terminal, ended);
  const summary = ended.summary as PrecomputeSummary | null;
  return { ...summary, ok: outcomeOf(ended), store, job: ended.id, failedShards: ended.failedShards };
}

/** What is due of an order now. */
function probed(placed: PlacedOrder, order: ResolvedOrder, options: WorkOptions): Promise<PrecomputePlan> {
  return planOrder(placed, order, { run: "probe", version, shardsAtLeast: shardsOf(options) });
}

const threadsOf = ({ threads }: WorkOptions): number =>
  threads === undefined ? workThreads() : threadsArgument(threads);

const shardsOf = (options: WorkOptions): number => SHARDS_A_THREAD * threadsOf(options);

function nothingToDo(terminal: Terminal, store: string, { generation }: PrecomputePlan): PrecomputeOutcome {
  terminal.line(`store ${store} is current at generation ${generation}: nothing to compute`);
  return { ok: true, store, job: null, generation };
}

/** Throws `UsageError` on options that cannot be read. */
function orderOf(options: RunOptions): Parameters<typeof resolveOrders>[1] {
  rangeArgument(options);
  const { store, codes, start, end, full, vwap, validate } = options;
  if (vwap !== undefined && vwap !== "amount" && vwap !== "typical")
    throw new UsageError(`--vwap ${vwap} is no rule`, "give amount or typical");
  const sets = commaSeparated(options.set);
  return {
    ...(store === undefined ? {} : { store }),
    ...(sets.length === 0 ? {} : { sets }),
    ...(codes === undefined ? {} : { codes: [...codesArgument(codes)] }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(full === true ? { mode: "full" as const } : {}),
    ...(vwap === undefined ? {} : { vwap }),
    ...(validate === false ? { validate } : {}),
  };
}

/** Gets a job into its turn: of those that exclude each other, one that was interrupted is finished first. */
class Turn {
  readonly #context: CommandContext;
  readonly #state: State;
  readonly #isDetached: boolean;
  #isWorking = false;

  /** A detached one leaves the work to other processes. */
  constructor(context: CommandContext, state: State, { isDetached }: { readonly isDetached: boolean }) {
    this.#context = context;
    this.#state = state;
    this.#isDetached = isDetached;
  }

  /** Throws JOB_RUNNING when another process is at a job that excludes this one. */
  async submit(order: ResolvedOrder): Promise<JobView> {
    for (;;) {
      try {
        const view = await this.#state.jobs.submit(PRECOMPUTE, order);
        await this.#work();
        return view;
      } catch (error) {
        const running = runningJob(error);
        if (await this.#isTaken()) throw error;
        await this.#finish(running);
      }
    }
  }

  async finishInterrupted(store: string): Promise<void> {
    for (const state of ["running", "queued"] as const) {
      for (const { id, payload } of await this.#state.jobs.list({ state, kind: PRECOMPUTE })) {
        if ((payload as ResolvedOrder).store === store && !(await this.#isTaken())) await this.#finish(id);
      }
    }
  }

  /** Whether it is for others to finish what is unfinished. */
  async #isTaken(): Promise<boolean> {
    if (this.#isDetached) return true;
    return !this.#isWorking && this.#state.isShared && (await this.#state.jobs.workers()).length > 0;
  }

  async #finish(id: string): Promise<void> {
    this.#context.terminal.line(`job ${id} was interrupted and goes on first`);
    await this.#work();
    await followJob(this.#context, this.#state.jobs, id);
  }

  async #work(): Promise<void> {
    if (this.#isWorking || this.#isDetached) return;
    this.#isWorking = true;
    await this.#state.work();
  }
}

function workOf(
  { signal }: CommandContext,
  options: WorkOptions,
  ahead: NonNullable<ThreadWork["ahead"]>,
): ThreadWork {
  const { memory = MEMORY_MEGABYTES } = options;
  const megabytes = Number(memory);
  if (!(megabytes >= 64))
    throw new UsageError(`--memory ${memory} is not a size`, "give megabytes, 64 or more");
  return {
    threads: threadsOf(options),
    memoryLimit: megabytes * 2 ** 20,
    signal,
    ahead,
  };
}

function describeRun(terminal: Terminal, view: JobView): void {
  const summary = view.summary as PrecomputeSummary | null;
  if (summary === null) return;
  terminal.line(
    `  store ${summary.store} is at generation ${summary.generation}, computed from ${summary.inputGeneration}`,
  );
  for (const { set, factors, failures, computedRows, blocksBehind } of summary.sets) {
    const behind = blocksBehind === 0 ? "" : `, ${blocksBehind} blocks behind`;
    const failed = failures.length === 0 ? "" : `, ${failures.length} factors failed`;
    terminal.line(
      `  ${set}: ${count(factors)} factors, ${count(computedRows)} block-rows computed${behind}${failed}`,
    );
    for (const { name, code, message } of failures) terminal.line(`    ${name}: ${code} ${message}`);
  }
  for (const { ordinal, error } of view.failedShards)
    terminal.line(`  shard ${ordinal} failed: ${error.code} ${error.message}`);
  for (const { instruments, code, message } of summary.failed)
    terminal.line(`  failed: ${instruments.join(", ")}: ${code} ${message}`);
  for (const { step, code, message } of summary.problems) terminal.line(`  ${step}: ${code} ${message}`);
  const spent = Object.entries(summary.milliseconds).map(([what, ms]) => `${what} ${duration(ms)}`);
  terminal.line(`  time over all threads: ${spent.join(", ")}`);
}
