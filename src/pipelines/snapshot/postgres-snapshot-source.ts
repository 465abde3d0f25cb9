/** Tables of a PostgreSQL server as a snapshot's source, all read as of the moment it was opened. */
import type { Frame } from "#data/export/frame";
import { byText } from "#data/export/series-table";
import { DataError } from "#data/errors";
import { readTableMapping, type TableMappingFile } from "#data/mapping/table-mapping";
import { canonicalId } from "#data/sources/instrument-codes";
import { columnOf } from "#data/sources/postgres/catalogue";
import { withCheckedJoins } from "#data/sources/postgres/check-joins";
import { checkUnits } from "#data/sources/postgres/check-units";
import { sqlColumn, sqlLiteral, sqlTable, textOfTable } from "#data/sources/postgres/identifier";
import { parsePostgresLocator, textOfLocator } from "#data/sources/postgres/locator";
import { resolveTable } from "#data/sources/postgres/resolve-table";
import { dayExpression, windowOf } from "#data/sources/postgres/select-table";
import { PostgresSession } from "#data/sources/postgres/session";
import type { ResolvedTable } from "#data/sources/postgres/table-mapping";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { isoOf, parseDay, type Day } from "#market/day";
import { units, unitNamed, toCanonical } from "#market/units";
import type { Frequency } from "#panel/axes";
import { SnapshotError } from "./errors.ts";
import { postgresColumns, type PostgresColumn } from "./postgres-columns.ts";
import {
  factorAt,
  factorSteps,
  lateFactors,
  NO_STEPS,
  PriceFactors,
  type FactorSteps,
} from "./postgres-factors.ts";
import { rowsOfTable, type RowMember } from "./postgres-rows.ts";
import type {
  FactorKnowledge,
  InstrumentCoverage,
  SnapshotAdjustment,
  SnapshotScope,
  SnapshotSource,
} from "./snapshot-source.ts";

export interface PostgresSnapshotOptions {
  /** The connection; it is never printed. */
  readonly url: string;
  /** A mapping, or the path of a mapping file; without it the table is recognised. */
  readonly mapping?: TableMappingFile | string;
}

/** An instrument of the table: its sessions with rows, first to last, as places among all sessions. */
interface Listed {
  readonly instrument: string;
  /** As the table spells it. */
  readonly code: string;
  readonly from: number;
  readonly to: number;
  /** Close of the first bar as the table has it: front-adjusted histories that are rewritten begin with another. */
  readonly firstClose: number;
}

/** Needed to tell suspended days, whichever columns are asked for. */
const TELLING = ["open", "high", "low", "close", "volume", "amount", "status"];

/**
 * Opens the tables of a locator (`postgres:market.kline_daily_raw?factors=market.factor_daily`). Throws SOURCE_… as
 * connecting, the catalogue and the units give them, SNAPSHOT_ADJUSTMENT for back-adjusted prices.
 */
