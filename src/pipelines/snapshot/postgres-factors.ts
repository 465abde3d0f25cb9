/**
 * Adjustment factors of a table's instruments as steps: the days on which they change. The same arithmetic as importing:
 * a running factor ÷ its first known value, or closes and precloses multiplied up, so that a snapshot of the table equals
 * one of the store to the last bit.
 */
import { daysOf, numbersOf, textsOf } from "#data/duckdb/columns";
import { DataError } from "#data/errors";
import { settleSuspendedRows } from "#data/ingest/suspended-rows";
import { copyOut } from "#data/sources/postgres/copy-out";
import { canonicalColumns } from "#data/sources/postgres/postgres-bars";
import { CODE, DAY, selectRows } from "#data/sources/postgres/select-table";
import type { PostgresSession } from "#data/sources/postgres/session";
import type { ResolvedTable, TableField } from "#data/sources/postgres/table-mapping";
import { closeNoiseOf } from "#market/adjustment/close-noise";
import { factorFromPreclose } from "#market/adjustment/factor";
import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import type { InstrumentId } from "#market/instrument";

/** Factors of one instrument: `factors[k]` holds from `days[k]` on; 1 before the first. */
export interface FactorSteps {
  readonly days: readonly Day[];
  readonly factors: readonly number[];
}

/** Says that the row before is of the same instrument and day. */
const TWICE = "__twice";

export const NO_STEPS: FactorSteps = { days: [], factors: [] };

/** The factor on a day, which is that of the last step up to it. */
export function factorAt({ days, factors }: FactorSteps, day: Day): number {
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (days[middle]! <= day) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 1 : factors[low - 1]!;
}

/** Scales of the instruments of a frame, asked for in the order of days. */
export class PriceFactors {
  readonly #steps: readonly FactorSteps[];
  readonly #divisors: Float64Array;
  /** Of each instrument the number of steps that have been passed. */
  readonly #passed: Int32Array;

  /** `divisors`: the factors on the base day, or ones. */
  constructor(steps: readonly FactorSteps[], divisors: Float64Array) {
    this.#steps = steps;
    this.#divisors = divisors;
    this.#passed = new Int32Array(steps.length);
  }

  /** By what a price of that day is multiplied. Days of one instrument must not go back. */
  scaleAt(place: number, day: Day): number {
    const { days, factors } = this.#steps[place]!;
    let passed = this.#passed[place]!;
    while (passed < days.length && days[passed]! <= day) passed++;
    this.#passed[place] = passed;
    return (passed === 0 ? 1 : factors[passed - 1]!) / this.#divisors[place]!;
  }
}

