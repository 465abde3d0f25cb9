import { readFileSync } from "node:fs";
import { instrumentOf } from "#market/instrument";
import { parseDay, type Day } from "#market/day";
import { UsageError } from "./outcome.ts";

/** `YYYY-MM-DD` (or `YYYYMMDD`) as a day. Throws `UsageError`. */
export function dayArgument(text: string, flag: string): Day {
  const day = parseDay(text);
  if (Number.isNaN(day)) throw new UsageError(`${flag} "${text}" is not a date`, "write it as YYYY-MM-DD");
  return day;
}

/** The inclusive range of `--start` and `--end`. */
export function rangeArgument(options: { readonly start?: string; readonly end?: string }): {
  readonly start?: Day;
  readonly end?: Day;
} {
  const start = options.start === undefined ? undefined : dayArgument(options.start, "--start");
  const end = options.end === undefined ? undefined : dayArgument(options.end, "--end");
  if (start !== undefined && end !== undefined && start > end) {
    throw new UsageError(`--start ${options.start} is after --end ${options.end}`, "exchange the two dates");
  }
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/** A whole number of threads from 1 to 256. Throws `UsageError`. */
export function threadsArgument(text: string): number {
  const threads = Number(text);
  if (!/^\d+$/.test(text) || threads < 1 || threads > 256)
    throw new UsageError(`--threads ${text} is not a number of threads`, "give a whole number from 1 to 256");
  return threads;
}

/** `A,B` or `@FILE` (one code a line) as texts. */
export function listArgument(text: string, flag: string): string[] {
  let source = text;
  if (text.startsWith("@")) {
    try {
      source = readFileSync(text.slice(1), "utf8");
    } catch (error) {
      throw new UsageError(
        `${flag} ${text}: ${error instanceof Error ? error.message : String(error)}`,
        "name a readable file with one entry a line",
      );
    }
  }
  const entries = source
    .split(/[,\s]+/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  if (entries.length === 0)
    throw new UsageError(`${flag} names nothing`, "give A,B or @FILE with one entry a line");
  return entries;
}

/** Codes in any known spelling as canonical ids. Throws `MarketError` on an unknown form. */
export function codesArgument(text: string): ReadonlySet<string> {
  return new Set(listArgument(text, "--codes").map((code) => instrumentOf(code)));
}
