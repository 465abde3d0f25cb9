/** What an import did. Lists are cut at {@link LIST_LIMIT} entries; the counts are always whole. */
import type { DataErrorCode, DataErrorPlace } from "#data/errors";
import type { SourceDescription } from "#data/source";
import type { Day } from "#market/day";

export const LIST_LIMIT = 10_000;

/** A stored value that the source now gives differently. NaN stands for missing. */
export interface Correction {
  readonly instrument: string;
  readonly day: Day;
  readonly field: string;
  readonly before: number;
  readonly after: number;
}

/** Factors from `from` on that changed because a close, preclose or earlier row did. */
export interface FactorRevision {
  readonly instrument: string;
  readonly from: Day;
  readonly rows: number;
  readonly before: number;
  readonly after: number;
}

/** An adjusted history that the source has rewritten, taken over whole. */
export interface Rewrite {
  readonly instrument: string;
  readonly from: Day;
  readonly to: Day;
}

/** An instrument that was not imported; the others were. */
export interface ImportFailure {
  readonly instrument: string;
  readonly code: DataErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly place: DataErrorPlace;
}

/** Something odd that did not stop the import. */
export interface ImportFinding {
  /** `holiday-bar`, `duplicate-row`, `no-session`, `overlap-missing`, or a rule of the quality report. */
  readonly rule: string;
  readonly instrument: string;
  readonly day?: Day;
  /** Of the quality rule; absent for what the import itself found. */
  readonly severity?: "error" | "warning" | "note";
  readonly message: string;
}

export interface ImportCounts {
  /** Rows the source delivered. */
  readonly read: number;
  readonly added: number;
  readonly identical: number;
  readonly corrected: number;
  /** Rows outside the calendar's sessions. */
  readonly keptOut: number;
  /** Identical rows beyond the first of their key. */
  readonly duplicates: number;
  /** Rows of instruments that failed. */
  readonly failed: number;
}

export interface ImportResult {
  readonly source: SourceDescription;
  /** Generation the store is at now; the same as before when nothing was new. */
  readonly generation: number;
  readonly previousGeneration: number | null;
  readonly rows: ImportCounts;
  readonly instruments: {
    readonly read: number;
    readonly added: number;
    readonly changed: number;
    readonly unchanged: number;
    readonly failed: number;
  };
  /** First and last session among the rows taken; null when none was. */
  readonly span: { readonly first: Day; readonly last: Day } | null;
  readonly corrections: readonly Correction[];
  readonly correctionCount: number;
  readonly factorRevisions: readonly FactorRevision[];
  readonly factorRevisionCount: number;
  readonly rewrites: readonly Rewrite[];
  readonly failures: readonly ImportFailure[];
  readonly findings: readonly ImportFinding[];
  readonly findingCount: number;
  /** Milliseconds by the clock that was handed in. */
  readonly timings: { readonly read: number; readonly merge: number; readonly commit: number };
  /** Bytes of rows that went through the scratch file. */
  readonly scratchBytes: number;
}

/** A list that keeps its first {@link LIST_LIMIT} entries and counts all. */
export class CutList<T> {
  readonly items: T[] = [];
  count = 0;

  add(item: T): void {
    this.count++;
    if (this.items.length < LIST_LIMIT) this.items.push(item);
  }
}
