import type { SnapshotDataset } from "#pipelines/snapshot/dataset";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";

/** Data sets that `--with` names. Throws `UsageError` for one that is not known. */
export function datasetsOf(
  _context: CommandContext,
  names: readonly string[],
): Promise<readonly SnapshotDataset[]> {
  const [unknown] = names;
  if (unknown === undefined) return Promise.resolve([]);
  throw new UsageError(`--with ${unknown} is no data set`, "leave it out");
}
