/**
 * Brings a Qlib directory that `qlib dump` made in step with the store's current generation. Files are changed where they
 * lie, and in an order in which a reader never meets a calendar whose days are missing in the files:
 *
 *   1. export.json names the generation that is being written (so that a crash is noticed),
 *   2. features: values at the places that follow from start row and calendar, new instruments' files,
 *   3. instruments/all.txt, then the calendar: from here on the new days are there,
 *   4. what is shown no longer is removed, and export.json says that the update is done.
 *
 * Every step can be done again, so an update that was killed is finished by the next one.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { DataError } from "#data/errors";
import { codeInForm } from "#data/export/qlib-bin/code-form";
import { asOnlyWriter, replaceText } from "#data/export/qlib-bin/directory-lock";
import { calendarText, marketText, momentOf, type MarketLine } from "#data/export/qlib-bin/directory-texts";
import {
  EXPORT_RECORD,
  readExportRecord,
  recordText,
  type ExportRecord,
} from "#data/export/qlib-bin/export-record";
import { featureFolder, featureNames } from "#data/export/qlib-bin/feature-name";
import { flushPlaces } from "#data/export/qlib-bin/flush-tree";
import { FeaturePatcher } from "#data/export/qlib-bin/patch-features";
import { recoverDirectory } from "#data/export/qlib-bin/replace-directory";
import { byText, type InstrumentSeries } from "#data/export/series-table";
import { folderOfInstrument } from "#data/sources/qlib-bin/folder-names";
import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoredInstrument, StoreSnapshot } from "#data/store/panel-store";
import type { FactorRegistry } from "#factors/registry";
import { PinnedHistory } from "../pinned-history.ts";
import { storeName } from "../workspace.ts";
import { carryOver } from "./carry-over.ts";
import { changedRows, shownBases, type ShownBase } from "./changed-rows.ts";
import { directoryParts, type DirectoryPart } from "./directory-parts.ts";
import { formOf, recordOf, writeDirectory } from "./dump-directory.ts";

export interface QlibUpdateOptions {
  readonly registry: Pick<FactorRegistry, "set">;
  /** Version of the program: stored factors of it are read, others computed. */
  readonly engine: string;
  /** Factor sets to show from now on; those that the directory shows unless told. */
  readonly sets?: readonly string[];
  /** Looks at every file, not only at those whose values changed since the generation that the directory shows. */
  readonly compareAll?: boolean;
  /** Writes a directory that is not there yet. */
  readonly create?: boolean;
  /** Of a directory that is created: the further fields of the data too. */
  readonly extra?: boolean;
  /** Flushes what was written to the disk. Default true. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
  readonly onInstruments?: (done: number, of: number) => void;
}

export interface QlibUpdate {
  /**
   * `unchanged`: the directory showed the generation already; `changed`: files were changed where they lie; `compared`: the
   * same after a look at every file; `rewritten`: built anew and put in place; `created`.
   */
  readonly mode: "unchanged" | "changed" | "compared" | "rewritten" | "created";
  /** Why more was done than writing what changed. */
  readonly reason: string | null;
  /** The generation shown before; null when there was no directory. */
  readonly from: number | null;
  readonly generation: number;
  readonly days: number;
  readonly newDays: number;
  readonly instruments: number;
  /** Files of features that were written, looked at and left, and removed. */
  readonly files: { readonly written: number; readonly same: number; readonly removed: number };
  readonly bytes: number;
  /** Instruments of the directory that the store does not know; they are left as they are. */
  readonly foreign: readonly string[];
}

/**
 * Throws DATA_FILE_MISSING (no directory, unless `create`), DATA_NOT_PERMITTED (not one that `qlib dump` made, or of another
 * store), DATA_FILE_DAMAGED (its `export.json`), STORE_LOCKED (another process writes to it), DATA_DISK_FULL,
 * EXPRESSION_SET_UNKNOWN.
 */
