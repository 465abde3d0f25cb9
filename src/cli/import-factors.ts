import { Command } from "commander";
import { importFactors, type ImportedFactors } from "#pipelines/import-factors/import-factors";
import { openFactorFile } from "#pipelines/import-factors/factor-file";
import { storeName } from "#pipelines/workspace";
import { knownFactors } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { chosenStore } from "./stores.ts";
import { count } from "./terminal.ts";
import { version } from "./version.ts";

interface ImportFactorsFlags extends SharedOptions {
  readonly set: string;
  readonly store?: string;
}

const SHOWN = 10;

export function importFactorsCommand(): Command {
  return withSharedOptions(new Command("import"))
    .description(
      "take factor values from a file into the store: RD-Agent's result.h5 or combined_factors_df.parquet; again replaces them",
    )
    .argument("<file>", "HDF5 or Parquet of pandas: an index of datetime and instrument, a column per factor")
    .option("--set <name>", "the set to keep them under: user.NAME", "user")
    .option("--store <name>", "which store, e.g. XSHG/day, when there are several")
    .action((file: string, options: ImportFactorsFlags) =>
      runCommand(options, (context) => importFile(context, file, options)),
    );
}

async function importFile(
  context: CommandContext,
  path: string,
  options: ImportFactorsFlags,
): Promise<boolean> {
  const { terminal, signal } = context;
  const store = await chosenStore(context, options.store);
  const { registry } = await knownFactors(context);
  using file = await openFactorFile(path);
  const progress = terminal.progress("factors", file.rows, "rows");
  const result = await importFactors(store, file, {
    set: options.set,
    taken: new Set(registry.sets.map(({ name }) => name.toLowerCase())),
    engine: version,
    signal,
    onRows: (done, of) => progress.update(Math.floor((done / Math.max(1, of)) * file.rows)),
  });
  progress.end();
  const { set, factors, stored, rows, instruments, generation, changed } = result;
  terminal.line(
    `${path}: ${factors.length} factors as ${set}.${factors.length === 1 ? factors[0]! : "…"} in ${storeName(store.key)}; ` +
      `${count(stored)} of ${count(rows)} rows, ${count(instruments)} instruments; ` +
      (changed ? `generation ${generation}` : `nothing was new, generation ${generation}`),
  );
  tellLeftOut(context, result);
  terminal.result({ ok: result.leftOut.length === 0, store: storeName(store.key), ...result });
  return result.leftOut.length === 0;
}

function tellLeftOut({ terminal }: CommandContext, { leftOut }: ImportedFactors): void {
  if (leftOut.length === 0) return;
  terminal.warn(`left out of ${count(leftOut.length)} instruments:`);
  for (const { instrument, reason, rows, firstDay } of leftOut.slice(0, SHOWN))
    terminal.warn(
      `  ${instrument || "(no code)"}: ${reason}; ${count(rows)} rows${firstDay === "" ? "" : ` from ${firstDay}`}`,
    );
  if (leftOut.length > SHOWN) terminal.warn(`  and ${count(leftOut.length - SHOWN)} more (--json lists all)`);
}
