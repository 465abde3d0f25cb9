/**
 * The files of one instrument: whether each is whole and begins where the calendar has a row, whether the fields cover the
 * same days, and whether the values can be what they are named.
 */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { isoOf } from "#market/day";
import type { HealthFindings } from "./health-report.ts";
import type { HealthRuleName } from "./health-rules.ts";

export const REQUIRED = ["open", "high", "low", "close", "volume"] as const;
const PRICES = ["open", "high", "low", "close"] as const;

export interface HealthLimits {
  /** Change from one day to the next that is reported, as a share. Qlib's 0.5. */
  readonly priceStep: number;
  /** Qlib's 3. */
  readonly volumeStep: number;
  /** Missing values of a field that are not yet reported. Qlib's 0. */
  readonly missing: number;
}

export const QLIB_LIMITS: HealthLimits = { priceStep: 0.5, volumeStep: 3, missing: 0 };

/** Real prices that move less are taken for unmoved where the factor says more; more than any market's daily limit is too much. */
const SMALL_MOVE = 0.12;
const BEYOND_LIMITS = 0.35;
/** New listings have no limits. */
const NEW_DAYS = 5;
/** float32 prices are exact to this. */
const ROUNDING = 1e-5;

export interface InstrumentPlace {
  readonly code: string;
  /** Folder below the directory. */
  readonly folder: string;
  readonly root: string;
  readonly days: Int32Array;
}

interface Field {
  readonly start: number;
  readonly values: Float32Array;
}

export interface CheckedInstrument {
  readonly fields: readonly string[];
  readonly files: number;
  /** Rows from the first to the last file's, half-open; null when no file can be read. */
  readonly rows: { readonly from: number; readonly to: number } | null;
}

export function checkInstrument(
  place: InstrumentPlace,
  limits: HealthLimits,
  findings: HealthFindings,
): CheckedInstrument {
  const { code, folder, root, days } = place;
  const fields = new Map<string, Field>();
  let files = 0;
  for (const name of readdirSync(path.join(root, folder)).sort()) {
    if (!name.toLowerCase().endsWith(".day.bin")) continue;
    files++;
    const file = `${folder}/${name}`;
    const field = name.slice(0, -".day.bin".length);
    if (name !== name.toLowerCase())
      findings.add("folder-case", `the file ${file}`, { file, instrument: code, field });
    const read = readField(place, file, findings);
    if (read !== null) fields.set(field.toLowerCase(), read);
  }
  const spans = [...fields.values()].map(({ start, values }) => ({ from: start, to: start + values.length }));
  if (spans.length === 0) {
    reportMissing(new Set(fields.keys()), code, findings);
    return { fields: [], files, rows: null };
  }
  const rows = {
    from: Math.min(...spans.map(({ from }) => from)),
    to: Math.max(...spans.map(({ to }) => to)),
  };
  const odd = [...fields].filter(
    ([, { start, values }]) => start !== rows.from || start + values.length !== rows.to,
  );
  if (odd.length > 0) {
    const [name, { start, values }] = odd[0]!;
    findings.add(
      "fields-differ",
      `${name} has ${values.length} days from row ${start}, the longest ${rows.to - rows.from} from row ${rows.from}` +
        (odd.length > 1 ? `; ${odd.length} fields differ` : ""),
      { instrument: code, field: name, count: odd.length, file: folder },
    );
  }
  reportMissing(new Set(fields.keys()), code, findings);
  const aligned = new Map([...fields].map(([name, field]) => [name, alignedTo(field, rows)]));
  checkValues({ code, aligned, dayOf: (row) => isoOf(days[rows.from + row]!) }, limits, findings);
  return { fields: [...fields.keys()], files, rows };
}

