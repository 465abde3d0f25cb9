/**
 * Whether the tables that are joined to the bars have rows for them. Codes are compared as they are spelled: SH600000 joins
 * nothing of 600000.SH, and bars without a factor would then pass for bars that need no adjustment.
 */
import { isoOf } from "#market/day";
import { DataError } from "../../errors.ts";
import { textOfTable } from "./identifier.ts";
import { lastDay } from "./resolve-table.ts";
import { countJoined } from "./select-table.ts";
import type { PostgresSession } from "./session.ts";
import type { KeyColumns, ResolvedTable } from "./table-mapping.ts";

const RECENT_DAYS = 15;
const MOST_ROWS = 60_000;

/**
 * The table, with a doubt for each joined table that lacks some of the sampled rows. Throws SOURCE_JOIN_EMPTY when one has
 * none of them, neither in the bars' last days nor in its own.
 */
export async function withCheckedJoins(
  session: PostgresSession,
  table: ResolvedTable,
): Promise<ResolvedTable> {
  const { bars } = table;
  const doubts: string[] = [];
  for (const joined of table.joined) {
    const recent = await sampled(session, table, { joined, last: bars });
    if (recent.rows === 0 || recent.matched === recent.rows) continue;
    const text = textOfTable(joined.table.name);
    if (recent.matched === 0) {
      const own = await sampled(session, table, { joined, last: joined });
      if (own.matched === 0) throw nothingJoined(table, joined, recent);
    }
    const share = Math.floor((1000 * recent.matched) / recent.rows) / 10;
    doubts.push(
      `${text} has ${share} % of the ${recent.rows} rows of ${textOfTable(bars.table.name)} looked at, up to ${recent.last}`,
    );
  }
  return doubts.length === 0 ? table : { ...table, doubts: [...table.doubts, ...doubts] };
}

interface Sample {
  readonly rows: number;
  readonly matched: number;
  readonly last: string;
}

/** Rows of the bars up to the last day of one of the two tables. */
async function sampled(
  session: PostgresSession,
  table: ResolvedTable,
  { joined, last }: { readonly joined: ResolvedTable["joined"][number]; readonly last: KeyColumns },
): Promise<Sample> {
  const end = await lastDay(session, last, table.timeZone);
  if (Number.isNaN(end)) return { rows: 0, matched: 0, last: "" };
  const window = { start: end - RECENT_DAYS, end };
  const [row] = await session.query(
    countJoined(table, joined, { window, most: MOST_ROWS }),
    [],
    `comparing ${textOfTable(table.bars.table.name)} with ${textOfTable(joined.table.name)}`,
  );
  return { rows: Number(row!["rows"]), matched: Number(row!["matched"]), last: isoOf(end) };
}

function nothingJoined(
  { bars }: ResolvedTable,
  joined: ResolvedTable["joined"][number],
  { rows, last }: Sample,
): DataError {
  const [own, other] = [textOfTable(bars.table.name), textOfTable(joined.table.name)];
  return new DataError(
    "SOURCE_JOIN_EMPTY",
    `${other} has none of the ${rows} rows of ${own} looked at, up to ${last}, by ${joined.instrument} = ${bars.instrument} and the day`,
    {
      remedy: `spell codes and dates in both alike, if need be in a view: postgres:${own}?${joined.part}=SCHEMA.VIEW`,
      place: { file: other, column: joined.instrument },
    },
  );
}
