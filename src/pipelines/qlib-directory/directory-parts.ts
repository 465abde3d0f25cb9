/**
 * What a Qlib directory shows of a generation: the bars as Qlib's fields, and the factors of some sets, read from the store
 * where they are stored as the generation gives them, else computed. Either way the values are the same, bit for bit.
 */
import { QLIB_INPUTS, qlibFields, type VwapRule } from "#data/export/qlib-bin/qlib-fields";
import { tableOfStore, type SeriesTable } from "#data/export/series-table";
import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import type { FactorSet } from "#factors/factor-set";
import { factorTable } from "../factor-table.ts";
import { viewOfStore } from "../market-view.ts";
import { engineOf } from "../precompute/factor-parts.ts";
import { planPrecompute } from "../precompute/plan.ts";

export interface PartRequest {
  readonly instruments?: ReadonlySet<string>;
  readonly rows?: RowRange;
}

/** Some of the features, with how to get them for some instruments and rows. */
export interface DirectoryPart {
  /** `bars`, or the name of a factor set. */
  readonly name: string;
  /** Stored fields that the features follow from row by row; null when they are computed over many rows. */
  readonly inputs: ReadonlyMap<string, readonly string[]> | null;
  readonly fields: readonly string[];
  /** Computed parts give all rows. */
  table(request: PartRequest): Promise<SeriesTable>;
}

export interface DirectoryContent {
  readonly sets: readonly FactorSet[];
  readonly vwap: VwapRule;
  /** Writes the further fields of the data too (`turn`, `pe_ttm`, …); a `vwap` that the data give always comes along. */
  readonly extra: boolean;
  /** Version of the program, which stored factors must be of. */
  readonly engine: string;
  readonly signal?: AbortSignal;
}

/** The parts of a directory, the bars first. */
export async function directoryParts(
  store: OpenedStore,
  snapshot: StoreSnapshot,
  content: DirectoryContent,
): Promise<readonly DirectoryPart[]> {
  const { sets, vwap, extra, engine, signal } = content;
  const namesOf = (set: string): string[] =>
    snapshot.fieldSets.get(set)?.fields.map((field) => field.name) ?? [];
  const known = namesOf("bars");
  const inputs = new Map<string, readonly string[]>([
    ["bars", QLIB_INPUTS.filter((name) => known.includes(name))],
  ]);
  const further = namesOf("extra").filter((name) => extra || name === "vwap");
  if (further.length > 0) inputs.set("extra", further);
  const bars = (request: PartRequest): SeriesTable =>
    qlibFields(tableOfStore(snapshot, { fields: inputs, ...request }), { vwap });
  const parts: DirectoryPart[] = [
    {
      name: "bars",
      inputs,
      fields: bars({ instruments: new Set() }).fields.map(({ name }) => name),
      table: (request) => Promise.resolve(bars(request)),
    },
  ];
  if (sets.length === 0 || snapshot.instruments.length === 0) return parts;
  const plan = await planPrecompute(store, snapshot, {
    run: "qlib",
    sets,
    engine: engineOf({ engine, vwap }),
  });
  for (const [index, { fields, due, gone }] of plan.sets.entries()) {
    const set = sets[index]!;
    const names = fields.map((field) => field.name);
    if (due.length === 0 && gone.length === 0 && names.length > 0) {
      const stored = new Map([[set.name, names]]);
      parts.push({
        name: set.name,
        inputs: stored,
        fields: names,
        table: (request) => Promise.resolve(tableOfStore(snapshot, { fields: stored, ...request })),
      });
      continue;
    }
    parts.push({
      name: set.name,
      inputs: null,
      fields: names,
      table: async ({ instruments }) =>
        await factorTable(viewOfStore(snapshot, { vwap, ...(instruments && { instruments }) }), set, {
          ...(signal && { signal }),
        }),
    });
  }
  return parts;
}
