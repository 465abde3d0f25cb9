import { Command } from "commander";
import { dumpQlibDirectory } from "#pipelines/qlib-directory/dump-directory";
import { shippedFactors } from "#factors/catalogue";
import { commaSeparated, knownFactors } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { chosenSnapshot, chosenStore } from "./stores.ts";
import { bytes, count } from "./terminal.ts";
import { healthCommand } from "./qlib-health.ts";
import { updateCommand } from "./qlib-update.ts";
import { version } from "./version.ts";

interface DumpOptions extends SharedOptions {
  readonly store?: string;
  readonly generation?: string;
  readonly overwrite?: boolean;
  readonly codesAs: string;
  readonly set?: readonly string[];
  readonly vwap?: string;
  readonly extra?: boolean;
}

export function qlibCommand(): Command {
  return new Command("qlib")
    .description("Qlib directories")
    .addCommand(dumpCommand())
    .addCommand(updateCommand())
    .addCommand(healthCommand());
}

function dumpCommand(): Command {
  return withSharedOptions(new Command("dump"))
    .description("write a store as a Qlib provider directory: calendars, instruments, features")
    .argument("<dir>", "a new directory")
    .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
    .option("--generation <n>", "an older generation of the store")
    .option("--set <name...>", "add the factors of these sets as features")
    .option(
      "--codes-as <form>",
      "spelling of the instruments: qlib (SZ000001) or canonical (000001.SZ)",
      "qlib",
    )
    .option(
      "--vwap <rule>",
      "where the data give none: amount (÷ volume) or typical ((high+low+close)/3)",
      "amount",
    )
    .option("--extra", "write the further fields of the data too: turn, pe_ttm, …")
    .option("--overwrite", "replace a Qlib directory that is already there")
    .action((dir: string, options: DumpOptions) =>
      runCommand(options, (context) => dump(context, dir, options)),
    );
}

async function dump(context: CommandContext, dir: string, options: DumpOptions): Promise<boolean> {
  const { vwap } = options;
  if (options.codesAs !== "qlib" && options.codesAs !== "canonical") {
    throw new UsageError(`--codes-as ${options.codesAs} is not a form`, "give qlib or canonical");
  }
  if (vwap !== undefined && vwap !== "amount" && vwap !== "typical") {
    throw new UsageError(`--vwap ${vwap} is not a rule`, "give amount or typical");
  }
  const wanted = commaSeparated(options.set);
  const { registry } = wanted.length === 0 ? { registry: shippedFactors } : await knownFactors(context);
  const sets = wanted.map((name) => registry.set(name));
  const store = await chosenStore(context, options.store);
  await using snapshot = await chosenSnapshot(store, options.generation);
  const progress = context.terminal.progress("qlib dump", snapshot.instruments.length, "instruments");
  const result = await dumpQlibDirectory(store, snapshot, dir, {
    sets,
    overwrite: options.overwrite === true,
    codes: options.codesAs,
    extra: options.extra === true,
    engine: version,
    signal: context.signal,
    onInstruments: (done) => progress.update(done),
    ...(vwap === undefined ? {} : { vwap }),
  });
  progress.end();
  context.terminal.line(
    `${dir}: ${count(result.instruments)} instruments, ${count(result.files)} files, ${bytes(result.bytes)}, generation ${snapshot.generation}`,
  );
  context.terminal.result({ ok: true, dir, ...result, generation: snapshot.generation });
  return true;
}
