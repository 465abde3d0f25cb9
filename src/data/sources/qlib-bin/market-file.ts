/**
 * `instruments/<market>.txt` of a Qlib directory: instrument, first day and last day, separated by TAB.
 * An instrument that left and came back has several lines. Qlib itself reads a single instrument when the
 * separator is another one; here spaces and commas are read and reported.
 */
import { DataError } from "#data/errors";
import type { Day } from "#market/day";
import { parseDay } from "#market/day";
import type { TimeAxis } from "#panel/axes";
import { lowerRow, upperRow } from "#panel/axes";
import type { Panel } from "#panel/panel";
import { readLines } from "./readable-file.ts";

/** Days an instrument belongs to a market, both inclusive. */
export interface MarketSpan {
  readonly start: Day;
  readonly end: Day;
}

export interface Market {
  readonly name: string;
  /** Instrument (upper-case) → its spans in the order of the file. */
  readonly spans: ReadonlyMap<string, readonly MarketSpan[]>;
  /** What is odd about the file, in sentences; empty when it is as Qlib writes it. */
  readonly findings: readonly string[];
}

/** Reads a market file. Throws DATA_FILE_MISSING, DATA_VALUE_INVALID, DATA_DATE_INVALID, naming the row. */
export function readMarketFile(file: string, name: string): Market {
  const spans = new Map<string, MarketSpan[]>();
  const findings: string[] = [];
  const lines = readLines(file, "name a market that has a file in instruments/, or list the instruments");
  for (const [row, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const tabbed = line.includes("\t");
    if (!tabbed && findings.length === 0) {
      findings.push(
        `${file} row ${row + 1}: fields are separated by ${line.includes(",") ? "commas" : "spaces"}, not TAB; ` +
          "Qlib itself cannot read such a file",
      );
    }
    const parts = line
      .trim()
      .split(tabbed ? /\s*\t\s*/ : /[\s,]+/)
      .map((part) => part.trim());
    const [code = "", first, last] = parts;
    const start = first === undefined ? Number.NEGATIVE_INFINITY : parseDay(first.slice(0, 10));
    const end = last === undefined ? Number.POSITIVE_INFINITY : parseDay(last.slice(0, 10));
    if (code === "" || parts.length < 3) {
      throw new DataError("DATA_VALUE_INVALID", `${file} row ${row + 1}: "${line}" is not CODE, start, end`, {
        remedy: "write CODE<TAB>YYYY-MM-DD<TAB>YYYY-MM-DD, one span a line",
        place: { file, row: row + 1 },
      });
    }
    if (Number.isNaN(start) || Number.isNaN(end) || start > end) {
      throw new DataError("DATA_DATE_INVALID", `${file} row ${row + 1}: "${line}" has no valid span`, {
        remedy: "write the first day and then the last day as YYYY-MM-DD",
        place: { file, row: row + 1, instrument: code },
      });
    }
    const instrument = code.toUpperCase();
    const known = spans.get(instrument);
    if (known === undefined) spans.set(instrument, [{ start, end }]);
    else known.push({ start, end });
  }
  return { name, spans, findings };
}

/** Rows `[from, to)` of a time axis that lie in each span; empty ones are left out. */
export function rowsOfSpans(time: TimeAxis, spans: readonly MarketSpan[]): { from: number; to: number }[] {
  return spans
    .map((span) => ({ from: lowerRow(time, span.start), to: upperRow(time, span.end) }))
    .filter((rows) => rows.from < rows.to)
    .sort((a, b) => a.from - b.from);
}

/**
 * Which cells of a panel the market lists: 1 inside a span of the instrument and inside its own rows.
 * Qlib computes over the whole file and lists only these rows. Shape `[row][instrument]`.
 */
export function listedCells(panel: Panel, market: Market): Uint8Array {
  const lanes = panel.instruments.length;
  const listed = new Uint8Array(panel.time.days.length * lanes);
  for (const [lane, instrument] of panel.instruments.entries()) {
    for (const { from, to } of rowsOfSpans(panel.time, market.spans.get(instrument) ?? [])) {
      const last = Math.min(to - 1, panel.last[lane]!);
      for (let row = Math.max(from, panel.first[lane]!); row <= last; row++) listed[row * lanes + lane] = 1;
    }
  }
  return listed;
}
