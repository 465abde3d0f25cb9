/** Bars of a table: what `alphaloom import postgres:market.kline_daily_raw` reads. */
import { convertColumn, unitNamed } from "#market/units";
import { type ColumnBatch, daysOf, MISSING_DAY, numbersOf, textsOf } from "../../duckdb/columns.ts";
import { DataError } from "../../errors.ts";
import { readTableMapping, type TableMappingFile } from "../../mapping/table-mapping.ts";
import type { BarBatch, BarRequest, BarSource, SourceDescription } from "../../source.ts";
import { describeTable } from "./describe-table.ts";
import { withCheckedJoins } from "./check-joins.ts";
import { checkUnits } from "./check-units.ts";
import { copyOut } from "./copy-out.ts";
import { textOfTable } from "./identifier.ts";
import { InstrumentColumn, wantedCodes } from "./instrument-column.ts";
import { InstrumentIds } from "../instrument-codes.ts";
import { parsePostgresLocator, type PostgresLocator } from "./locator.ts";
import { resolveTable } from "./resolve-table.ts";
import { CODE, DAY, INSTANT, selectRows, TIME } from "./select-table.ts";
import { PostgresSession, sourceUrlOf } from "./session.ts";
import type { ResolvedTable, TableField } from "./table-mapping.ts";

export interface PostgresSourceOptions {
  /** The connection; it is never printed. */
  readonly url: string;
  /** A mapping, or the path of a mapping file; without it the table is recognised. */
  readonly mapping?: TableMappingFile | string;
  /** Rows of a batch. */
  readonly batchRows?: number;
  readonly signal?: AbortSignal;
}

export { sourceUrlOf };

const MICROS_PER_MINUTE = 60_000_000;
const MINUTES_PER_DAY = 1440;
const minutesPerBar = { day: 0, "1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60 } as const;

/**
 * Opens a table of bars by locator (`postgres:SCHEMA.TABLE…`). Throws SOURCE_… as connecting and the catalogue give them,
 * and SOURCE_UNITS when the numbers contradict the units.
 */
export async function openPostgresBars(
  locator: string,
  options: PostgresSourceOptions,
): Promise<PostgresBars> {
  const place = parsePostgresLocator(locator);
  const { mapping } = options;
  const file = typeof mapping === "string" ? await readTableMapping(mapping) : mapping;
  await using session = await PostgresSession.open(options.url);
  const table = await withCheckedJoins(session, await resolveTable(session, place, file));
  await checkUnits(session, table);
  return new PostgresBars(place, withoutLabels(table), options);
}

/** Labels look ahead: beside bars they would be taken for what was known on their day. */
function withoutLabels(table: ResolvedTable): ResolvedTable {
  const labels = table.fields.filter(({ name }) => name.startsWith("label_")).map(({ name }) => name);
  if (labels.length === 0) return table;
  return {
    ...table,
    fields: table.fields.filter(({ name }) => !labels.includes(name)),
    doubts: [...table.doubts, `labels look ahead and are not imported with bars: ${labels.join(", ")}`],
  };
}

export class PostgresBars implements BarSource {
  readonly place: PostgresLocator;
  readonly table: ResolvedTable;
  readonly #options: PostgresSourceOptions;

  constructor(place: PostgresLocator, table: ResolvedTable, options: PostgresSourceOptions) {
    this.place = place;
    this.table = table;
    this.#options = options;
  }

  describe(): Promise<SourceDescription> {
    return Promise.resolve(describeTable(this.table));
  }

  async *bars(request: BarRequest = {}): AsyncGenerator<BarBatch> {
    const { table } = this;
    const { url, signal, batchRows } = this.#options;
    await using session = await PostgresSession.open(url);
    const codes = await wantedCodes(session, table, request.instruments);
    if (codes !== undefined && codes.length === 0) return;
    const query = selectRows(table, {
      fields: table.fields,
      window: { start: request.start, end: request.end, codes },
      ordered: false,
    });
    const ids = new InstrumentIds();
    const instruments = new InstrumentColumn(table, ids);
    let firstRow = 1;
    const options = { signal, ...(batchRows === undefined ? {} : { batchRows }) };
    for await (const batch of copyOut(session, query, options)) {
      const { codes: places, dictionary } = textsOf(batch, CODE);
      const minutes = minutesOf(batch, table);
      yield {
        instruments: ids.ids,
        instrument: instruments.placesOf(places, dictionary),
        days: wholeDays(batch, table),
        ...(minutes === null ? {} : { minutes }),
        columns: canonicalColumns(batch, table.fields),
        origin: { file: table.locator, firstRow },
      };
      firstRow += batch.rows;
    }
  }
}

/** The days of a batch. Throws DATA_DATE_INVALID on a row without date, and on infinite ones. */
export function wholeDays(batch: ColumnBatch, { bars }: ResolvedTable): Int32Array {
  const days = daysOf(batch, DAY);
  for (let row = 0; row < days.length; row++) {
    const day = days[row]!;
    if (day > -1_000_000 && day < 10_000_000) continue;
    const file = textOfTable(bars.table.name);
    const { codes, dictionary } = textsOf(batch, CODE);
    const code = codes[row]! < 0 ? "no code" : dictionary[codes[row]!]!;
    const what = day === MISSING_DAY ? "no date" : "an infinite date";
    throw new DataError(
      "DATA_DATE_INVALID",
      `${file} has a row of ${code} with ${what} in column ${bars.date}`,
      {
        remedy: "correct or delete the row",
        place: { file, column: bars.date, instrument: code },
      },
    );
  }
  return days;
}

/** Fields by logical name, in canonical units. */
export function canonicalColumns(
  batch: ColumnBatch,
  fields: readonly TableField[],
): Map<string, Float64Array> {
  const columns = new Map<string, Float64Array>();
  for (const { name, unit } of fields) {
    const values = numbersOf(batch, name);
    columns.set(name, unit === undefined ? values : convertColumn(values, unitNamed(unit)));
  }
  return columns;
}

/** Minute of the day at bar end; null for daily bars. */
export function minutesOf(batch: ColumnBatch, table: ResolvedTable): Int16Array | null {
  if (table.freq === "day") return null;
  const shift = table.stamp === "start" ? minutesPerBar[table.freq] : 0;
  const name = batch.columns.has(INSTANT) ? INSTANT : TIME;
  return Int16Array.from(numbersOf(batch, name), (micros) => {
    const minute = Math.floor(micros / MICROS_PER_MINUTE) % MINUTES_PER_DAY;
    return (minute < 0 ? minute + MINUTES_PER_DAY : minute) + shift;
  });
}
