import { relative } from "node:path";
import { Command } from "commander";
import type { StoreKey } from "#data/store/panel-store";
import type { KnownSource } from "#pipelines/known-sources/known-source";
import { forgetSource, readKnownSources, storesWithSources } from "#pipelines/known-sources/registry";
import { sourceChanges } from "#pipelines/known-sources/source-changes";
import {
  goneProblem,
  ownProblem,
  problemOf,
  type SourceProblem,
} from "#pipelines/known-sources/source-outcome";
import { storeName, workspaceAt, type Workspace } from "#pipelines/workspace";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { bytes, count } from "./terminal.ts";

interface SourcesOptions extends SharedOptions {
  readonly store?: string;
  readonly rehash?: boolean;
  readonly forget?: string;
}

/** A source as the command lists it. */
interface ListedSource {
  readonly store: string;
  readonly id: string;
  readonly locator: string;
  readonly state: "unchanged" | "changed" | "missing" | "failed";
  readonly changes: readonly { readonly kind: string; readonly path: string }[];
  readonly problem: SourceProblem | null;
  readonly request: KnownSource["request"];
  readonly mapping: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly generation: number;
  readonly importedAt: number;
  readonly engine: string;
}

export function sourcesCommand(): Command {
  return withSharedOptions(new Command("sources"))
    .description("the sources that were imported, and whether their files changed since; nothing is imported")
    .option("--store <name>", "only those of one store, e.g. XSHG/day")
    .option("--rehash", "compare the content of every file, whatever its size and timestamp say")
    .option("--forget <id>", "forget a source: it is not looked at any more; what was imported stays")
    .action((options: SourcesOptions) =>
      runCommand(options, (context) =>
        options.forget === undefined ? listSources(context, options) : forget(context, options.forget),
      ),
    );
}

export async function listSources(context: CommandContext, options: SourcesOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const workspace = workspaceAt(context.workspace);
  const listed: ListedSource[] = [];
  const unreadable: SourceProblem[] = [];
  for (const key of await chosenStores(workspace, options.store)) {
    const known = await readKnownSources(workspace, key);
    unreadable.push(...known.unreadable.map(problemOf));
    for (const source of known.sources)
      listed.push(await lookedAt(source, { rehash: options.rehash, signal }));
  }
  if (listed.length === 0) terminal.line("no source is known; importing one makes it known");
  else {
    terminal.table(
      [
        ["id", "store", "source", "state", "files", "size", "generation", "imported"],
        ...listed.map((each) => [
          each.id,
          each.store,
          each.locator + scopeOf(each.request),
          each.state,
          count(each.files),
          bytes(each.bytes),
          String(each.generation),
          new Date(each.importedAt).toISOString().slice(0, 16).replace("T", " "),
        ]),
      ],
      { numeric: [4, 5, 6] },
    );
  }
  for (const { changes } of listed) {
    for (const { kind, path } of changes.slice(0, 10))
      terminal.line(`  ${kind}: ${relative(process.cwd(), path)}`);
    if (changes.length > 10) terminal.line(`  … ${count(changes.length - 10)} more (--json lists them)`);
  }
  const problems = [...unreadable, ...listed.flatMap(({ problem }) => problem ?? [])];
  for (const { code, message, remedy } of problems)
    terminal.warn(`warning ${code}: ${message}\n  do: ${remedy}`);
  terminal.result({ sources: listed, unreadable });
  return problems.length === 0;
}

async function lookedAt(
  known: KnownSource,
  options: { readonly rehash: boolean | undefined; readonly signal: AbortSignal },
): Promise<ListedSource> {
  const { id, locator, request, mapping, generation, importedAt, engine } = known;
  const facts = { store: storeName(known), id, locator, request, mapping, generation, importedAt, engine };
  const rows = known.files.filter(({ role }) => role === "rows");
  const held = { files: rows.length, bytes: rows.reduce((sum, { size }) => sum + size, 0) };
  try {
    const looked = await sourceChanges(known, { now: Date.now, ...options });
    const { changes, gone } = looked.compared;
    const problem = gone.length > 0 || looked.state === "missing" ? goneProblem(known, looked) : null;
    return {
      ...facts,
      ...held,
      state: looked.state,
      changes: changes.map(({ kind, path }) => ({ kind, path })),
      problem,
    };
  } catch (error) {
    return { ...facts, ...held, state: "failed", changes: [], problem: ownProblem(error, options.signal) };
  }
}

async function chosenStores(workspace: Workspace, name: string | undefined): Promise<StoreKey[]> {
  const keys = await storesWithSources(workspace);
  if (name === undefined) return keys;
  const chosen = keys.filter((key) => storeName(key) === name || key.calendar === name);
  if (chosen.length > 0) return chosen;
  throw new UsageError(
    `no source of a store ${name} is known`,
    `name one of ${keys.map(storeName).join(", ") || "none: import something first"}`,
  );
}

function scopeOf({ codes, start, end }: KnownSource["request"]): string {
  return [
    ...(codes === null ? [] : [` --codes ${codes.length > 3 ? `(${codes.length})` : codes.join(",")}`]),
    ...(start === null ? [] : [` --start ${start}`]),
    ...(end === null ? [] : [` --end ${end}`]),
  ].join("");
}

export async function forget(context: CommandContext, id: string): Promise<boolean> {
  const workspace = workspaceAt(context.workspace);
  for (const key of await storesWithSources(workspace)) {
    const { sources } = await readKnownSources(workspace, key);
    const known = sources.find((each) => each.id === id);
    if (known === undefined) continue;
    await forgetSource(workspace, key, id);
    context.terminal.line(`${known.locator} is forgotten; what was imported from it stays`);
    context.terminal.result({ ok: true, forgotten: id, locator: known.locator });
    return true;
  }
  throw new UsageError(`no source ${id} is known`, "data sources lists them");
}
