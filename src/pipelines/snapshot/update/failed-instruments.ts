import { InstrumentsFailed, SnapshotError } from "../errors.ts";
import type { ExportFailure } from "../export-result.ts";
import type { SnapshotMeta } from "../snapshot-meta.ts";

/** Instruments whose rows cannot be read: work is done again without them, as long as they are few. */
export class FailedInstruments {
  readonly #maxShare: number;
  readonly #failures = new Map<string, ExportFailure>();

  constructor(maxShare: number) {
    this.#maxShare = maxShare;
  }

  get size(): number {
    return this.#failures.size;
  }

  /** In code-point order. */
  get failures(): readonly ExportFailure[] {
    return [...this.#failures.values()].sort((left, right) => (left.instrument < right.instrument ? -1 : 1));
  }

  /** Does the work, leaving out whatever fails. */
  async without<Result>(work: (left: ReadonlySet<string>) => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work(new Set(this.#failures.keys()));
      } catch (error) {
        if (!(error instanceof InstrumentsFailed) || !this.#note(error)) throw error;
      }
    }
  }

  /** Throws SNAPSHOT_TOO_MANY_FAILED. */
  checkShare(all: number): void {
    const { size } = this;
    if (size === 0 || (size < all && size <= this.#maxShare * all)) return;
    const [first] = this.failures as readonly [ExportFailure];
    throw new SnapshotError(
      "SNAPSHOT_TOO_MANY_FAILED",
      `${size} of ${all} instruments failed; the first is ${first.instrument}: ${first.message}`,
      {
        remedy: "correct the source, or allow more with --max-failed",
        place: { instrument: first.instrument },
      },
    );
  }

  /** Whether a snapshot's meta.json tells of the same failures, those that had no row apart. */
  areThoseOf({ errors }: SnapshotMeta): boolean {
    const known = errors.filter(({ code }) => code !== "SNAPSHOT_EMPTY");
    return known.length === this.size && known.every(({ instrument }) => this.#failures.has(instrument));
  }

  /** False when none of them is new, so that another try would end the same. */
  #note(error: InstrumentsFailed): boolean {
    const cause = error.cause instanceof Error ? error.cause : error;
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : error.code;
    const fresh = error.instruments.filter((instrument) => !this.#failures.has(instrument));
    for (const instrument of fresh)
      this.#failures.set(instrument, { instrument, code, message: cause.message });
    return fresh.length > 0;
  }
}