export async function openPostgresSnapshotSource(
  locator: string,
  options: PostgresSnapshotOptions,
): Promise<PostgresSnapshotSource> {
  const place = parsePostgresLocator(locator);
  const { mapping, url } = options;
  const file = typeof mapping === "string" ? await readTableMapping(mapping) : mapping;
  const session = await PostgresSession.open(url);
  try {
    const table = await withCheckedJoins(session, await resolveTable(session, place, file));
    if (table.adjustment.kind === "hfq") {
      throw new SnapshotError("SNAPSHOT_ADJUSTMENT", `${table.locator} holds back-adjusted prices`, {
        remedy:
          "export from a table of unadjusted prices with an adjustment factor, or of front-adjusted ones",
      });
    }
    await checkUnits(session, table);
    const market = await marketOf(session, table);
    return new PostgresSnapshotSource({ session, table, url, snapshot: await session.snapshot(), ...market });
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

interface Opened {
  readonly session: PostgresSession;
  readonly table: ResolvedTable;
  readonly url: string;
  readonly snapshot: string;
  readonly sessions: Int32Array;
  readonly listed: readonly Listed[];
}

export class PostgresSnapshotSource implements SnapshotSource {
  readonly locator: string;
  readonly generation = null;
  readonly calendar: string;
  readonly freq: Frequency;
  readonly adjustment: "raw" | "qfq";
  readonly columns: readonly PostgresColumn[];
  readonly #opened: Opened;
  #steps: ReadonlyMap<string, FactorSteps> | undefined;

  constructor(opened: Opened) {
    const { table } = opened;
    this.#opened = opened;
    this.locator = locatorOf(table);
    this.calendar = table.calendar;
    this.freq = table.freq;
    this.adjustment = table.adjustment.kind === "qfq" ? "qfq" : "raw";
    this.columns = postgresColumns(table);
  }

  /** What is known of the table: mapping, units, reasons and doubts. */
  get table(): ResolvedTable {
    return this.#opened.table;
  }

  get doubts(): readonly string[] {
    return this.#opened.table.doubts;
  }

  async factorKnowledge(): Promise<FactorKnowledge> {
    const { session, table } = this.#opened;
    const has = (name: string): boolean => table.fields.some((field) => field.name === name);
    const factor = table.fields.find(({ name }) => name === "factor");
    if (factor === undefined) return { isKnown: has("close") && has("preclose"), notes: [] };
    const { known, late } = await lateFactors(session, table, factor);
    if (late.length === 0) return { isKnown: true, notes: [] };
    const some = `${late.slice(0, 3).join(", ")}${late.length > 3 ? ", …" : ""}`;
    return {
      isKnown: known > 0,
      notes: [
        `${factor.table} has no adjustment factor of the last bar of ${late.length} instruments (${some}); the last one known is taken, 1 where there is none`,
      ],
    };
  }

  sessions(scope: SnapshotScope): Promise<readonly Day[]> {
    const { from, to } = this.#rows(scope);
    return Promise.resolve([...this.#opened.sessions.subarray(from, to)]);
  }

  async coverage(scope: SnapshotScope): Promise<readonly InstrumentCoverage[]> {
    const { sessions } = this.#opened;
    const steps = await this.#factors();
    const counts = await this.#counts(scope.end);
    return this.#members(scope).map(({ instrument, code, from, to, listed }) => {
      const last = sessions[to - 1]!;
      const scale =
        this.adjustment === "qfq" ? listed.firstClose : factorAt(steps.get(code) ?? NO_STEPS, last);
      return {
        instrument,
        first: sessions[from]!,
        last,
        rows: to - from,
        fingerprint: [this.adjustment, isoOf(sessions[listed.from]!), scale, counts.get(code) ?? 0].join(":"),
      };
    });
  }

  async frame(
    scope: SnapshotScope,
    request: { readonly columns: readonly string[]; readonly adjustment: SnapshotAdjustment },
  ): Promise<Frame> {
    const { table, sessions, url, snapshot } = this.#opened;
    const asked = request.columns.map((name) => this.#column(name));
    const columns =
      request.adjustment.kind === "raw" ? asked.map((each) => ({ ...each, moves: "none" as const })) : asked;
    const rows = this.#rows(scope);
    const members = this.#members(scope);
    const used = new Set(columns.map(({ field }) => field));
    const market = columns.some(({ role, derived }) => role === "market" && derived !== "factor");
    const fields = table.fields.filter(({ name }) => used.has(name) || (market && TELLING.includes(name)));
    const factors = columns.some(({ moves, derived }) => moves !== "none" || derived === "factor")
      ? await this.#priceFactors(members, request.adjustment)
      : null;
    const isWhole = members.length === this.#opened.listed.length;
    const { start, end } = { start: sessions[rows.from], end: sessions[rows.to - 1] };
    return {
      levels: ["datetime", "instrument"],
      keys: members.map(({ instrument }) => instrument),
      columns: columns.map(({ name, dtype, unit, description, lineage }) => ({
        name,
        dtype,
        unit,
        description,
        lineage,
      })),
      async *batches(signal) {
        if (members.length === 0) return;
        await using session = await PostgresSession.open(url, { snapshot });
        yield* rowsOfTable(
          session,
          {
            table,
            columns,
            fields,
            members: members.map(({ instrument, from, to }) => ({
              instrument,
              from: from - rows.from,
              to: to - rows.from,
            })),
            placeOf: new Map(members.map(({ code }, place) => [code, place])),
            sessions: sessions.subarray(rows.from, rows.to),
            window: { start, end, ...(isWhole ? {} : { codes: members.map(({ code }) => code) }) },
            factors: factors?.() ?? null,
          },
          signal,
        );
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.session[Symbol.asyncDispose]();
  }

  /** A maker of scales: each pass over the rows goes through the steps anew. */
  async #priceFactors(
    members: readonly (RowMember & { readonly code: string })[],
    adjustment: SnapshotAdjustment,
  ): Promise<(() => PriceFactors) | null> {
    if (this.adjustment === "qfq") return null;
    const all = await this.#factors();
    const steps = members.map(({ code }) => all.get(code) ?? NO_STEPS);
    const divisors = new Float64Array(members.length).fill(1);
    if (adjustment.kind === "qfq") {
      const { sessions, listed } = this.#opened;
      const first = new Map(listed.map(({ code, from }) => [code, sessions[from]!]));
      for (const [place, { code }] of members.entries())
        divisors[place] = factorAt(steps[place]!, Math.max(adjustment.baseDay, first.get(code)!));
    }
    return () => new PriceFactors(steps, divisors);
  }

  async #factors(): Promise<ReadonlyMap<string, FactorSteps>> {
    if (this.#steps !== undefined) return this.#steps;
    const { session: _, table, listed, sessions, url, snapshot } = this.#opened;
    if (table.adjustment.kind !== "raw" || table.freq !== "day") return (this.#steps = new Map());
    await using session = await PostgresSession.open(url, { snapshot });
    const days = new Set(sessions);
    this.#steps = await factorSteps(session, table, {
      ids: new Map(listed.map(({ code, instrument }) => [code, instrument])),
      isSession: (day) => days.has(day),
    });
    return this.#steps;
  }

  /** Rows up to a day by code: between first and last one, rows may come later or go. */
  async #counts(end: Day | undefined): Promise<ReadonlyMap<string, number>> {
    const { session, table } = this.#opened;
    const { bars, timeZone } = table;
    const where = windowOf(bars, { end }, { prefix: "t", timeZone });
    const rows = await session.query(
      `SELECT t.${sqlColumn(bars.instrument)}::text AS code, count(*)::float8 AS rows
       FROM ${sqlTable(bars.table.name)} t${where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`} GROUP BY 1`,
      [],
      `counting the rows of ${textOfTable(bars.table.name)}`,
    );
    return new Map(rows.map((row) => [String(row["code"]), Number(row["rows"])]));
  }

  #column(name: string): PostgresColumn {
    const found = this.columns.find((column) => column.name === name);
    if (found !== undefined) return found;
    const known = this.columns.map((column) => column.name);
    throw new SnapshotError("SNAPSHOT_COLUMN_UNKNOWN", `${this.locator} has no column ${name}`, {
      remedy: `choose from ${known.slice(0, 12).join(", ")}${known.length > 12 ? ", …" : ""}`,
      place: { column: name },
    });
  }

  /** Half-open places of a scope's sessions. */
  #rows({ start, end }: SnapshotScope): { readonly from: number; readonly to: number } {
    const { sessions } = this.#opened;
    const from = start === undefined ? 0 : sessions.findIndex((day) => day >= start);
    const after = end === undefined ? -1 : sessions.findIndex((day) => day > end);
    const first = from < 0 ? sessions.length : from;
    return { from: first, to: Math.max(first, after < 0 ? sessions.length : after) };
  }

  #members(
    scope: SnapshotScope,
  ): readonly (RowMember & { readonly code: string; readonly listed: Listed })[] {
    const rows = this.#rows(scope);
    return this.#opened.listed
      .filter(({ instrument }) => scope.instruments?.has(instrument) ?? true)
      .map((listed) => ({
        instrument: listed.instrument,
        code: listed.code,
        from: Math.max(listed.from, rows.from),
        to: Math.min(listed.to, rows.to),
        listed,
      }))
      .filter(({ from, to }) => from < to);
  }
}

/** With every table that is joined, also one found beside the bars: another one, or none, makes other prices. */
function locatorOf({ bars, joined }: ResolvedTable): string {
  const tables = Object.fromEntries(joined.map(({ part, table }) => [part, table.name]));
  return textOfLocator({ table: bars.table.name, ...tables });
}

/** Sessions that the table covers, and of each instrument the first and the last with a row. Other days do not count. */
async function marketOf(
  session: PostgresSession,
  table: ResolvedTable,
): Promise<{ readonly sessions: Int32Array; readonly listed: readonly Listed[] }> {
  const { bars, timeZone } = table;
  const name = sqlTable(bars.table.name);
  const text = textOfTable(bars.table.name);
  const day = dayExpression("t", columnOf(bars.table, bars.date), timeZone);
  const code = `t.${sqlColumn(bars.instrument)}`;
  const doing = `reading the days of ${text}`;
  const found = await session.query(
    `SELECT to_char(d, 'YYYY-MM-DD') AS d FROM (SELECT DISTINCT ${day} AS d FROM ${name} t) x WHERE isfinite(d) ORDER BY 1`,
    [],
    doing,
  );
  const days = found.map((row) => parseDay(String(row["d"])));
  if (days.length === 0) throw emptyTable(text);
  const calendar = calendarNamed(table.calendar);
  const open = days.filter((each) => calendar.isSession(each));
  if (open.length === 0) throw emptyTable(text);
  const sessions = calendar.sessionsBetween(open[0]!, open.at(-1)!);
  const placeOf = new Map([...sessions].map((each, place) => [each, place]));
  const closed = days.filter((each) => !placeOf.has(each)).map((each) => sqlLiteral(isoOf(each)));
  const where = closed.length === 0 ? "" : ` WHERE ${day} <> ALL (ARRAY[${closed.join(", ")}]::date[])`;
  const spans = await session.query(
    `SELECT ${code}::text AS code, to_char(min(${day}), 'YYYY-MM-DD') AS first, to_char(max(${day}), 'YYYY-MM-DD') AS last
     FROM ${name} t${where} GROUP BY 1`,
    [],
    doing,
  );
  const closes =
    table.adjustment.kind === "qfq"
      ? await firstCloses(session, table, { day, code })
      : new Map<string, number>();
  const listed = spans.map((row): Listed => {
    const spelled = String(row["code"]);
    const instrument = row["code"] === null ? null : canonicalId(spelled, table.instrument);
    if (instrument === null) throw unknownCode(table, row["code"] === null ? null : spelled);
    return {
      instrument,
      code: spelled,
      from: placeOf.get(parseDay(String(row["first"])))!,
      to: placeOf.get(parseDay(String(row["last"])))! + 1,
      firstClose: closes.get(spelled) ?? Number.NaN,
    };
  });
  listed.sort((left, right) => byText(left.instrument, right.instrument));
  for (const [place, { instrument, code: own }] of listed.entries()) {
    const other = listed[place + 1];
    if (other?.instrument === instrument) throw spelledTwice(text, instrument, [own, other.code]);
  }
  return { sessions, listed };
}

async function firstCloses(
  session: PostgresSession,
  { bars, fields }: ResolvedTable,
  { day, code }: { readonly day: string; readonly code: string },
): Promise<ReadonlyMap<string, number>> {
  const close = fields.find(({ name }) => name === "close")!;
  const value = `t.${sqlColumn(close.column)}`;
  const rows = await session.query(
    `SELECT DISTINCT ON (${code}) ${code}::text AS code, ${value}::float8 AS close FROM ${sqlTable(bars.table.name)} t
     WHERE ${value} > 0 ORDER BY ${code}, ${day}`,
  );
  const unit = unitNamed(close.unit ?? units[0]!.name);
  return new Map(rows.map((row) => [String(row["code"]), toCanonical(Number(row["close"]), unit)]));
}

function emptyTable(text: string): DataError {
  return new DataError("DATA_FILE_EMPTY", `${text} holds no row on a session of its exchange`, {
    remedy: "name a table that holds bars",
    place: { file: text },
  });
}

function unknownCode({ bars }: ResolvedTable, code: string | null): DataError {
  const file = textOfTable(bars.table.name);
  const what =
    code === null ? "a row without a code" : `${JSON.stringify(code)}, an instrument code of no known form,`;
  return new DataError("DATA_INSTRUMENT_INVALID", `${file} has ${what} in column ${bars.instrument}`, {
    remedy: "correct the row, or state instrument.venue (or acceptUnknown) in a mapping file",
    place: { file, column: bars.instrument },
  });
}

function spelledTwice(file: string, instrument: string, codes: readonly string[]): DataError {
  return new DataError(
    "DATA_INSTRUMENT_TWICE",
    `${file} spells ${instrument} in two ways: ${codes.join(" and ")}`,
    {
      remedy: "write every code in one way",
      place: { file, instrument },
    },
  );
}
