import { boardsDataset } from "#pipelines/snapshot/datasets/boards-dataset";
import { minuteDataset } from "#pipelines/snapshot/datasets/minute-dataset";
import { dailyBasicDataset, moneyflowDataset } from "#pipelines/snapshot/datasets/table-datasets";
import type { SnapshotDataset } from "#pipelines/snapshot/dataset";
import { storeOf, workspaceAt } from "#pipelines/workspace";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";

/** What `--with` takes; `boards` may name a table of links, and take its first members for all days before. */
export const datasetNames = [
  "minute",
  "boards[:TABLE[:static]]",
  "moneyflow[:TABLE]",
  "daily_basic[:TABLE]",
] as const;

/** Data sets that `--with` names. Throws `UsageError` for one that is not known. */
export function datasetsOf(
  context: CommandContext,
  names: readonly string[],
): Promise<readonly SnapshotDataset[]> {
  const workspace = workspaceAt(context.workspace);
  const twice = names.find((name, at) => names.findIndex((other) => kindOf(other) === kindOf(name)) < at);
  if (twice !== undefined)
    throw new UsageError(`--with ${kindOf(twice)} comes twice`, "name each data set once");
  const datasets = names.map((name): SnapshotDataset => {
    const [kind, table, how, ...rest] = name.split(":");
    const takesTable = table === undefined ? {} : { table };
    if (rest.length === 0 && (how === undefined || (kind === "boards" && how === "static"))) {
      if (kind === "minute" && table === undefined)
        return minuteDataset(storeOf(workspace, { calendar: "XSHG", freq: "1min" }));
      if (kind === "boards")
        return boardsDataset(workspace, storeOf(workspace, { calendar: "XSHG", freq: "day" }), {
          ...takesTable,
          assumeStatic: how === "static",
        });
      if (kind === "moneyflow") return moneyflowDataset(workspace, table);
      if (kind === "daily_basic") return dailyBasicDataset(workspace, table);
    }
    throw new UsageError(`--with ${name} is no data set`, `give ${datasetNames.join(", ")}`);
  });
  return Promise.resolve(datasets);
}

function kindOf(name: string): string {
  return name.split(":", 1)[0]!;
}
