import { relative, resolve } from "node:path";
import { Command } from "commander";
import { writeAtomically } from "#data/export/atomic-file";
import type { FactorEvaluation } from "#evaluation/factor/evaluation";
import type { GroupOf } from "#evaluation/factor/groups";
import type { FactorSummary } from "#evaluation/factor/summary";
import { evaluateFactorList } from "#pipelines/evaluate-factors";
import { factorReportOf, periodsPerYear, type ReportContext } from "#pipelines/factor-report";
import type { MarketView } from "#pipelines/market-view";
import { groupsOf } from "#pipelines/refresh-reference";
import { workspaceAt } from "#pipelines/workspace";
import { rangeArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { chosenFactors, withListOptions, type ListOptions } from "./chosen-factors.ts";
import { reportFailures, withViewOptions } from "./factors-eval.ts";
import { makeRoomFor } from "./out-file.ts";
import { UsageError } from "./outcome.ts";
import { bytes, type Progress } from "./terminal.ts";
import { version } from "./version.ts";
import { withView, type ViewOptions } from "./views.ts";

export interface ReportOptions extends SharedOptions, ViewOptions, ListOptions {
  readonly out: string;
  readonly lang: string;
  readonly horizon: string;
  readonly entryLag: string;
  readonly quantiles: string;
  readonly groups?: string;
  readonly assumeStatic?: boolean;
  readonly start?: string;
  readonly end?: string;
}

export interface WrittenReport {
  readonly out: string;
  readonly failures: number;
  readonly bytes: number;
  /** The factors with the highest |t| of their rank IC. */
  readonly best: readonly FactorSummary[];
  readonly evaluation: FactorEvaluation;
}

export function reportCommand(): Command {
  return withListOptions(withViewOptions(withSharedOptions(new Command("report"))))
    .description("evaluate factors (IC, quantile returns, decay, turnover) and write one offline HTML page")
    .option("--horizon <rows>", "sessions the position is held", "1")
    .option("--entry-lag <rows>", "sessions between the signal and the entry", "1")
    .option("--quantiles <n>", "buckets per day", "5")
    .option("--groups <table.column>", "a reference table to evaluate by, e.g. instruments.industry")
    .option("--assume-static", "let the groups count before the day they were known; the report says so")
    .option("--start <date>", "first signal day")
    .option("--end <date>", "last signal day")
    .option("--lang <language>", "language shown first: zh or en", "zh")
    .requiredOption("--out <file>", "the page, e.g. report.html")
    .action((options: ReportOptions) =>
      runCommand(options, (context) =>
        withView(context, options, async (view) => {
          const report = await writeReport(context, view, options);
          context.terminal.result(report);
          return report.failures === 0;
        }),
      ),
    );
}

/** Evaluates, renders and writes; also what the demo runs. */
export async function writeReport(
  context: CommandContext,
  view: MarketView,
  options: Omit<ReportOptions, keyof ViewOptions>,
  extras: Pick<ReportContext, "source" | "quality"> = {},
): Promise<WrittenReport> {
  const { terminal, signal } = context;
  if (options.lang !== "zh" && options.lang !== "en") {
    throw new UsageError(`--lang ${options.lang} is not a language of the report`, "give zh or en");
  }
  const { list, problems } = await chosenFactors(context, options);
  await makeRoomFor(options.out);
  const groups = options.groups === undefined ? null : await groupsOption(context, options.groups, options);
  const computing = terminal.progress("factors", view.instruments.length, "instruments");
  let evaluating: Progress | null = null;
  const evaluated = await evaluateFactorList(view, list, {
    ...rangeArgument(options),
    horizon: wholeNumber(options.horizon, "--horizon", 1),
    entryLag: wholeNumber(options.entryLag, "--entry-lag", 0),
    settings: {
      quantiles: wholeNumber(options.quantiles, "--quantiles", 2),
      periodsPerYear: periodsPerYear[view.calendar] ?? 252,
    },
    signal,
    ...(groups === null ? {} : { groupOf: groups.groupOf }),
    onInstruments: (done) => computing.update(done),
    onFactor: (done, of) => {
      if (evaluating === null) computing.end();
      evaluating ??= terminal.progress("evaluation", of, "factors");
      evaluating.update(done);
      if (done === of) evaluating.end();
    },
  });
  reportFailures(terminal, evaluated.failures);
  // Loading the chart library takes longer than most commands; only this one draws.
  const { renderFactorReport } = await import("#evaluation/report/factor-report");
  const page = renderFactorReport(
    factorReportOf({
      view,
      list,
      evaluated,
      engine: `Alphaloom ${version}`,
      now: Date.now(),
      ...extras,
      ...(groups === null ? {} : { groups }),
    }),
    { language: options.lang },
  );
  const content = new TextEncoder().encode(page);
  await writeAtomically(options.out, [content]);
  const { evaluation, failures } = evaluated;
  const best = [...evaluation.factors]
    .filter((factor) => Number.isFinite(factor.rankIc.mean))
    .sort((a, b) => Math.abs(b.rankIc.tNeweyWest) - Math.abs(a.rankIc.tNeweyWest));
  terminal.line(
    `${relative(process.cwd(), resolve(options.out))}: ${evaluation.factors.length} factors evaluated, ${bytes(content.length)}`,
  );
  return {
    out: options.out,
    failures: failures.length + problems.length,
    bytes: content.length,
    best: best.slice(0, 5),
    evaluation,
  };
}

/** `table.column`, or a table with a column `industry`, as of each day. */
async function groupsOption(
  context: CommandContext,
  text: string,
  options: { readonly assumeStatic?: boolean },
): Promise<NonNullable<ReportContext["groups"]> & { readonly groupOf: GroupOf }> {
  const dot = text.indexOf(".");
  const table = dot < 0 ? text : text.slice(0, dot);
  const groups = await groupsOf(workspaceAt(context.workspace), table, {
    ...(dot < 0 ? {} : { column: text.slice(dot + 1) }),
    assumeStatic: options.assumeStatic === true,
  });
  return {
    table: text,
    knownFrom: groups.knownFrom,
    assumedStatic: groups.assumesStatic,
    groupOf: (instrument, day) => groups.groupOf(instrument, day) ?? null,
  };
}

function wholeNumber(text: string, flag: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new UsageError(`${flag} ${text} is not a whole number ≥ ${least}`, "give a whole number");
}
