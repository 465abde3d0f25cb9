import { Command } from "commander";
import { detectAll, type Detection } from "#data/detection/detect";
import { writeAtomically } from "#data/export/atomic-file";
import { printMapping } from "#data/mapping/mapping-file";
import { inspectSource } from "#data/quality/inspect-source";
import { renderQualityPage } from "#data/quality/quality-page";
import type { QualityReport } from "#data/quality/quality-report";
import { rules } from "#data/quality/rule-catalogue";
import { exampleOf, readQualityReports } from "#pipelines/quality-pages";
import { inspectionOf, openSource } from "#pipelines/refresh-data";
import { workspaceAt } from "#pipelines/workspace";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { makeRoomFor } from "./out-file.ts";
import { UsageError } from "./outcome.ts";
import { chosenStore } from "./stores.ts";
import { count, type Terminal } from "./terminal.ts";

interface QualityOptions extends SharedOptions {
  readonly store?: string;
  readonly source?: string;
  readonly mapping?: string;
  readonly out?: string;
  readonly lang: string;
}

export function qualityCommand(): Command {
  return withSharedOptions(new Command("quality"))
    .description("what the quality check found at import, or finds in a source that is not imported")
    .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
    .option("--source <source>", "inspect this source instead; nothing is imported")
    .option("--mapping <file>", "mapping file of that source")
    .option("--out <file>", "write the page here, e.g. quality.html")
    .option("--lang <language>", "language of the page: zh or en", "zh")
    .action((options: QualityOptions) => runCommand(options, (context) => showQuality(context, options)));
}

/** Shows the stored reports, or that of a source; writes the page where it is asked for. */
export async function showQuality(context: CommandContext, options: QualityOptions): Promise<boolean> {
  const { terminal } = context;
  if (options.lang !== "zh" && options.lang !== "en") {
    throw new UsageError(`--lang ${options.lang} is not a language of the page`, "give zh or en");
  }
  const reports =
    options.source === undefined
      ? await storedReports(context, options)
      : [await inspected(options.source, options.mapping)];
  for (const report of reports) describe(terminal, report, options.lang);
  if (options.out !== undefined) {
    const [only] = reports;
    if (reports.length !== 1) {
      throw new UsageError(
        `there are ${reports.length} reports`,
        "name one source with --source, or open the pages in the workspace",
      );
    }
    await makeRoomFor(options.out);
    await writeAtomically(options.out, [renderQualityPage(only!, options.lang)]);
    terminal.line(`${options.out} written`);
  }
  terminal.result(options.source === undefined ? reports : reports[0]);
  return true;
}

async function storedReports(context: CommandContext, options: QualityOptions): Promise<QualityReport[]> {
  const store = await chosenStore(context, options.store);
  const reports = await readQualityReports(workspaceAt(context.workspace), store.key);
  if (reports.size === 0) {
    throw new UsageError(
      "no import left a quality report here",
      "import again, or inspect a source with --source",
    );
  }
  return [...reports.values()];
}

async function inspected(locator: string, mapping?: string): Promise<QualityReport> {
  const source = await openSource(locator, mapping);
  const description = await source.describe();
  if (description.freq !== "day") {
    throw new UsageError(
      `${locator} holds ${description.freq} bars`,
      "the rules are about daily bars; name a daily source",
    );
  }
  return inspectSource(source, inspectionOf(description));
}

function describe(terminal: Terminal, report: QualityReport, language: "zh" | "en"): void {
  terminal.line(
    `${report.source}: ${count(report.rows)} rows, ${report.first ?? "–"} … ${report.last ?? "–"}, ${count(report.keptOut)} kept out`,
  );
  if (report.rules.length === 0) terminal.line("  nothing was found");
  else {
    terminal.table(
      [
        ["  rule", "severity", "findings", "instruments", "days", "kept out", "first"],
        ...report.rules.map((rule) => [
          `  ${rules[rule.rule].title[language]}`,
          rule.severity,
          count(rule.findings),
          count(rule.instruments),
          count(rule.days),
          count(rule.dropped),
          exampleOf(report, rule.rule) ?? "",
        ]),
      ],
      { numeric: [2, 3, 4, 5] },
    );
  }
}

export function detectCommand(): Command {
  return withSharedOptions(new Command("detect"))
    .description("what a source is recognised as, and why; nothing is imported")
    .argument("<source>", "parquet:PATH csv:PATH json:PATH excel:PATH")
    .option(
      "--print-mapping",
      "print only the mapping file it amounts to, to be edited and given as --mapping",
    )
    .action((locator: string, options: SharedOptions & { printMapping?: boolean }) =>
      runCommand(options, (context) => showDetection(context, locator, options)),
    );
}

/** Says what a source is, or prints nothing but the mapping that says the same. */
export async function showDetection(
  { terminal }: CommandContext,
  locator: string,
  options: { readonly printMapping?: boolean },
): Promise<boolean> {
  if (locator.startsWith("qlib:")) {
    throw new UsageError("a Qlib directory says itself what it is", "import it, or name files to detect");
  }
  const found = await detectAll(locator);
  if (options.printMapping !== true) for (const each of found) describeDetection(terminal, each);
  else if (found.length === 1) terminal.line(printMapping(found[0]!.mapping).trimEnd());
  else {
    throw new UsageError(
      `${locator} holds files of ${found.length} shapes: ${found.map(({ shape }) => shape).join(", ")}`,
      "name one shape at a time, with a glob such as csv:DIR/*_daily.csv",
    );
  }
  const answers = found.map(({ kind, shape, reasons, doubts, mapping }) => ({
    locator,
    kind,
    shape,
    reasons,
    doubts,
    mapping,
  }));
  terminal.result(answers.length === 1 ? answers[0] : answers);
  return true;
}

function describeDetection(terminal: Terminal, { locator, kind, shape, reasons, doubts }: Detection): void {
  terminal.line(`${locator}: ${kind}, ${shape}`);
  for (const reason of reasons) terminal.line(`  · ${reason}`);
  for (const doubt of doubts) terminal.line(`  · doubt: ${doubt}`);
}
