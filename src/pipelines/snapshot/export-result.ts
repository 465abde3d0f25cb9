/** What became of one instrument. Days are `YYYY-MM-DD`; ids are canonical. */
export interface ExportedInstrument {
  readonly instrument: string;
  readonly start: string;
  readonly end: string;
  readonly rows: number;
  /** Of an incremental export: rows that are new, rows whose values are others than before, and why. */
  readonly added?: number;
  readonly changed?: number;
  readonly reason?: string;
}

export interface ExportFailure {
  readonly instrument: string;
  readonly code: string;
  readonly message: string;
}

/** What an export did: complete, or without some instruments whose rows could not be had. */
export interface ExportResult {
  readonly snapshotId: string;
  /** The id's folder. */
  readonly folder: string;
  readonly mode: "full" | "incremental";
  readonly status: "completed" | "completed_with_errors";
  /** False when the snapshot held all of it already (已是最新状态). */
  readonly changed: boolean;
  readonly start: string;
  readonly end: string;
  readonly rows: number;
  readonly columns: number;
  /** Of all files. */
  readonly bytes: number;
  readonly instruments: readonly ExportedInstrument[];
  /** Milliseconds by stage: plan, daily, labels, … */
  readonly timings: Readonly<Record<string, number>>;
  readonly errors: readonly ExportFailure[];
  /** What a reader should know: stale factors, an empty range that was replaced. */
  readonly notes: readonly string[];
}
