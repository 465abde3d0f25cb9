/** `alphaloom source demo-load`: the shipped A-shares as tables of a server, to try everything that reads one. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placeOfUrl } from "#data/sources/postgres/session";
import { tableNamed } from "#data/sources/postgres/identifier";
import { openSource, refreshData } from "#pipelines/refresh-data";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { storeOf, workspaceAt } from "#pipelines/workspace";
import { fillMarketTables } from "#pipelines/write-factors/market-tables";
import type { CommandContext } from "./command.ts";
import { connectionOf, type DemoLoadOptions } from "./source-connection.ts";
import { count } from "./terminal.ts";
import { version } from "./version.ts";

const SHIPPED = join(
  import.meta.dirname,
  "..",
  "..",
  "fixtures",
  "a-share-daily",
  "a-share-daily-2017-2019.parquet",
);

export async function demoLoad(context: CommandContext, options: DemoLoadOptions): Promise<boolean> {
  const { terminal, signal } = context;
  const url = connectionOf(options);
  const place = placeOfUrl(url);
  tableNamed(`${options.schema}.kline_daily_raw`);
  const folder = await mkdtemp(join(tmpdir(), "demo-load-"));
  try {
    const workspace = workspaceAt(folder);
    const { result } = await refreshData(workspace, await openSource(`parquet:${SHIPPED}`), {
      engine: version,
      signal,
    });
    const { calendar, freq } = result.source;
    await using source = await StoreSnapshotSource.open(storeOf(workspace, { calendar, freq }));
    const tables = await fillMarketTables(source, { url, schema: options.schema, signal });
    for (const { table, rows } of tables) terminal.line(`  ${table}: ${count(rows)} rows`);
    terminal.line(
      `${place} is filled; next: alphaloom source test --table ${options.schema}.kline_daily_qfq`,
    );
    terminal.result({ ok: true, place, tables });
    return true;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
