/**
 * Brings a snapshot up to its source: later sessions, and every row that the source tells otherwise than the files. What
 * comes out is what a full export by the snapshot's own plan would give, row by row; nothing is written when that lies
 * there already. Readers of a file see the old one or the new one, and a killed update leaves the old snapshot, or one
 * that the next command finishes.
 */
import path from "node:path";
import type { FrameColumn } from "#data/export/frame";
import { openFrame } from "#data/hdf5/open-frame";
import { writeAtomically } from "#data/export/atomic-file";
import { asDataError } from "#data/system-errors";
import { isoOf, type Day } from "#market/day";
import type { SnapshotDataset } from "../dataset.ts";
import { SnapshotError } from "../errors.ts";
import type { ExportResult } from "../export-result.ts";
import { DAILY_FILE, FRAME_KEY, LABELS_FILE } from "../layout.ts";
import { renewedNotes } from "../passing-notes.ts";
import { planOf, readMeta, type SnapshotMeta } from "../snapshot-meta.ts";
import { lockSnapshot, snapshotIn, type SnapshotPlace } from "../snapshot-place.ts";
import type { SnapshotSource } from "../snapshot-source.ts";
import { dailyRows, labelRows, type Attempt, type FileChanges } from "./attempt.ts";
import { recoverSnapshot, StagedFiles } from "./commit-record.ts";
import type { ExportLedger } from "./export-ledger.ts";
import { EXPORT_STATE_FILE, readExportState, textOfState, type ExportState } from "./export-state.ts";
import { FailedInstruments } from "./failed-instruments.ts";
import type { FoundChange } from "./find-changes.ts";
import { noteInLedger } from "./note-in-ledger.ts";
import { heldRows } from "./rewrite-rows.ts";
import { stageSnapshot } from "./stage-snapshot.ts";
import { areFormsStale } from "./stale-forms.ts";
import {
  changesOf,
  lookAhead,
  requireNoGreatLoss,
  type FrameOf,
  type UpdateOutlook,
  type UpdateQuestion,
} from "./update-plan.ts";
import { resultOf, Stages } from "./update-result.ts";

