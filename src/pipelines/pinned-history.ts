import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";

/** Earlier generations, pinned until everything is compared. */
export class PinnedHistory implements AsyncDisposable {
  readonly #store: OpenedStore;
  readonly #base: StoreSnapshot;
  readonly #open = new Map<number, StoreSnapshot | null>();

  constructor(store: OpenedStore, base: StoreSnapshot) {
    this.#store = store;
    this.#base = base;
  }

  /** Null when the generation is kept no longer. */
  async of(generation: number | null): Promise<StoreSnapshot | null> {
    if (generation === null) return null;
    if (generation === this.#base.generation) return this.#base;
    const known = this.#open.get(generation);
    if (known !== undefined) return known;
    let found: StoreSnapshot | null = null;
    try {
      found = await this.#store.snapshot(generation);
    } catch (error) {
      if (!(error instanceof DataError && error.code === "STORE_GENERATION_MISSING")) throw error;
    }
    this.#open.set(generation, found);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const snapshot of this.#open.values()) await snapshot?.close();
  }
}
