/** `alphaloom source test`: everything that reading a table depends on, looked at without reading it. */
import { DataError } from "#data/errors";
import { readTableMapping } from "#data/mapping/table-mapping";
import { countRows, tableOf, tablesOf } from "#data/sources/postgres/catalogue";
import { withCheckedJoins } from "#data/sources/postgres/check-joins";
import { checkUnits } from "#data/sources/postgres/check-units";
import { describeTable } from "#data/sources/postgres/describe-table";
import { textOfTable } from "#data/sources/postgres/identifier";
import { parsePostgresLocator, POSTGRES } from "#data/sources/postgres/locator";
import { resolveTable } from "#data/sources/postgres/resolve-table";
import { PostgresSession } from "#data/sources/postgres/session";
import { isoOf } from "#market/day";
import type { CommandContext } from "./command.ts";
import { connectionOf, type SourceTestOptions } from "./source-connection.ts";
import { count, type Terminal } from "./terminal.ts";

/** True when the server can be used; with a table, when that can be read as bars. */
export async function testSource(context: CommandContext, options: SourceTestOptions): Promise<boolean> {
  const { terminal } = context;
  await using session = await PostgresSession.open(connectionOf(options));
  const [server] = await session.query(
    "SELECT current_setting('server_version') AS version, current_user::text AS name, pg_is_in_recovery() AS standby",
  );
  const facts = {
    place: session.place,
    version: String(server!["version"]),
    user: String(server!["name"]),
    standby: server!["standby"] === true,
  };
  terminal.line(
    `${facts.place}: PostgreSQL ${facts.version}, as ${facts.user}${facts.standby ? ", a standby server" : ""}`,
  );
  if (options.table === undefined) {
    const tables = await tablesOf(session);
    terminal.table(
      [
        ["table", "rows (estimated)"],
        ...tables.map(({ name, estimatedRows }) => [name, estimatedRows < 0 ? "?" : count(estimatedRows)]),
      ],
      {
        numeric: [1],
      },
    );
    terminal.result({ ok: true, server: facts, tables });
    return true;
  }
  return await testTable(terminal, session, { ...options, table: options.table, facts });
}

async function testTable(
  terminal: Terminal,
  session: PostgresSession,
  options: SourceTestOptions & { readonly table: string; readonly facts: Readonly<Record<string, unknown>> },
): Promise<boolean> {
  const prefixed = options.table.startsWith(POSTGRES) ? options.table : POSTGRES + options.table;
  const locator = parsePostgresLocator(prefixed);
  const mapping = options.mapping === undefined ? undefined : await readTableMapping(options.mapping);
  const tables = [];
  for (const name of [locator.table, locator.adjustment, locator.factors]) {
    if (name === undefined) continue;
    const { columns, refused, primaryKey, kind } = await tableOf(session, name);
    const rows = await countRows(session, name);
    tables.push({ name: textOfTable(name), kind, rows, primaryKey, columns, refused });
    terminal.line(
      `  ${kind} ${textOfTable(name)}: ${count(rows)} rows, ${primaryKey.length === 0 ? "no primary key" : `primary key (${primaryKey.join(", ")})`}`,
    );
    terminal.line(`    ${columns.map((column) => `${column.name} ${column.type}`).join(", ")}`);
  }
  const problems: { readonly code: string; readonly message: string; readonly remedy: string }[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push({ code: error.code, message: error.message, remedy: error.remedy });
      return null;
    }
  };
  const resolved = await attempt(() => resolveTable(session, locator, mapping));
  const checked = resolved && (await attempt(() => withCheckedJoins(session, resolved)));
  // What is known of the table is shown beside the problem.
  const table = checked ?? resolved;
  const units = table === null ? null : await attempt(() => checkUnits(session, table));
  if (table !== null) describe(terminal, describeTable(table), units?.ratio ?? null);
  for (const { code, message, remedy } of problems)
    terminal.warn(`problem ${code}: ${message}\n  do: ${remedy}`);
  const ok = problems.length === 0;
  terminal.result({
    ok,
    server: options.facts,
    tables,
    source: table === null ? null : describeTable(table),
    units,
    problems,
  });
  return ok;
}

function describe(terminal: Terminal, source: ReturnType<typeof describeTable>, ratio: number | null): void {
  const { shape, calendar, freq, adjustment, fields, reasons } = source;
  const base = adjustment.baseDay === undefined ? "" : ` on ${isoOf(adjustment.baseDay)}`;
  terminal.line(`  ${shape}, ${calendar} ${freq}, prices ${adjustment.kind}${base}`);
  terminal.table([["field", "unit", "from"], ...fields.map(({ name, unit, from }) => [name, unit, from])]);
  for (const reason of reasons) terminal.line(`  · ${reason}`);
  terminal.line(
    ratio === null
      ? "  · units: there is nothing to check them against (no amount and volume, or adjusted prices)"
      : `  · units: amount ÷ (volume × price) is ${Number(ratio.toPrecision(4))} on recent rows, as it should be`,
  );
}
