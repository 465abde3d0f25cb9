import { Command } from "commander";
import { placeOrder, resolveOrder } from "#pipelines/precompute/order";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { rollBackStore } from "./roll-back.ts";

interface RollbackOptions extends SharedOptions {
  readonly store?: string;
}

export function rollbackSubcommand(): Command {
  return withSharedOptions(new Command("rollback"))
    .description(
      "make an earlier generation of the store, bars and factors, current again; it becomes a new one",
    )
    .argument("[generation]", "which; the one before the current unless told")
    .option("--store <name>", "the store, where there are several: XSHG/day")
    .action((generation: string | undefined, options: RollbackOptions) =>
      runCommand(options, (context) => rollBack(context, generation, options)),
    );
}

async function rollBack(
  context: CommandContext,
  generation: string | undefined,
  options: RollbackOptions,
): Promise<boolean> {
  const { terminal, workspace } = context;
  const order = await resolveOrder(workspace, options.store === undefined ? {} : { store: options.store });
  const { store } = await placeOrder(workspace, order);
  const kept = await store.generations();
  const [current, before] = kept;
  const target = generation === undefined ? before?.generation : Number(generation);
  if (target === undefined)
    throw new UsageError("no earlier generation is kept", "there is nothing to go back to");
  if (!Number.isSafeInteger(target) || target < 1)
    throw new UsageError(`${generation} is not a generation`, "give a whole number; data show lists them");
  const now = await rollBackStore(context, store, target);
  terminal.line(`store ${order.store}: generation ${now} has the content of ${target} again`);
  terminal.result({ ok: true, store: order.store, generation: now, from: current!.generation, to: target });
  return true;
}
