/**
 * Opens again what was written, and holds it against meta.json, the exchange's calendar and the source. Nothing is
 * believed because the exporter wrote it: the bytes are hashed, the rows are read as any reader gets them.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { openFrame, type StoredFrame } from "#data/hdf5/open-frame";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf, isoOf, parseDay, type Day } from "#market/day";
import { compareWithSource, type Compared } from "./compare-source.ts";
import { hashedFiles } from "./hashed-files.ts";
import { inspectRows, type RowSpans } from "./inspect-rows.ts";
import {
  calendarText,
  CALENDAR_FILE,
  DAILY_FILE,
  instrumentsText,
  INSTRUMENTS_FILE,
  LABELS_FILE,
} from "./layout.ts";
import { planOf, readMeta, type SnapshotMeta } from "./snapshot-meta.ts";
import { settleSnapshot, type SnapshotPlace } from "./snapshot-place.ts";
import type { SnapshotSource } from "./snapshot-source.ts";
import { FindingList, type VerifyCode, type VerifyFinding } from "./verify-findings.ts";

export interface VerifyOptions {
  /** To compare values with; without it the files are checked by themselves. */
  readonly source?: SnapshotSource;
  /** Every row, not only those of some sessions. */
  readonly all?: boolean;
  /** Sessions compared with the source; 12 unless told. */
  readonly sample?: number;
  /** Chooses the sessions. */
  readonly random: () => number;
  readonly signal?: AbortSignal;
}

export interface SnapshotVerification {
  readonly snapshotId: string;
  /** No finding is an error. */
  readonly ok: boolean;
  /** Checks without an error among those made, in per cent. */
  readonly score: number;
  readonly checks: readonly { readonly name: string; readonly ok: boolean }[];
  readonly findings: readonly VerifyFinding[];
  /** Of every kind, beyond the examples among the findings. */
  readonly counts: Readonly<Partial<Record<VerifyCode, number>>>;
  readonly rows: number;
  readonly compared: Compared;
}

/** Throws SNAPSHOT_MISSING, SNAPSHOT_FOREIGN, SNAPSHOT_DAMAGED; everything else is a finding. */
export async function verifySnapshot(
  place: SnapshotPlace,
  options: VerifyOptions,
): Promise<SnapshotVerification> {
  await settleSnapshot(place);
  const meta = await readMeta(place);
  const work = new Verification(place, meta, options);
  await work.run();
  return work.result();
}

class Verification {
  readonly #place: SnapshotPlace;
  readonly #meta: SnapshotMeta;
  readonly #options: VerifyOptions;
  readonly #list = new FindingList();
  readonly #checks: { name: string; ok: boolean }[] = [];
  #rows = 0;
  #compared: Compared = { rows: 0, values: 0 };

  constructor(place: SnapshotPlace, meta: SnapshotMeta, options: VerifyOptions) {
    this.#place = place;
    this.#meta = meta;
    this.#options = options;
  }

  async run(): Promise<void> {
    await this.#check("files", () => this.#files());
    const sessions = await this.#check("calendar", () => this.#calendar());
    const file = await this.#check("open", () => this.#open(DAILY_FILE));
    if (file === null || file === undefined) return;
    using opened = file;
    await this.#check("columns", () => this.#columns(opened, this.#meta.columns));
    const spans = await this.#check("rows", () => this.#inspect(opened, new Set(sessions ?? [])));
    if (spans !== undefined) await this.#check("instruments", () => this.#instruments(spans));
    await this.#check("labels", () => this.#labels());
    const { source } = this.#options;
    if (source !== undefined && this.#list.counts.COLUMNS_DIFFER === undefined)
      await this.#check("source", () => this.#source(opened, source));
  }

  result(): SnapshotVerification {
    const { findings, counts } = this.#list;
    const passed = this.#checks.filter(({ ok }) => ok).length;
    return {
      snapshotId: this.#place.id,
      ok: findings.every(({ severity }) => severity !== "error"),
      score: Math.round((100 * passed) / this.#checks.length),
      checks: this.#checks,
      findings,
      counts,
      rows: this.#rows,
      compared: this.#compared,
    };
  }

  async #check<Value>(name: string, work: () => Promise<Value>): Promise<Value | undefined> {
    this.#options.signal?.throwIfAborted();
    const errors = (): number => this.#list.findings.filter(({ severity }) => severity === "error").length;
    const before = errors();
    const value = await work();
    this.#checks.push({ name, ok: errors() === before });
    return value;
  }

  async #files(): Promise<void> {
    const found = await hashedFiles(this.#place.folder);
    for (const [name, { bytes, sha256 }] of Object.entries(this.#meta.files)) {
      const own = found[name];
      if (own === undefined) this.#list.add("FILE_MISSING", `${name} is not there`, name);
      else if (own.bytes !== bytes)
        this.#list.add("FILE_CHANGED", `${name} has ${own.bytes} bytes, ${bytes} were written`, name);
      else if (own.sha256 !== sha256)
        this.#list.add("FILE_CHANGED", `${name} has other bytes than were written`, name);
    }
    for (const name of Object.keys(found))
      if (this.#meta.files[name] === undefined)
        this.#list.add("FILE_UNLISTED", `${name} is not in meta.json`, name);
  }

  /** The sessions of calendars/day.txt. */
  async #calendar(): Promise<readonly Day[]> {
    const text = await this.#text(CALENDAR_FILE);
    if (text === null) return [];
    const days = text.split("\n").slice(0, -1).map(parseDay);
    const { calendar, start, end } = this.#meta;
    const exchange = calendarNamed(calendar);
    if (dayOf(start) < exchange.first || dayOf(end) > exchange.last) {
      this.#list.add(
        "CALENDAR_DIFFERS",
        `the calendar ${calendar} does not cover ${start} to ${end}`,
        CALENDAR_FILE,
      );
      return days;
    }
    const expected = calendarText([...exchange.sessionsBetween(dayOf(start), dayOf(end))]);
    if (text !== expected) {
      const known = new Set(expected.split("\n"));
      const wrong = text.split("\n").find((line) => !known.has(line)) ?? "a session that is missing";
      this.#list.add(
        "CALENDAR_DIFFERS",
        `${days.length} days are not the ${known.size - 1} sessions of ${calendar} (${wrong})`,
        CALENDAR_FILE,
      );
    }
    return days;
  }

