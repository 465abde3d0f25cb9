import { existsSync } from "node:fs";
import { Command } from "commander";
import { writeTableParquet } from "#data/export/parquet/write-table";
import type { FactorFailure, FactorList } from "#factors/compute";
import { factorTable } from "#pipelines/factor-table";
import { blockThreads, defaultThreads } from "#pipelines/parallel/block-threads";
import { ProgramFolder } from "#pipelines/parallel/program-folder";
import { workspaceAt } from "#pipelines/workspace";
import { rangeArgument, threadsArgument } from "./arguments.ts";
import { chosenFactors, withListOptions, type ListOptions } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { makeRoomFor } from "./out-file.ts";
import { UsageError } from "./outcome.ts";
import { count, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";
import { withView, type ViewOptions } from "./views.ts";

interface EvalOptions extends SharedOptions, ViewOptions, ListOptions {
  readonly out: string;
  readonly precision: string;
  readonly backend: string;
  readonly threads?: string;
  readonly start?: string;
  readonly end?: string;
}

/** The options that say which data factors are computed on. */
export function withViewOptions(command: Command): Command {
  return command
    .option("--source <source>", "store, or qlib:DIR", "store")
    .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
    .option("--generation <n>", "an older generation of the store")
    .option("--codes <list>", "only these instruments are written: A,B or @FILE; cross-sections see all")
    .option(
      "--vwap <rule>",
      "where the data give none: amount (÷ volume) or typical ((high+low+close)/3)",
      "amount",
    );
}

export function evalCommand(): Command {
  return withListOptions(withViewOptions(withSharedOptions(new Command("eval"))))
    .description("compute factor sets, factors or expressions and write them as Parquet")
    .option("--precision <type>", "type of the output: f32 or f64", "f32")
    .option("--backend <name>", "wasm: vector code; js: the reference, on one thread", "wasm")
    .option("--threads <n>", "threads that compute; as many as cores and work allow, at most 8, unless told")
    .option("--start <date>", "first session written")
    .option("--end <date>", "last session written")
    .requiredOption("--out <file>", "Parquet file: instrument, datetime, then a column per factor")
    .action((options: EvalOptions) => runCommand(options, (context) => evalFactors(context, options)));
}

async function evalFactors(context: CommandContext, options: EvalOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const { precision, backend } = options;
  if (precision !== "f32" && precision !== "f64") {
    throw new UsageError(`--precision ${precision} is not a type`, "give f32 or f64");
  }
  if (backend !== "wasm" && backend !== "js") {
    throw new UsageError(`--backend ${backend} is not there`, "give wasm or js");
  }
  const asked = options.threads === undefined ? null : threadsArgument(options.threads);
  const { list: chosen, problems } = await chosenFactors(context, options);
  const { list, taken } = tellApart(chosen);
  return withView(context, options, async (view) => {
    const threads = asked ?? defaultThreads(view.instruments.length, view.time.days.length);
    await using parallel = threads === 1 || backend === "js" ? null : blockThreads(threads);
    const progress = terminal.progress("factors", view.instruments.length, "instruments");
    const table = await factorTable(view, list, {
      precision,
      backend,
      ...(parallel === null ? {} : { parallel }),
      // Other sources than a store need no workspace, and get none.
      ...(existsSync(context.workspace)
        ? { programs: new ProgramFolder(workspaceAt(context.workspace).programs) }
        : {}),
      // A set holds factors; an expression is whatever its author wants, labels included, and is said to be one.
      lookAhead: (options.set ?? []).length === 0 ? "allow" : "refuse",
      ...rangeArgument(options),
      signal,
      onInstruments: (done) => progress.update(done),
    });
    reportFailures(terminal, table.failures);
    for (const [name, ahead] of table.lookAhead) {
      terminal.warn(`note: ${name} sees ${ahead} rows ahead: a label, not a factor`);
    }
    for (const { name, message } of taken) terminal.warn(`${name} was not computed: ${message}`);
    if (table.fields.length === 0) throw table.failures[0]!.error;
    await makeRoomFor(options.out);
    const rows = await writeTableParquet(table, options.out, {
      signal,
      metadata: {
        engine: `alphaloom ${version}`,
        source: view.locator,
        ...(view.generation === null ? {} : { generation: String(view.generation) }),
        ...(table.universe === 0 ? {} : { universe: String(table.universe) }),
      },
    });
    progress.end();
    const complete = table.failures.length + taken.length + problems.length === 0;
    terminal.line(
      `${options.out}: ${count(table.fields.length)} factors × ${count(rows)} rows of ${view.locator}` +
        (view.generation === null ? "" : ` generation ${view.generation}`),
    );
    terminal.result({
      ok: complete,
      out: options.out,
      rows,
      factors: table.fields.map((field) => field.name),
      source: view.locator,
      generation: view.generation,
      universe: table.universe,
      lookAhead: table.lookAhead,
      failures: [
        ...table.failures.map(({ name, error }) => ({ name, code: error.code, message: error.message })),
        ...taken,
        ...problems.map(({ code, message, place }) => ({ name: place.factor ?? null, code, message, place })),
      ],
    });
    return complete;
  });
}

/** A column name that DuckDB, which writes and often reads the file, cannot tell from an earlier one. */
interface TakenName {
  readonly name: string;
  readonly code: "CLI_NAME_TAKEN";
  readonly message: string;
}

/** Leaves out factors whose names differ from an earlier one's in upper and lower case only. */
function tellApart(list: FactorList): { readonly list: FactorList; readonly taken: readonly TakenName[] } {
  const first = new Map<string, string>();
  const taken: TakenName[] = [];
  const factors = list.factors.filter(({ name }) => {
    const earlier = first.get(name.toLowerCase());
    if (earlier === undefined) {
      first.set(name.toLowerCase(), name);
      return true;
    }
    const message = `its column differs from ${earlier} in case only; compute it into a file of its own`;
    taken.push({ name, code: "CLI_NAME_TAKEN", message });
    return false;
  });
  return { list: { factors }, taken };
}

export function reportFailures(terminal: Terminal, failures: readonly FactorFailure[]): void {
  for (const { name, error } of failures) {
    terminal.warn(`${name} was not computed: ${error.code} ${error.message}\n  do: ${error.remedy}`);
  }
}
