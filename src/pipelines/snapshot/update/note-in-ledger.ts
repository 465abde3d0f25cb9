import type { SnapshotMeta } from "../snapshot-meta.ts";
import type { ExportLedger, LedgerEntry, LedgerScope } from "./export-ledger.ts";
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
  const scope = scopeOfSnapshot(snapshotId, freq);
  const entries = instruments.map(({ instrument, first, last, rows, fingerprint }): LedgerEntry => ({
    instrument,
    first,
    last,
    rows,
    fingerprint,
  }));
  return await writing(async () => {
    if (!isSame(await ledger.read(scope), entries)) await ledger.replace(scope, entries);
  });
}

/** Takes a snapshot that was removed out of the ledger. Returns what to tell when that cannot be done. */
export async function clearInLedger(
  ledger: ExportLedger,
  { snapshot_id: snapshotId, freq }: Pick<SnapshotMeta, "snapshot_id" | "freq">,
): Promise<string | null> {
  const scope = scopeOfSnapshot(snapshotId, freq);
  return await writing(async () => {
    if ((await ledger.read(scope)).length > 0) await ledger.replace(scope, []);
  });
}

const scopeOfSnapshot = (snapshotId: string, freq: string): LedgerScope => ({
  snapshotId,
  dataType: "daily_pv",
  freq,
});

async function writing(write: () => Promise<void>): Promise<string | null> {
  try {
    await write();
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
