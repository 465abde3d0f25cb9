/** Bars from files and a mapping: the one `BarSource` behind Parquet, CSV, JSON and Excel. */
import { convertColumn, unitNamed } from "#market/units";
import { Scratch } from "../../archive/scratch.ts";
import { type ColumnBatch, daysOf, MISSING_DAY, numbersOf, textsOf } from "../../duckdb/columns.ts";
import { Database, type DatabaseOptions } from "../../duckdb/database.ts";
import { DataError } from "../../errors.ts";
import type { BarMapping } from "../../mapping/mapping.ts";
import type { BarBatch, BarRequest, BarSource, SourceDescription } from "../../source.ts";
import { asDataError } from "../../system-errors.ts";
import { canonicalId, InstrumentIds, instrumentOfFile } from "../instrument-codes.ts";
import { type SourceFile, placeOf } from "../locator.ts";
import { type Relation, relationOf } from "../relation.ts";
import { badDate, badNumber } from "./bad-row.ts";
import { describeBars } from "./describe-bars.ts";
import { factorsOfFile } from "./factor-files.ts";
import { onlyOwnDays, ownDaysOfFile } from "./ticker-days.ts";
import { BAD, type BarSelection, CODE, DAY, MINUTE, selectBars } from "./select-bars.ts";

export interface MappedBarsOptions {
  readonly locator: string;
  readonly reasons?: readonly string[];
  readonly database?: DatabaseOptions;
  readonly batchRows?: number;
}

interface Pass {
  readonly database: Database;
  readonly scratch: Scratch;
  readonly request: BarRequest;
  readonly ids: InstrumentIds;
}

export class MappedBars implements BarSource {
  readonly files: readonly SourceFile[];
  readonly mapping: BarMapping;
  readonly #options: MappedBarsOptions;
  /** Spellings of each file's codes, once asked for: file → code → canonical id. */
  readonly #codes = new Map<SourceFile, ReadonlyMap<string, string>>();

  constructor(files: readonly SourceFile[], mapping: BarMapping, options: MappedBarsOptions) {
    this.files = files;
    this.mapping = mapping;
    this.#options = options;
  }

  async describe(): Promise<SourceDescription> {
    using database = await Database.open(this.#options.database);
    await using scratch = new Scratch();
    const file = this.files[0]!;
    const relation = await relationOf(file, { database, scratch, reading: this.mapping.reading });
    const selection = selectBars(relation, this.mapping, { path: placeOf(file) });
    return describeBars({
      locator: this.#options.locator,
      mapping: this.mapping,
      columns: selection.columns,
      files: this.files,
      reasons: this.#options.reasons ?? ["columns, units and adjustment are taken from the mapping file"],
    });
  }

  async *bars(request: BarRequest = {}): AsyncGenerator<BarBatch> {
    using database = await Database.open(this.#options.database);
    await using scratch = new Scratch();
    const pass: Pass = { database, scratch, request, ids: new InstrumentIds() };
    const seen = new Map<string, SourceFile>();
    for (const file of this.files) {
      try {
        yield* this.#fileBars(file, pass, seen);
      } catch (error) {
        throw asDataError(error, { file: placeOf(file), doing: "read" });
      }
    }
  }

  async *#fileBars(file: SourceFile, pass: Pass, seen: Map<string, SourceFile>): AsyncGenerator<BarBatch> {
    const { mapping } = this;
    const { request, database, scratch } = pass;
    const rule = mapping.instrument;
    const only = "column" in rule ? null : instrumentOfFile(file, rule);
    if (only !== null) {
      refuseSecondFile(only, file, seen);
      if (request.instruments !== undefined && !request.instruments.has(only)) return;
    }
    const relation = await relationOf(file, { database, scratch, reading: mapping.reading });
    const codes =
      only === null && request.instruments !== undefined
        ? await this.#wantedCodes(file, relation, { database, instruments: request.instruments })
        : undefined;
    if (codes !== undefined && codes.length === 0) return;
    const selection = selectBars(relation, mapping, {
      path: placeOf(file),
      window: { start: request.start, end: request.end, ...(codes === undefined ? {} : { codes }) },
    });
    const where = { database, relation, place: placeOf(file) };
    const factors = await factorsOfFile(file, mapping);
    const ownDays = await ownDaysOfFile(file, mapping);
    const indexOfCode: number[] = [];
    let firstRow = 1;
    const { batchRows } = this.#options;
    for await (const batch of database.query(selection.sql, batchRows === undefined ? {} : { batchRows })) {
      const days = daysOf(batch, DAY);
      if (days.includes(MISSING_DAY)) throw await badDate(where, selection);
      const bad = selection.checked.length === 0 ? 0 : numbersOf(batch, BAD).find((column) => column > 0);
      if (bad) throw await badNumber(where, selection.checked[bad - 1]!, mapping.reading.missing);
      const instrument =
        only === null
          ? this.#instruments(batch, { indexOfCode, ids: pass.ids, file, firstRow })
          : new Int32Array(batch.rows).fill(pass.ids.indexOf(only));
      const columns = canonicalColumns(batch, selection);
      const whole: BarBatch = {
        instruments: pass.ids.ids,
        instrument,
        days,
        ...(selection.hasMinute ? { minutes: endMinutes(batch, mapping) } : {}),
        columns,
        origin: { file: placeOf(file), firstRow },
      };
      const own = ownDays === null ? whole : onlyOwnDays(whole, ownDays);
      if (own.days.length > 0)
        yield factors === null
          ? own
          : { ...own, columns: new Map([...own.columns, ["factor", factors(own.days)]]) };
      firstRow += batch.rows;
    }
  }

  /** Instrument index of each row, through a table by dictionary code. */
  #instruments(
    batch: ColumnBatch,
    {
      indexOfCode,
      ids,
      file,
      firstRow,
    }: { indexOfCode: number[]; ids: InstrumentIds; file: SourceFile; firstRow: number },
  ): Int32Array {
    const { codes, dictionary } = textsOf(batch, CODE);
    const instrument = new Int32Array(batch.rows);
    for (let code = indexOfCode.length; code < dictionary.length; code++) {
      const id = canonicalId(dictionary[code]!, this.mapping.instrument);
      indexOfCode.push(id === null ? -1 : ids.indexOf(id));
    }
    for (let row = 0; row < batch.rows; row++) {
      const code = codes[row]!;
      const index = code < 0 ? -1 : indexOfCode[code]!;
      if (index < 0) {
        throw unknownInstrument(code < 0 ? null : dictionary[code]!, {
          file: placeOf(file),
          row: firstRow + row,
          column: (this.mapping.instrument as { readonly column: string }).column,
        });
      }
      instrument[row] = index;
    }
    return instrument;
  }