export async function updateQlibDirectory(
  store: OpenedStore,
  snapshot: StoreSnapshot,
  dir: string,
  options: QlibUpdateOptions,
): Promise<QlibUpdate> {
  const place = path.resolve(dir);
  return await asOnlyWriter(place, async (scratch) => {
    recoverDirectory(place);
    const isThere = existsSync(place) && readdirSync(place).length > 0;
    if (!isThere && options.create !== true) {
      throw new DataError("DATA_FILE_MISSING", `${place} holds no Qlib directory`, {
        remedy: "make it first: `alphaloom qlib dump DIR`",
        place: { file: place },
      });
    }
    const record = isThere ? await recordIn(place, store) : null;
    const update = new DirectoryUpdate(store, snapshot, { place, scratch, record, options });
    return await update.run();
  });
}

/** Throws DATA_NOT_PERMITTED. */
async function recordIn(place: string, store: OpenedStore): Promise<ExportRecord> {
  const record = await readExportRecord(place);
  if (record !== null && record.store === storeName(store.key)) return record;
  const found =
    record === null
      ? `${place} was not made by \`qlib dump\`: it has no ${EXPORT_RECORD}`
      : `${place} shows the store ${record.store}, not ${storeName(store.key)}`;
  throw new DataError("DATA_NOT_PERMITTED", found, {
    remedy: "name another directory, or dump it anew: `alphaloom qlib dump DIR --overwrite`",
    place: { file: place },
  });
}

class DirectoryUpdate {
  readonly #store: OpenedStore;
  readonly #now: StoreSnapshot;
  readonly #place: string;
  readonly #scratch: string;
  readonly #record: ExportRecord | null;
  readonly #options: QlibUpdateOptions;
  readonly #patcher: FeaturePatcher;

  constructor(
    store: OpenedStore,
    now: StoreSnapshot,
    parts: {
      readonly place: string;
      readonly scratch: string;
      readonly record: ExportRecord | null;
      readonly options: QlibUpdateOptions;
    },
  ) {
    this.#store = store;
    this.#now = now;
    this.#place = parts.place;
    this.#scratch = parts.scratch;
    this.#record = parts.record;
    this.#options = parts.options;
    this.#patcher = new FeaturePatcher(parts.scratch);
  }

