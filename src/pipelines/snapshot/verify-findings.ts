/** What a check of a snapshot can find. `error`: the snapshot is not what it says; `warning`: worth a look. */
export const verifyFindings = {
  FILE_MISSING: "a file that meta.json lists is not there",
  FILE_CHANGED: "a file's bytes are not those that were written",
  FILE_UNLISTED: "a file is there that meta.json does not list",
  FILE_UNREADABLE: "a file cannot be opened as what it should be",
  COLUMNS_DIFFER: "the columns are others than meta.json says",
  ROWS_DIFFER: "there are more or fewer rows than meta.json says",
  INDEX_ORDER: "rows are not in the order of datetime and instrument",
  INDEX_DUPLICATE: "a datetime and instrument come twice",
  INSTRUMENTS_DIFFER: "instruments/all.txt does not fit the rows",
  CALENDAR_DIFFERS: "calendars/day.txt is not the exchange's calendar of the range",
  DAY_NOT_A_SESSION: "a row is of a day that is no session",
  PRICES_DISORDERED: "a high is below a low",
  UNITS_IMPLAUSIBLE: "amount / volume is far from the close",
  UNITS_DIFFER: "values are those of the source times a power of ten",
  VALUE_DIFFERS: "a value is not the source's",
  ROW_MISSING: "the source has a row that the snapshot has not",
  ROW_UNKNOWN: "the snapshot has a row that the source has not",
  SOURCE_OTHER: "the source is another one than the snapshot was made from",
  SOURCE_NEWER: "the source has changed since; the generation exported is kept no longer",
} as const;

export type VerifyCode = keyof typeof verifyFindings;

const warnings: ReadonlySet<VerifyCode> = new Set(["FILE_UNLISTED", "SOURCE_NEWER", "PRICES_DISORDERED"]);

export interface VerifyFinding {
  readonly code: VerifyCode;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file?: string;
}

/** Examples of one kind that are kept; the rest is counted. */
const EXAMPLES = 5;

export class FindingList {
  readonly #kept: VerifyFinding[] = [];
  readonly #counts = new Map<VerifyCode, number>();

  add(code: VerifyCode, message: string, file?: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count > EXAMPLES) return;
    const severity = warnings.has(code) ? "warning" : "error";
    this.#kept.push({ code, severity, message, ...(file === undefined ? {} : { file }) });
  }

  get findings(): readonly VerifyFinding[] {
    return this.#kept;
  }

  get counts(): Readonly<Partial<Record<VerifyCode, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
