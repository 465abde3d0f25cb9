/** `alphaloom source write-factors`: stored factors and labels into a table of the server. */
import { placeOfUrl } from "#data/sources/postgres/session";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { writeFactors } from "#pipelines/write-factors/write-factors";
import { codesArgument, rangeArgument } from "./arguments.ts";
import { commaSeparated } from "./chosen-factors.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { connectionOf, type WriteFactorsOptions } from "./source-connection.ts";
import { chosenStore } from "./stores.ts";
import { count } from "./terminal.ts";

export async function writeBack(context: CommandContext, options: WriteFactorsOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const url = connectionOf(options);
  const store = await chosenStore(context, options.store);
  await using source = await StoreSnapshotSource.open(store);
  const written = await writeFactors(source, {
    url,
    table: options.table,
    ...chosenColumns(source, options),
    scope: {
      ...rangeArgument(options),
      ...(options.codes === undefined ? {} : { instruments: codesArgument(options.codes) }),
    },
    createTable: options.createTable === true,
    createColumns: options.createColumns === true,
    signal,
  });
  const { created, rows, inserted, updated, unchanged } = written;
  if (created.table) terminal.line(`  ${written.table} is made`);
  if (created.columns.length > 0) terminal.line(`  columns made: ${created.columns.join(", ")}`);
  terminal.line(
    `${written.table} on ${placeOfUrl(url)}: ${count(rows)} rows of ${written.columns.length} columns; ` +
      `${count(inserted)} inserted, ${count(updated)} updated, ${count(unchanged)} unchanged`,
  );
  terminal.result({ ok: true, ...written });
  return true;
}

function chosenColumns(
  source: StoreSnapshotSource,
  options: WriteFactorsOptions,
): { readonly columns?: readonly string[] } {
  if (options.columns !== undefined) return { columns: commaSeparated([options.columns]) };
  const sets = commaSeparated(options.set);
  if (sets.length === 0) return {};
  const known = new Set(source.columns.filter(({ role }) => role !== "market").map(({ set }) => set));
  const unknown = sets.filter((set) => !known.has(set));
  if (unknown.length > 0) {
    throw new UsageError(
      `the store holds no set ${unknown.join(", ")}`,
      `it holds ${[...known].join(", ") || "none: run alphaloom precompute first"}`,
    );
  }
  return { columns: source.columns.filter(({ set }) => sets.includes(set)).map(({ name }) => name) };
}
