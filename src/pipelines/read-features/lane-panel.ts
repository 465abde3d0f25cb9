import {
  LANES_PER_BLOCK,
  type RowRange,
  type StoredInstrument,
  type StoredValues,
} from "#data/store/panel-store";

/** An instrument asked for: its place in the store and in the result. */
export interface Place {
  readonly stored: StoredInstrument;
  readonly column: number;
}

/** Columns of a result, time-major, `columns` instruments wide; everything is NaN until it is put there. */
export function emptyColumn(cells: number, dtype: "f32" | "f64"): StoredValues {
  return (dtype === "f32" ? new Float32Array(cells) : new Float64Array(cells)).fill(Number.NaN);
}

/**
 * Copies rows of some lanes to their columns of a result, each within the instrument's own span. `source` holds `lanes`
 * lanes and begins with row `sourceRow`, `target` `columns` columns and row `targetRow`; `rows` are those of the store.
 */
export function copyLanes(
  source: { readonly values: StoredValues; readonly lanes: number; readonly row: number },
  target: { readonly values: StoredValues; readonly columns: number; readonly row: number },
  part: {
    readonly rows: RowRange;
    readonly places: readonly { readonly lane: number; readonly place: Place }[];
  },
): void {
  for (const { lane, place } of part.places) {
    const from = Math.max(part.rows.from, place.stored.first);
    const to = Math.min(part.rows.to, place.stored.last + 1);
    let at = (from - source.row) * source.lanes + lane;
    let into = (from - target.row) * target.columns + place.column;
    for (let row = from; row < to; row++, at += source.lanes, into += target.columns)
      target.values[into] = source.values[at]!;
  }
}

/** Rows of a span that are among those asked for; null when none is. */
export function overlap(left: RowRange, right: RowRange): RowRange | null {
  const from = Math.max(left.from, right.from);
  const to = Math.min(left.to, right.to);
  return from < to ? { from, to } : null;
}

/** Places with their lane in a block of the store. */
export function lanesOf(
  places: readonly Place[],
): readonly { readonly lane: number; readonly place: Place }[] {
  return places.map((place) => ({ lane: place.stored.lane, place }));
}

export const STORE_LANES = LANES_PER_BLOCK;
