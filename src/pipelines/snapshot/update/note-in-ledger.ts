import type { SnapshotMeta } from "../snapshot-meta.ts";
import type { ExportLedger, LedgerEntry } from "./export-ledger.ts";
import type { ExportState } from "./export-state.ts";

/**
 * Brings the ledger to what a snapshot's files say, after they are in place: an update that is killed in between leaves it
 * behind, and the next one, with or without changes, brings it up. Returns what to tell when it cannot be written; the
 * snapshot does not depend on it.
 */
export async function noteInLedger(
  ledger: ExportLedger | undefined,
  { snapshot_id: snapshotId, freq }: SnapshotMeta,
  { instruments }: ExportState,
): Promise<string | null> {
  if (ledger === undefined) return null;
  const scope = { snapshotId, dataType: "daily_pv", freq };
  const entries = instruments.map(({ instrument, first, last, rows, fingerprint }): LedgerEntry => ({
    instrument,
    first,
    last,
    rows,
    fingerprint,
  }));
  try {
    if (!isSame(await ledger.read(scope), entries)) await ledger.replace(scope, entries);
    return null;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return `the source's table of exports was not written: ${message}`;
  }
}

function isSame(left: readonly LedgerEntry[], right: readonly LedgerEntry[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((entry, index) => {
    const other = right[index]!;
    return (
      entry.instrument === other.instrument &&
      entry.first === other.first &&
      entry.last === other.last &&
      entry.rows === other.rows &&
      entry.fingerprint === other.fingerprint
    );
  });
}
