import type { Vector } from "#kernels/wasm/vector-graph";
import type { LoweringContext } from "./context.ts";
import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { windowCount } from "./sums.ts";
import type { Summary } from "./window-tree.ts";

/**
 * Quantiles from sorted windows: leaves are sorted, windows merged by Batcher's odd-even merge (Knuth 5.3.4). Only the
 * comparators that a wanted place depends on are emitted. Missing values sort last, as +inf.
 */
const MOST_ROWS = 64;

type Sorted = readonly Vector[];

function merged(context: LoweringContext, a: Sorted, b: Sorted): Sorted {
  const { vectors } = context;
  const [firstA, firstB] = [a[0], b[0]];
  if (firstA === undefined) return b;
  if (firstB === undefined) return a;
  const low = (x: Vector, y: Vector): Vector => vectors.compute("pmin", x, y);
  const high = (x: Vector, y: Vector): Vector => vectors.compute("pmax", x, y);
  if (a.length === 1 && b.length === 1) return [low(firstA, firstB), high(firstA, firstB)];
  const even = (list: Sorted): Sorted => list.filter((_, index) => index % 2 === 0);
  const odd = (list: Sorted): Sorted => list.filter((_, index) => index % 2 === 1);
  const evens = merged(context, even(a), even(b));
  const odds = merged(context, odd(a), odd(b));
  const result = [evens[0]!];
  for (const [index, value] of odds.entries()) {
    const next = evens[index + 1];
    if (next === undefined) result.push(value);
    else result.push(low(value, next), high(value, next));
  }
  result.push(...evens.slice(odds.length + 1));
  return result;
}

function sorted(context: LoweringContext, values: Sorted): Sorted {
  if (values.length < 2) return values;
  const half = values.length >> 1;
  return merged(context, sorted(context, values.slice(0, half)), sorted(context, values.slice(half)));
}

function sortedWindow(context: LoweringContext, id: number, rows: number): Sorted {
  const { vectors } = context;
  const stream = context.stream(id);
  const last = vectors.constant(Number.POSITIVE_INFINITY);
  const value = vectors.select(stream.present, stream.value, last);
  const listed = (list: Sorted): Summary => Object.fromEntries(list.entries());
  return Object.values(
    context.trees.summary(
      {
        key: `sorted ${value.id}`,
        leaf: (length) =>
          listed(
            sorted(
              context,
              Array.from({ length }, (_, back) => vectors.lagged(value, back)),
            ),
          ),
        merge: (newer, older) => listed(merged(context, Object.values(newer), Object.values(older))),
      },
      rows,
    ),
  );
}

/** v₍⌊p⌋₎ + (v₍⌊p⌋+1₎ − v₍⌊p⌋₎)·(p − ⌊p⌋) with p = share·(n−1). */
function quantile(
  context: LoweringContext,
  what: { readonly id: number; readonly rows: number; readonly share: number },
): Vector {
  const { vectors } = context;
  const { rows, share } = what;
  const values = sortedWindow(context, what.id, rows);
  const count = windowCount(context, context.stream(what.id).present, rows);
  const full = count.op === "constant";
  const place = full
    ? vectors.constant(share * (rows - 1))
    : vectors.mul(vectors.constant(share), vectors.sub(count, vectors.constant(1)));
  const below = full ? vectors.constant(Math.floor(share * (rows - 1))) : vectors.floor(place);
  const fraction = full
    ? vectors.constant(share * (rows - 1) - Math.floor(share * (rows - 1)))
    : vectors.sub(place, below);
  let low = values[0]!;
  let high = values[0]!;
  for (let index = 0; index <= Math.floor(share * (rows - 1)); index++) {
    const chosen = vectors.compare("eq", below, vectors.constant(index));
    low = vectors.select(chosen, values[index]!, low);
    high = vectors.select(chosen, values[Math.min(index + 1, rows - 1)]!, high);
  }
  const between = vectors.compare("gt", fraction, vectors.constant(0));
  const upper = vectors.select(between, high, low);
  const value = vectors.add(low, vectors.mul(vectors.sub(upper, low), fraction));
  return context.unlessEmpty(count, value);
}

function fits(node: Parameters<NonNullable<Lowering["supports"]>>[0]): boolean {
  return isPlainWindow(node, MOST_ROWS);
}

export const orderStatistics: Readonly<Record<string, Lowering>> = {
  Quantile: {
    windowed: true,
    supports: fits,
    back: (node) => windowRows(node) - 1,
    lower: (context, node) =>
      quantile(context, {
        id: node.inputs[0]!,
        rows: windowRows(node),
        share: node.arguments[1] as number,
      }),
  },
  Med: {
    windowed: true,
    supports: fits,
    back: (node) => windowRows(node) - 1,
    lower: (context, node) => quantile(context, { id: node.inputs[0]!, rows: windowRows(node), share: 0.5 }),
  },
};
