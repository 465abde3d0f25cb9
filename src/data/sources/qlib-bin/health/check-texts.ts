/** The calendar and the market files of a Qlib directory, line by line: what Qlib would misread is told, not thrown. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { isoOf, parseDay, type Day } from "#market/day";
import { readInstrument } from "#market/instrument";
import type { TimeAxis } from "#panel/axes";
import { guessCalendar } from "../calendar-guess.ts";
import type { HealthFindings } from "./health-report.ts";

function linesOf(file: string): string[] {
  const lines = readFileSync(file, "utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Days of the calendar, in the order of the file; null when there is none to work with. */
export function checkCalendar(root: string, findings: HealthFindings): Int32Array | null {
  const file = "calendars/day.txt";
  const place = path.join(root, file);
  if (!existsSync(place) || readFileSync(place).length === 0) {
    findings.add("calendar-missing", existsSync(place) ? "it is empty" : "there is no such file", { file });
    return null;
  }
  const days: Day[] = [];
  for (const [index, line] of linesOf(place).entries()) {
    const day = parseDay(line.trim().slice(0, 10));
    if (Number.isNaN(day)) {
      findings.add("calendar-line", `"${line}"`, { file, line: index + 1 });
      continue;
    }
    const before = days.at(-1);
    if (before !== undefined && day <= before) {
      const what = day === before ? "comes twice" : `comes after ${isoOf(before)}`;
      findings.add("calendar-order", `${isoOf(day)} ${what}`, { file, line: index + 1, day: isoOf(day) });
    }
    days.push(day);
  }
  return days.length === 0 ? null : Int32Array.from(days);
}

/** The calendar against the exchange's; the exchange calendar's name. */
export function checkSessions(
  days: Int32Array,
  instruments: readonly string[],
  findings: HealthFindings,
): string {
  const file = "calendars/day.txt";
  const time: TimeAxis = { freq: "day", days };
  const { calendar: name } = guessCalendar(time, instruments.map(canonical));
  if (name === "24x7") return name;
  const calendar = calendarNamed(name);
  const known = new Set(days);
  const inside = [...known]
    .filter((day) => day >= calendar.first && day <= calendar.last)
    .sort((a, b) => a - b);
  for (const day of inside) {
    if (!calendar.isSession(day))
      findings.add("calendar-closed-day", `${name} was closed on ${isoOf(day)}`, { file, day: isoOf(day) });
  }
  if (inside.length > 0) {
    const missing = [...calendar.sessionsBetween(inside[0]!, inside.at(-1)!)].filter(
      (day) => !known.has(day),
    );
    if (missing.length > 0) {
      findings.add(
        "calendar-gap",
        `${missing.length} sessions of ${name} are missing, the first ${isoOf(missing[0]!)}`,
        {
          file,
          day: isoOf(missing[0]!),
          count: missing.length,
        },
      );
    }
  }
  return name;
}

/** Our spelling where the code is of a known form. */
export function canonical(code: string): string {
  const read = readInstrument(code, { acceptUnknown: true });
  return read.ok ? read.id : code;
}

export interface ListedSpan {
  readonly start: Day;
  readonly end: Day;
}

/** Spans of `all.txt` by instrument; null when there is no such file. Other market files are looked at too. */
export function checkMarkets(
  root: string,
  folders: ReadonlySet<string>,
  findings: HealthFindings,
): ReadonlyMap<string, readonly ListedSpan[]> | null {
  const folder = path.join(root, "instruments");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".txt")) : [];
  if (!names.includes("all.txt"))
    findings.add("market-missing", "there is no such file", { file: "instruments/all.txt" });
  let all: ReadonlyMap<string, readonly ListedSpan[]> | null = null;
  for (const name of names.sort()) {
    const spans = checkMarket(root, `instruments/${name}`, findings);
    for (const code of spans.keys()) {
      if (!folders.has(code))
        findings.add("market-unknown", `${code} has no folder in features`, {
          file: `instruments/${name}`,
          instrument: code,
        });
    }
    if (name === "all.txt") all = spans;
  }
  if (all !== null) {
    for (const code of folders) {
      if (!all.has(code))
        findings.add("market-unlisted", `${code} has a folder and no line`, {
          file: "instruments/all.txt",
          instrument: code,
        });
    }
  }
  return all;
}

function checkMarket(root: string, file: string, findings: HealthFindings): Map<string, ListedSpan[]> {
  const spans = new Map<string, ListedSpan[]>();
  let untabbed = 0;
  for (const [index, line] of linesOf(path.join(root, file)).entries()) {
    const at = { file, line: index + 1 };
    if (line.trim() === "") continue;
    const isTabbed = line.includes("\t");
    if (!isTabbed && untabbed++ === 0) {
      const separator = line.includes(",") ? "commas" : /\s/.test(line.trim()) ? "spaces" : "nothing";
      findings.add("market-separator", `"${line}" is separated by ${separator}`, at);
    }
    const [code = "", first = "", last = ""] = line.trim().split(isTabbed ? "\t" : /[\s,]+/);
    const [start, end] = [parseDay(first.slice(0, 10)), parseDay(last.slice(0, 10))];
    if (code === "" || Number.isNaN(start) || Number.isNaN(end) || start > end) {
      findings.add("market-line", `"${line}"`, at);
      continue;
    }
    const known = spans.get(code.toUpperCase()) ?? [];
    if (known.some((other) => start <= other.end && other.start <= end))
      findings.add("market-duplicate", `${code} is there already`, { ...at, instrument: code.toUpperCase() });
    known.push({ start, end });
    spans.set(code.toUpperCase(), known);
  }
  return spans;
}
