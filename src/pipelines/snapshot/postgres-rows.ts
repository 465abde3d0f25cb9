/**
 * Rows of a table in the order of a snapshot: day after day, every instrument from its first bar to its last, days
 * without a row included. The server sorts by day; within a day each row goes to its instrument's place, which also
 * finds second rows.
 */
import { textsOf } from "#data/duckdb/columns";
import { DataError } from "#data/errors";
import type { FrameRows } from "#data/export/frame";
import { settleSuspendedRows } from "#data/ingest/suspended-rows";
import { copyOut } from "#data/sources/postgres/copy-out";
import { textOfTable } from "#data/sources/postgres/identifier";
import { canonicalColumns, minutesOf, wholeDays } from "#data/sources/postgres/postgres-bars";
import { CODE, selectRows, type RowWindow } from "#data/sources/postgres/select-table";
import type { PostgresSession } from "#data/sources/postgres/session";
import type { ResolvedTable, TableField } from "#data/sources/postgres/table-mapping";
import { isoOf, type Day } from "#market/day";
import type { PriceFactors } from "./postgres-factors.ts";

const BATCH_ROWS = 16_384;
const MS_PER_DAY = 86_400_000;
const MS_PER_MINUTE = 60_000;

/** How a column of the frame is made. */
export interface RowColumn {
  readonly dtype: "f32" | "f64";
  /** The field it is read from; null for one that is derived. */
  readonly field: string | null;
  readonly derived: "factor" | "vwap" | null;
  readonly moves: "price" | "volume" | "none";
}

export interface RowMember {
  readonly instrument: string;
  /** Half-open places in `sessions`. */
  readonly from: number;
  readonly to: number;
}

export interface RowsRequest {
  readonly table: ResolvedTable;
  readonly columns: readonly RowColumn[];
  /** Read besides the columns' own, to tell suspended days and to derive. */
  readonly fields: readonly TableField[];
  /** In code-point order: the frame's keys. */
  readonly members: readonly RowMember[];
  /** Place in `members` by the table's spelling; codes that are not asked for are absent. */
  readonly placeOf: ReadonlyMap<string, number>;
  readonly sessions: Int32Array;
  readonly window: RowWindow;
  /** Null when prices stay as they are. */
  readonly factors: PriceFactors | null;
}

/** Streams the frame. Throws SOURCE_ROW_TWICE and SOURCE_ROWS_UNSORTED naming instrument and day, SOURCE_… of reading. */
export async function* rowsOfTable(
  session: PostgresSession,
  request: RowsRequest,
  signal?: AbortSignal,
): AsyncGenerator<FrameRows> {
  const { table, fields, placeOf, sessions } = request;
  const moment = new Moment(request);
  const out = new Rows(request.columns, moment);
  const isSession = new Set(sessions);
  const intraday = table.freq !== "day";
  // Sessions that may be without any row; intraday only moments with rows are delivered.
  const gaps = intraday ? 0 : sessions.length;
  const places: number[] = [];
  let at = Number.NEGATIVE_INFINITY;
  let next = 0;
  const query = selectRows(table, { fields, window: request.window, ordered: true });
  for await (const batch of copyOut(session, query, { signal })) {
    const days = wholeDays(batch, table);
    const minutes = minutesOf(batch, table);
    const { codes, dictionary } = textsOf(batch, CODE);
    for (let code = places.length; code < dictionary.length; code++)
      places.push(placeOf.get(dictionary[code]!) ?? -1);
    const values = canonicalColumns(batch, fields);
    settleSuspendedRows(values);
    moment.batch(values);
    for (let row = 0; row < batch.rows; row++) {
      const day = days[row]!;
      const time = day * MS_PER_DAY + (minutes?.[row] ?? 0) * MS_PER_MINUTE;
      const place = codes[row]! < 0 ? -1 : places[codes[row]!]!;
      if (place < 0 || !isSession.has(day)) continue;
      if (time !== at) {
        if (time < at) throw unsorted(request, place, day);
        if (at !== Number.NEGATIVE_INFINITY) yield* out.take(at, intraday ? null : next - 1);
        at = time;
        // Sessions without any row are days of their own.
        while (next < gaps && sessions[next]! < day) yield* out.take(sessions[next]! * MS_PER_DAY, next++);
        if (!intraday) next++;
      }
      if (!moment.put(place, row)) throw twice(request, place, { day, minute: minutes?.[row] });
    }
  }
  if (at !== Number.NEGATIVE_INFINITY) yield* out.take(at, intraday ? null : next - 1);
  while (next < gaps) yield* out.take(sessions[next]! * MS_PER_DAY, next++);
  yield* out.last();
}

/** The rows of one moment, by the place of their instruments. */
class Moment {
  readonly members: readonly RowMember[];
  readonly #columns: readonly RowColumn[];
  readonly #factors: PriceFactors | null;
  /** Values by column, then by place. */
  readonly values: readonly Float64Array[];
  readonly present: Uint8Array;
  #sources: readonly (Float64Array | undefined)[] = [];
  #amount: Float64Array | undefined;
  #volume: Float64Array | undefined;

