import { parseStoreName, workspaceAt } from "#pipelines/workspace";
import { refreshKnownSources, type RefreshedSources } from "#pipelines/known-sources/refresh-known-sources";
import type { CommandContext } from "./command.ts";
import { count, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Imports again what changed in the sources of a store, and says what became of each. */
export async function refreshSources(
  { terminal, workspace, signal }: CommandContext,
  store: string,
  options: { readonly rehash: boolean },
): Promise<RefreshedSources> {
  const progress = terminal.progress("sources", 0, "files or rows");
  const refreshed = await refreshKnownSources(workspaceAt(workspace), parseStoreName(store), {
    engine: version,
    rehash: options.rehash,
    signal,
    onProgress: ({ done, phase, locator }) => progress.update(done, `${phase} ${locator}`),
  });
  progress.end();
  for (const outcome of refreshed.outcomes) describeOutcome(terminal, outcome);
  return refreshed;
}

function describeOutcome(terminal: Terminal, outcome: RefreshedSources["outcomes"][number]): void {
  switch (outcome.kind) {
    case "unchanged":
      terminal.line(`  ${outcome.locator}: unchanged`);
      break;
    case "imported": {
      const { rows } = outcome.result;
      terminal.line(
        `  ${outcome.locator}: ${count(rows.added)} rows added, ${count(rows.corrected)} corrected, ${count(rows.identical)} identical`,
      );
      if (outcome.missing !== null)
        terminal.warn(`warning ${outcome.missing.code}: ${outcome.missing.message}`);
      break;
    }
    default:
      terminal.warn(`warning ${outcome.problem.code}: ${outcome.problem.message}`);
      terminal.warn(`  do: ${outcome.problem.remedy}`);
  }
}
