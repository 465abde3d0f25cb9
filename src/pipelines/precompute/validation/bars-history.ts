import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";
import { PinnedHistory } from "../../pinned-history.ts";
import { StoredBlocks } from "../../stored-blocks.ts";

/** The bars that factors were computed from: those of the snapshot, and of earlier generations that are still kept. */
export class BarsHistory implements AsyncDisposable {
  readonly #snapshot: StoreSnapshot;
  readonly #history: PinnedHistory | null;
  readonly #vwap: VwapRule | undefined;
  readonly #blocks = new Map<number, StoredBlocks | null>();

  /** Without a store only the snapshot's own generation is there. */
  constructor(
    snapshot: StoreSnapshot,
    rest: { readonly store: OpenedStore | undefined; readonly vwap: VwapRule | undefined },
  ) {
    this.#snapshot = snapshot;
    this.#history = rest.store === undefined ? null : new PinnedHistory(rest.store, snapshot);
    this.#vwap = rest.vwap;
  }

  /** Null when the generation is kept no longer, or its manifest is damaged. */
  async of(generation: number): Promise<StoreSnapshot | null> {
    if (generation === this.#snapshot.generation) return this.#snapshot;
    try {
      return (await this.#history?.of(generation)) ?? null;
    } catch (error) {
      if (error instanceof DataError && error.code === "STORE_DAMAGED") return null;
      throw error;
    }
  }

  /** Its blocks of bars; null too when its rows mean other days. */
  async blocksOf(generation: number): Promise<StoredBlocks | null> {
    let blocks = this.#blocks.get(generation);
    if (blocks === undefined) {
      const before = await this.of(generation);
      const isAligned = before !== null && before.time.days[0] === this.#snapshot.time.days[0];
      blocks = isAligned
        ? new StoredBlocks(before, this.#vwap === undefined ? {} : { vwap: this.#vwap })
        : null;
      this.#blocks.set(generation, blocks);
    }
    return blocks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#history?.[Symbol.asyncDispose]();
  }
}
