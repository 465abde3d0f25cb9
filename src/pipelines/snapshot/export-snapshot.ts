/**
 * The full export: plan ─▶ lock ─▶ write everything into a folder beside ─▶ hash, meta.json ─▶ flush ─▶ rename.
 * Until the rename nobody sees any of it; whatever ends the export before, a full disk or a killed process, leaves the
 * snapshot that was there.
 */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { removePart } from "#data/export/atomic-file";
import { flushTree } from "#data/export/qlib-bin/flush-tree";
import { replaceDirectory } from "#data/export/qlib-bin/replace-directory";
import { asDataError } from "#data/system-errors";
import { isoOf } from "#market/day";
import type { SnapshotDataset } from "./dataset.ts";
import { InstrumentsFailed, SnapshotError } from "./errors.ts";
import type { ExportFailure, ExportResult } from "./export-result.ts";
import { planSnapshot, type PlannedSnapshot, type SnapshotRequest } from "./plan-snapshot.ts";
import { sealSnapshot } from "./seal-snapshot.ts";
import { META_FILE, type SnapshotMeta } from "./snapshot-meta.ts";
import { lockSnapshot, snapshotIn, stagingFolder, type SnapshotPlace } from "./snapshot-place.ts";
import { scopeOf } from "./snapshot-plan.ts";
import type { SnapshotScope, SnapshotSource } from "./snapshot-source.ts";
import { writeContent, type WrittenContent } from "./write-content.ts";

/** What becomes of a snapshot of the same id: nothing and an error, replaced, or kept beside `id_v2`. */
export type IfExists = "error" | "overwrite" | "version";

export interface ExportOptions {
  readonly root: string;
  readonly id: string;
  readonly source: SnapshotSource;
  readonly request?: SnapshotRequest;
  readonly ifExists?: IfExists;
  /** Share of the instruments that may fail; 0.05 unless told. */
  readonly maxFailed?: number;
  /** Minute bars, boards, …, each in files of its own. */
  readonly datasets?: readonly SnapshotDataset[];
  /** Known beforehand, such as stale factors. */
  readonly notes?: readonly string[];
  readonly engine: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal?: AbortSignal;
  readonly onPlan?: (planned: PlannedSnapshot) => void;
  readonly onRows?: (rows: number, of: number) => void;
}

const MAX_FAILED = 0.05;

/**
 * Exports a snapshot. Throws SNAPSHOT_ID_INVALID, SNAPSHOT_UNSAFE, SNAPSHOT_EXISTS, SNAPSHOT_FOREIGN, SNAPSHOT_LOCKED,
 * SNAPSHOT_TOO_MANY_FAILED, what planning throws, DATA_DISK_FULL, and what the source throws.
 */
export async function exportSnapshot(options: ExportOptions): Promise<ExportResult> {
  await using held = await takePlace(options);
  const { place } = held;
  const stages = new Stages();
  const planned = await planSnapshot(options.source, options.request ?? {});
  stages.end("plan");
  options.onPlan?.(planned);
  const staging = stagingFolder(place);
  try {
    const { content, failures } = await writtenWithoutFailing(staging, planned, { options, stages });
    const notes = [...(options.notes ?? []), ...planned.notes, ...content.notes];
    const { source, engine } = options;
    const meta = await sealSnapshot(staging, {
      id: place.id,
      source,
      plan: planned.plan,
      engine,
      failures,
      notes,
      coverage: content.coverage,
      rows: content.rows,
      datasets: content.datasets,
      now: options.now(),
    });
    stages.end("hash");
    await flushTree(staging);
    options.signal?.throwIfAborted();
    replaceDirectory(staging, place.folder);
    stages.end("place");
    return resultOf(place, meta, { content, timings: stages.timings });
  } catch (error) {
    removePart(staging);
    throw asDataError(error, { file: place.folder, doing: "write" });
  }
}

