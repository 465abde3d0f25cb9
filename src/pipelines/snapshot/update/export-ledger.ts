/**
 * Where a source's own database notes how far snapshots have come: `market.qlib_export_meta`, one row for a snapshot, data
 * type, instrument and frequency, with plain dates. It mirrors what the snapshot's files say, for whoever looks into the
 * database; an update never believes it.
 */
import type { Day } from "#market/day";

/** Whose rows: `daily_pv` of the snapshot `csi300_2020` at `day`. */
export interface LedgerScope {
  readonly snapshotId: string;
  readonly dataType: string;
  readonly freq: string;
}

export interface LedgerEntry {
  /** Canonical: `000001.SZ`. */
  readonly instrument: string;
  readonly first: Day;
  readonly last: Day;
  readonly rows: number;
  readonly fingerprint: string;
}

export interface ExportLedger {
  /** What is noted, in code-point order of the instruments; empty when nothing is. */
  read(scope: LedgerScope): Promise<readonly LedgerEntry[]>;
  /** Puts these entries in place of all of the scope's, in one transaction. */
  replace(scope: LedgerScope, entries: readonly LedgerEntry[]): Promise<void>;
}