/** Steps by the table's spelling of the codes; `closed` are days that are no sessions. */
export async function factorSteps(
  session: PostgresSession,
  table: ResolvedTable,
  options: {
    readonly ids: ReadonlyMap<string, string>;
    readonly isSession: (day: Day) => boolean;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ReadonlyMap<string, FactorSteps>> {
  const fieldOf = (name: string): TableField | undefined => table.fields.find((field) => field.name === name);
  const factor = fieldOf("factor");
  if (factor !== undefined) return runningSteps(session, table, { ...options, factor });
  const [close, preclose] = [fieldOf("close"), fieldOf("preclose")];
  if (close === undefined || preclose === undefined) return new Map();
  return precloseSteps(session, table, options);
}

/** Only the rows on which the running factor is another than before. */
async function runningSteps(
  session: PostgresSession,
  table: ResolvedTable,
  options: {
    readonly factor: TableField;
    readonly isSession: (day: Day) => boolean;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ReadonlyMap<string, FactorSteps>> {
  const query = selectRows(table, { fields: [options.factor], window: {}, ordered: false });
  // The columns of the inner query are, in order, the day, the code and the factor.
  const sql =
    `SELECT d, c, x, coalesce(e = d, false) FROM (SELECT d, c, x, lag(x) OVER own AS y, lag(d) OVER own AS e ` +
    `FROM (${query.sql}) AS r (d, c, x) WHERE x IS NOT NULL WINDOW own AS (PARTITION BY c ORDER BY d)) s ` +
    `WHERE y IS NULL OR y <> x OR e = d ORDER BY c, d`;
  const columns = [...query.columns, { name: TWICE, kind: "bool" as const }];
  const found = new Map<string, { days: Day[]; factors: number[]; base: number }>();
  for await (const batch of copyOut(session, { ...query, sql, columns }, { signal: options.signal })) {
    const { codes, dictionary } = textsOf(batch, CODE);
    const days = daysOf(batch, DAY);
    const values = numbersOf(batch, "factor");
    const twice = numbersOf(batch, TWICE);
    for (let row = 0; row < batch.rows; row++) {
      const code = dictionary[codes[row]!]!;
      const value = values[row]!;
      if (twice[row] === 1) throw factorTwice(options.factor, { code, day: days[row]! });
      if (Number.isNaN(value)) continue;
      if (!(value > 0) || value === Number.POSITIVE_INFINITY)
        throw badFactor(options.factor, { code, day: days[row]!, value });
      const steps = found.get(code) ?? { days: [], factors: [], base: value };
      found.set(code, steps);
      steps.days.push(days[row]!);
      steps.factors.push(value / steps.base);
    }
  }
  return found;
}

/** All closes and precloses, instrument after instrument. */
async function precloseSteps(
  session: PostgresSession,
  table: ResolvedTable,
  options: {
    readonly ids: ReadonlyMap<string, string>;
    readonly isSession: (day: Day) => boolean;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ReadonlyMap<string, FactorSteps>> {
  const wanted = ["open", "high", "low", "close", "preclose", "volume", "status"];
  const fields = table.fields.filter(({ name }) => wanted.includes(name));
  const query = selectRows(table, { fields, window: {}, ordered: false });
  const names = query.columns.map((_, at) => `x${at}`);
  const sql = `SELECT * FROM (${query.sql}) AS r (${names.join(", ")}) ORDER BY x1 COLLATE "C", x0`;
  const ratio = table.adjustment.exDayTolerance ?? 0;
  const found = new Map<string, FactorSteps>();
  let current = "";
  let rows: { day: Day; close: number; preclose: number; low: number; high: number }[] = [];
  const finish = (): void => {
    if (rows.length > 0) found.set(current, stepsOf(rows, options.ids.get(current) ?? current, ratio));
    rows = [];
  };
  for await (const batch of copyOut(session, { ...query, sql }, { signal: options.signal })) {
    const { codes, dictionary } = textsOf(batch, CODE);
    const days = daysOf(batch, DAY);
    const values = canonicalColumns(batch, fields);
    settleSuspendedRows(values);
    const at = (name: string, row: number): number => values.get(name)?.[row] ?? Number.NaN;
    for (let row = 0; row < batch.rows; row++) {
      const code = dictionary[codes[row]!]!;
      if (code !== current) {
        finish();
        current = code;
      }
      const day = days[row]!;
      if (!options.isSession(day)) continue;
      rows.push({
        day,
        close: at("close", row),
        preclose: at("preclose", row),
        low: at("low", row),
        high: at("high", row),
      });
    }
  }
  finish();
  return found;
}

function stepsOf(
  rows: readonly {
    readonly day: Day;
    readonly close: number;
    readonly preclose: number;
    readonly low: number;
    readonly high: number;
  }[],
  id: string,
  ratio: number,
): FactorSteps {
  const [close, preclose, low, high] = (["close", "preclose", "low", "high"] as const).map((name) =>
    Float64Array.from(rows, (row) => row[name]),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const days = Int32Array.from(rows, ({ day }) => day);
  const noise = ratio > 0 ? closeNoiseOf(id as InstrumentId, ratio, { days, low, high }) : {};
  const factor = factorFromPreclose(close, preclose, noise);
  const steps: { days: Day[]; factors: number[] } = { days: [], factors: [] };
  for (const [row, value] of factor.entries()) {
    if (row > 0 && value === factor[row - 1]) continue;
    steps.days.push(days[row]!);
    steps.factors.push(value);
  }
  return steps;
}

/**
 * Instruments, as the table spells them, whose last bar has no factor: it is taken to be that of an earlier one, or 1
 * when there is none. `known` counts those with any factor.
 */
export async function lateFactors(
  session: PostgresSession,
  table: ResolvedTable,
  factor: TableField,
): Promise<{ readonly known: number; readonly late: readonly string[] }> {
  const { sql, doing } = selectRows(table, { fields: [factor], window: {}, ordered: false });
  const rows = await session.query(
    `SELECT c::text AS code, count(x) > 0 AS known, max(d) FILTER (WHERE x IS NOT NULL) IS DISTINCT FROM max(d) AS late
     FROM (${sql}) AS r (d, c, x) GROUP BY c ORDER BY c COLLATE "C"`,
    [],
    doing,
  );
  return {
    known: rows.filter((row) => row["known"] === true).length,
    late: rows.filter((row) => row["late"] === true).map((row) => String(row["code"])),
  };
}

function factorTwice(
  field: TableField,
  { code, day }: { readonly code: string; readonly day: Day },
): DataError {
  return new DataError(
    "SOURCE_ROW_TWICE",
    `${field.table} gives more than one adjustment factor for ${code} on ${isoOf(day)}`,
    {
      remedy: "make instrument and date a primary key of the table, so that no row can be there twice",
      place: { file: field.table, column: field.column, instrument: code },
    },
  );
}

function badFactor(
  field: TableField,
  { code, day, value }: { readonly code: string; readonly day: Day; readonly value: number },
): DataError {
  return new DataError(
    "SOURCE_ADJUSTMENT",
    `${field.table} has the adjustment factor ${value} for ${code} on ${isoOf(day)}`,
    {
      remedy: "adjustment factors are positive numbers; leave the value NULL where none is known",
      place: { file: field.table, column: field.column, instrument: code },
    },
  );
}
