import { isPostgresLocator } from "#data/sources/postgres/locator";
import { sourceUrlOf } from "#data/sources/postgres/session";
import { staleSetsNote } from "#pipelines/snapshot/passing-notes";
import { openPostgresSnapshotSource } from "#pipelines/snapshot/postgres-snapshot-source";
import type { SnapshotSource } from "#pipelines/snapshot/snapshot-source";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { knownFactors } from "./chosen-factors.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { chosenStore } from "./stores.ts";

export interface SourceRequest {
  /** `store`, `store:XSHG/day`, `postgres:market.kline_daily_raw?…`; the only store unless told. */
  readonly text?: string;
  readonly generation?: number;
  /** A mapping file, for tables. */
  readonly mapping?: string;
}

export interface ChosenSource extends AsyncDisposable {
  readonly source: SnapshotSource;
  /** What whoever exports from it should know. */
  readonly notes: readonly string[];
}

/** Throws `UsageError`, and what opening the source throws. */
export async function openSnapshotSource(
  context: CommandContext,
  request: SourceRequest,
): Promise<ChosenSource> {
  const text = request.text ?? "store";
  if (isPostgresLocator(text)) {
    const url = sourceUrlOf(process.env);
    const mapping = request.mapping === undefined ? {} : { mapping: request.mapping };
    return chosen(await openPostgresSnapshotSource(text, { url, ...mapping }));
  }
  // The locator of a store in a meta.json is `store XSHG/day`.
  const match = /^store(?:[: ](.+))?$/.exec(text);
  if (match === null) {
    throw new UsageError(
      `--source ${text} is no source of snapshots`,
      "give store, store:XSHG/day or postgres:SCHEMA.TABLE; import other data into a store first",
    );
  }
  const store = await chosenStore(context, match[1]);
  const { registry } = await knownFactors(context);
  const generation = request.generation === undefined ? {} : { generation: request.generation };
  const source = await StoreSnapshotSource.open(store, { registry, ...generation });
  const stale = source.staleSets();
  const notes = stale.length === 0 ? [] : [staleSetsNote(stale)];
  return chosen(source, notes);
}

function chosen(source: SnapshotSource, notes: readonly string[] = []): ChosenSource {
  return { source, notes, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
}
