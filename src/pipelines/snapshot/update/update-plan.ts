/**
 * What an update has to do: the sessions to reach, what the source has of each instrument up to the old end and to the new
 * one, and the rows that it tells otherwise than the file.
 */
import type { Frame } from "#data/export/frame";
import { codeInForm } from "#data/export/qlib-bin/code-form";
import { isoOf, type Day } from "#market/day";
import { SnapshotError } from "../errors.ts";
import { scopeOf, type SnapshotPlan } from "../snapshot-plan.ts";
import type { InstrumentCoverage, SnapshotScope, SnapshotSource } from "../snapshot-source.ts";
import type { ExportState } from "./export-state.ts";
import { findChanges, type ChangeQuestion, type FoundChange, type HeldRows } from "./find-changes.ts";

export interface UpdateQuestion {
  readonly source: SnapshotSource;
  /** The plan the snapshot was made by. */
  readonly plan: SnapshotPlan;
  /** Null when it is not known or not to be believed. */
  readonly state: ExportState | null;
  /** Last session wanted; the source's last unless told. */
  readonly end?: Day;
  readonly overlapSessions: number;
  /** Compares every row. */
  readonly compareAll: boolean;
  /** Instruments whose rows cannot be read: they stay as they are. */
  readonly failed: ReadonlySet<string>;
  readonly signal?: AbortSignal;
}

export interface UpdateOutlook {
  /** The plan up to the new end. */
  readonly plan: SnapshotPlan;
  readonly sessions: readonly Day[];
  /** Up to the old end and up to the new one, without those that failed. */
  readonly before: readonly InstrumentCoverage[];
  readonly now: readonly InstrumentCoverage[];
  readonly state: ExportState | null;
}

/** Throws SNAPSHOT_EMPTY when the source has nothing of the snapshot at all. */
export async function lookAhead(question: UpdateQuestion): Promise<UpdateOutlook> {
  const { source, plan, end, state } = question;
  const wanted = await coverageOf(question, end === undefined ? null : Math.max(end, plan.end));
  if (wanted.length === 0) {
    throw new SnapshotError("SNAPSHOT_EMPTY", `${source.locator} has no row of the snapshot any more`, {
      remedy: "look at the source; the snapshot stays as it is",
    });
  }
  const last = Math.max(plan.end, ...wanted.map((each) => each.last));
  const isNewest = source.adjustment === "qfq" && plan.adjustment.kind === "qfq";
  return {
    plan: {
      ...plan,
      end: last,
      ...(isNewest ? { adjustment: { kind: "qfq", baseDay: last } } : {}),
    },
    sessions: await source.sessions({ start: plan.start, end: last }),
    before: await coverageOf(question, plan.end),
    now: wanted,
    state,
  };
}

async function coverageOf(
  { source, plan, failed }: UpdateQuestion,
  end: Day | null,
): Promise<readonly InstrumentCoverage[]> {
  const { end: _, ...scope } = scopeOf(plan);
  const all = await source.coverage(end === null ? scope : { ...scope, end });
  return all.filter(({ instrument }) => !failed.has(instrument));
}

/** A scope of an update: instruments that failed are left out. */
export function scopeWithin(
  { plan, failed }: Pick<UpdateQuestion, "plan" | "failed">,
  known: readonly InstrumentCoverage[],
  part: { readonly from: Day; readonly to: Day; readonly instruments?: ReadonlySet<string> },
): SnapshotScope {
  const { start: _, end: __, ...scope } = scopeOf(plan);
  const chosen =
    part.instruments ?? (failed.size === 0 ? undefined : new Set(known.map(({ instrument }) => instrument)));
  return {
    ...scope,
    start: part.from,
    end: part.to,
    ...(chosen === undefined ? {} : { instruments: chosen }),
  };
}

/** Asks the source for rows of one of the snapshot's files. */
export type FrameOf = (scope: SnapshotScope) => Promise<Frame>;

/** Rows of one file up to the old end that the source tells otherwise. */
export async function changesOf(
  question: UpdateQuestion,
  outlook: UpdateOutlook,
  { held, frameOf }: { readonly held: HeldRows; readonly frameOf: FrameOf },
): Promise<ReadonlyMap<string, FoundChange>> {
  const { source, plan, overlapSessions, compareAll, failed, signal } = question;
  const written = compareAll ? null : await writtenSince(question, outlook);
  const oldSessions = outlook.sessions.filter((day) => day <= plan.end);
  const request: ChangeQuestion = {
    held,
    fresh: async ({ from, instruments }) =>
      await frameOf(
        scopeWithin(question, outlook.before, {
          from,
          to: plan.end,
          ...(instruments === undefined ? {} : { instruments }),
        }),
      ),
    spell: codeInForm(plan.spelling),
    start: plan.start,
    end: plan.end,
    coverage: outlook.before,
    // A store that no longer keeps the generation cannot say what was written since.
    state: compareAll || (written === null && source.generation !== null) ? null : outlook.state,
    written,
    baseDay: plan.adjustment.kind === "qfq" ? plan.adjustment.baseDay : null,
    overlapFrom: overlapSessions === 0 ? plan.end + 1 : (oldSessions.at(-overlapSessions) ?? plan.start),
    failed,
    ...(signal === undefined ? {} : { signal }),
  };
  return await findChanges(request);
}

async function writtenSince(
  { source, plan }: UpdateQuestion,
  { state }: UpdateOutlook,
): Promise<ReadonlyMap<string, Day> | null> {
  if (state === null || state.generation === null || source.changedSince === undefined) return null;
  return await source.changedSince(
    state.generation,
    plan.features.map((column) => column.source),
  );
}

/**
 * Guards against a source that was emptied by mistake: an update never throws much of a snapshot away unasked. Throws
 * SNAPSHOT_SOURCE_SHRANK.
 */
export function requireNoGreatLoss(
  { before, state }: UpdateOutlook,
  { source, plan, failed }: UpdateQuestion,
  mostLostShare: number,
): void {
  if (state === null) return;
  const rows = new Map(before.map((each) => [each.instrument, each.rows]));
  const held = state.instruments.filter(({ instrument }) => !failed.has(instrument));
  const lost = held.filter((each) => (rows.get(each.instrument) ?? 0) < each.rows);
  const lostRows = lost.reduce((sum, each) => sum + each.rows - (rows.get(each.instrument) ?? 0), 0);
  const allRows = held.reduce((sum, each) => sum + each.rows, 0);
  if (lostRows <= allRows * mostLostShare) return;
  const some = lost.slice(0, 3).map(({ instrument }) => instrument);
  throw new SnapshotError(
    "SNAPSHOT_SOURCE_SHRANK",
    `${source.locator} has ${lostRows} of ${allRows} rows up to ${isoOf(plan.end)} no longer, of ${lost.length} instruments (${some.join(", ")}${lost.length > 3 ? ", …" : ""})`,
    { remedy: "look at the source; if that is right, export the snapshot again with --if-exists overwrite" },
  );
}
