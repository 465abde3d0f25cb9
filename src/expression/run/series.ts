/** One node's values over a span of rows (sessions of the panel, or periods); nothing exists outside of it. */
export interface Series {
  /** Row of `values[0]`. */
  readonly first: number;
  readonly values: Float64Array;
}

/** Reusable arrays by length: a factor set has far more nodes than are alive at once. */
export class Arrays {
  readonly #free = new Map<number, Float64Array[]>();

  take(length: number): Float64Array {
    return this.#free.get(length)?.pop() ?? new Float64Array(length);
  }

  give(array: Float64Array): void {
    const list = this.#free.get(array.length);
    if (list === undefined) this.#free.set(array.length, [array]);
    else list.push(array);
  }
}

/** The rows that any of the series has, as one span (pandas' outer join; spans are whole ranges). */
export function spanOf(series: readonly Series[]): { readonly first: number; readonly length: number } {
  let first = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const one of series) {
    if (one.values.length === 0) continue;
    first = Math.min(first, one.first);
    end = Math.max(end, one.first + one.values.length);
  }
  return end < first ? { first: series[0]?.first ?? 0, length: 0 } : { first, length: end - first };
}

/** The values on a span, NaN where the series has no row. The series' own array when it has exactly that span. */
export function onSpan(
  series: Series,
  span: { readonly first: number; readonly length: number },
): Float64Array {
  if (series.first === span.first && series.values.length === span.length) return series.values;
  const values = new Float64Array(span.length).fill(Number.NaN);
  const from = Math.max(series.first, span.first);
  const to = Math.min(series.first + series.values.length, span.first + span.length);
  for (let row = from; row < to; row++) values[row - span.first] = series.values[row - series.first]!;
  return values;
}
