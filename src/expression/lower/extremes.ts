import type { Vector } from "#kernels/wasm/vector-graph";
import type { LoweringContext } from "./context.ts";
import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { windowCount } from "./sums.ts";

/** Largest or smallest value of a window, and the row it was first seen on. */
interface Extreme extends Readonly<Record<string, Vector>> {
  readonly value: Vector;
  readonly row: Vector;
}

type Side = "max" | "min";

function padding({ vectors }: LoweringContext, side: Side): Vector {
  return vectors.constant(side === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
}

function extremeOf(
  context: LoweringContext,
  what: {
    readonly id: number;
    readonly rows: number;
    readonly side: Side;
    readonly ties?: "newest";
  },
): Extreme {
  const { vectors } = context;
  const { side } = what;
  const stream = context.stream(what.id);
  const value = vectors.select(stream.present, stream.value, padding(context, side));
  const better = side === "max" ? "pmax" : "pmin";
  const atLeast = side === "max" ? "ge" : "le";
  const strictly = side === "max" ? "gt" : "lt";
  const beats = what.ties === "newest" ? strictly : atLeast;
  const join = (newer: Extreme, older: Extreme): Extreme => ({
    value: vectors.compute(better, newer.value, older.value),
    row: vectors.select(vectors.compare(beats, older.value, newer.value), older.row, newer.row),
  });
  return context.trees.summary<Extreme>(
    {
      key: `${side} ${what.ties ?? ""} ${value.id}`,
      leaf(rows) {
        let best: Extreme = { value, row: vectors.row() };
        for (let back = 1; back < rows; back++) {
          best = join(best, {
            value: vectors.lagged(value, back),
            row: vectors.lagged(vectors.row(), back),
          });
        }
        return best;
      },
      merge: join,
    },
    what.rows,
  );
}

function extreme(side: Side): Lowering {
  return {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const [id, rows] = [node.inputs[0]!, windowRows(node)];
      const { value } = extremeOf(context, { id, rows, side });
      const count = windowCount(context, context.stream(id).present, rows);
      return context.unlessEmpty(count, value);
    },
  };
}

/** Row of the oldest missing value in the window, +inf when there is none: it wins over every value. */
function oldestMissing(context: LoweringContext, id: number, rows: number): Vector {
  const { vectors } = context;
  const missing = vectors.and(context.exists(0), vectors.not(context.stream(id).present));
  const row = vectors.select(missing, vectors.row(), vectors.constant(Number.POSITIVE_INFINITY));
  return context.trees.summary(
    {
      key: `oldest ${row.id}`,
      leaf(length) {
        let oldest = row;
        for (let back = 1; back < length; back++)
          oldest = vectors.compute("pmin", oldest, vectors.lagged(row, back));
        return { oldest };
      },
      merge: (newer, older) => ({ oldest: vectors.compute("pmin", newer.oldest, older.oldest) }),
    },
    rows,
  ).oldest;
}

function position(side: Side): Lowering {
  return {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const { vectors } = context;
      const [id, rows] = [node.inputs[0]!, windowRows(node)];
      const found = extremeOf(context, { id, rows, side }).row;
      const missing = oldestMissing(context, id, rows);
      const never = vectors.compare("eq", missing, vectors.constant(Number.POSITIVE_INFINITY));
      const row = vectors.select(never, found, missing);
      const before = vectors.lagged(vectors.row(), rows);
      const first = context.mode.complete
        ? before
        : vectors.compute("pmax", before, vectors.sub(vectors.start(), vectors.constant(1)));
      const count = windowCount(context, context.stream(id).present, rows);
      return context.unlessEmpty(count, vectors.sub(row, first));
    },
  };
}

/** Rows since the extreme, the newest among equals. */
function since(side: Side): Lowering {
  return {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const { vectors } = context;
      const [id, rows] = [node.inputs[0]!, windowRows(node)];
      const { row } = extremeOf(context, { id, rows, side, ties: "newest" });
      const count = windowCount(context, context.stream(id).present, rows);
      return context.unlessEmpty(count, vectors.sub(vectors.row(), row));
    },
  };
}

export const extremes: Readonly<Record<string, Lowering>> = {
  Max: extreme("max"),
  Min: extreme("min"),
  IdxMax: position("max"),
  IdxMin: position("min"),
  HighestBars: since("max"),
  LowestBars: since("min"),
};
