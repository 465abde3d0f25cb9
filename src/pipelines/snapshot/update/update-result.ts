import { isoOf } from "#market/day";
import type { ExportedInstrument, ExportResult } from "../export-result.ts";
import type { SnapshotMeta } from "../snapshot-meta.ts";
import type { SnapshotPlace } from "../snapshot-place.ts";
import type { InstrumentCoverage } from "../snapshot-source.ts";
import type { FoundChange } from "./find-changes.ts";
import type { UpdateOutlook } from "./update-plan.ts";

/** Milliseconds from one stage's end to the next one's. */
export class Stages {
  readonly timings: Record<string, number> = {};
  #since = performance.now();

  end(name: string): void {
    const now = performance.now();
    this.timings[name] = Math.round((this.timings[name] ?? 0) + now - this.#since);
    this.#since = now;
  }
}

export interface UpdateOutcome {
  readonly outlook: UpdateOutlook;
  readonly changes: ReadonlyMap<string, FoundChange>;
  readonly isSame: boolean;
  readonly stages: Stages;
  /** About the ledger. */
  readonly note: string | null;
}

export function resultOf(place: SnapshotPlace, meta: SnapshotMeta, outcome: UpdateOutcome): ExportResult {
  const { outlook, changes, isSame, stages, note } = outcome;
  return {
    snapshotId: place.id,
    folder: place.folder,
    mode: "incremental",
    status: meta.status,
    changed: !isSame,
    start: meta.start,
    end: meta.end,
    rows: meta.rows,
    columns: meta.columns.length,
    bytes: Object.values(meta.files).reduce((sum, { bytes }) => sum + bytes, 0),
    instruments: exportedInstruments(outlook, changes),
    timings: stages.timings,
    errors: meta.errors,
    notes: note === null ? meta.notes : [...meta.notes, note],
  };
}

/** Those the snapshot holds, and those it holds no longer, with 0 rows. */
function exportedInstruments(
  { before, now }: UpdateOutlook,
  changes: ReadonlyMap<string, FoundChange>,
): ExportedInstrument[] {
  const known = new Map(before.map((each) => [each.instrument, each.rows]));
  const held = now.map((each): ExportedInstrument => {
    const change = changes.get(each.instrument);
    const later = each.rows - (known.get(each.instrument) ?? 0);
    return told(each, change, later);
  });
  const there = new Set(now.map(({ instrument }) => instrument));
  const gone = [...changes].filter(([instrument]) => !there.has(instrument));
  return [
    ...held,
    ...gone.map(([instrument, change]): ExportedInstrument => ({
      instrument,
      start: isoOf(change.first / 86_400_000),
      end: isoOf(change.first / 86_400_000),
      rows: 0,
      changed: change.removed,
      reason: change.reason,
    })),
  ];
}

function told(
  { instrument, first, last, rows }: InstrumentCoverage,
  change: FoundChange | undefined,
  later: number,
): ExportedInstrument {
  const added = later + (change?.added ?? 0);
  const changed = (change?.changed ?? 0) + (change?.removed ?? 0);
  return {
    instrument,
    start: isoOf(first),
    end: isoOf(last),
    rows,
    ...(added > 0 ? { added } : {}),
    ...(changed > 0 ? { changed } : {}),
    ...(change === undefined ? {} : { reason: change.reason }),
  };
}
