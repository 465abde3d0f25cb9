/**
 * Whether the numbers agree with the units they are said to be in: of recent rows, amount ÷ (volume × typical price) is
 * about 1 in canonical units. Prices in li that are taken for yuan make it 1,000 times too small; with amounts in li that
 * are taken for yuan as well it stays 1, so that the prices themselves are looked at too.
 */
import { DataError } from "../../errors.ts";
import { numbersOf } from "../../duckdb/columns.ts";
import { copyOut } from "./copy-out.ts";
import { textOfTable } from "./identifier.ts";
import { lastDay } from "./resolve-table.ts";
import { selectRows } from "./select-table.ts";
import type { PostgresSession } from "./session.ts";
import { exponentOf, type ResolvedTable, type TableField } from "./table-mapping.ts";

const RECENT_DAYS = 15;
const LEAST_ROWS = 5;
const MOST_ROWS = 60_000;
/** In yuan, of the middle of a table: the dearest share has cost 2,600, the cheapest 0.2. */
const GREATEST_PRICE = 5_000;
const LEAST_PRICE = 0.1;

/** What the check found: the median ratio, or null when there is nothing to compare. */
export interface UnitCheck {
  readonly rows: number;
  readonly ratio: number | null;
}

/** Throws SOURCE_UNITS when the ratio is a power of ten off, and when prices are beyond any price. */
export async function checkUnits(session: PostgresSession, table: ResolvedTable): Promise<UnitCheck> {
  const fieldOf = (name: string): TableField | undefined => table.fields.find((field) => field.name === name);
  const close = fieldOf("close");
  const nothing = { rows: 0, ratio: null };
  // The scale of back-adjusted prices is any number, an index counts points.
  if (table.adjustment.kind === "hfq" || table.calendar !== "XSHG" || table.shape.includes("index"))
    return nothing;
  const last = await lastDay(session, table.bars, table.timeZone);
  if (close === undefined || Number.isNaN(last)) return nothing;
  const [volume, amount] = [fieldOf("volume"), fieldOf("amount")];
  const chosen = [fieldOf("high") ?? close, fieldOf("low") ?? close, close, volume ?? close, amount ?? close];
  const query = selectRows(table, {
    fields: [...new Set(chosen)],
    window: { start: last - RECENT_DAYS, end: last },
    ordered: false,
  });
  const powers = chosen.map((field) => 10 ** exponentOf(field));
  const ratios: number[] = [];
  const closes: number[] = [];
  for await (const batch of copyOut(session, { ...query, sql: `${query.sql} LIMIT ${MOST_ROWS}` })) {
    const columns = chosen.map(({ name }) => numbersOf(batch, name));
    const at = (column: number, row: number): number => columns[column]![row]! * powers[column]!;
    for (let row = 0; row < batch.rows; row++) {
      const traded = at(2, row);
      if (!(traded > 0)) continue;
      closes.push(traded);
      if (volume === undefined || amount === undefined) continue;
      const [shares, money] = [at(3, row), at(4, row)];
      if (shares > 0 && money > 0) ratios.push(money / ((shares * (at(0, row) + at(1, row) + traded)) / 3));
    }
  }
  const ratio = ratios.length < LEAST_ROWS ? null : medianOf(ratios);
  const power = ratio === null ? 0 : Math.round(Math.log10(ratio));
  if (ratio !== null && power !== 0) throw wrongUnits(table, { ratio, power, rows: ratios.length });
  refusePrices(table, closes);
  return ratio === null ? nothing : { rows: ratios.length, ratio };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}

/** Prices that no share has: where amounts are as far off as prices, or there are none, nothing else speaks. */
function refusePrices(table: ResolvedTable, closes: readonly number[]): void {
  if (closes.length < LEAST_ROWS) return;
  const median = medianOf(closes);
  if (median >= LEAST_PRICE && median <= GREATEST_PRICE) return;
  const text = textOfTable(table.bars.table.name);
  const unit = table.fields.find(({ name }) => name === "close")?.unit ?? "currency";
  throw new DataError(
    "SOURCE_UNITS",
    `${text}: with prices in ${unit}, the median close of ${closes.length} recent rows is ${Number(median.toPrecision(3))} yuan`,
    {
      remedy: `state the unit of the prices in a mapping file: ${median > 1 ? "li (1/1000 yuan)" : "yuan"}`,
      place: { file: text },
    },
  );
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
