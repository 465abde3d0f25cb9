import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { FactorFailure } from "#factors/compute";
import type { FactorRegistry } from "#factors/registry";
import type { Parallel } from "#kernels/parallel";
import type { Day } from "#market/day";
import type { Panel } from "#panel/panel";
import type { ColumnOrigin } from "./column-origin.ts";
import type { InstrumentFeatures } from "./instrument-features.ts";
import type { Prices } from "./market-columns.ts";

export interface FeatureRequest {
  /** Instruments in the order of the result, in any known spelling; `all`: every one that has a row, by name. */
  readonly codes: readonly string[] | "all";
  /** First and last day, inclusive; what windows read before the first one is read as well. */
  readonly start: Day;
  readonly end: Day;
  /** Fields (`close`), factors (`RSI14`, `tech.RSI14`, `alpha_019`) and expressions (`Mean($close,5)/$close`). */
  readonly names: readonly string[];
  /** Which prices `close` and the like mean; `adjusted`, the scale of the factors, unless told. */
  readonly prices?: Prices;
  /** A kept generation; the current one unless told. */
  readonly generation?: number;
  readonly signal?: AbortSignal;
}

export interface FeatureOptions {
  readonly registry: FactorRegistry;
  /** Version of the engine, as `storeFactors` wrote it into the lineage. */
  readonly engine: string;
  readonly vwap?: VwapRule;
  /** Values of blocks kept between requests; 256 MiB unless told, 0 for none. */
  readonly cacheBytes?: number;
  /** Threads of `blockThreads` for what is computed; absent: the calling thread. */
  readonly parallel?: Parallel;
}

export interface LoadedFeatures {
  readonly generation: number;
  /** The fields asked for; the two panels have the same axes. */
  readonly market: Panel<"market">;
  /** The factors and expressions asked for, under the names they were asked by; float32 unless stored as float64. */
  readonly factors: Panel<"factor">;
  /** By name, of every column of `factors`. */
  readonly origins: ReadonlyMap<string, ColumnOrigin>;
  /** What is neither stored nor can be computed from the store's fields; it has no column. */
  readonly failures: readonly FactorFailure[];
  /** One instrument with plain names, by its code as it was asked for. Throws `RangeError` when it was not. */
  instrument(code: string): InstrumentFeatures;
}
