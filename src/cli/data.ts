import { Command } from "commander";
import { writeTableCsv } from "#data/export/csv/write-table";
import { writeTableParquet } from "#data/export/parquet/write-table";
import { storeFieldsOf } from "#data/export/store-fields";
import { tableOfStore } from "#data/export/series-table";
import { listStores } from "#data/store/open-store";
import type { FieldSet, StoreSnapshot } from "#data/store/panel-store";
import { isStateSet } from "#data/store/state-sets";
import { verifyStore } from "#data/store/verify";
import { instrumentOf } from "#market/instrument";
import { isoOf } from "#market/day";
import { rowsWithin } from "#pipelines/market-view";
import { repairData } from "#pipelines/repair-data";
import { storeName, storeOf, workspaceAt } from "#pipelines/workspace";
import { listArgument, rangeArgument } from "./arguments.ts";
import { exportCommand } from "./data-export.ts";
import { rollBackStore } from "./roll-back.ts";
import { sourcesCommand } from "./data-sources.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { makeRoomFor } from "./out-file.ts";
import { detectCommand, qualityCommand } from "./data-quality.ts";
import { UsageError } from "./outcome.ts";
import { chosenSnapshot, chosenStore } from "./stores.ts";
import { count } from "./terminal.ts";
import { version } from "./version.ts";

interface StoreOptions extends SharedOptions {
  readonly store?: string;
  readonly generation?: string;
}

export function dataCommand(): Command {
  return new Command("data")
    .description("what the stores hold: list, show, check, repair, write out")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(verifyCommand())
    .addCommand(repairCommand())
    .addCommand(rollbackCommand())
    .addCommand(qualityCommand())
    .addCommand(detectCommand())
    .addCommand(dumpCommand())
    .addCommand(exportCommand())
    .addCommand(sourcesCommand());
}

function storeCommand(name: string): Command {
  return withSharedOptions(new Command(name)).option(
    "--store <name>",
    "which store, e.g. XSHG/day, when there are several",
  );
}

function listCommand(): Command {
  return withSharedOptions(new Command("list"))
    .description("the stores of the workspace")
    .action((options: SharedOptions) => runCommand(options, listAll));
}

async function listAll(context: CommandContext): Promise<boolean> {
  const workspace = workspaceAt(context.workspace);
  const stores = [];
  for (const key of await listStores(workspace.stores)) {
    await using snapshot = await storeOf(workspace, key).snapshot();
    const { days } = snapshot.time;
    stores.push({
      store: storeName(key),
      generation: snapshot.generation,
      instruments: snapshot.instruments.length,
      rows: days.length,
      first: isoOf(days[0]!),
      last: isoOf(days.at(-1)!),
      sets: valueSets(snapshot).map((set) => ({ name: set.name, fields: set.fields.length })),
    });
  }
  const { terminal } = context;
  if (stores.length === 0)
    terminal.line(`${workspace.root} holds no store; import something: alphaloom import parquet:PATH`);
  else {
    terminal.table(
      [
        ["store", "generation", "instruments", "rows", "first", "last", "field sets"],
        ...stores.map((store) => [
          store.store,
          String(store.generation),
          count(store.instruments),
          count(store.rows),
          store.first,
          store.last,
          store.sets.map((set) => `${set.name} (${set.fields})`).join(", "),
        ]),
      ],
      { numeric: [1, 2, 3] },
    );
  }
  terminal.result({ workspace: workspace.root, stores });
  return true;
}

function showCommand(): Command {
  return storeCommand("show")
    .description("a store's generations and fields, or one instrument")
    .argument("[instrument]", "an instrument, in any known spelling")
    .option("--generation <n>", "an older generation")
    .action((instrument: string | undefined, options: StoreOptions) =>
      runCommand(options, (context) => show(context, options, instrument)),
    );
}

async function show(context: CommandContext, options: StoreOptions, instrument?: string): Promise<boolean> {
  const { terminal } = context;
  const store = await chosenStore(context, options.store);
  await using snapshot = await chosenSnapshot(store, options.generation);
  const { time } = snapshot;
  if (instrument !== undefined) {
    const stored = snapshot.instrument(instrumentOf(instrument, { acceptUnknown: true }));
    const { id, first, last, attributes } = stored;
    terminal.line(`${id} in ${storeName(store.key)} generation ${snapshot.generation}`);
    terminal.line(
      `rows ${isoOf(time.days[first]!)} … ${isoOf(time.days[last]!)} (${count(last - first + 1)} sessions)`,
    );
    for (const [name, value] of Object.entries(attributes)) terminal.line(`${name}: ${value}`);
    terminal.result({ ...stored, firstDay: isoOf(time.days[first]!), lastDay: isoOf(time.days[last]!) });
    return true;
  }
  const generations = await store.generations();
  terminal.table([
    ["generation", "from", "written", "reason"],
    ...generations.map((each) => [
      `${each.generation}${each.current ? " (current)" : ""}`,
      each.parent === null ? "–" : String(each.parent),
      new Date(each.writtenAt).toISOString().slice(0, 19),
      each.reason,
    ]),
  ]);
  terminal.line();
  terminal.table([
    ["field", "type", "unit", "from"],
    ...valueSets(snapshot).flatMap((set) =>
      set.fields.map((field) => [`${set.name}.${field.name}`, field.dtype, field.unit, field.lineage.from]),
    ),
  ]);
  terminal.result({ store: storeName(store.key), generations, fieldSets: valueSets(snapshot) });
  return true;
}

