/**
 * When a source that is being written is whole: its files have looked the same for some time, and at two looks at least.
 * What was reported once is not reported again until it changes once more, whatever became of it.
 */
export interface Sighting {
  readonly id: string;
  /** What the file system says of all its files. */
  readonly signature: string;
  /** Whether that is what was imported. */
  readonly imported: boolean;
}

export interface Settled {
  /** Sources to report now; empty as long as one of them is still changing. */
  readonly ready: readonly string[];
  /** Whether a source changed that is not reported yet. */
  readonly waiting: boolean;
}

interface Changing {
  readonly signature: string;
  /** When it was first seen like this. */
  readonly since: number;
  reported: boolean;
}

export class Settling {
  readonly #quietMs: number;
  readonly #changing = new Map<string, Changing>();

  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /** `now` in milliseconds of a clock that does not go back. */
  look(sources: readonly Sighting[], now: number): Settled {
    const there = new Set(sources.map(({ id }) => id));
    for (const id of this.#changing.keys()) if (!there.has(id)) this.#changing.delete(id);
    const ready: Changing[] = [];
    const ids: string[] = [];
    let unsettled = false;
    for (const { id, signature, imported } of sources) {
      const before = this.#changing.get(id);
      if (imported) this.#changing.delete(id);
      else if (before?.signature !== signature) {
        this.#changing.set(id, { signature, since: now, reported: false });
        unsettled = true;
      } else if (before.reported) continue;
      else if (now - before.since < this.#quietMs) unsettled = true;
      else {
        ready.push(before);
        ids.push(id);
      }
    }
    if (unsettled || ready.length === 0) return { ready: [], waiting: unsettled };
    for (const each of ready) each.reported = true;
    return { ready: ids, waiting: false };
  }

  /** Reports these again after the quiet time: whoever was told could not act on it yet. */
  postpone(ids: readonly string[], now: number): void {
    for (const id of ids) {
      const changing = this.#changing.get(id);
      if (changing !== undefined) this.#changing.set(id, { ...changing, since: now, reported: false });
    }
  }
}
