import { Command } from "commander";
import { DataError } from "#data/errors";
import { ExpressionError } from "#expression/errors";
import type { JobView, LogFilter, Timing } from "#jobs/jobs";
import { type JobState, jobStates } from "#jobs/job-state";
import type { LogLevel } from "#jobs/job-kind";
import type { IndicatorTime } from "#pipelines/precompute/indicator-times";
import type { ResolvedOrder } from "#pipelines/precompute/order";
import { threadsArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { describeJob, followJob, jobArgument, outcomeOf, progressNote } from "./follow-job.ts";
import { UsageError } from "./outcome.ts";
import { loadState } from "./load-state.ts";
import type { State } from "./state.ts";
import { workThreads } from "./work-threads.ts";
import { duration } from "./terminal.ts";

export function jobsCommand(): Command {
  return new Command("jobs")
    .description("long work: what runs, how far it is, and how it ended")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(cancelCommand())
    .addCommand(goOnCommand("resume", "go on with a failed, cancelled or partly completed job"))
    .addCommand(goOnCommand("retry", "run again what failed of a job"))
    .addCommand(logsCommand());
}

interface ListOptions extends SharedOptions {
  readonly state?: string;
  readonly kind?: string;
  readonly limit: string;
}

function listCommand(): Command {
  return withSharedOptions(new Command("list"))
    .description("jobs, newest first")
    .option("--state <name>", `only these: ${jobStates.join(", ")}`)
    .option("--kind <name>", "only of this kind: precompute")
    .option("--limit <n>", "as many at most", "20")
    .action((options: ListOptions) =>
      runCommand(options, async (context) => {
        const filter = {
          limit: wholeNumber(options.limit, "--limit"),
          ...(options.state === undefined ? {} : { state: stateArgument(options.state) }),
          ...(options.kind === undefined ? {} : { kind: options.kind }),
        };
        await using state = await loadState(context);
        const jobs = await state.jobs.list(filter);
        context.terminal.table([
          ["id", "kind", "state", "", "started", "took", "how far"],
          ...jobs.map((job) => [
            job.id,
            job.kind,
            job.state,
            job.stateTitle.zh,
            job.startedAt ?? "–",
            duration(job.progress.elapsedSeconds * 1000),
            progressNote(job),
          ]),
        ]);
        context.terminal.result({ ok: true, jobs });
        return true;
      }),
    );
}

function showCommand(): Command {
  return withSharedOptions(new Command("show"))
    .description("one job: how far it is, what failed, how long each part took")
    .argument("<id>", "the job's id")
    .action((id: string, options: SharedOptions) =>
      runCommand(options, async (context) => {
        await using state = await loadState(context);
        const job = await state.jobs.show(jobArgument(id));
        const timings = await state.jobs.timings(id);
        const indicators = await timesOfIndicators(context, job, timings).catch((error: unknown) => {
          // The job is shown even where its store or its factors are gone.
          if (!(error instanceof DataError || error instanceof ExpressionError)) throw error;
          context.terminal.warn(`times of indicators: ${error.code} ${error.message}`);
          return [];
        });
        describeJob(context, job);
        for (const { subject, milliseconds } of timings.slice(0, SHOWN))
          context.terminal.line(`  ${subject}: ${duration(milliseconds)}`);
        if (indicators.length > 0)
          context.terminal.line("  longest indicators, their share of their set's time estimated:");
        for (const { indicator, milliseconds } of indicators.slice(0, SHOWN))
          context.terminal.line(`    ${indicator}: ${duration(milliseconds)}`);
        context.terminal.result({ ok: true, job, timings, indicators });
        return true;
      }),
    );
}

/** Of a precompute job that has computed something; of all others nothing. */
async function timesOfIndicators(
  { workspace }: CommandContext,
  { kind, payload }: JobView,
  timings: readonly Timing[],
): Promise<readonly IndicatorTime[]> {
  if (kind !== "precompute" || timings.length === 0) return [];
  const [{ placeOrder }, { StoredBlocks }, { indicatorTimes }] = await Promise.all([
    import("#pipelines/precompute/order"),
    import("#pipelines/stored-blocks"),
    import("#pipelines/precompute/indicator-times"),
  ]);
  const order = payload as ResolvedOrder;
  const { store, factors } = await placeOrder(workspace, order);
  await using snapshot = await store.snapshot();
  const { vwap } = order;
  const blocks = new StoredBlocks(snapshot, vwap === undefined ? {} : { vwap });
  return indicatorTimes(timings, factors.registry.sets, blocks.shape());
}

function cancelCommand(): Command {
  return withSharedOptions(new Command("cancel"))
    .description("stop a job; what its finished shards wrote stays for a resume")
    .argument("<id>", "the job's id")
    .action((id: string, options: SharedOptions) =>
      runCommand(options, async (context) => {
        await using state = await loadState(context);
        const { jobs } = state;
        await jobs.cancel(jobArgument(id));
        const job = await jobs.wait(id, { signal: context.signal });
        describeJob(context, job);
        context.terminal.result({ ok: job.state === "cancelled", job });
        return job.state === "cancelled";
      }),
    );
}

interface GoOnOptions extends SharedOptions {
  readonly threads?: string;
  readonly detach?: boolean;
}

function goOnCommand(name: "resume" | "retry", description: string): Command {
  return withSharedOptions(new Command(name))
    .description(description)
    .argument("<id>", "the job's id")
    .option("--threads <n>", "threads; as many as there are cores unless told, at most 8")
    .option("--detach", "only queue the job, for a running serve or worker")
    .action((id: string, options: GoOnOptions) =>
      runCommand(options, async (context) => {
        const { threads } = options;
        await using state = await loadState(context, {
          threads: threads === undefined ? workThreads() : threadsArgument(threads),
          signal: context.signal,
        });
        const job = await goOn(context, state, { id: jobArgument(id), name, options });
        describeJob(context, job);
        const ok = options.detach === true || outcomeOf(job);
        context.terminal.result({ ok, job });
        return ok;
      }),
    );
}

async function goOn(
  context: CommandContext,
  state: State,
  {
    id,
    name,
    options,
  }: { readonly id: string; readonly name: "resume" | "retry"; readonly options: GoOnOptions },
): Promise<JobView> {
  const view = await state.jobs[name](id);
  if (options.detach === true) return view;
  await state.work();
  return await followJob(context, state.jobs, id);
}

interface LogsOptions extends SharedOptions {
  readonly level?: string;
  readonly subject?: string;
  readonly after?: string;
  readonly limit: string;
}

const levels: readonly LogLevel[] = ["debug", "info", "warning", "error"];

function logsCommand(): Command {
  return withSharedOptions(new Command("logs"))
    .description("what a job logged: per stock, and what went wrong")
    .argument("<id>", "the job's id")
    .option("--level <name>", `this and worse: ${levels.join(", ")}`)
    .option("--subject <name>", "only about this stock or factor")
    .option("--after <seq>", "only lines after this number")
    .option("--limit <n>", "as many at most", "1000")
    .action((id: string, options: LogsOptions) =>
      runCommand(options, async (context) => {
        const filter = logFilter(options);
        await using state = await loadState(context);
        const lines = await state.jobs.logs(jobArgument(id), filter);
        for (const { at, level, subject, message } of lines)
          context.terminal.line(
            `${at} ${level.padEnd(7)} ${subject === null ? "" : `${subject} `}${message}`,
          );
        context.terminal.result({ ok: true, lines });
        return true;
      }),
    );
}

function logFilter({ level, subject, after, limit }: LogsOptions): LogFilter {
  const known = levels.find((each) => each === level);
  if (level !== undefined && known === undefined)
    throw new UsageError(`--level ${level} is no level`, `give one of ${levels.join(", ")}`);
  return {
    limit: wholeNumber(limit, "--limit"),
    ...(known === undefined ? {} : { level: known }),
    ...(subject === undefined ? {} : { subject }),
    ...(after === undefined ? {} : { after: wholeNumber(after, "--after") }),
  };
}

const SHOWN = 20;

function stateArgument(text: string): JobState {
  const found = jobStates.find((state) => state === text);
  if (found !== undefined) return found;
  throw new UsageError(`--state ${text} is no state`, `give one of ${jobStates.join(", ")}`);
}

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new UsageError(`${flag} ${text} is not a whole number`, "give a number, 0 or more");
}