/** Null when the file cannot be placed. */
function readField(
  { code, root, days }: InstrumentPlace,
  file: string,
  findings: HealthFindings,
): Field | null {
  const bytes = readFileSync(path.join(root, file));
  const at = { file, instrument: code };
  if (bytes.length < 4 || bytes.length % 4 !== 0) {
    findings.add("file-size", `${file} is ${bytes.length} bytes long`, at);
    return null;
  }
  const start = bytes.readFloatLE(0);
  const length = bytes.length / 4 - 1;
  if (!Number.isInteger(start) || start < 0 || (start >= days.length && length > 0)) {
    findings.add("start-row", `${file} begins at row ${start} of a calendar with ${days.length}`, at);
    return null;
  }
  const beyond = start + length - days.length;
  if (beyond > 0)
    findings.add("beyond-calendar", `${file} has ${beyond} values beyond the calendar`, {
      ...at,
      count: beyond,
    });
  const values = new Float32Array(Math.min(length, days.length - start));
  for (let row = 0; row < values.length; row++) values[row] = bytes.readFloatLE(4 + row * 4);
  return { start, values };
}

function reportMissing(known: ReadonlySet<string>, code: string, findings: HealthFindings): void {
  const missing = REQUIRED.filter((name) => !known.has(name));
  if (missing.length > 0)
    findings.add("column-missing", `${code} has no ${missing.join(", ")}`, {
      instrument: code,
      count: missing.length,
    });
  if (!known.has("factor"))
    findings.add("factor-missing", `${code} has no file of the factor`, {
      instrument: code,
      field: "factor",
    });
}

function alignedTo(
  { start, values }: Field,
  rows: { readonly from: number; readonly to: number },
): Float32Array {
  if (start === rows.from && values.length === rows.to - rows.from) return values;
  const aligned = new Float32Array(rows.to - rows.from).fill(Number.NaN);
  aligned.set(values, start - rows.from);
  return aligned;
}

interface Series {
  readonly code: string;
  readonly aligned: ReadonlyMap<string, Float32Array>;
  dayOf(row: number): string;
}

function checkValues(series: Series, limits: HealthLimits, findings: HealthFindings): void {
  const { code, aligned } = series;
  const close = aligned.get("close");
  const length = aligned.values().next().value?.length ?? 0;
  const prices = PRICES.flatMap((name) => aligned.get(name) ?? []);
  const isSuspended = (row: number): boolean => prices.every((values) => Number.isNaN(values[row]));
  let suspended = 0;
  for (let row = 0; row < length; row++) if (prices.length > 0 && isSuspended(row)) suspended++;
  if (suspended > 0)
    findings.add("suspended-days", `${code} has ${suspended} days without prices`, {
      instrument: code,
      count: suspended,
    });
  for (const [name, values] of aligned)
    checkField(series, { name, values, isSuspended }, { limits, suspended, findings });
  checkOrder(series, findings);
  const factor = aligned.get("factor");
  if (close !== undefined && factor !== undefined) checkFactor(series, { close, factor }, findings);
}

/** Counts the rows that a test is true of and reports them as one finding with the first day. */
function report(
  { code, dayOf }: Series,
  rule: HealthRuleName,
  at: { readonly field: string; readonly rows: readonly number[]; readonly what: (row: number) => string },
  findings: HealthFindings,
): void {
  const [first] = at.rows;
  if (first === undefined) return;
  const more = at.rows.length === 1 ? "" : `, ${at.rows.length} days in all`;
  findings.add(rule, `${code} ${at.field} ${at.what(first)} on ${dayOf(first)}${more}`, {
    instrument: code,
    field: at.field,
    day: dayOf(first),
    count: at.rows.length,
  });
}

