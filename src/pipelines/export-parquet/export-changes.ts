import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import type { FactorRegistry } from "#factors/registry";
import { PinnedHistory } from "../pinned-history.ts";
import { FactorPrograms } from "../read-features/factor-programs.ts";
import { rowsTouched } from "../stale-rows.ts";
import { StoredBlocks } from "../stored-blocks.ts";
import type { ExportContent } from "./export-index.ts";

/**
 * What was written to the bars since the generation that a file was made from, told by the store's manifests. Factors
 * follow from the bars: a change is felt on later days, and across instruments everywhere.
 */
export class ExportChanges implements AsyncDisposable {
  readonly #snapshot: StoreSnapshot;
  readonly #history: PinnedHistory;
  readonly #hasFactors: boolean;
  readonly #isAcross: boolean;
  readonly #touched = new Map<string, RowRange | null>();

  constructor(
    store: OpenedStore,
    snapshot: StoreSnapshot,
    { content, registry }: { readonly content: ExportContent; readonly registry: FactorRegistry },
  ) {
    this.#snapshot = snapshot;
    this.#history = new PinnedHistory(store, snapshot);
    this.#hasFactors = content.factors.length > 0;
    const declared = content.factors.map(({ name }) => registry.factor(name).factor);
    const { scopes } = new FactorPrograms().check(declared, new StoredBlocks(snapshot).shape());
    this.#isAcross = [...scopes.values()].includes("across");
  }

  /** Rows of a block's instruments that may be others than in a file of a generation; null when none is. */
  async since(generation: number, block: number): Promise<RowRange | null> {
    if (!this.#isAcross) return this.#own(generation, block);
    for (let each = 0; each < this.#snapshot.blocks; each++)
      if ((await this.#own(generation, each)) !== null) return this.#all();
    return null;
  }

  async #own(generation: number, block: number): Promise<RowRange | null> {
    const key = `${generation} ${block}`;
    const known = this.#touched.get(key);
    if (known !== undefined) return known;
    const before = await this.#history.of(generation);
    const rows = before === null ? "all" : rowsTouched({ before, now: this.#snapshot }, block);
    let found = rows === "all" ? this.#all() : rows;
    if (found !== null && this.#hasFactors) found = { from: found.from, to: this.#all().to };
    this.#touched.set(key, found);
    return found;
  }

  #all(): RowRange {
    return { from: 0, to: this.#snapshot.time.days.length };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#history[Symbol.asyncDispose]();
  }
}
