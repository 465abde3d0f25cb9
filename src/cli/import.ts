import { relative } from "node:path";
import { Command } from "commander";
import type { ImportResult } from "#data/ingest/import-result";
import type { QualityReport } from "#data/quality/quality-report";
import type { BarSource, SourceDescription } from "#data/source";
import { isoOf } from "#market/day";
import { openDataSource } from "#data/sources/open-source";
import { isPostgresLocator } from "#data/sources/postgres/locator";
import { noteDelivered } from "#pipelines/delivered-instruments";
import type { QualityPages } from "#pipelines/quality-pages";
import { originOf } from "#pipelines/known-sources/remember-import";
import { openSource, refreshData } from "#pipelines/refresh-data";
import { storeName, workspaceAt } from "#pipelines/workspace";
import { codesArgument, rangeArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { importTable, type ReferenceOptions } from "./import-reference.ts";
import { count, duration, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";
import { readSettings } from "./workspace-settings.ts";

interface ImportOptions extends SharedOptions, ReferenceOptions {
  readonly mapping?: string;
  readonly start?: string;
  readonly end?: string;
  readonly codes?: string;
}

/** What was imported, and which of the codes asked for the source had no row of. */
export interface ImportedSource extends ImportResult {
  readonly absent: readonly string[];
  /** Null for intraday bars. */
  readonly quality: QualityReport | null;
  readonly qualityPages: QualityPages | null;
}

/** What else happens around an import; handed in by whoever builds the program. */
export interface ImportHooks {
  /**
   * Called when an import of bars made a new generation and the workspace's settings say `precompute.afterImport`. What
   * it returns joins the command's JSON.
   */
  readonly afterImport?: (
    context: CommandContext,
    imported: ImportedSource,
  ) => Promise<Readonly<Record<string, unknown>>>;
}

const SHOWN = 10;

export function importCommand(hooks: ImportHooks = {}): Command {
  return withSharedOptions(new Command("import"))
    .description(
      "import bars into the store of their calendar, or a reference table; importing again is how updates work",
    )
    .argument(
      "<source>",
      "parquet:PATH csv:PATH json:PATH excel:PATH qlib:DIR (a file, a folder or a glob), postgres:SCHEMA.TABLE",
    )
    .option("--mapping <file>", "YAML file that says what the columns are (docs/guides/mapping.md)")
    .option("--start <date>", "first session to import")
    .option("--end <date>", "last session to import")
    .option("--codes <list>", "only these instruments: A,B or @FILE")
    .option("--known-at <date>", "reference tables whose rows bear no date: the day they became known")
    .option("--table <name>", "reference tables: name to keep it under")
    .action((source: string, options: ImportOptions) =>
      runCommand(options, (context) => runImport(context, source, { ...options, hooks })),
    );
}

export async function runImport(
  context: CommandContext,
  locator: string,
  options: ImportOptions & { readonly hooks: ImportHooks },
): Promise<boolean> {
  let recognised: BarSource | undefined;
  if (!locator.startsWith("qlib:") && !isPostgresLocator(locator)) {
    const { mapping } = options;
    const opened = await openDataSource(locator, mapping === undefined ? {} : { mapping });
    if (opened.kind === "reference") {
      await importTable(context, opened.source, options);
      return true;
    }
    recognised = opened.source;
  }
  const result = await importInto(context, locator, { ...options, recognised });
  const { absent } = result;
  // With a range, an instrument without a row in it may just have been quiet.
  const ranged = options.start !== undefined || options.end !== undefined;
  const { added, identical, corrected, read } = result.rows;
  const nothing = added + identical + corrected === 0 && (read > 0 || !ranged);
  if (nothing)
    context.terminal.warn(`warning: not one of ${count(read)} rows was taken; the lines above say why`);
  const ok = result.failures.length === 0 && !nothing && (ranged || absent.length === 0);
  const more = await afterImport(context, result, options.hooks);
  context.terminal.result({ ok, ...result, store: storeName(result.source), ...more });
  return ok;
}

async function afterImport(
  context: CommandContext,
  imported: ImportedSource,
  hooks: ImportHooks,
): Promise<Readonly<Record<string, unknown>>> {
  if (hooks.afterImport === undefined || imported.generation === imported.previousGeneration) return {};
  const { precompute } = readSettings(context.workspace);
  return precompute.afterImport ? hooks.afterImport(context, imported) : {};
}

/** Imports and says what happened; also what the demo runs. */
export async function importInto(
  context: CommandContext,
  locator: string,
  options: ImportOptions & { readonly recognised?: BarSource | undefined } = {},
): Promise<ImportedSource> {
  const { terminal } = context;
  const range = rangeArgument(options);
  const codes = options.codes === undefined ? undefined : codesArgument(options.codes);
  const opened = options.recognised ?? (await openSource(locator, options.mapping));
  const source = noteDelivered(opened);
  const progress = terminal.progress("import", 0, "rows");
  const { result, quality, pages } = await refreshData(workspaceAt(context.workspace), source, {
    engine: version,
    remember: originOf(opened, { locator, mapping: options.mapping, folder: process.cwd() }),
    request: {
      ...range,
      ...(codes === undefined ? {} : { instruments: codes }),
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
  describeQuality(terminal, result, { quality, pages });
  const absent = codes === undefined ? [] : [...codes].filter((code) => !source.delivered.has(code)).sort();
  for (const code of absent) {
    terminal.warn(
      `warning: ${locator} has no row of ${code}${range.start === undefined && range.end === undefined ? "" : " in this range"}\n` +
        "  do: check --codes against the source; `alphaloom data list` shows what is stored",
    );
  }
  return { ...result, absent, quality, qualityPages: pages };
}

/** What the import itself found, then each rule once with its first finding, and where the page is. */
function describeQuality(
  terminal: Terminal,
  result: ImportResult,
  { quality, pages }: { readonly quality: QualityReport | null; readonly pages: QualityPages | null },
): void {
  const own = result.findings.filter(({ severity }) => severity === undefined);
  for (const [rule, found] of Map.groupBy(own, (finding) => finding.rule)) {
    terminal.line(`  ${rule}: ${count(found.length)} (${found[0]!.instrument}: ${found[0]!.message})`);
  }
  if (quality === null) {
    terminal.line("  quality: intraday bars are not inspected by day");
    return;
  }
  const examples = new Map(result.findings.map((finding) => [finding.rule, finding] as const).reverse());
  for (const { rule, severity, findings, days, instruments } of quality.rules) {
    const first = examples.get(rule);
    const example =
      first === undefined
        ? ""
        : `, e.g. ${first.instrument}${first.day === undefined ? "" : ` ${isoOf(first.day)}`}: ${first.message}`;
    terminal.line(
      `  ${severity} ${rule}: ${count(findings)} in ${count(instruments)} instruments, ${count(days)} days${example}`,
    );
  }
  if (quality.rules.length === 0) terminal.line("  quality: nothing was found");
  if (pages !== null)
    terminal.line(`  quality page: ${relative(process.cwd(), pages.zh)} (and .en.html, .json)`);
}

function describeSource(terminal: Terminal, description: SourceDescription): void {
  terminal.line(`${description.locator}: ${description.shape}, ${description.calendar} ${description.freq}`);
  for (const reason of description.reasons) terminal.line(`  · ${reason}`);
}

function describeImport(terminal: Terminal, result: ImportResult): void {
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
    (failure) => `${failure.instrument}: ${failure.code} ${failure.message}\n      do: ${failure.remedy}`,
  );
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
