import { relative } from "node:path";
import { Command } from "commander";
import type { SourceDescription } from "#data/source";
import { isoOf } from "#market/day";
import { openDataSource } from "#data/sources/open-source";
import { openSource, refreshData, type RefreshResult } from "#pipelines/refresh-data";
import { storeName, workspaceAt } from "#pipelines/workspace";
import { codesArgument, rangeArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { describeQuality } from "./data-quality.ts";
import { importTable, type ReferenceOptions } from "./import-reference.ts";
import { count, duration, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

interface ImportOptions extends SharedOptions, ReferenceOptions {
  readonly mapping?: string;
  readonly start?: string;
  readonly end?: string;
  readonly codes?: string;
}

const SHOWN = 10;

export function importCommand(): Command {
  return withSharedOptions(new Command("import"))
    .description(
      "import bars into the store of their calendar, or a reference table; importing again is how updates work",
    )
    .argument("<source>", "parquet:PATH csv:PATH json:PATH excel:PATH qlib:DIR; a file, a folder or a glob")
    .option("--mapping <file>", "YAML file that says what the columns are (docs/guides/mapping.md)")
    .option("--start <date>", "first session to import")
    .option("--end <date>", "last session to import")
    .option("--codes <list>", "only these instruments: A,B or @FILE")
    .option("--known-at <date>", "reference tables whose rows bear no date: the day they became known")
    .option("--table <name>", "reference tables: name to keep it under")
    .action((source: string, options: ImportOptions) =>
      runCommand(options, (context) => runImport(context, source, options)),
    );
}

async function runImport(context: CommandContext, locator: string, options: ImportOptions): Promise<boolean> {
  if (!locator.startsWith("qlib:")) {
    const { mapping } = options;
    const opened = await openDataSource(locator, mapping === undefined ? {} : { mapping });
    if (opened.kind === "reference") {
      await importTable(context, opened.source, options);
      return true;
    }
  }
  const result = await importInto(context, locator, options);
  const { quality } = result;
  const shown = quality === null ? null : { rules: quality.report.rules, files: quality.files };
  context.terminal.result({ ok: true, ...result, quality: shown, store: storeName(result.source) });
  return result.failures.length === 0;
}

/** Imports and says what happened; also what the demo runs. */
export async function importInto(
  context: CommandContext,
  locator: string,
  options: ImportOptions = {},
): Promise<RefreshResult> {
  const { terminal } = context;
  const source = await openSource(locator, options.mapping);
  const progress = terminal.progress("import", 0, "rows");
  const result = await refreshData(workspaceAt(context.workspace), source, {
    engine: version,
    request: {
      ...rangeArgument(options),
      ...(options.codes === undefined ? {} : { instruments: codesArgument(options.codes) }),
    },
    signal: context.signal,
    onDescription: (description) => describeSource(terminal, description),
    onProgress: ({ phase, rows, instruments, of }) =>
      progress.update(
        rows,
        phase === "read"
          ? `${count(instruments)} instruments read`
          : `${instruments} of ${of ?? "?"} instruments merged`,
      ),
  });
  progress.end();
  describeImport(terminal, result);
  return result;
}

function describeSource(terminal: Terminal, description: SourceDescription): void {
  terminal.line(`${description.locator}: ${description.shape}, ${description.calendar} ${description.freq}`);
  for (const reason of description.reasons) terminal.line(`  · ${reason}`);
}

function describeImport(terminal: Terminal, result: RefreshResult): void {
  const { rows, instruments, span } = result;
  const range = span === null ? "no session" : `${isoOf(span.first)} … ${isoOf(span.last)}`;
  terminal.line(
    `  ${count(rows.read)} rows read, ${count(rows.added)} added, ${count(rows.identical)} identical, ` +
      `${count(rows.corrected)} corrected, ${count(rows.keptOut)} kept out; ${count(instruments.read)} instruments, ${range}`,
  );
  const unchanged = result.generation === result.previousGeneration;
  terminal.line(
    `  store ${storeName(result.source)} is at generation ${result.generation}${unchanged ? " (nothing was new)" : ""} · ` +
      `read ${duration(result.timings.read)}, merge ${duration(result.timings.merge)}, commit ${duration(result.timings.commit)}`,
  );
  listSome(
    terminal,
    "failed",
    result.failures,
    (failure) => `${failure.instrument}: ${failure.code} ${failure.message}`,
  );
  // Those of the quality rules bear a severity and are told by their report.
  const own = result.findings.filter(({ severity }) => severity === undefined);
  for (const [rule, findings] of Map.groupBy(own, (finding) => finding.rule)) {
    terminal.line(`  ${rule}: ${count(findings.length)} (${findings[0]!.message})`);
  }
  if (result.quality === null) {
    terminal.line(`  quality: no daily inspection is made of ${result.source.freq} bars`);
  } else {
    describeQuality(terminal, result.quality.report);
    terminal.line(
      `  quality report: ${relative(process.cwd(), result.quality.files.pages.zh)} (.en.html, .json)`,
    );
  }
  listSome(
    terminal,
    "corrected",
    result.corrections,
    (each) => `${each.instrument} ${isoOf(each.day)} ${each.field}: ${each.before} → ${each.after}`,
  );
}

function listSome<T>(
  terminal: Terminal,
  title: string,
  items: readonly T[],
  textOf: (item: T) => string,
): void {
  if (items.length === 0) return;
  terminal.line(`  ${title}:`);
  for (const item of items.slice(0, SHOWN)) terminal.line(`    ${textOf(item)}`);
  if (items.length > SHOWN) terminal.line(`    … ${count(items.length - SHOWN)} more (--json lists them)`);
}
