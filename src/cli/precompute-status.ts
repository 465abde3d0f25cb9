import { Command } from "commander";
import type { StoreSnapshot } from "#data/store/panel-store";
import { isoOf } from "#market/day";
import { inputGeneration } from "#pipelines/precompute/input-generation";
import { placeOrder, planOrder, resolveOrder } from "#pipelines/precompute/order";
import { isNothing, type PrecomputePlan } from "#pipelines/precompute/plan";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { count } from "./terminal.ts";
import { version } from "./version.ts";

/** How current a stored factor set is. */
export interface SetStatus {
  readonly set: string;
  readonly registered: number;
  readonly stored: number;
  /** Blocks of 32 instruments: all, computed from the inputs as they are, from earlier ones, and never. */
  readonly blocks: number;
  readonly current: number;
  readonly behind: number;
  readonly missing: number;
  /** Newest generation of the inputs that a block was computed from; 0 when none was. */
  readonly inputGeneration: number;
}

interface StatusOptions extends SharedOptions {
  readonly store?: string;
  readonly set?: readonly string[];
}

export function statusSubcommand(): Command {
  return withSharedOptions(new Command("status"))
    .description("how current the stored factors are, and which run is under way")
    .option("--store <name>", "the store, where there are several: XSHG/day")
    .action((options: StatusOptions) => runCommand(options, (context) => showStatus(context, options)));
}

async function showStatus(context: CommandContext, options: StatusOptions): Promise<boolean> {
  const { terminal, workspace } = context;
  const order = await resolveOrder(workspace, options.store === undefined ? {} : { store: options.store });
  const placed = await placeOrder(workspace, order);
  await using snapshot = await placed.store.snapshot();
  const plan = await planOrder(placed, order, { run: "probe", version, shardsAtLeast: 1 });
  const sets = plan.sets.map((set) => statusOf(snapshot, set));
  const runs = (await placed.store.runs()).map(({ run }) => run);
  const { days } = snapshot.time;
  const range = { start: isoOf(days[0]!), end: isoOf(days.at(-1)!) };
  terminal.line(
    `store ${order.store}: generation ${snapshot.generation}, ${count(snapshot.instruments.length)} instruments, ${range.start} … ${range.end}`,
  );
  terminal.table(
    [
      ["set", "factors", "stored", "blocks", "current", "behind", "missing"],
      ...sets.map((set) => [
        set.set,
        String(set.registered),
        String(set.stored),
        String(set.blocks),
        String(set.current),
        String(set.behind),
        String(set.missing),
      ]),
    ],
    { numeric: [1, 2, 3, 4, 5, 6] },
  );
  const isCurrent = isNothing(plan);
  terminal.line(isCurrent ? "everything is current" : "`alphaloom precompute run` brings it up to date");
  for (const run of runs) terminal.line(`run ${run} is under way, or was interrupted`);
  terminal.result({
    ok: true,
    store: order.store,
    generation: snapshot.generation,
    instruments: snapshot.instruments.length,
    range,
    current: isCurrent,
    sets,
    runs,
  });
  return true;
}

function statusOf(snapshot: StoreSnapshot, { list, fields, due }: PrecomputePlan["sets"][number]): SetStatus {
  const known = new Set(snapshot.fieldSets.get(list.name)?.fields.map(({ name }) => name));
  const generations = Array.from({ length: snapshot.blocks }, (_, block) => ({
    from: inputGeneration(snapshot, { set: list.name, fields, block }),
  }));
  const missing = generations.filter(({ from }) => from === 0).length;
  return {
    set: list.name,
    registered: list.factors.length,
    stored: list.factors.filter(({ name }) => known.has(name)).length,
    blocks: snapshot.blocks,
    current: snapshot.blocks - due.length,
    behind: Math.max(0, due.length - missing),
    missing,
    inputGeneration: Math.max(0, ...generations.map(({ from }) => from)),
  };
}
