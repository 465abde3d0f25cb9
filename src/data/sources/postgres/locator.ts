/**
 * `postgres:SCHEMA.TABLE[?adjustment=SCHEMA.TABLE][&factors=SCHEMA.TABLE]`: which table holds the bars, and which ones are
 * joined to it. The connection is not in it: it comes from the environment, so that it is in no log and no lineage.
 */
import { DataError } from "../../errors.ts";
import { tableNamed, type TableName, textOfTable } from "./identifier.ts";

export const POSTGRES = "postgres:";

export interface PostgresLocator {
  readonly table: TableName;
  readonly adjustment?: TableName;
  readonly factors?: TableName;
}

export function isPostgresLocator(text: string): boolean {
  return text.startsWith(POSTGRES);
}

/** Throws SOURCE_NAME_INVALID. */
export function parsePostgresLocator(text: string): PostgresLocator {
  const [name = "", query] = text.slice(POSTGRES.length).split("?", 2);
  // A whole connection where a table belongs may hold a password: it is not repeated.
  if (name.startsWith("//")) throw connectionInstead();
  const table = tableNamed(name);
  const joined: { adjustment?: TableName; factors?: TableName } = {};
  for (const part of query === undefined ? [] : query.split("&")) {
    const [key, value = ""] = part.split("=", 2);
    if (key !== "adjustment" && key !== "factors") throw unknownKey(part);
    joined[key] = tableNamed(value);
  }
  return { table, ...joined };
}

/** The locator in one spelling. */
export function textOfLocator({ table, adjustment, factors }: PostgresLocator): string {
  const joined = [
    ...(adjustment === undefined ? [] : [`adjustment=${textOfTable(adjustment)}`]),
    ...(factors === undefined ? [] : [`factors=${textOfTable(factors)}`]),
  ];
  return `${POSTGRES}${textOfTable(table)}${joined.length === 0 ? "" : `?${joined.join("&")}`}`;
}

function connectionInstead(): DataError {
  return new DataError("SOURCE_NAME_INVALID", "the source is a connection where a table is expected", {
    remedy: "set ALPHALOOM_SOURCE_URL to the connection and name the table: postgres:market.kline_daily_raw",
  });
}

function unknownKey(part: string): DataError {
  const shown = JSON.stringify(part.slice(0, 80));
  return new DataError("SOURCE_NAME_INVALID", `${shown} is nothing that a source of PostgreSQL takes`, {
    remedy: "write postgres:SCHEMA.TABLE?adjustment=SCHEMA.TABLE&factors=SCHEMA.TABLE",
  });
}
