import type { PostgresSession } from "#data/sources/postgres/session";
import { isoOf, type Day } from "#market/day";

/** A new schema `market` with raw bars of some shares in `market.bars`, in yuan, shares and yuan; values follow the day. */
export async function makeBarTable(
  session: PostgresSession,
  codes: readonly string[],
  days: readonly Day[],
): Promise<void> {
  await session.query("DROP SCHEMA IF EXISTS market CASCADE");
  await session.query("CREATE SCHEMA market");
  await session.query(
    `CREATE TABLE market.bars (ts_code text, trade_date date, open float8, high float8, low float8, close float8,
       volume float8, amount float8)`,
  );
  await session.query(
    `INSERT INTO market.bars SELECT c, d, p, p + 0.1, p - 0.1, p, v, v * p
     FROM (SELECT c, d, 10 + (extract(doy FROM d)::int % 37) / 100.0 AS p, 1000037 + (extract(doy FROM d)::int * 7919) % 50021 AS v
       FROM unnest($1::text[]) c, unnest($2::date[]) d) x`,
    [codes, days.map(isoOf)],
  );
}
