import { Command } from "commander";
import type { PrecomputeReport } from "#pipelines/precompute/commit";
import { engineOf } from "#pipelines/precompute/factor-parts";
import { placeOrder, resolveOrder, type PlacedOrder } from "#pipelines/precompute/order";
import { describeValidation } from "#pipelines/precompute/validation/describe";
import type { ValidationMode, ValidationReport } from "#pipelines/precompute/validation/report";
import { validateFactors } from "#pipelines/precompute/validation/validate-factors";
import { storeFactors } from "#pipelines/store-factors";
import { commaSeparated } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { version } from "./version.ts";

interface VerifyOptions extends SharedOptions {
  readonly store?: string;
  readonly set?: readonly string[];
  readonly mode: string;
  readonly seed: string;
  readonly repair: boolean;
  readonly locale: string;
}

const modes: readonly ValidationMode[] = ["fast", "sample", "full"];

export function verifySubcommand(): Command {
  return withSharedOptions(new Command("verify"))
    .description(
      "whether what is stored is complete, within its ranges, equal to the reference, and undamaged",
    )
    .option("--store <name>", "the store, where there are several: XSHG/day")
    .option("--set <name...>", "only these sets")
    .option(
      "--mode <name>",
      "fast: manifest and files; sample: some blocks and values; full: every byte",
      "sample",
    )
    .option("--seed <n>", "which blocks and values a sample takes", "1")
    .option("--no-repair", "leave damaged blocks as they are; else they are computed again")
    .option("--locale <name>", "language of the lines: zh or en", "en")
    .action((options: VerifyOptions) => runCommand(options, (context) => verify(context, options)));
}

async function verify(context: CommandContext, options: VerifyOptions): Promise<boolean> {
  const { terminal, workspace } = context;
  const mode = modes.find((each) => each === options.mode);
  if (mode === undefined)
    throw new UsageError(`--mode ${options.mode} is no mode`, `give one of ${modes.join(", ")}`);
  if (options.locale !== "zh" && options.locale !== "en")
    throw new UsageError(`--locale ${options.locale} is no language`, "give zh or en");
  const sets = commaSeparated(options.set);
  const order = await resolveOrder(workspace, {
    ...(options.store === undefined ? {} : { store: options.store }),
    ...(sets.length === 0 ? {} : { sets }),
  });
  const placed = await placeOrder(workspace, order);
  const first = await validated(context, placed, { mode, seed: Number(options.seed) });
  for (const line of describeValidation(first, options.locale)) terminal.line(line);
  const broken = new Set([...first.damaged, ...first.wrong].map(({ block }) => block));
  if (broken.size === 0 || !options.repair) {
    terminal.result({ ...first, repair: null });
    return first.ok;
  }
  terminal.line(`computing ${broken.size} damaged blocks again`);
  const repair = await computedAgain(context, placed, broken);
  const second = await validated(context, placed, { mode, seed: Number(options.seed) });
  for (const line of describeValidation(second, options.locale)) terminal.line(line);
  terminal.result({ ...second, repair: { generation: repair.generation, before: first } });
  return second.ok;
}

async function validated(
  { terminal, signal }: CommandContext,
  { store, sets }: PlacedOrder,
  options: { readonly mode: ValidationMode; readonly seed: number },
): Promise<ValidationReport> {
  await using snapshot = await store.snapshot();
  const stored = sets.filter(({ name }) => snapshot.fieldSets.has(name));
  const progress = terminal.progress("verify", snapshot.blocks, "blocks");
  const report = await validateFactors(snapshot, stored.length === 0 ? sets : stored, {
    ...options,
    engine: engineOf({ engine: version }),
    store,
    signal,
    onBlock: (done) => progress.update(done),
  });
  progress.end(options.mode);
  return report;
}

async function computedAgain(
  { signal }: CommandContext,
  { store, sets }: PlacedOrder,
  damaged: ReadonlySet<number>,
): Promise<PrecomputeReport> {
  await using snapshot = await store.snapshot();
  const stored = sets.filter(({ name }) => snapshot.fieldSets.has(name));
  return await storeFactors(store, stored, { engine: version, damaged, signal });
}
