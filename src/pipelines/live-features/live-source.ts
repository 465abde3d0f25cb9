import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { OpenedStore } from "#data/store/open-store";
import type { FactorRegistry } from "#factors/registry";
import type { Parallel } from "#kernels/parallel";
import type { Day } from "#market/day";
import { FeatureReader } from "../read-features/feature-reader.ts";
import type { LoadedFeatures } from "../read-features/feature-request.ts";
import { StoreSnapshotSource } from "../snapshot/store-snapshot-source.ts";
import type { SnapshotSource } from "../snapshot/snapshot-source.ts";

/**
 * What live features are read from: the source that snapshots are exported from, opened anew for every answer, so that
 * each sees one state of the data; and, where there is one, a way to factors that are up to date whatever is stored.
 */
export interface LiveSource {
  open(): Promise<OpenedLiveSource>;
}

export interface OpenedLiveSource extends AsyncDisposable {
  readonly source: SnapshotSource;
  /** Factors and expressions by name; without it they are the source's own columns. */
  factors?(request: {
    readonly instruments: readonly string[];
    readonly start: Day;
    readonly end: Day;
    readonly names: readonly string[];
    readonly signal?: AbortSignal;
  }): Promise<LoadedFeatures>;
  /** Facts about an instrument's import, such as `exDayTolerance`; none unless given. */
  attributesOf?(instrument: string): Readonly<Record<string, string>>;
}

export interface LiveStoreOptions {
  readonly registry: FactorRegistry;
  /** Version of the engine, as it is written into the lineage. */
  readonly engine: string;
  readonly vwap?: VwapRule;
  readonly cacheBytes?: number;
  readonly parallel?: Parallel;
}

/** The current generation of a store; factors are read where they are up to date and computed where they are not. */
export function liveStore(store: OpenedStore, options: LiveStoreOptions): LiveSource {
  const reader = new FeatureReader(store, options);
  return {
    async open() {
      // Pins the generation, so that the reader finds it whatever is imported meanwhile.
      const source = await StoreSnapshotSource.open(store, { registry: options.registry });
      const snapshot = await store.snapshot(source.generation);
      return {
        source,
        factors: ({ instruments, signal, ...request }) =>
          reader.load({
            ...request,
            codes: instruments,
            generation: source.generation,
            ...(signal === undefined ? {} : { signal }),
          }),
        attributesOf: (instrument) => snapshot.instrument(instrument).attributes,
        async [Symbol.asyncDispose]() {
          await snapshot.close();
          await source[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Any source of snapshots, such as tables of a PostgreSQL server. */
export function liveSource(open: () => Promise<SnapshotSource>): LiveSource {
  return {
    async open() {
      const source = await open();
      return { source, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
    },
  };
}
