/**
 * Whether the numbers agree with the units they are said to be in: of recent rows, amount ÷ (volume × typical price) is
 * about 1 in canonical units. Prices in li that are taken for yuan make it 1,000 times too small.
 */
import { DataError } from "../../errors.ts";
import { numbersOf } from "../../duckdb/columns.ts";
import { copyOut } from "./copy-out.ts";
import { textOfTable } from "./identifier.ts";
import { lastDay } from "./resolve-table.ts";
import { selectRows } from "./select-table.ts";
import type { PostgresSession } from "./session.ts";
import { exponentOf, type ResolvedTable } from "./table-mapping.ts";

const RECENT_DAYS = 15;
const LEAST_ROWS = 5;
const MOST_ROWS = 60_000;
const WANTED = ["high", "low", "close", "volume", "amount"] as const;

/** What the check found: the median ratio, or null when there is nothing to compare. */
export interface UnitCheck {
  readonly rows: number;
  readonly ratio: number | null;
}

/** Throws SOURCE_UNITS when the ratio is a power of ten off, or when prices are beyond any price. */
export async function checkUnits(session: PostgresSession, table: ResolvedTable): Promise<UnitCheck> {
  const fields = WANTED.map((name) => table.fields.find((field) => field.name === name));
  const [high, low, close, volume, amount] = fields;
  const nothing = { rows: 0, ratio: null };
  // The scale of back-adjusted prices is any number, an index counts points.
  if (table.adjustment.kind === "hfq" || table.calendar !== "XSHG" || /index/.test(table.shape))
    return nothing;
  if (close === undefined || volume === undefined || amount === undefined) return nothing;
  const last = await lastDay(session, table.bars, table.timeZone);
  if (Number.isNaN(last)) return nothing;
  const chosen = [high ?? close, low ?? close, close, volume, amount];
  const used = [...new Set(chosen)];
  const query = selectRows(table, {
    fields: used,
    window: { start: last - RECENT_DAYS, end: last },
    ordered: false,
  });
  const powers = chosen.map((field) => 10 ** exponentOf(field));
  const ratios: number[] = [];
  for await (const batch of copyOut(session, { ...query, sql: `${query.sql} LIMIT ${MOST_ROWS}` })) {
    const columns = chosen.map(({ name }) => numbersOf(batch, name));
    for (let row = 0; row < batch.rows; row++) {
      const [h, l, c, v, a] = columns.map((values, at) => values[row]! * powers[at]!) as [
        number,
        number,
        number,
        number,
        number,
      ];
      const ratio = a / ((v * (h + l + c)) / 3);
      if (v > 0 && a > 0 && c > 0 && Number.isFinite(ratio)) ratios.push(ratio);
    }
  }
  if (ratios.length < LEAST_ROWS) return nothing;
  ratios.sort((left, right) => left - right);
  const ratio = ratios[ratios.length >> 1]!;
  const power = Math.round(Math.log10(ratio));
  if (power !== 0) throw wrongUnits(table, { ratio, power, rows: ratios.length });
  return { rows: ratios.length, ratio };
}

function wrongUnits(
  table: ResolvedTable,
  { ratio, power, rows }: { readonly ratio: number; readonly power: number; readonly rows: number },
): DataError {
  const unitOf = (name: string): string =>
    table.fields.find((field) => field.name === name)?.unit ?? (name === "volume" ? "shares" : "currency");
  const text = textOfTable(table.bars.table.name);
  const times = 10 ** Math.abs(power);
  const way = power < 0 ? "small" : "large";
  return new DataError(
    "SOURCE_UNITS",
    `${text}: with prices in ${unitOf("close")}, volume in ${unitOf("volume")} and amount in ${unitOf("amount")}, amount ÷ (volume × price) is ${Number(ratio.toPrecision(3))} on the median of ${rows} recent rows: about ${times.toLocaleString("en-US")} times too ${way}`,
    {
      remedy:
        power < 0
          ? "state the units in a mapping file: prices may be in li (1/1000 yuan), volume in shares, amount in thousand-yuan"
          : "state the units in a mapping file: prices may be in yuan already, volume in hand (100 shares), amount in yuan",
      place: { file: text },
    },
  );
}
