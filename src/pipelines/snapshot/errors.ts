/** The coded errors of snapshots. What a source, the store or the disk reports passes through with its own code. */
export const snapshotErrors = {
  SNAPSHOT_ID_INVALID: "the name of the snapshot is none",
  SNAPSHOT_UNSAFE: "the place of the snapshot is not a plain folder below the root",
  SNAPSHOT_EXISTS: "there is a snapshot of that name",
  SNAPSHOT_MISSING: "there is no snapshot of that name",
  SNAPSHOT_FOREIGN: "the folder was not written as a snapshot",
  SNAPSHOT_DAMAGED: "the snapshot's meta.json cannot be read",
  SNAPSHOT_FILE_DAMAGED: "a file of the snapshot is not what was written",
  SNAPSHOT_SOURCE_SHRANK: "the source no longer has much of what the snapshot holds",
  SNAPSHOT_SOURCE_OTHER: "the snapshot was made from another source",
  SNAPSHOT_LOCKED: "another process writes the snapshot",
  SNAPSHOT_COLUMN_UNKNOWN: "the source has no such column",
  SNAPSHOT_COLUMN_CLASH: "two columns would have one name",
  SNAPSHOT_LOOKS_AHEAD: "a column that knows the future was asked for as a feature",
  SNAPSHOT_ADJUSTMENT: "the source cannot deliver prices of this adjustment",
  SNAPSHOT_EMPTY: "nothing in the source lies within what was asked for",
  SNAPSHOT_ROWS_UNREADABLE: "the rows of some instruments cannot be read",
  SNAPSHOT_TOO_MANY_FAILED: "more instruments failed than are allowed to",
} as const;

export type SnapshotErrorCode = keyof typeof snapshotErrors;

export class SnapshotError extends Error {
  override readonly name: string = "SnapshotError";
  readonly code: SnapshotErrorCode;
  readonly remedy: string;
  readonly place: { readonly file?: string; readonly column?: string; readonly instrument?: string };

  constructor(
    code: SnapshotErrorCode,
    found: string,
    details: {
      readonly remedy: string;
      readonly place?: SnapshotError["place"];
      readonly cause?: unknown;
    },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.place = details.place ?? {};
  }
}

/**
 * A source throws this while it delivers a frame, when the rows of some instruments cannot be had but those of others
 * can: the exporter starts again without them, and reports them.
 */
export class InstrumentsFailed extends SnapshotError {
  override readonly name = "InstrumentsFailed";
  readonly instruments: readonly string[];

  /** `cause` is the coded error they failed with. */
  constructor(instruments: readonly string[], cause: Error) {
    const some = instruments.slice(0, 3).join(", ");
    super("SNAPSHOT_ROWS_UNREADABLE", `${some}${instruments.length > 3 ? ", …" : ""}: ${cause.message}`, {
      remedy: "remedy" in cause && typeof cause.remedy === "string" ? cause.remedy : "look at the source",
      cause,
    });
    this.instruments = instruments;
  }
}