/** The place to write to, locked. */
async function takePlace({
  root,
  id,
  ifExists = "error",
}: ExportOptions): Promise<AsyncDisposable & { readonly place: SnapshotPlace }> {
  for (let version = 1; ; version++) {
    const place = await snapshotIn(root, version === 1 ? id : `${id}_v${version}`);
    const lock = await lockSnapshot(place, { replaces: ifExists === "overwrite" });
    try {
      const held = { place, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
      if (isFree(place)) return held;
      if (ifExists === "overwrite") {
        checkOurs(place);
        return held;
      }
      if (ifExists === "error") throw taken(place);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
    await lock[Symbol.asyncDispose]();
  }
}

const isFree = ({ folder }: SnapshotPlace): boolean =>
  !existsSync(folder) || readdirSync(folder).length === 0;

/** Only a folder with a meta.json is replaced or deleted. Throws SNAPSHOT_FOREIGN. */
export function checkOurs({ folder }: SnapshotPlace): void {
  const file = path.join(folder, META_FILE);
  if (existsSync(file) && lstatSync(file).isFile()) return;
  throw new SnapshotError("SNAPSHOT_FOREIGN", `${folder} holds no meta.json of a snapshot`, {
    remedy: "choose another id, or move the folder away by hand",
    place: { file: folder },
  });
}

function taken({ id, folder }: SnapshotPlace): SnapshotError {
  return new SnapshotError("SNAPSHOT_EXISTS", `there is a snapshot ${id} already`, {
    remedy: "choose another id, or give --if-exists overwrite, or version to keep both",
    place: { file: folder },
  });
}

/** Writes the content; instruments that cannot be read are left out, as long as they are few. */
async function writtenWithoutFailing(
  staging: string,
  planned: PlannedSnapshot,
  { options, stages }: { readonly options: ExportOptions; readonly stages: Stages },
): Promise<{ readonly content: WrittenContent; readonly failures: readonly ExportFailure[] }> {
  const { plan } = planned;
  const failures = [...planned.failures];
  const all = planned.coverage.length + failures.length;
  let coverage = planned.coverage;
  for (;;) {
    checkShare(failures, all, options.maxFailed ?? MAX_FAILED);
    const scope: SnapshotScope =
      coverage.length === planned.coverage.length
        ? scopeOf(plan)
        : { ...scopeOf(plan), instruments: new Set(coverage.map(({ instrument }) => instrument)) };
    removePart(staging);
    await mkdir(staging, { recursive: true });
    try {
      const { source, signal, onRows } = options;
      const of = coverage.reduce((sum, { rows }) => sum + rows, 0);
      const content = await writeContent(staging, {
        source,
        plan,
        scope,
        coverage,
        sessions: planned.sessions,
        datasets: options.datasets ?? [],
        onStage: (name) => stages.end(name),
        ...(signal === undefined ? {} : { signal }),
        ...(onRows === undefined ? {} : { onRows: (rows: number) => onRows(rows, of) }),
      });
      return { content, failures };
    } catch (error) {
      const failed = error instanceof InstrumentsFailed ? new Set(error.instruments) : null;
      const rest = coverage.filter(({ instrument }) => failed?.has(instrument) !== true);
      if (failed === null || rest.length === coverage.length) throw error;
      failures.push(...failuresOf(error as InstrumentsFailed, coverage));
      coverage = rest;
    }
  }
}

function failuresOf(
  error: InstrumentsFailed,
  coverage: readonly { readonly instrument: string }[],
): ExportFailure[] {
  const there = new Set(coverage.map(({ instrument }) => instrument));
  const cause = error.cause as Error;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : error.code;
  return error.instruments
    .filter((instrument) => there.has(instrument))
    .map((instrument) => ({ instrument, code, message: cause.message }));
}

function checkShare(failures: readonly ExportFailure[], all: number, allowed: number): void {
  if (failures.length === 0 || (failures.length < all && failures.length <= allowed * all)) return;
  const [first] = failures as readonly [ExportFailure];
  throw new SnapshotError(
    "SNAPSHOT_TOO_MANY_FAILED",
    `${failures.length} of ${all} instruments failed; the first is ${first.instrument}: ${first.message}`,
    {
      remedy: "correct the source, or allow more with --max-failed",
      place: { instrument: first.instrument },
    },
  );
}

function resultOf(
  place: SnapshotPlace,
  meta: SnapshotMeta,
  {
    content,
    timings,
  }: { readonly content: WrittenContent; readonly timings: Readonly<Record<string, number>> },
): ExportResult {
  return {
    snapshotId: place.id,
    folder: place.folder,
    mode: "full",
    status: meta.status,
    changed: true,
    start: meta.start,
    end: meta.end,
    rows: meta.rows,
    columns: meta.columns.length,
    bytes: Object.values(meta.files).reduce((sum, { bytes }) => sum + bytes, 0),
    instruments: content.coverage.map(({ instrument, first, last, rows }) => ({
      instrument,
      start: isoOf(first),
      end: isoOf(last),
      rows,
    })),
    timings,
    errors: meta.errors,
    notes: meta.notes,
  };
}

/** Milliseconds from one stage's end to the next one's. */
class Stages {
  readonly timings: Record<string, number> = {};
  #since = performance.now();

  end(name: string): void {
    const now = performance.now();
    this.timings[name] = Math.round((this.timings[name] ?? 0) + now - this.#since);
    this.#since = now;
  }
}
