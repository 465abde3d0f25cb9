import { dailyFrame, labelsFrame } from "../daily-frame.ts";
import type { SnapshotDataset } from "../dataset.ts";
import type { SnapshotMeta } from "../snapshot-meta.ts";
import type { SnapshotPlace } from "../snapshot-place.ts";
import type { SnapshotPlan } from "../snapshot-plan.ts";
import type { SnapshotSource } from "../snapshot-source.ts";
import type { StagedFiles } from "./commit-record.ts";
import type { FailedInstruments } from "./failed-instruments.ts";
import type { FoundChange } from "./find-changes.ts";
import type { FrameOf, UpdateQuestion } from "./update-plan.ts";
import type { Stages } from "./update-result.ts";

/** One try of an update, with all that its parts need. */
export interface Attempt {
  readonly place: SnapshotPlace;
  readonly meta: SnapshotMeta;
  readonly request: {
    /** Version of this engine, and milliseconds since 1970. */
    readonly engine: string;
    readonly now: () => number;
    readonly datasets?: readonly SnapshotDataset[];
    readonly notes?: readonly string[];
    readonly signal?: AbortSignal;
  };
  readonly question: UpdateQuestion;
  readonly failed: FailedInstruments;
  readonly staged: StagedFiles;
  readonly stages: Stages;
}

/** Differences of the two files of rows. */
export interface FileChanges {
  readonly daily: ReadonlyMap<string, FoundChange>;
  readonly labels: ReadonlyMap<string, FoundChange>;
}

/** Rows of `daily_pv.h5`. */
export function dailyRows(source: SnapshotSource, plan: SnapshotPlan): FrameOf {
  return (scope) => dailyFrame(source, plan, scope);
}

/** Rows of `labels.h5`, of a plan that has labels. */
export function labelRows(source: SnapshotSource, plan: SnapshotPlan): FrameOf {
  return async (scope) => (await labelsFrame(source, plan, scope))!;
}
