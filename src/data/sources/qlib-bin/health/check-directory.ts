/**
 * Looks a Qlib directory over: its texts, every file of features, and whether they fit each other. Unlike Qlib's own data
 * health script it needs no Qlib to read the directory, so it also tells what keeps Qlib from reading it.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { DataError } from "../../../errors.ts";
import { readExportRecord } from "../../../export/qlib-bin/export-record.ts";
import { isoOf } from "#market/day";
import type { TimeAxis } from "#panel/axes";
import { lowerRow, upperRow } from "#panel/axes";
import { instrumentOfFolder } from "../folder-names.ts";
import { checkInstrument, QLIB_LIMITS, type HealthLimits } from "./check-instrument.ts";
import { canonical, checkCalendar, checkMarkets, checkSessions, type ListedSpan } from "./check-texts.ts";
import { HealthFindings, type HealthReport } from "./health-report.ts";

export interface HealthOptions {
  readonly limits?: Partial<HealthLimits>;
  /** An index that has to be there; `SH000300` where the calendar is that of Shanghai, null for none. */
  readonly benchmark?: string | null;
  readonly signal?: AbortSignal;
  readonly onInstruments?: (done: number, of: number) => void;
}

const BENCHMARKS: Readonly<Record<string, string>> = { XSHG: "SH000300" };

/** Throws DATA_FILE_MISSING when there is no directory, or none with `calendars`, `instruments` or `features`. */
export async function checkQlibDirectory(dir: string, options: HealthOptions = {}): Promise<HealthReport> {
  const parts = ["calendars", "instruments", "features"];
  if (!existsSync(dir) || !parts.some((name) => existsSync(path.join(dir, name)))) {
    throw new DataError("DATA_FILE_MISSING", `${dir} is no Qlib directory`, {
      remedy: "give the folder that holds calendars, instruments and features",
      place: { file: dir },
    });
  }
  const findings = new HealthFindings();
  await checkRecord(dir, findings);
  const folders = foldersIn(dir, findings);
  const days = checkCalendar(dir, findings);
  const spans = checkMarkets(dir, new Set(folders.keys()), findings);
  const about = { dir, calendar: null, days: 0, first: null, last: null, instruments: folders.size };
  if (days === null) return findings.report({ ...about, files: 0, fields: [] });
  const calendar = checkSessions(days, [...folders.keys()], findings);
  const benchmark = options.benchmark === undefined ? BENCHMARKS[calendar] : options.benchmark;
  if (benchmark !== undefined && benchmark !== null && !hasBenchmark(folders, benchmark))
    findings.add("benchmark-missing", `${benchmark} has no data`, { instrument: benchmark });

  const limits = { ...QLIB_LIMITS, ...options.limits };
  const isIncreasing = days.every((day, row) => row === 0 || day > days[row - 1]!);
  const fields = new Set<string>();
  let files = 0;
  let done = 0;
  for (const [code, folder] of folders) {
    options.signal?.throwIfAborted();
    const checked = checkInstrument({ code, folder, root: dir, days }, limits, findings);
    for (const field of checked.fields) fields.add(field);
    files += checked.files;
    const listed = spans?.get(code);
    if (isIncreasing && checked.rows !== null && listed !== undefined)
      checkSpan({ code, rows: checked.rows, listed, time: { freq: "day", days } }, findings);
    options.onInstruments?.(++done, folders.size);
    if (done % 64 === 0) await new Promise((settle) => setImmediate(settle));
  }
  return findings.report({
    ...about,
    calendar,
    days: days.length,
    first: isoOf(days[0]!),
    last: isoOf(days.at(-1)!),
    files,
    fields: [...fields].sort(),
  });
}

/** Folders of features by code, as paths below the directory. */
function foldersIn(dir: string, findings: HealthFindings): ReadonlyMap<string, string> {
  const features = path.join(dir, "features");
  const folders = new Map<string, string>();
  const names = existsSync(features) ? readdirSync(features).sort() : [];
  for (const name of names) {
    if (name.startsWith(".") || !statSync(path.join(features, name)).isDirectory()) continue;
    const code = instrumentOfFolder(name);
    if (name !== name.toLowerCase())
      findings.add("folder-case", `the folder features/${name}`, {
        file: `features/${name}`,
        instrument: code,
      });
    if (!folders.has(code) || name === name.toLowerCase()) folders.set(code, `features/${name}`);
  }
  return folders;
}

function hasBenchmark(folders: ReadonlyMap<string, string>, benchmark: string): boolean {
  const wanted = canonical(benchmark);
  return [...folders.keys()].some((code) => canonical(code) === wanted);
}

/** A directory of other software has no record, which is no fault. */
async function checkRecord(dir: string, findings: HealthFindings): Promise<void> {
  let record;
  try {
    record = await readExportRecord(dir);
  } catch (error) {
    if (error instanceof DataError && error.code === "DATA_FILE_DAMAGED") return;
    throw error;
  }
  const updating = record?.updating ?? [];
  if (updating.length > 0) {
    findings.add(
      "update-unfinished",
      `an update to generation ${updating.at(-1)!.generation} was not finished`,
      {
        file: "export.json",
      },
    );
  }
}

/** The line of `all.txt` against the rows that the files have; an instrument of several spans is another's making. */
function checkSpan(
  at: {
    readonly code: string;
    readonly rows: { readonly from: number; readonly to: number };
    readonly listed: readonly ListedSpan[];
    readonly time: TimeAxis;
  },
  findings: HealthFindings,
): void {
  const { code, rows, listed, time } = at;
  const [span] = listed;
  if (span === undefined || listed.length > 1 || rows.from === rows.to) return;
  const from = lowerRow(time, span.start);
  const to = upperRow(time, span.end);
  if (from === rows.from && to === rows.to) return;
  const [first, last] = [isoOf(time.days[rows.from]!), isoOf(time.days[rows.to - 1]!)];
  findings.add(
    "market-span",
    `${code} is listed from ${isoOf(span.start)} to ${isoOf(span.end)}, its files have ${first} to ${last}`,
    { file: "instruments/all.txt", instrument: code },
  );
}
