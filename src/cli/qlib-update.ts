import { Command } from "commander";
import { updateQlibDirectory } from "#pipelines/qlib-directory/update-directory";
import { commaSeparated, knownFactors } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { chosenStore } from "./stores.ts";
import { bytes, count } from "./terminal.ts";
import { version } from "./version.ts";

interface UpdateOptions extends SharedOptions {
  readonly store?: string;
  readonly set?: readonly string[];
  readonly compareAll?: boolean;
}

export function updateCommand(): Command {
  return withSharedOptions(new Command("update"))
    .description("bring a directory of `qlib dump` in step with its store, changing files where they lie")
    .argument("<dir>", "the directory")
    .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
    .option("--set <name...>", "show the factors of these sets from now on; without it those it shows")
    .option("--compare-all", "look at every file, not only at what changed since the generation it shows")
    .action((dir: string, options: UpdateOptions) =>
      runCommand(options, (context) => update(context, dir, options)),
    );
}

async function update(context: CommandContext, dir: string, options: UpdateOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const { registry } = await knownFactors(context);
  const store = await chosenStore(context, options.store);
  await using snapshot = await store.snapshot();
  const progress = terminal.progress("qlib update", snapshot.instruments.length, "instruments");
  const result = await updateQlibDirectory(store, snapshot, dir, {
    registry,
    engine: version,
    ...(options.set === undefined ? {} : { sets: commaSeparated(options.set) }),
    ...(options.compareAll === undefined ? {} : { compareAll: options.compareAll }),
    signal,
    onInstruments: (done) => progress.update(done),
  });
  progress.end();
  const { mode, files, newDays, generation } = result;
  if (mode === "unchanged") terminal.line(`${dir}: shows generation ${generation} already`);
  else {
    terminal.line(
      `${dir}: generation ${result.from} → ${generation}, ${count(newDays)} new days, ${count(files.written)} files written (${bytes(result.bytes)}), ${count(files.same)} as they were, ${count(files.removed)} removed`,
    );
  }
  if (result.reason !== null) terminal.line(`  ${result.reason}`);
  if (result.foreign.length > 0)
    terminal.line(
      `  left as they are, not of this store: ${result.foreign.slice(0, 5).join(", ")}${result.foreign.length > 5 ? " …" : ""}`,
    );
  terminal.result({ ok: true, dir, ...result });
  return true;
}