  async #open(name: string): Promise<StoredFrame | null> {
    try {
      return await openFrame(path.join(this.#place.folder, name));
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      this.#list.add("FILE_UNREADABLE", error.message, name);
      return null;
    }
  }

  #columns(file: StoredFrame, columns: SnapshotMeta["columns"]): Promise<void> {
    const expected = columns.map(({ name, dtype }) => `${name} ${dtype}`);
    const found = file.columns.map(({ name, dtype }) => `${name} ${dtype}`);
    const wrong = expected.findIndex((column, index) => column !== found[index]);
    if (wrong >= 0 || found.length !== expected.length) {
      const at = wrong < 0 ? expected.length : wrong;
      this.#list.add(
        "COLUMNS_DIFFER",
        `column ${at + 1} is ${found[at] ?? "missing"}, meta.json has ${expected[at] ?? "none"}`,
        path.basename(file.place),
      );
    }
    return Promise.resolve();
  }

  async #inspect(file: StoredFrame, sessions: ReadonlySet<Day>): Promise<RowSpans> {
    const { signal } = this.#options;
    const spans = await inspectRows(
      file,
      { sessions, ...(signal === undefined ? {} : { signal }) },
      this.#list,
    );
    this.#rows = spans.rows;
    const { rows, start, end } = this.#meta;
    if (spans.rows !== rows)
      this.#list.add("ROWS_DIFFER", `${spans.rows} rows, meta.json says ${rows}`, DAILY_FILE);
    // A source may lose all rows of the first or the last day: the range of the plan stays.
    else if (spans.first < dayOf(start) || spans.last > dayOf(end))
      this.#list.add(
        "ROWS_DIFFER",
        `rows are of ${isoOf(spans.first)} to ${isoOf(spans.last)}, meta.json says ${start} to ${end}`,
        DAILY_FILE,
      );
    return spans;
  }

  async #instruments({ spans }: RowSpans): Promise<void> {
    const text = await this.#text(INSTRUMENTS_FILE);
    if (text === null) return;
    const expected = instrumentsText([...spans].map(([code, span]) => ({ code, ...span })));
    if (text !== expected) {
      const known = new Set(expected.split("\n"));
      const wrong = text.split("\n").find((line) => !known.has(line));
      this.#list.add("INSTRUMENTS_DIFFER", wrong ?? "instruments of the rows are missing", INSTRUMENTS_FILE);
    }
    if (spans.size !== this.#meta.instruments)
      this.#list.add(
        "INSTRUMENTS_DIFFER",
        `${spans.size} instruments have rows, meta.json says ${this.#meta.instruments}`,
        DAILY_FILE,
      );
  }

  async #labels(): Promise<void> {
    if (this.#meta.labels.length === 0) return;
    using file = await this.#open(LABELS_FILE);
    if (file === null) return;
    await this.#columns(file, this.#meta.labels);
    if (file.rows !== this.#meta.rows)
      this.#list.add(
        "ROWS_DIFFER",
        `${file.rows} rows of labels, ${this.#meta.rows} of features`,
        LABELS_FILE,
      );
  }

  async #source(file: StoredFrame, source: SnapshotSource): Promise<void> {
    const meta = this.#meta;
    if (source.locator !== meta.source) {
      this.#list.add("SOURCE_OTHER", `made from ${meta.source}, compared with ${source.locator}`);
      return;
    }
    if (source.generation !== meta.generation)
      this.#list.add(
        "SOURCE_NEWER",
        `made from generation ${meta.generation}, compared with ${source.generation}`,
      );
    const plan = planOf(meta);
    const { signal } = this.#options;
    this.#compared = await compareWithSource(
      {
        file,
        source,
        plan,
        without: new Set(meta.errors.map(({ instrument }) => instrument)),
        ranges: this.#ranges(file),
        ...(signal === undefined ? {} : { signal }),
      },
      this.#list,
    );
  }

  /** Sessions to compare: the first, the last, and others by chance. */
  #ranges(file: StoredFrame): { readonly start: Day; readonly end: Day }[] {
    const { all, random, sample = 12 } = this.#options;
    if (all === true) return [{ start: dayOf(this.#meta.start), end: dayOf(this.#meta.end) }];
    const days = [...file.times].map((time) => Math.floor(time / 86_400_000));
    const chosen = [0, days.length - 1].slice(0, days.length);
    const others = days.map((_, index) => index).slice(1, -1);
    while (chosen.length < sample && others.length > 0)
      chosen.push(...others.splice(Math.floor(random() * others.length), 1));
    return chosen.sort((a, b) => a - b).map((index) => ({ start: days[index]!, end: days[index]! }));
  }

  async #text(name: string): Promise<string | null> {
    const file = path.join(this.#place.folder, name);
    if (!existsSync(file)) return null;
    return await readFile(file, "utf8");
  }
}
