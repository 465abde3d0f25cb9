/** The finite values of a moving window in ascending order: binary insertion and removal. */
export class SortedWindow {
  readonly #values: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  insert(value: number): void {
    const at = this.#lower(value);
    this.#values.copyWithin(at + 1, at, this.#size);
    this.#values[at] = value;
    this.#size++;
  }

  remove(value: number): void {
    const at = this.#lower(value);
    this.#values.copyWithin(at, at + 1, this.#size);
    this.#size--;
  }

  #lower(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#values[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Hands on the window ending at every t. NaN and ±inf never enter it. */
export function eachSortedWindow(
  x: Float64Array,
  rows: number,
  take: (t: number, window: SortedWindow) => void,
): void {
  const window = new SortedWindow(Math.min(rows, x.length) + 1);
  for (let t = 0; t < x.length; t++) {
    if (t >= rows) {
      const leaving = x[t - rows]!;
      if (leaving - leaving === 0) window.remove(leaving);
    }
    const entering = x[t]!;
    if (entering - entering === 0) window.insert(entering);
    take(t, window);
  }
}