  constructor({ members, columns, factors }: RowsRequest) {
    this.members = members;
    this.#columns = columns;
    this.#factors = factors;
    this.values = columns.map(() => new Float64Array(members.length));
    this.present = new Uint8Array(members.length);
  }

  batch(values: ReadonlyMap<string, Float64Array>): void {
    this.#sources = this.#columns.map(({ field }) => (field === null ? undefined : values.get(field)));
    this.#amount = values.get("amount");
    this.#volume = values.get("volume");
  }

  /** False when the place is taken. */
  put(place: number, row: number): boolean {
    if (this.present[place] === 1) return false;
    this.present[place] = 1;
    for (const [column, { derived }] of this.#columns.entries()) {
      if (derived === "factor") continue;
      this.values[column]![place] = derived === "vwap" ? this.#vwap(row) : this.#sources[column]![row]!;
    }
    return true;
  }

  #vwap(row: number): number {
    const volume = this.#volume![row]!;
    return volume > 0 ? this.#amount![row]! / volume : Number.NaN;
  }

  /** Value of a column at a place, adjusted. */
  write(
    column: number,
    into: Float32Array | Float64Array,
    to: { readonly at: number; readonly place: number; readonly day: Day },
  ): void {
    const { at, place, day } = to;
    const { derived, moves } = this.#columns[column]!;
    if (derived === "factor") {
      into[at] = this.#factors === null ? 1 : this.#factors.scaleAt(place, day);
      return;
    }
    const value = this.present[place] === 1 ? this.values[column]![place]! : Number.NaN;
    if (moves === "none" || this.#factors === null) into[at] = value;
    else if (moves === "price") into[at] = value * this.#factors.scaleAt(place, day);
    else into[at] = value / this.#factors.scaleAt(place, day);
  }
}

/** Collects moments into batches. */
class Rows {
  readonly #columns: readonly RowColumn[];
  readonly #moment: Moment;
  #times = new Float64Array(0);
  #keys = new Int32Array(0);
  #values: (Float32Array | Float64Array)[] = [];
  #length = 0;

  constructor(columns: readonly RowColumn[], moment: Moment) {
    this.#columns = columns;
    this.#moment = moment;
    this.#start();
  }

  /** Takes over a moment and empties it: all instruments of the session, or (null) those that are there. */
  *take(time: number, session: number | null): Generator<FrameRows> {
    const { members, present } = this.#moment;
    const day = Math.floor(time / MS_PER_DAY);
    for (let place = 0; place < members.length; place++) {
      const { from, to } = members[place]!;
      if (session === null ? present[place] === 0 : session < from || session >= to) continue;
      if (this.#length === BATCH_ROWS) yield this.#finish();
      const at = this.#length++;
      this.#times[at] = time;
      this.#keys[at] = place;
      for (let column = 0; column < this.#values.length; column++)
        this.#moment.write(column, this.#values[column]!, { at, place, day });
    }
    present.fill(0);
  }

  *last(): Generator<FrameRows> {
    if (this.#length > 0) yield this.#finish();
  }

  #start(): void {
    this.#length = 0;
    this.#times = new Float64Array(BATCH_ROWS);
    this.#keys = new Int32Array(BATCH_ROWS);
    this.#values = this.#columns.map(({ dtype }) =>
      dtype === "f32" ? new Float32Array(BATCH_ROWS) : new Float64Array(BATCH_ROWS),
    );
  }

  #finish(): FrameRows {
    const length = this.#length;
    const rows = {
      times: this.#times.subarray(0, length),
      keys: this.#keys.subarray(0, length),
      values: this.#values.map((values) => values.subarray(0, length)),
    };
    this.#start();
    return rows;
  }
}

function twice(
  { table, members }: RowsRequest,
  place: number,
  at: { readonly day: Day; readonly minute: number | undefined },
): DataError {
  const { instrument } = members[place]!;
  const minute =
    at.minute === undefined ? "" : ` ${new Date(at.minute * MS_PER_MINUTE).toISOString().slice(11, 16)}`;
  const names = [table.bars.table.name, ...table.joined.map((joined) => joined.table.name)].map(textOfTable);
  return new DataError(
    "SOURCE_ROW_TWICE",
    `${names.join(" joined with ")} ${names.length > 1 ? "have" : "has"} two rows for ${instrument} on ${isoOf(at.day)}${minute}`,
    {
      remedy: "delete one of them, and make (ts_code, trade_date) the table's primary key",
      place: { file: names[0]!, instrument },
    },
  );
}

function unsorted({ table, members }: RowsRequest, place: number, day: Day): DataError {
  const { instrument } = members[place]!;
  const file = textOfTable(table.bars.table.name);
  return new DataError(
    "SOURCE_ROWS_UNSORTED",
    `${file}: the row of ${instrument} on ${isoOf(day)} comes after later ones`,
    {
      remedy: "rebuild the table's indexes (REINDEX TABLE): the server does not sort as it should",
      place: { file, instrument },
    },
  );
}