export interface UpdateRequest {
  readonly root: string;
  readonly id: string;
  /** The one the snapshot was made from. */
  readonly source: SnapshotSource;
  /** Last day wanted; all that the source has unless told. A snapshot never becomes shorter. */
  readonly end?: Day;
  /** Last sessions that are read again and compared; 10 unless told. */
  readonly overlapSessions?: number;
  /** `all` compares every row; `changed` those that may differ for a reason, and the overlap. */
  readonly compare?: "changed" | "all";
  /** Share of the instruments that may fail; 0.05 unless told. */
  readonly maxFailed?: number;
  /** Share of the rows held that the source may have lost; 0.1 unless told. */
  readonly maxLost?: number;
  /** Data beside the daily rows to write anew; those the snapshot has and that are not here stay as they are. */
  readonly datasets?: readonly SnapshotDataset[];
  readonly ledger?: ExportLedger;
  /** Known beforehand, such as stale factors; in place of those that the snapshot has of an earlier writing. */
  readonly notes?: readonly string[];
  readonly engine: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

const OVERLAP_SESSIONS = 10;
const MAX_FAILED = 0.05;
const MAX_LOST = 0.1;

/**
 * Throws SNAPSHOT_ID_INVALID, SNAPSHOT_UNSAFE, SNAPSHOT_MISSING, SNAPSHOT_FOREIGN, SNAPSHOT_DAMAGED, SNAPSHOT_LOCKED,
 * SNAPSHOT_FILE_DAMAGED, SNAPSHOT_SOURCE_OTHER, SNAPSHOT_SOURCE_SHRANK, SNAPSHOT_TOO_MANY_FAILED, DATA_DISK_FULL, and what
 * the source throws; the snapshot is then what it was.
 */
export async function updateSnapshot(request: UpdateRequest): Promise<ExportResult> {
  const place = await snapshotIn(request.root, request.id);
  const lock = await lockSnapshot(place);
  try {
    await recoverSnapshot(place.folder);
    return await updated(place, request);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

async function updated(place: SnapshotPlace, request: UpdateRequest): Promise<ExportResult> {
  const stages = new Stages();
  const meta = await readMeta(place);
  const state = await believedState(place, meta);
  const { source } = request;
  if (source.locator !== meta.source || source.freq !== meta.freq) {
    throw new SnapshotError(
      "SNAPSHOT_SOURCE_OTHER",
      `the snapshot ${place.id} was made from ${meta.source}, not from ${source.locator}`,
      { remedy: `name ${meta.source} as the source, or export another snapshot` },
    );
  }
  requireSameColumns(source, meta);
  const failed = new FailedInstruments(request.maxFailed ?? MAX_FAILED);
  const staged = new StagedFiles(place.folder);
  try {
    return await failed.without(async (left) => {
      // Of a try that ended at a failed instrument.
      staged.drop();
      const question: UpdateQuestion = {
        source,
        plan: planOf(meta),
        state,
        overlapSessions: request.overlapSessions ?? OVERLAP_SESSIONS,
        compareAll: request.compare === "all",
        failed: left,
        ...(request.end === undefined ? {} : { end: request.end }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      };
      return await attempt({ place, meta, request, question, failed, staged, stages }, request);
    });
  } catch (error) {
    throw asDataError(error, { file: place.folder, doing: "write" });
  } finally {
    // Of a change that counts nothing is left there, unless finishing it failed: then it is the next command's.
    if (!staged.counts) staged.drop();
  }
}

async function attempt(
  work: Attempt,
  { maxLost, ledger, datasets = [], notes = [] }: UpdateRequest,
): Promise<ExportResult> {
  const { place, meta, question, failed, stages } = work;
  const outlook = await lookAhead(question);
  failed.checkShare(outlook.now.length + failed.size);
  requireNoGreatLoss(outlook, question, maxLost ?? MAX_LOST);
  stages.end("plan");
  const changes = await compared(work, outlook);
  stages.end("compare");
  const areRowsSame =
    outlook.plan.end === question.plan.end &&
    changes.daily.size === 0 &&
    changes.labels.size === 0 &&
    failed.areThoseOf(meta);
  const isAllSame = areRowsSame && datasets.length === 0 && !(await areFormsStale(question));
  const written = isAllSame ? null : await stageSnapshot(work, outlook, changes);
  const isSame = written === null;
  if (isSame) await keepState(work, outlook);
  const sealed = written ?? meta;
  const after = { ...sealed, notes: [...renewedNotes(sealed.notes, notes)] };
  const state = isSame ? question.state : await readExportState(place.folder);
  const note = state === null ? null : await noteInLedger(ledger, meta, state);
  stages.end("ledger");
  return resultOf(place, after, { outlook, changes: changes.daily, isSame, stages, note });
}

/**
 * Tables are recognised anew each time: a column that is now read from another place or in another unit would change every
 * value. A store keeps its fields' meaning itself. Throws SNAPSHOT_SOURCE_OTHER.
 */
function requireSameColumns(source: SnapshotSource, meta: SnapshotMeta): void {
  if (source.generation !== null) return;
  for (const { name, role, source: asked, unit, lineage } of meta.columns) {
    const now = source.columns.find((column) => column.name === asked);
    if (role !== "market" || now === undefined || (now.unit === unit && now.lineage === lineage)) continue;
    throw new SnapshotError(
      "SNAPSHOT_SOURCE_OTHER",
      `${name} of the snapshot ${meta.snapshot_id} is ${lineage} (${unit}); ${source.locator} now gives ${now.lineage} (${now.unit})`,
      {
        remedy:
          "state columns and units in a mapping file (--mapping) as they were, or export another snapshot",
        place: { column: name },
      },
    );
  }
}

/** A state speaks of the rows that lie beside it, of the source that is asked now, or it is not believed. */
async function believedState(place: SnapshotPlace, meta: SnapshotMeta): Promise<ExportState | null> {
  const state = await readExportState(place.folder);
  const isOfRows =
    state !== null &&
    state.dataSha256 === meta.files[DAILY_FILE]?.sha256 &&
    state.source === meta.source &&
    isoOf(state.end) === meta.end;
  return isOfRows ? state : null;
}

async function compared({ place, question }: Attempt, outlook: UpdateOutlook): Promise<FileChanges> {
  const { source, signal } = question;
  const compareFile = async (
    file: string,
    own: UpdateQuestion,
    frameOf: FrameOf,
  ): Promise<ReadonlyMap<string, FoundChange>> => {
    using stored = await openFrame(path.join(place.folder, file), { key: FRAME_KEY });
    const held = heldRows(stored, describedBy(stored.columns));
    return await changesOf(own, outlook, { held, frameOf, ...(signal === undefined ? {} : { signal }) });
  };
  const daily = await compareFile(DAILY_FILE, question, dailyRows(source, outlook.plan));
  if (question.plan.labels.length === 0) return { daily, labels: new Map() };
  // Labels of past days become known later, as far back as they look ahead.
  const whole = { ...question, compareAll: true };
  const labels = await compareFile(LABELS_FILE, whole, labelRows(source, outlook.plan));
  return { daily, labels };
}

function describedBy(columns: readonly Pick<FrameColumn, "name" | "dtype">[]): readonly FrameColumn[] {
  return columns.map((column) => ({ ...column, unit: "", description: "", lineage: "" }));
}

/** Remembers a store's later generation with the same rows, so that the next update has less to compare. */
async function keepState({ place, question, meta }: Attempt, { before }: UpdateOutlook): Promise<void> {
  const { source, plan, state, failed } = question;
  if (failed.size > 0 || source.generation === null || state?.generation === source.generation) return;
  const text = textOfState({
    source: source.locator,
    generation: source.generation,
    end: plan.end,
    dataSha256: meta.files[DAILY_FILE]?.sha256 ?? "",
    instruments: before,
  });
  await writeAtomically(path.join(place.folder, EXPORT_STATE_FILE), [text]);
}
