/** The figures that units and adjustment are read from, computed over the whole file in one query. */
import type { Database } from "../../duckdb/database.ts";
import { sqlName } from "../../duckdb/sql.ts";
import { numberExpression } from "../../sources/numbers.ts";
import type { Relation } from "../../sources/relation.ts";

export interface BarColumns {
  readonly instrument?: string | undefined;
  /** SQL expression of the day. */
  readonly day: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly preclose?: string | undefined;
  readonly volume?: string | undefined;
  readonly amount?: string | undefined;
}

export interface BarStatistics {
  readonly rows: number;
  /** Rows with positive close and volume. */
  readonly traded: number;
  /** Median of amount ÷ (volume × typical price), and its 5 % and 95 % quantiles; NaN without amount. */
  readonly ratio: { readonly median: number; readonly low: number; readonly high: number };
  /** Rows by whole power of ten of that ratio, most first; `clean` is the share of rows within a fifth of it. */
  readonly powers: readonly {
    readonly power: number;
    readonly rows: number;
    readonly example: string;
    readonly clean: number;
  }[];
  /** Share of rows whose value is whole, whole × 100, a multiple of 100; of volume. */
  readonly volume: { readonly whole: number; readonly hundredths: number; readonly hundreds: number };
  readonly amount: { readonly whole: number; readonly thousandths: number };
  readonly close: {
    readonly whole: number;
    readonly hundreds: number;
    readonly cents: number;
    readonly mills: number;
  };
  /** Implied share price: median of amount ÷ volume. */
  readonly impliedPrice: number;
  /**
   * Days whose preclose is not the close before. Ex-days lower the reference, never raise it, so what lies above
   * measures how closely the source's closes follow the official ones: `tolerance` is the 99 % quantile of that
   * (a ratio, 0 below ten such days), `noise` the days within it and `days` those beyond.
   */
  readonly exDays: {
    readonly days: number;
    readonly noise: number;
    readonly tolerance: number;
    readonly compared: number;
  };
  /** Ratio on the first and the last day, median over instruments. */
  readonly firstRatio: number;
  readonly lastRatio: number;
}

export async function barStatistics(
  database: Database,
  relation: Relation,
  columns: BarColumns,
): Promise<BarStatistics> {
  const number = (name: string | undefined): string => {
    if (name === undefined) return "NULL::DOUBLE";
    const type = relation.columns.find((column) => column.name === name)?.type ?? "VARCHAR";
    const value = numberExpression({ name, type }, ["NaN", "nan", "NA", "null", "None", "-", "--"]);
    // An infinite value is no evidence of a unit; the quality rules report it.
    return `(SELECT CASE WHEN isfinite(x) THEN x END FROM (SELECT CAST(${value} AS DOUBLE) AS x))`;
  };
  const code = columns.instrument === undefined ? "''" : `CAST(${sqlName(columns.instrument)} AS VARCHAR)`;
  await database.run(`CREATE OR REPLACE TEMP TABLE evidence AS
    SELECT ${code} AS code, ${columns.day} AS day, ${number(columns.high)} AS h, ${number(columns.low)} AS l,
      ${number(columns.close)} AS c, ${number(columns.preclose)} AS p, ${number(columns.volume)} AS v,
      ${number(columns.amount)} AS a
    FROM ${relation.sql} LIMIT 2000000`);
  const [all] = await database.rows(`
    WITH t AS (SELECT *, a / (v * (h + l + c) / 3) AS r FROM evidence WHERE v > 0 AND c > 0)
    SELECT (SELECT count(*) FROM evidence) AS rows, count(*) AS traded,
      median(r) FILTER (r > 0) AS r50, quantile_cont(r, 0.05) FILTER (r > 0) AS r05, quantile_cont(r, 0.95) FILTER (r > 0) AS r95,
      avg((v = round(v))::INT) AS v_whole, avg((abs(v * 100 - round(v * 100)) < 1e-4)::INT) AS v_hundredths,
      avg((v % 100 = 0)::INT) AS v_hundreds,
      avg((a = round(a))::INT) FILTER (a > 0) AS a_whole, avg((abs(a * 1000 - round(a * 1000)) < 1e-2)::INT) FILTER (a > 0) AS a_thousandths,
      avg((c = round(c))::INT) AS c_whole, avg((c % 100 = 0)::INT) AS c_hundreds,
      avg((abs(c * 100 - round(c * 100)) < 1e-6)::INT) AS c_cents, avg((abs(c * 1000 - round(c * 1000)) < 1e-6)::INT) AS c_mills,
      median(a / v) FILTER (a > 0) AS implied
    FROM t`);
  const powers = await database.rows(`
    WITH t AS (SELECT code, a / (v * (h + l + c) / 3) AS r FROM evidence WHERE v > 0 AND c > 0 AND a > 0)
    SELECT CAST(round(log10(r)) AS INTEGER) AS power, count(*) AS n, mode(code) AS example,
      avg((abs(log10(r) - round(log10(r))) < 0.08)::INT) AS clean FROM t GROUP BY 1 ORDER BY n DESC`);
  const [ex] = await database.rows(`
    WITH t AS (SELECT p, lag(c) OVER (PARTITION BY code ORDER BY day) AS before FROM evidence WHERE c > 0),
      d AS (SELECT p / before - 1 AS d FROM t WHERE p > 0 AND before > 0),
      n AS (SELECT CASE WHEN count(*) FILTER (d > 1e-5) >= 10 THEN ceil(quantile_cont(d, 0.99) FILTER (d > 1e-5) * 1e4) / 1e4 ELSE 0 END AS tolerance FROM d)
    SELECT count(*) AS compared, any_value(tolerance) AS tolerance, count(*) FILTER (abs(d) > greatest(tolerance, 1e-5)) AS days,
      count(*) FILTER (abs(d) > 1e-5 AND abs(d) <= tolerance) AS noise FROM d, n`);
  const [ends] = await database.rows(`
    WITH t AS (SELECT code, arg_min(a / (v * (h + l + c) / 3), day) AS f, arg_max(a / (v * (h + l + c) / 3), day) AS l
      FROM evidence WHERE v > 0 AND c > 0 AND a > 0 GROUP BY code) SELECT median(f) AS f, median(l) AS l FROM t`);
  await database.run("DROP TABLE evidence");
  const of = (row: typeof all, key: string): number => {
    const value = row?.[key];
    return typeof value === "number" ? value : Number.NaN;
  };
  return {
    rows: of(all, "rows"),
    traded: of(all, "traded"),
    ratio: { median: of(all, "r50"), low: of(all, "r05"), high: of(all, "r95") },
    powers: powers.map((row) => ({
      power: Number(row["power"]),
      rows: Number(row["n"]),
      example: String(row["example"]),
      clean: Number(row["clean"]),
    })),
    volume: {
      whole: of(all, "v_whole"),
      hundredths: of(all, "v_hundredths"),
      hundreds: of(all, "v_hundreds"),
    },
    amount: { whole: of(all, "a_whole"), thousandths: of(all, "a_thousandths") },
    close: {
      whole: of(all, "c_whole"),
      hundreds: of(all, "c_hundreds"),
      cents: of(all, "c_cents"),
      mills: of(all, "c_mills"),
    },
    impliedPrice: of(all, "implied"),
    exDays: {
      days: of(ex, "days"),
      noise: of(ex, "noise"),
      tolerance: of(ex, "tolerance"),
      compared: of(ex, "compared"),
    },
    firstRatio: of(ends, "f"),
    lastRatio: of(ends, "l"),
  };
}
