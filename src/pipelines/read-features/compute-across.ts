import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { RowRange, StoredValues, StoreSnapshot } from "#data/store/panel-store";
import type { Parallel } from "#kernels/parallel";
import { factorGroups } from "../factor-table.ts";
import { viewOfStore } from "../market-view.ts";
import type { NamedFactor } from "./factor-programs.ts";
import { copyLanes, type Place } from "./lane-panel.ts";

/** Factors that reach across instruments: computed over the whole universe, whoever is asked for. */
export async function computeAcross(
  request: {
    readonly factors: readonly NamedFactor[];
    readonly places: readonly Place[];
    readonly rows: RowRange;
    readonly precision: "f32" | "f64";
  },
  context: {
    readonly snapshot: StoreSnapshot;
    readonly vwap?: VwapRule;
    readonly parallel?: Parallel;
    readonly signal?: AbortSignal;
    /** Where the values of a factor go, by name: `columns` wide, first row `row`. */
    readonly into: ReadonlyMap<string, readonly StoredValues[]>;
    readonly columns: number;
    readonly row: number;
  },
): Promise<void> {
  const { factors, places, rows, precision } = request;
  const { snapshot, vwap, parallel, signal, into, columns, row } = context;
  const placeOf = new Map(places.map((place) => [place.stored.id, place]));
  const view = viewOfStore(snapshot, {
    instruments: new Set(placeOf.keys()),
    ...(vwap === undefined ? {} : { vwap }),
  });
  const { groups } = await factorGroups(
    view,
    { factors },
    {
      precision,
      ...(parallel === undefined ? {} : { parallel }),
      ...(signal === undefined ? {} : { signal }),
    },
  );
  for await (const { factors: panel } of groups()) {
    const some = panel.instruments.map((id, lane) => ({ lane, place: placeOf.get(id)! }));
    for (const { name, values } of panel.columns.values()) {
      const source = { values, lanes: panel.instruments.length, row: 0 };
      for (const target of into.get(name) ?? [])
        copyLanes(source, { values: target, columns, row }, { rows, places: some });
    }
  }
}
