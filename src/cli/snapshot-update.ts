import { Command } from "commander";
import { showSnapshot } from "#pipelines/snapshot/snapshot-catalogue";
import { updateSnapshot } from "#pipelines/snapshot/update/update-snapshot";
import { isPostgresLocator } from "#data/sources/postgres/locator";
import { sourceUrlOf } from "#data/sources/postgres/session";
import { postgresLedger } from "#pipelines/snapshot/postgres-ledger";
import { dayArgument } from "./arguments.ts";
import { commaSeparated } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { datasetNames, datasetsOf } from "./snapshot-datasets.ts";
import { tellResult } from "./snapshot-export.ts";
import { rootOf, withRootOption, type RootOptions } from "./snapshot-root.ts";
import { openSnapshotSource } from "./snapshot-sources.ts";
import { count } from "./terminal.ts";
import { version } from "./version.ts";

interface UpdateOptions extends SharedOptions, RootOptions {
  readonly id: string;
  readonly end?: string;
  readonly mapping?: string;
  readonly overlap: string;
  readonly compareAll?: boolean;
  readonly with?: readonly string[];
}

export function updateCommand(): Command {
  return withRootOption(withSharedOptions(new Command("update")))
    .description("bring a snapshot up to its source: new sessions, and rows whose values changed")
    .requiredOption("--id <id>", "the snapshot")
    .option("--end <day>", "last day; all that the source has unless told")
    .option("--mapping <file>", "of a table, as at the export")
    .option("--overlap <n>", "last sessions that are read again and compared", "10")
    .option("--compare-all", "compare every row, not only those that may have changed")
    .option("--with <name...>", `write these anew, as at the export: ${datasetNames.join(", ")}`)
    .action((options: UpdateOptions) => runCommand(options, (context) => update(context, options)));
}

async function update(context: CommandContext, options: UpdateOptions): Promise<boolean> {
  const { terminal, signal } = context;
  if (!/^\d{1,5}$/.test(options.overlap))
    throw new UsageError(`--overlap ${options.overlap} is no number of sessions`, "give a whole number");
  const root = rootOf(context, options);
  const { meta } = await showSnapshot(root, options.id);
  await using chosen = await openSnapshotSource(context, {
    text: meta.source,
    ...(options.mapping === undefined ? {} : { mapping: options.mapping }),
  });
  const datasets = await datasetsOf(context, commaSeparated(options.with));
  const behind = Object.keys(meta.datasets).filter((name) => !datasets.some((each) => each.name === name));
  const result = await updateSnapshot({
    root,
    id: options.id,
    source: chosen.source,
    notes: chosen.notes,
    overlapSessions: Number(options.overlap),
    engine: version,
    datasets,
    ...(isPostgresLocator(meta.source) ? { ledger: postgresLedger(sourceUrlOf(process.env)) } : {}),
    now: Date.now,
    signal,
    ...(options.end === undefined ? {} : { end: dayArgument(options.end, "--end") }),
    ...(options.compareAll === true ? { compare: "all" as const } : {}),
  });
  if (result.changed) {
    tellResult(terminal, result);
    const touched = result.instruments.filter(({ added = 0, changed = 0 }) => added + changed > 0);
    terminal.line(`  ${count(touched.length)} instruments with new or changed rows`);
  } else {
    terminal.line(`${result.folder}: up to ${result.end}, nothing new 已是最新状态`);
    for (const note of result.notes) terminal.line(`  note: ${note}`);
  }
  if (behind.length > 0) terminal.warn(`  ${behind.join(", ")} stay as they were; --with writes them anew`);
  terminal.result({ ok: true, ...result });
  return result.status === "completed";
}
