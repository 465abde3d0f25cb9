/**
 * Positions of one day's values in ascending order, equal ones (−0 and 0 too) in the order in which they stand. NaN is left
 * out. Long sections are sorted by the digits of their bits, short ones by insertion.
 */
export function ascendingOrder(x: Float64Array): Int32Array {
  const order = new Int32Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) if (!Number.isNaN(x[i]!)) order[count++] = i;
  const present = order.subarray(0, count);
  if (count < LONG) insertionOrder(x, present, Number.POSITIVE_INFINITY);
  else digitOrder(x, present);
  return present;
}

/** From this many values on digits beat insertion, measured with random values. */
const LONG = 192;

/** Sorts positions in place, and stops with false when that takes more than so many moves. */
export function insertionOrder(x: Float64Array, order: Int32Array, most: number): boolean {
  let moves = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < order.length; i++) {
    const position = order[i]!;
    const value = x[position]!;
    if (value >= largest) {
      largest = value;
      continue;
    }
    let at = i;
    for (; at > 0 && x[order[at - 1]!]! > value; at--) order[at] = order[at - 1]!;
    order[at] = position;
    moves += i - at;
    if (moves > most) return false;
  }
  return true;
}

/**
 * Sorts by whole numbers that ascend as the doubles do: of a negative one all bits are turned, of others the sign. The
 * upper halves order all but close neighbours, which insertion then puts right; only where there are many of them (values
 * that differ by less than a millionth of their size) the lower halves are sorted as well.
 */
export function digitOrder(x: Float64Array, order: Int32Array): void {
  const came = order.slice();
  const { lower, upper } = keysOf(x, came);
  const indexes = new Int32Array(came.length);
  for (let i = 0; i < indexes.length; i++) indexes[i] = i;
  const place = (sorted: Int32Array): void => {
    for (let i = 0; i < sorted.length; i++) order[i] = came[sorted[i]!]!;
  };
  place(sortedByDigits(upper, indexes.slice()));
  if (insertionOrder(x, order, 4 * order.length)) return;
  place(sortedByDigits(upper, sortedByDigits(lower, indexes)));
}

/** Indexes by ascending key, those of equal keys as they came; least significant digit first. Takes over `indexes`. */
function sortedByDigits(keys: Uint32Array, indexes: Int32Array): Int32Array {
  const n = keys.length;
  const digitBits = n < 1024 ? 8 : 11;
  const mask = (1 << digitBits) - 1;
  const starts = new Int32Array(mask + 1);
  let from: Int32Array = indexes;
  let to: Int32Array = new Int32Array(n);
  for (let shift = 0; shift < 32; shift += digitBits) {
    starts.fill(0);
    for (let i = 0; i < n; i++) starts[(keys[i]! >>> shift) & mask]!++;
    let start = 0;
    for (let digit = 0; digit <= mask; digit++) {
      const size = starts[digit]!;
      starts[digit] = start;
      start += size;
    }
    for (let i = 0; i < n; i++) {
      const index = from[i]!;
      const digit = (keys[index]! >>> shift) & mask;
      to[starts[digit]!] = index;
      starts[digit]!++;
    }
    const spare = from;
    from = to;
    to = spare;
  }
  return from;
}

function keysOf(
  x: Float64Array,
  positions: Int32Array,
): { readonly lower: Uint32Array; readonly upper: Uint32Array } {
  const n = positions.length;
  const values = new Float64Array(n);
  // −0 becomes 0.
  for (let i = 0; i < n; i++) values[i] = x[positions[i]!]! + 0;
  const halves = new Uint32Array(values.buffer);
  const lower = new Uint32Array(n);
  const upper = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const high = halves[2 * i + 1 - LOW]!;
    // All ones under a sign, else none: no branch on what is as good as a coin.
    const turn = high >> 31;
    lower[i] = halves[2 * i + LOW]! ^ turn;
    upper[i] = high ^ (turn | 0x8000_0000);
  }
  return { lower, upper };
}

/** Where the lower half of a double lies on this machine. */
const LOW = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;
