import { Command } from "commander";
import { codesArgument, dayArgument, rangeArgument } from "./arguments.ts";
import { isoOf } from "#market/day";
import { exportSnapshot, type IfExists } from "#pipelines/snapshot/export-snapshot";
import type { ExportResult } from "#pipelines/snapshot/export-result";
import { isPostgresLocator } from "#data/sources/postgres/locator";
import { sourceUrlOf } from "#data/sources/postgres/session";
import { postgresLedger } from "#pipelines/snapshot/postgres-ledger";
import { showSnapshot } from "#pipelines/snapshot/snapshot-catalogue";
import { readExportState } from "#pipelines/snapshot/update/export-state";
import { noteInLedger } from "#pipelines/snapshot/update/note-in-ledger";
import type { PlannedSnapshot, SnapshotRequest } from "#pipelines/snapshot/plan-snapshot";
import { snapshotFormats, snapshotProfiles } from "#pipelines/snapshot/snapshot-plan";
import { commaSeparated } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { datasetsOf } from "./snapshot-datasets.ts";
import { rootOf, withRootOption, type RootOptions } from "./snapshot-root.ts";
import { openSnapshotSource } from "./snapshot-sources.ts";
import { bytes, count, type Progress, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";
import { readSettings } from "./workspace-settings.ts";

interface ExportOptions extends SharedOptions, RootOptions {
  readonly id: string;
  readonly source?: string;
  readonly generation?: string;
  readonly mapping?: string;
  readonly profile: string;
  readonly codes?: string;
  readonly start?: string;
  readonly end?: string;
  readonly columns?: readonly string[];
  readonly set?: readonly string[];
  readonly labels?: boolean | readonly string[];
  readonly with?: readonly string[];
  readonly adjust?: string;
  readonly baseDay?: string;
  readonly codesAs?: string;
  readonly format?: readonly string[];
  readonly ifExists: string;
  readonly maxFailed: string;
}

const existing: readonly IfExists[] = ["error", "overwrite", "version"];
const adjustments = ["qfq", "qlib", "raw"] as const;
const spellings = ["canonical", "qlib"] as const;

export function exportCommand(): Command {
  return withRootOption(withSharedOptions(new Command("export")))
    .description("write a snapshot: daily_pv.h5, meta.json, instruments, calendar")
    .requiredOption("--id <id>", "its name: letters, digits, _ and -")
    .option("--source <source>", "store, store:XSHG/day, or postgres:SCHEMA.TABLE", "store")
    .option("--generation <n>", "an older generation of the store")
    .option("--mapping <file>", "columns and units of a table, where they are not recognised")
    .option("--profile <name>", snapshotProfiles.join(" or "), "aistock")
    .option("--codes <list>", "only these instruments: A,B or @FILE")
    .option("--start <day>", "first day; what the source has unless told")
    .option("--end <day>", "last day")
    .option("--columns <name...>", "exactly these columns instead of the profile's")
    .option("--set <name...>", "the stored factors of these sets too; all for every set")
    .option("--labels [name...]", "labels too, in labels.h5")
    .option("--with <name...>", "data besides the daily bars")
    .option("--adjust <kind>", `${adjustments.join(", ")}; the profile's unless told`)
    .option("--base-day <day>", "the day whose traded prices qfq prices are; the snapshot's end unless told")
    .option("--codes-as <form>", "canonical (000001.SZ) or qlib (SZ000001); the profile's unless told")
    .option("--format <name...>", snapshotFormats.join(", "), ["h5"])
    .option("--if-exists <what>", `${existing.join(", ")} (keeps both, as id_v2)`, "error")
    .option("--max-failed <share>", "how many of the instruments may fail", "0.05")
    .action((options: ExportOptions) => runCommand(options, (context) => exportOne(context, options)));
}

async function exportOne(context: CommandContext, options: ExportOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const request = requestOf(context, options);
  const ifExists = oneOf(existing, options.ifExists, "--if-exists");
  const maxFailed = shareArgument(options.maxFailed);
  const root = rootOf(context, options);
  const datasets = await datasetsOf(context, commaSeparated(options.with));
  await using chosen = await openSnapshotSource(context, {
    ...(options.source === undefined ? {} : { text: options.source }),
    ...(options.generation === undefined ? {} : { generation: generationArgument(options.generation) }),
    ...(options.mapping === undefined ? {} : { mapping: options.mapping }),
  });
  let bar: Progress | null = null;
  const exported = await exportSnapshot({
    root,
    id: options.id,
    source: chosen.source,
    request,
    ifExists,
    maxFailed,
    notes: chosen.notes,
    datasets,
    engine: version,
    now: Date.now,
    signal,
    onPlan: (planned) => tellPlan(terminal, planned),
    onRows: (rows, of) => (bar ??= terminal.progress("snapshot", of, "rows")).update(rows),
  }).finally(() => bar?.end());
  const note = await noteInSource(root, exported);
  const result = note === null ? exported : { ...exported, notes: [...exported.notes, note] };
  tellResult(terminal, result);
  terminal.result({ ok: true, ...result });
  return result.status === "completed";
}

/** A server that was exported from notes it, as an update does. Returns what to tell when it cannot. */
async function noteInSource(root: string, { snapshotId }: ExportResult): Promise<string | null> {
  const { place, meta } = await showSnapshot(root, snapshotId);
  const state = isPostgresLocator(meta.source) ? await readExportState(place.folder) : null;
  return state === null ? null : await noteInLedger(postgresLedger(sourceUrlOf(process.env)), meta, state);
}

function requestOf(context: CommandContext, options: ExportOptions): SnapshotRequest {
  const columns = commaSeparated(options.columns);
  const labels = Array.isArray(options.labels) ? commaSeparated(options.labels) : options.labels === true;
  const formats = commaSeparated(options.format).map((name) => oneOf(snapshotFormats, name, "--format"));
  return {
    profile: oneOf(snapshotProfiles, options.profile, "--profile"),
    market: readSettings(context.workspace).snapshot.market,
    sets: commaSeparated(options.set),
    labels,
    formats: formats.includes("h5") ? formats : ["h5", ...formats],
    ...rangeArgument(options),
    ...(columns.length === 0 ? {} : { columns }),
    ...(options.codes === undefined ? {} : { instruments: [...codesArgument(options.codes)] }),
    ...(options.adjust === undefined ? {} : { adjustment: oneOf(adjustments, options.adjust, "--adjust") }),
    ...(options.baseDay === undefined ? {} : { baseDay: dayArgument(options.baseDay, "--base-day") }),
    ...(options.codesAs === undefined ? {} : { spelling: oneOf(spellings, options.codesAs, "--codes-as") }),
  };
}

function tellPlan(terminal: Terminal, { plan, coverage }: PlannedSnapshot): void {
  const { kind } = plan.adjustment;
  const base = plan.adjustment.kind === "qfq" ? ` of ${isoOf(plan.adjustment.baseDay)}` : "";
  terminal.warn(
    `${isoOf(plan.start)} to ${isoOf(plan.end)}: ${count(coverage.length)} instruments, ${plan.features.length} columns, prices ${kind}${base}`,
  );
}

export function tellResult(terminal: Terminal, result: ExportResult): void {
  terminal.line(
    `${result.folder}: ${result.start} to ${result.end}, ${count(result.instruments.length)} instruments, ${count(result.rows)} rows, ${result.columns} columns, ${bytes(result.bytes)}`,
  );
  const spent = Object.entries(result.timings).map(([stage, ms]) => `${stage} ${(ms / 1000).toFixed(1)} s`);
  terminal.line(`  ${spent.join(", ")}`);
  for (const note of result.notes) terminal.line(`  note: ${note}`);
  for (const { instrument, code, message } of result.errors.slice(0, 20))
    terminal.warn(`  ${instrument}: ${code} ${message}`);
  if (result.errors.length > 20) terminal.warn(`  and ${result.errors.length - 20} more`);
}

function generationArgument(text: string): number {
  const generation = Number(text);
  if (/^\d+$/.test(text) && generation >= 1) return generation;
  throw new UsageError(
    `--generation ${text} is not a generation`,
    "give a whole number; data show lists them",
  );
}

function shareArgument(text: string): number {
  const share = Number(text);
  if (text.trim() !== "" && share >= 0 && share <= 1) return share;
  throw new UsageError(
    `--max-failed ${text} is no share`,
    "give a number from 0 to 1: 0.05 is one in twenty",
  );
}

/** Throws `UsageError`. */
function oneOf<const Name extends string>(names: readonly Name[], text: string, flag: string): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageError(`${flag} ${text} is none of them`, `give ${names.join(", ")}`);
}
