import type { OpenedStore } from "#data/store/open-store";
import { isoOf } from "#market/day";
import { BlockCache } from "./block-cache.ts";
import { ReadError } from "./errors.ts";
import { FactorPrograms } from "./factor-programs.ts";
import { FeatureRead } from "./feature-read.ts";
import type { FeatureOptions, FeatureRequest, LoadedFeatures } from "./feature-request.ts";

/**
 * Market fields and factors of some instruments and days, ready for a strategy or a model: from the store where it holds
 * them and they are up to date, computed where it does not. The values are bit for bit the same on either way, and the
 * result says which way each factor took. What is kept between requests (values of blocks, compiled factors) is forgotten
 * with the reader.
 */
export class FeatureReader {
  readonly cache: BlockCache;
  readonly #store: OpenedStore;
  readonly #options: FeatureOptions;
  readonly #programs = new FactorPrograms();

  constructor(store: OpenedStore, options: FeatureOptions) {
    this.#store = store;
    this.#options = options;
    this.cache = new BlockCache(options.cacheBytes ?? CACHE_BYTES);
  }

  /**
   * Throws READ_DATES_INVERTED, READ_NOTHING_ASKED, READ_NAME_TWICE, READ_FIELD_UNKNOWN, FACTOR_UNKNOWN, `ExpressionError`,
   * STORE_MISSING, STORE_INSTRUMENT_MISSING, STORE_GENERATION_MISSING, and STORE_DAMAGED when bars are damaged; damaged
   * factors are computed.
   */
  async load(request: FeatureRequest): Promise<LoadedFeatures> {
    if (request.start > request.end) {
      throw new ReadError(
        "READ_DATES_INVERTED",
        `the first day, ${isoOf(request.start)}, is after the last one, ${isoOf(request.end)}`,
        { remedy: "exchange the two days" },
      );
    }
    await using snapshot = await this.#store.snapshot(request.generation);
    const { cache } = this;
    const parts = { snapshot, store: this.#store, cache, programs: this.#programs, options: this.#options };
    return await new FeatureRead(parts, request).load();
  }
}

const CACHE_BYTES = 256 * 2 ** 20;

/** One request on a reader of its own: nothing is kept. See {@link FeatureReader.load}. */
export function loadWithIndicators(
  store: OpenedStore,
  request: FeatureRequest,
  options: FeatureOptions,
): Promise<LoadedFeatures> {
  return new FeatureReader(store, { ...options, cacheBytes: 0 }).load(request);
}
