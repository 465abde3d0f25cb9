import type { MappedReference } from "#data/sources/reference/reference-source";
import { refreshReference } from "#pipelines/refresh-reference";
import { workspaceAt } from "#pipelines/workspace";
import { dayArgument } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { count } from "./terminal.ts";

export interface ReferenceOptions {
  readonly knownAt?: string;
  readonly table?: string;
}

/** Imports a table of facts about instruments and says from which day on it counts as known. */
export async function importTable(
  context: CommandContext,
  source: MappedReference,
  options: ReferenceOptions = {},
): Promise<void> {
  const { terminal, signal, workspace } = context;
  const description = await source.describe();
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