  async run(): Promise<QlibUpdate> {
    const { registry, engine, signal } = this.#options;
    const record = this.#record;
    const sets = (this.#options.sets ?? record?.sets ?? []).map((name) => registry.set(name));
    const { codes = "qlib", vwap = "amount", extra = this.#options.extra ?? false } = record ?? {};
    const form = formOf(this.#store, { sets, codes, vwap, extra, engine });
    if (record !== null && this.#isShown(record, form)) return this.#result("unchanged", { newDays: 0 });
    const parts = await directoryParts(this.#store, this.#now, {
      sets,
      vwap,
      extra,
      engine,
      ...(signal && { signal }),
    });
    if (record === null) {
      const written = await writeDirectory(this.#place, { snapshot: this.#now, parts, form }, this.#options);
      return this.#result("created", { newDays: this.#now.time.days.length, written });
    }
    const calendar = path.join(this.#place, "calendars", `${this.#now.time.freq}.txt`);
    const before = existsSync(calendar) ? readFileSync(calendar, "utf8") : "";
    const newDays = this.#now.time.days.length - (before.split("\n").length - 1);
    const own = calendarText(this.#now.time);
    if (before === "" || !(own.startsWith(before) || before.startsWith(own))) {
      const written = await writeDirectory(
        this.#place,
        { snapshot: this.#now, parts, form },
        {
          ...this.#options,
          overwrite: true,
          beforePlacing: (built) =>
            carryOver(this.#place, built, { time: this.#now.time, own: new Set(record.features) }),
        },
      );
      return this.#result("rewritten", { newDays, written, reason: "the calendar begins or runs otherwise" });
    }
    return await this.#change(record, recordOf(this.#now, parts, form), parts, newDays);
  }

  #isShown(record: ExportRecord, form: Pick<ExportRecord, "engine" | "sets">): boolean {
    const { generation, summary } = this.#now;
    return (
      this.#options.compareAll !== true &&
      (record.updating ?? []).length === 0 &&
      record.generation === generation &&
      record.writtenAt === summary.writtenAt &&
      record.engine === form.engine &&
      record.sets.join() === form.sets.join()
    );
  }

  /** Changes the files where they lie. */
  async #change(
    record: ExportRecord,
    next: ExportRecord,
    parts: readonly DirectoryPart[],
    newDays: number,
  ): Promise<QlibUpdate> {
    await using history = new PinnedHistory(this.#store, this.#now);
    const bases = this.#options.compareAll === true ? null : await shownBases(history, record);
    const { generation, writtenAt, features, stored } = next;
    const updating = [...(record.updating ?? []), { generation, writtenAt, features, stored }];
    this.#put(EXPORT_RECORD, recordText({ ...record, updating }));

    const folders = this.#folders();
    await this.#writeFeatures(bases, parts, folders);
    if (this.#options.durable ?? true) await flushPlaces(this.#place, this.#patcher.touched);

    const lines = this.#lines();
    const former = this.#formerLines(bases, lines);
    const market = [...lines, ...former.foreign].sort((a, b) => byText(a.code, b.code));
    this.#put("instruments/all.txt", marketText(market));
    this.#put(`calendars/${this.#now.time.freq}.txt`, calendarText(this.#now.time));

    let removed = 0;
    for (const code of former.gone) {
      const folder = path.join(this.#place, "features", folderOfInstrument(code));
      if (!existsSync(folder)) continue;
      removed += readdirSync(folder).length;
      rmSync(folder, { recursive: true });
    }
    const known = new Set(features);
    const dropped = [record, ...(record.updating ?? [])]
      .flatMap((each) => each.features)
      .filter((name) => !known.has(name));
    for (const name of new Set(dropped)) {
      for (const folder of folders.values()) {
        const file = path.join(folder, `${name}.${this.#now.time.freq}.bin`);
        if (!existsSync(file)) continue;
        rmSync(file);
        removed++;
      }
    }
    this.#put(EXPORT_RECORD, recordText(next));
    return this.#result(bases === null ? "compared" : "changed", {
      newDays,
      removed,
      foreign: former.foreign.map(({ code }) => code),
      reason:
        bases === null && this.#options.compareAll !== true
          ? `generation ${record.generation} is kept no longer, so every file was compared`
          : null,
    });
  }

  /** Folder of every instrument with rows. Throws as `featureFolder`. */
  #folders(): ReadonlyMap<string, string> {
    const codeOf = codeInForm(this.#record!.codes);
    const taken = new Set<string>();
    return new Map(
      this.#listed().map(({ id }) => [
        id,
        path.join(this.#place, "features", featureFolder(codeOf(id).toUpperCase(), taken)),
      ]),
    );
  }

  #listed(): readonly StoredInstrument[] {
    return this.#now.instruments.filter(({ first, last }) => first <= last);
  }

  async #writeFeatures(
    bases: readonly ShownBase[] | null,
    parts: readonly DirectoryPart[],
    folders: ReadonlyMap<string, string>,
  ): Promise<void> {
    const names = featureNames(parts.flatMap(({ fields }) => fields));
    const spans = new Map(this.#listed().map((instrument) => [instrument.id, instrument]));
    const fileOf = (instrument: string, field: string): string =>
      path.join(folders.get(instrument)!, `${names.get(field)!}.${this.#now.time.freq}.bin`);
    const writeWhole = ({ instrument, first, columns }: InstrumentSeries): void => {
      this.#options.signal?.throwIfAborted();
      for (const [field, values] of columns) this.#patcher.write(fileOf(instrument, field), first, values);
    };
    /** Whether every file could take the rows. */
    const patchRows = ({ instrument, first, columns }: InstrumentSeries): boolean => {
      this.#options.signal?.throwIfAborted();
      const span = spans.get(instrument)!;
      const part = { start: span.first, length: span.last - span.first + 1, from: first };
      let fits = true;
      for (const [field, values] of columns)
        if (this.#patcher.patch(fileOf(instrument, field), { ...part, values }) === "unfit") fits = false;
      return fits;
    };
    const members: string[][] = Array.from({ length: this.#now.blocks }, () => []);
    for (const { id, block } of spans.values()) members[block]!.push(id);
    let done = 0;
    for (const [block, ids] of members.entries()) {
      for (const part of parts) {
        if (part.inputs === null || ids.length === 0) continue;
        const features = part.fields.map((field) => names.get(field)!);
        const rows = await changedRows(bases, { part, features }, { now: this.#now, block });
        if (rows === null) continue;
        const instruments = new Set(ids);
        if (rows === "all") {
          for await (const series of (await part.table({ instruments })).series()) writeWhole(series);
          continue;
        }
        const unfit = await this.#patch(part, { instruments, rows }, patchRows);
        if (unfit.size === 0) continue;
        for await (const series of (await part.table({ instruments: unfit })).series()) writeWhole(series);
      }
      this.#options.onInstruments?.((done += ids.length), spans.size);
    }
    for (const part of parts) {
      if (part.inputs !== null) continue;
      for await (const series of (await part.table({})).series()) writeWhole(series);
    }
  }

  async #patch(
    part: DirectoryPart,
    request: { readonly instruments: ReadonlySet<string>; readonly rows: RowRange },
    patchRows: (series: InstrumentSeries) => boolean,
  ): Promise<ReadonlySet<string>> {
    const unfit = new Set<string>();
    for await (const series of (await part.table(request)).series())
      if (!patchRows(series)) unfit.add(series.instrument);
    return unfit;
  }

  #lines(): readonly MarketLine[] {
    const codeOf = codeInForm(this.#record!.codes);
    const { time } = this.#now;
    return this.#listed().map(({ id, first, last }) => ({
      code: codeOf(id).toUpperCase(),
      start: momentOf(time, first),
      end: momentOf(time, last),
    }));
  }

  /** Lines of `all.txt` that are not this generation's: of instruments the store never showed here, and of those it no longer shows. */
  #formerLines(
    bases: readonly ShownBase[] | null,
    lines: readonly MarketLine[],
  ): { readonly foreign: readonly MarketLine[]; readonly gone: readonly string[] } {
    const codeOf = codeInForm(this.#record!.codes);
    const own = new Set(lines.map(({ code }) => code));
    const shown = new Set<string>();
    for (const { id } of [this.#now, ...(bases ?? []).map(({ snapshot }) => snapshot)].flatMap(
      ({ instruments }) => instruments,
    )) {
      const code = codeOf(id).toUpperCase();
      if (!own.has(code)) shown.add(code);
    }
    const file = path.join(this.#place, "instruments", "all.txt");
    const former = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    const foreign = former.flatMap((line): MarketLine[] => {
      const [code = "", start = "", end = ""] = line.trimEnd().split("\t");
      return code === "" || own.has(code) || shown.has(code) ? [] : [{ code, start, end }];
    });
    return { foreign, gone: [...shown] };
  }

  /** Replaces a file, unless it is as it should be. */
  #put(name: string, text: string): void {
    const file = path.join(this.#place, name);
    if (existsSync(file) && readFileSync(file, "utf8") === text) return;
    replaceText(this.#scratch, file, text);
  }

  #result(
    mode: QlibUpdate["mode"],
    done: {
      readonly newDays: number;
      readonly written?: { readonly files: number; readonly bytes: number };
      readonly removed?: number;
      readonly foreign?: readonly string[];
      readonly reason?: string | null;
    },
  ): QlibUpdate {
    const { written, removed = 0, foreign = [], reason = null, newDays } = done;
    return {
      mode,
      reason,
      from: this.#record?.generation ?? null,
      generation: this.#now.generation,
      days: this.#now.time.days.length,
      newDays,
      instruments: this.#listed().length,
      files: { written: written?.files ?? this.#patcher.written, same: this.#patcher.same, removed },
      bytes: written?.bytes ?? this.#patcher.bytes,
      foreign,
    };
  }
}