function checkField(
  series: Series,
  field: { readonly name: string; readonly values: Float32Array; isSuspended(row: number): boolean },
  by: { readonly limits: HealthLimits; readonly suspended: number; readonly findings: HealthFindings },
): void {
  const { name, values, isSuspended } = field;
  const { limits, suspended, findings } = by;
  const { code } = series;
  const isPrice = (PRICES as readonly string[]).includes(name);
  const isRequired = isPrice || name === "volume";
  const missing: number[] = [];
  const infinite: number[] = [];
  const invalid: number[] = [];
  const steps: number[] = [];
  const step = name === "volume" ? limits.volumeStep : limits.priceStep;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) {
      if (!isSuspended(row)) missing.push(row);
      continue;
    }
    if (!Number.isFinite(value)) infinite.push(row);
    else if (isPrice ? value <= 0 : name === "volume" && value < 0) invalid.push(row);
    else if (isRequired && row > 0 && Math.abs(value / values[row - 1]! - 1) > step) steps.push(row);
  }
  const traded = values.length - suspended;
  const rising = (row: number): string => `goes from ${values[row - 1]} to ${values[row]}`;
  if (infinite.length > 0 && (isRequired || name === "factor"))
    report(series, "value-infinite", { field: name, rows: infinite, what: () => "is infinite" }, findings);
  report(
    series,
    "price-invalid",
    { field: name, rows: invalid, what: (row) => `is ${values[row]}` },
    findings,
  );
  report(
    series,
    name === "volume" ? "volume-step" : "large-step",
    { field: name, rows: steps.filter((row) => Number.isFinite(values[row - 1]!)), what: rising },
    findings,
  );
  if (missing.length === 0) return;
  if (missing.length === traded && name === "factor")
    findings.add("factor-missing", `${code} has a factor without a value`, { instrument: code, field: name });
  else if (missing.length === traded)
    findings.add("field-empty", `${code} ${name} has no value`, { instrument: code, field: name });
  else if (isRequired || name === "factor") {
    if (missing.length > limits.missing)
      report(series, "data-missing", { field: name, rows: missing, what: () => "is missing" }, findings);
  } else if (missing.length > traded / 2)
    report(series, "field-sparse", { field: name, rows: missing, what: () => "is missing" }, findings);
}

function checkOrder(series: Series, findings: HealthFindings): void {
  const [open, high, low, close] = PRICES.map((name) => series.aligned.get(name));
  if (high === undefined || low === undefined) return;
  const rows: number[] = [];
  for (let row = 0; row < high.length; row++) {
    const [top, bottom] = [high[row]! * (1 + ROUNDING), low[row]! * (1 - ROUNDING)];
    const inner = [open?.[row] ?? Number.NaN, close?.[row] ?? Number.NaN];
    if (bottom > top || inner.some((value) => value > top || value < bottom)) rows.push(row);
  }
  report(
    series,
    "ohlc-order",
    { field: "high", rows, what: (row) => `${high[row]}, low ${low[row]}` },
    findings,
  );
}

/** A factor moves with the real price: price ÷ factor falls on an ex-day by what the factor rises. */
function checkFactor(
  series: Series,
  { close, factor }: { readonly close: Float32Array; readonly factor: Float32Array },
  findings: HealthFindings,
): void {
  const invalid: number[] = [];
  const alone: number[] = [];
  const jumps: number[] = [];
  let before = -1;
  let seen = 0;
  for (let row = 0; row < close.length; row++) {
    if (factor[row]! <= 0) invalid.push(row);
    if (Number.isNaN(close[row]!) || !(factor[row]! > 0)) continue;
    if (before >= 0) {
      const ratio = factor[row]! / factor[before]!;
      const adjusted = close[row]! / close[before]!;
      const real = adjusted / ratio;
      const moved = Math.abs(ratio - 1);
      if (moved > 2 * SMALL_MOVE && Math.abs(real - 1) < SMALL_MOVE) alone.push(row);
      else if (moved < ROUNDING && Math.abs(adjusted - 1) > BEYOND_LIMITS && seen > NEW_DAYS) jumps.push(row);
    }
    before = row;
    seen++;
  }
  report(
    series,
    "factor-invalid",
    { field: "factor", rows: invalid, what: (row) => `is ${factor[row]}` },
    findings,
  );
  const step = (row: number): string => `goes to ${close[row]} at factor ${factor[row]}`;
  report(series, "factor-without-price", { field: "close", rows: alone, what: step }, findings);
  report(series, "price-without-factor", { field: "close", rows: jumps, what: step }, findings);
}
