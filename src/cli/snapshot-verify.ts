import { Command } from "commander";
import { DataError } from "#data/errors";
import { showSnapshot } from "#pipelines/snapshot/snapshot-catalogue";
import type { SnapshotMeta } from "#pipelines/snapshot/snapshot-meta";
import { verifySnapshot } from "#pipelines/snapshot/verify-snapshot";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { rootOf, withRootOption, type RootOptions } from "./snapshot-root.ts";
import { openSnapshotSource, type ChosenSource, type SourceRequest } from "./snapshot-sources.ts";
import { count } from "./terminal.ts";

interface VerifyOptions extends SharedOptions, RootOptions {
  readonly id: string;
  readonly source: boolean | string;
  readonly mapping?: string;
  readonly all?: boolean;
  readonly sample: string;
  readonly seed: string;
}

export function verifyCommand(): Command {
  return withRootOption(withSharedOptions(new Command("verify")))
    .description(
      "open what was written again: hashes, order, counts, units, calendar, values against the source",
    )
    .requiredOption("--id <id>", "the snapshot")
    .option("--source <source>", "the source, where it is another than meta.json names")
    .option("--no-source", "look at the files alone")
    .option("--mapping <file>", "of a table, as at the export")
    .option("--all", "compare every row with the source")
    .option("--sample <n>", "sessions compared with the source", "12")
    .option("--seed <n>", "chooses the sessions", "1")
    .action((options: VerifyOptions) => runCommand(options, (context) => verify(context, options)));
}

async function verify(context: CommandContext, options: VerifyOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const sample = wholeArgument(options.sample, "--sample");
  const random = randomFrom(wholeArgument(options.seed, "--seed"));
  const { place, meta } = await showSnapshot(rootOf(context, options), options.id);
  await using chosen = options.source === false ? null : await sourceOf(context, meta, options);
  const result = await verifySnapshot(place, {
    random,
    sample,
    signal,
    ...(options.all === true ? { all: true } : {}),
    ...(chosen === null ? {} : { source: chosen.source }),
  });
  for (const { code, severity, message, file } of result.findings)
    terminal.line(`${severity} ${code}: ${file === undefined ? "" : `${file}: `}${message}`);
  for (const [code, found] of Object.entries(result.counts))
    if (found > 5) terminal.line(`  ${code}: ${count(found)} in all`);
  const compared = `${count(result.compared.rows)} rows compared with the source`;
  terminal.line(
    `${options.id}: ${result.ok ? "sound" : "NOT SOUND"}, score ${result.score}, ${count(result.rows)} rows, ${compared}`,
  );
  terminal.result({ ...result });
  return result.ok;
}

/** The source of meta.json, at the generation that was exported where that is kept. */
async function sourceOf(
  context: CommandContext,
  meta: SnapshotMeta,
  options: VerifyOptions,
): Promise<ChosenSource> {
  const request: SourceRequest = {
    text: typeof options.source === "string" ? options.source : meta.source,
    ...(options.mapping === undefined ? {} : { mapping: options.mapping }),
  };
  if (meta.generation === null) return await openSnapshotSource(context, request);
  try {
    return await openSnapshotSource(context, { ...request, generation: meta.generation });
  } catch (error) {
    if (!(error instanceof DataError && error.code === "STORE_GENERATION_MISSING")) throw error;
    return await openSnapshotSource(context, request);
  }
}

function wholeArgument(text: string, flag: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} ${text} is no whole number`, "give a whole number");
}

/** Numbers in [0, 1) that depend on the seed alone; a linear congruential generator is enough to choose days. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
