import { DataError } from "#data/errors";
import type { MappedReference, ReferenceDescription } from "#data/sources/reference/reference-source";
import { refreshReference } from "#pipelines/refresh-reference";
import { workspaceAt } from "#pipelines/workspace";
import { dayArgument } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { count } from "./terminal.ts";

export interface ReferenceOptions {
  readonly knownAt?: string;
  readonly table?: string;
}

const PRICES = ["open", "high", "low", "close"];

/** Whether a table that is no known one holds bars that could not be placed. */
function isUnplacedBars({ shape, columns }: ReferenceDescription): boolean {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  return shape === "reference-table" && PRICES.every((name) => names.has(name));
}

/** Imports a table of facts about instruments and says from which day on it counts as known. */
export async function importTable(
  context: CommandContext,
  source: MappedReference,
  options: ReferenceOptions = {},
): Promise<void> {
  const { terminal, signal, workspace } = context;
  const description = await source.describe();
  if (options.table === undefined && isUnplacedBars(description)) {
    throw new DataError(
      "DATA_SHAPE_UNKNOWN",
      `${description.locator} has the prices of a bar, but its rows belong to several calendars or to no known instrument`,
      {
        remedy:
          "give a mapping file that says instrument and calendar (--mapping), split the file by market, or keep it as a reference table with --table NAME",
        place: { file: description.locator },
      },
    );
  }
  terminal.line(
    `${description.locator}: ${description.shape}, reference table ${options.table ?? description.table}`,
  );
  for (const reason of description.reasons) terminal.line(`  · ${reason}`);
  for (const doubt of description.doubts) terminal.line(`  · doubt: ${doubt}`);
  const result = await refreshReference(workspaceAt(workspace), source, {
    signal,
    ...(options.table === undefined ? {} : { table: options.table }),
    ...(options.knownAt === undefined ? {} : { knownAt: dayArgument(options.knownAt, "--known-at") }),
  });
  const { knownFrom, knownTo, knownBecause } = result.file;
  const known = knownFrom === knownTo ? `on ${knownFrom}` : `from ${knownFrom} to ${knownTo}`;
  terminal.line(
    `  ${count(result.rows)} rows, known ${known}${knownBecause === undefined ? "" : ` (${knownBecause})`}${result.added ? "" : "; nothing was new"}`,
  );
  terminal.result({ ok: true, ...result });
}
