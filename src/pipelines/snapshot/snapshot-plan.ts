/**
 * What a snapshot holds: all that is needed to ask the source again and get the same files. It is made once, from a
 * request and what the source has, and kept in meta.json, so that an update follows it and not the defaults of the day.
 */
import type { CodeForm } from "#data/export/qlib-bin/code-form";
import type { FrameDtype } from "#data/export/frame";
import type { Day } from "#market/day";
import type { SnapshotAdjustment, SnapshotScope } from "./snapshot-source.ts";

/**
 * `aistock`: `open high low close volume amount` and factors, prices of a stated base day. `rdagent`: `$open $close $high
 * $low $volume $factor` as RD-Agent's own data have them, float32, Qlib's spelling and adjustment.
 */
export type SnapshotProfile = "aistock" | "rdagent";

export const snapshotProfiles: readonly SnapshotProfile[] = ["aistock", "rdagent"];

export type SnapshotFormat = "h5" | "parquet" | "qlib-bin";

export const snapshotFormats: readonly SnapshotFormat[] = ["h5", "parquet", "qlib-bin"];

/** A column of a file and the source's column it is. */
export interface PlannedColumn {
  readonly name: string;
  readonly source: string;
  readonly dtype: FrameDtype;
}

export interface SnapshotPlan {
  readonly profile: SnapshotProfile;
  readonly market: string;
  /** How instruments are written in every file. */
  readonly spelling: CodeForm;
  readonly adjustment: SnapshotAdjustment;
  /** Canonical ids; null for all that the source has. */
  readonly instruments: readonly string[] | null;
  /** Inclusive. */
  readonly start: Day;
  readonly end: Day;
  readonly features: readonly PlannedColumn[];
  /** In a file of their own; empty unless asked for. */
  readonly labels: readonly PlannedColumn[];
  readonly formats: readonly SnapshotFormat[];
}

/** The rows of a plan, without those instruments. */
export function scopeOf(plan: SnapshotPlan): SnapshotScope {
  return {
    start: plan.start,
    end: plan.end,
    ...(plan.instruments === null ? {} : { instruments: new Set(plan.instruments) }),
  };
}