function verifyCommand(): Command {
  return storeCommand("verify")
    .description("check every byte of a store against its checksums")
    .action((options: StoreOptions) =>
      runCommand(options, async (context) => {
        const store = await chosenStore(context, options.store);
        const report = await verifyStore(store);
        for (const finding of report.findings) {
          context.terminal.line(
            `${finding.kind}: ${finding.message}, generation ${finding.generations.join(", ")} of ${report.generations.join(", ")}`,
          );
        }
        context.terminal.line(
          report.findings.length === 0
            ? `${storeName(store.key)}: every checksum holds`
            : `${report.findings.length} findings`,
        );
        context.terminal.result(report);
        return report.findings.length === 0;
      }),
    );
}

function repairCommand(): Command {
  return storeCommand("repair")
    .description("restore what can be recomputed or restored; name what cannot")
    .action((options: StoreOptions) =>
      runCommand(options, async (context) => {
        const { terminal } = context;
        const store = await chosenStore(context, options.store);
        const report = await repairData(store, { engine: version, signal: context.signal });
        for (const line of report.repaired) terminal.line(`repaired: ${line}`);
        for (const line of report.lost)
          terminal.line(
            `lost: ${line}\n  do: roll back to a generation before it (data rollback), or import the source into a new workspace`,
          );
        terminal.line(`${storeName(store.key)} is at generation ${report.generation}`);
        terminal.result(report);
        return report.lost.length === 0;
      }),
    );
}

function rollbackCommand(): Command {
  return storeCommand("rollback")
    .description("make a kept generation current again, as a new generation")
    .argument("<generation>", "a generation that data show lists")
    .action((generation: string, options: StoreOptions) =>
      runCommand(options, async (context) => {
        const { terminal } = context;
        const store = await chosenStore(context, options.store);
        const number = Number(generation);
        if (!Number.isInteger(number))
          throw new UsageError(`"${generation}" is not a generation`, "give a whole number");
        const now = await rollBackStore(context, store, number);
        terminal.line(`${storeName(store.key)} is at generation ${now}, with the content of ${number}`);
        terminal.result({ ok: true, generation: now });
        return true;
      }),
    );
}

interface DumpOptions extends StoreOptions {
  readonly fields: string;
  readonly out: string;
  readonly codes?: string;
  readonly start?: string;
  readonly end?: string;
}

function dumpCommand(): Command {
  return storeCommand("dump")
    .description("write stored fields as Parquet or CSV: instrument, datetime, then the fields")
    .requiredOption("--fields <list>", "all, or names such as close,factor,alpha158.MA5")
    .requiredOption("--out <file>", "F.parquet or F.csv")
    .option("--generation <n>", "an older generation")
    .option("--codes <list>", "only these instruments: A,B or @FILE")
    .option("--start <date>", "first session written")
    .option("--end <date>", "last session written")
    .action((options: DumpOptions) => runCommand(options, (context) => dump(context, options)));
}

async function dump(context: CommandContext, options: DumpOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const store = await chosenStore(context, options.store);
  await using snapshot = await chosenSnapshot(store, options.generation);
  const fields = storeFieldsOf(
    snapshot,
    options.fields === "all" ? "all" : listArgument(options.fields, "--fields"),
  );
  const codes = options.codes === undefined ? undefined : listArgument(options.codes, "--codes");
  const ids = codes?.map((code) => snapshot.instrument(instrumentOf(code, { acceptUnknown: true })).id);
  const range = rangeArgument(options);
  const table = tableOfStore(snapshot, {
    fields,
    qualified: qualifiedSets(snapshot, fields),
    rows: rowsWithin(snapshot.time, range.start, range.end),
    ...(ids === undefined ? {} : { instruments: new Set(ids) }),
  });
  await makeRoomFor(options.out);
  const metadata = { engine: `alphaloom ${version}`, generation: String(snapshot.generation) };
  const rows = options.out.endsWith(".csv")
    ? await writeTableCsv(table, options.out, { signal })
    : await writeTableParquet(table, options.out, { signal, metadata });
  terminal.line(
    `${options.out}: ${count(rows)} rows of ${storeName(store.key)} generation ${snapshot.generation}`,
  );
  terminal.result({ ok: true, out: options.out, rows, generation: snapshot.generation });
  return true;
}

/** Factors of several sets are told apart as everywhere: `alpha158.MA5`, `tech.MA5`. */
function qualifiedSets(snapshot: StoreSnapshot, fields: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const factors = [...fields.keys()].filter((name) => snapshot.fieldSets.get(name)?.role === "factor");
  return new Set(factors.length > 1 ? factors : []);
}

function valueSets({ fieldSets }: Pick<StoreSnapshot, "fieldSets">): FieldSet[] {
  return [...fieldSets.values()].filter((set) => !isStateSet(set.name));
}