  /** The file's spellings of the wanted instruments. */
  async #wantedCodes(
    file: SourceFile,
    relation: Relation,
    { database, instruments }: { readonly database: Database; readonly instruments: ReadonlySet<string> },
  ): Promise<string[]> {
    let known = this.#codes.get(file);
    if (known === undefined) {
      const { sql } = selectBars(relation, this.mapping, { path: placeOf(file) });
      const rows = await database.rows(
        `SELECT DISTINCT ${CODE} AS code FROM (${sql}) WHERE ${CODE} IS NOT NULL`,
      );
      const found = new Map<string, string>();
      for (const row of rows) {
        const code = String(row["code"]);
        const id = canonicalId(code, this.mapping.instrument);
        if (id !== null) found.set(code, id);
      }
      this.#codes.set(file, found);
      known = found;
    }
    return [...known].filter(([, id]) => instruments.has(id)).map(([code]) => code);
  }
}

function refuseSecondFile(id: string, file: SourceFile, seen: Map<string, SourceFile>): void {
  const earlier = seen.get(id);
  if (earlier !== undefined && earlier !== file) {
    throw new DataError(
      "DATA_INSTRUMENT_TWICE",
      `${id} arrives from ${placeOf(earlier)} and from ${placeOf(file)}`,
      {
        remedy: "keep one of the two files, or import them one after the other",
        place: { file: placeOf(file), instrument: id },
      },
    );
  }
  seen.set(id, file);
}

function unknownInstrument(
  code: string | null,
  place: { readonly file: string; readonly row: number; readonly column: string },
): DataError {
  const found = code === null ? "no instrument code" : `"${code}", an instrument code of no known form,`;
  return new DataError(
    "DATA_INSTRUMENT_INVALID",
    `${place.file}: row ${place.row} has ${found} in column ${place.column}`,
    {
      remedy: "correct the row, or state instrument.venue (or acceptUnknown) in a mapping file",
      place,
    },
  );
}

function canonicalColumns(batch: ColumnBatch, selection: BarSelection): Map<string, Float64Array> {
  const columns = new Map<string, Float64Array>();
  for (const { name, unit } of selection.columns) {
    const values = numbersOf(batch, name);
    columns.set(name, unit === undefined ? values : convertColumn(values, unitNamed(unit)));
  }
  return columns;
}

const minutesPerBar = { day: 0, "1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60 } as const;

/** Minute of the day at bar end; bars stamped at their start are moved by their length. */
function endMinutes(batch: ColumnBatch, mapping: BarMapping): Int16Array {
  const shift = mapping.stamp === "start" ? minutesPerBar[mapping.freq] : 0;
  return Int16Array.from(numbersOf(batch, MINUTE), (minute) => minute + shift);
}
