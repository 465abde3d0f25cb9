/** The codes of a table as canonical ids: one look-up for each distinct code. */
import { DataError } from "../../errors.ts";
import { canonicalId, type InstrumentIds } from "../instrument-codes.ts";
import { columnOf } from "./catalogue.ts";
import { sqlColumn, sqlTable, textOfTable } from "./identifier.ts";
import type { PostgresSession } from "./session.ts";
import type { ResolvedTable } from "./table-mapping.ts";

/** Codes of the table with their canonical ids; those of no known form are null. */
export async function codesOf(
  session: PostgresSession,
  { bars, instrument }: ResolvedTable,
): Promise<ReadonlyMap<string, string | null>> {
  const name = sqlColumn(columnOf(bars.table, bars.instrument).name);
  const rows = await session.query(
    `SELECT DISTINCT ${name}::text AS code FROM ${sqlTable(bars.table.name)} WHERE ${name} IS NOT NULL`,
    [],
    `reading the codes of ${textOfTable(bars.table.name)}`,
  );
  return new Map(rows.map((row) => [String(row["code"]), canonicalId(String(row["code"]), instrument)]));
}

/** The table's spellings of some instruments; undefined for all of them. */
export async function wantedCodes(
  session: PostgresSession,
  table: ResolvedTable,
  instruments: ReadonlySet<string> | undefined,
): Promise<readonly string[] | undefined> {
  if (instruments === undefined) return undefined;
  const codes = await codesOf(session, table);
  return [...codes].filter(([, id]) => id !== null && instruments.has(id)).map(([code]) => code);
}

/** Turns the codes of a stream's batches into places in a list of ids. */
export class InstrumentColumn {
  readonly #table: ResolvedTable;
  readonly #ids: InstrumentIds;
  readonly #places: number[] = [];

  constructor(table: ResolvedTable, ids: InstrumentIds) {
    this.#table = table;
    this.#ids = ids;
  }

  /** Throws DATA_INSTRUMENT_INVALID on a row without code or with one of no known form. */
  placesOf(codes: Int32Array, dictionary: readonly string[]): Int32Array {
    const places = this.#places;
    for (let code = places.length; code < dictionary.length; code++) {
      const id = canonicalId(dictionary[code]!, this.#table.instrument);
      if (id === null) throw this.#unknown(dictionary[code]!);
      places.push(this.#ids.indexOf(id));
    }
    const found = new Int32Array(codes.length);
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row]!;
      if (code < 0) throw this.#unknown(null);
      found[row] = places[code]!;
    }
    return found;
  }

  #unknown(code: string | null): DataError {
    const file = textOfTable(this.#table.bars.table.name);
    const column = this.#table.bars.instrument;
    const what =
      code === null
        ? "a row without a code"
        : `${JSON.stringify(code)}, an instrument code of no known form,`;
    return new DataError("DATA_INSTRUMENT_INVALID", `${file} has ${what} in column ${column}`, {
      remedy: "correct the row, or state instrument.venue (or acceptUnknown) in a mapping file",
      place: { file, column },
    });
  }
}
