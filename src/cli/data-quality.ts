import { Command } from "commander";
import { writeAtomically } from "#data/export/atomic-file";
import type { QualityReport } from "#data/quality/quality-report";
import { renderQualityPage } from "#data/quality/quality-page";
import { rules } from "#data/quality/rule-catalogue";
import { readQualityReport } from "#pipelines/quality-files";
import { exampleOf } from "#pipelines/quality-findings";
import { qualityOf } from "#pipelines/quality-rules";
import { openSource } from "#pipelines/refresh-data";
import { workspaceAt } from "#pipelines/workspace";
import { codesArgument, rangeArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { chosenStore } from "./stores.ts";
import { count, type Terminal } from "./terminal.ts";

interface QualityOptions extends SharedOptions {
  readonly store?: string;
  readonly source?: string;
  readonly mapping?: string;
  readonly start?: string;
  readonly end?: string;
  readonly codes?: string;
  readonly out?: string;
  readonly lang: string;
}

export function qualityCommand(): Command {
  return withSharedOptions(new Command("quality"))
    .description("the quality report of a store's last import, or of a source that is not imported")
    .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
    .option("--source <locator>", "inspect this source instead, without importing it")
    .option("--mapping <file>", "with --source: YAML file that says what the columns are")
    .option("--start <date>", "with --source: first session inspected")
    .option("--end <date>", "with --source: last session inspected")
    .option("--codes <list>", "with --source: only these instruments: A,B or @FILE")
    .option("--out <file>", "write the report as a page, e.g. quality.html")
    .option("--lang <language>", "language of the page: zh or en", "zh")
    .action((options: QualityOptions) => runCommand(options, (context) => showQuality(context, options)));
}

export async function showQuality(context: CommandContext, options: QualityOptions): Promise<boolean> {
  const { terminal } = context;
  const { lang, out } = options;
  if (lang !== "zh" && lang !== "en") {
    throw new UsageError(`--lang ${lang} is not a language of the page`, "give zh or en");
  }
  const report = await chosenReport(context, options);
  terminal.line(`${report.source}: ${report.shape}, ${report.calendar}`);
  describeQuality(terminal, report);
  if (out !== undefined) {
    await writeAtomically(out, [renderQualityPage(report, lang)]);
    terminal.line(`${out}: the page`);
  }
  terminal.result(report);
  return true;
}

async function chosenReport(context: CommandContext, options: QualityOptions): Promise<QualityReport> {
  const { source, store, mapping, codes, start, end } = options;
  if (source === undefined) {
    if ([mapping, codes, start, end].some((option) => option !== undefined)) {
      throw new UsageError(
        "a stored report is whole",
        "add --source LOCATOR, or leave out what belongs to it",
      );
    }
    const { key } = await chosenStore(context, store);
    return readQualityReport(workspaceAt(context.workspace), key);
  }
  if (store !== undefined)
    throw new UsageError("--store and --source exclude each other", "give one of them");
  const report = await qualityOf(await openSource(source, mapping), {
    ...rangeArgument(options),
    ...(codes === undefined ? {} : { instruments: codesArgument(codes) }),
  });
  if (report !== undefined) return report;
  throw new UsageError(
    `${source} holds intraday bars, of which no daily inspection is made`,
    "inspect the daily bars of the same market",
  );
}

/** What the rules found, a line a rule. */
export function describeQuality(terminal: Terminal, report: QualityReport): void {
  const refused = report.refusedRows === 0 ? "" : `, ${count(report.refusedRows)} of refused instruments`;
  terminal.line(
    `  quality: ${count(report.rows)} rows of ${count(report.instruments.length)} instruments inspected, ` +
      `${count(report.keptOut)} kept out${refused}${report.rules.length === 0 ? "; no rule found anything" : ""}`,
  );
  if (report.rules.length === 0) return;
  terminal.table(
    [
      ["    rule", "level", "findings", "days", "instruments", "first"],
      ...report.rules.map((each) => [
        `    ${rules[each.rule].title.en}`,
        each.severity,
        count(each.findings),
        count(each.days),
        count(each.instruments),
        exampleOf(report, each.rule),
      ]),
    ],
    { numeric: [2, 3, 4] },
  );
}
