import type { Vector } from "#kernels/wasm/vector-graph";
import type { AppliedOperator } from "../ir/node.ts";
import type { LoweringContext } from "./context.ts";
import { windowRows, type Lowering } from "./lowering.ts";

/**
 * The recurrences of kernels/recurrence, step by step in float64 lanes: the same operations in the same order, so every
 * bit agrees. The state starts anew on each instrument's first row.
 */
type Step = (
  context: LoweringContext,
  node: AppliedOperator,
) => { readonly reset: readonly number[]; readonly next: Next };

/** From the state before the row to the state after it, and the row's result. */
type Next = (state: readonly Vector[]) => {
  readonly state: readonly Vector[];
  readonly result: Vector;
};

function recurrence(step: Step, supports?: Lowering["supports"]): Lowering {
  return {
    continuous: true,
    ...(supports === undefined ? {} : { supports }),
    lower(context, node) {
      const { vectors } = context;
      const { reset, next } = step(context, node);
      const isFirst = vectors.compare("le", vectors.row(), vectors.start());
      return vectors.recurring(node.id, reset.length, (before) => {
        const state = before.map((value, index) =>
          vectors.select(isFirst, vectors.constant(reset[index]!), value),
        );
        return next(state);
      });
    },
  };
}

function isFinite({ vectors }: LoweringContext, x: Vector): Vector {
  return vectors.compare("lt", vectors.abs(x), vectors.constant(Number.POSITIVE_INFINITY));
}

function isNumber({ vectors }: LoweringContext, x: Vector): Vector {
  return vectors.compare("eq", x, x);
}

/** kernels/recurrence/seeded-smoothing */
function seededSmoothing(weightOf: (rows: number) => number): Step {
  return (context, node) => {
    const { vectors } = context;
    const x = context.number(node.inputs[0]!);
    const present = isFinite(context, x);
    const seed = vectors.constant(windowRows(node));
    const weight = vectors.constant(weightOf(windowRows(node)));
    return {
      reset: [0, 0],
      next: ([count, y]) => {
        const seeding = vectors.compare("lt", count!, seed);
        const more = vectors.add(count!, vectors.constant(1));
        const away = vectors.sub(x, y!);
        const step = vectors.select(seeding, vectors.div(away, more), vectors.mul(weight, away));
        const counted = vectors.select(vectors.and(present, seeding), more, count!);
        const value = vectors.select(present, vectors.add(y!, step), y!);
        const isSeeded = vectors.compare("ge", counted, seed);
        return {
          state: [counted, value],
          result: vectors.select(isSeeded, value, vectors.constant(Number.NaN)),
        };
      },
    };
  };
}

/** kernels/recurrence/wilder-sum */
const wilderSum: Step = (context, node) => {
  const { vectors } = context;
  const x = context.number(node.inputs[0]!);
  const present = isFinite(context, x);
  const period = vectors.constant(windowRows(node));
  const seed = vectors.constant(windowRows(node) - 1);
  return {
    reset: [0, 0],
    next: ([count, sum]) => {
      const seeding = vectors.compare("lt", count!, seed);
      const more = vectors.add(count!, vectors.constant(1));
      const less = vectors.sub(sum!, vectors.div(sum!, period));
      const moved = vectors.add(vectors.select(seeding, sum!, less), x);
      const counted = vectors.select(vectors.and(present, seeding), more, count!);
      const value = vectors.select(present, moved, sum!);
      const isSeeded = vectors.compare("ge", counted, seed);
      return {
        state: [counted, value],
        result: vectors.select(isSeeded, value, vectors.constant(Number.NaN)),
      };
    },
  };
};

/** kernels/recurrence/exponential-mean */
function exponentialMean(alphaOf: (window: number) => number): Step {
  return (context, node) => {
    const { vectors } = context;
    const x = context.number(node.inputs[0]!);
    const present = isFinite(context, x);
    const kept = vectors.constant(1 - alphaOf(windowRows(node)));
    const one = vectors.constant(1);
    return {
      reset: [Number.NaN, 1],
      next: ([mean, weight]) => {
        const known = isNumber(context, mean!);
        const aged = vectors.mul(weight!, kept);
        const more = vectors.add(aged, one);
        const mixed = vectors.div(vectors.add(vectors.mul(aged, mean!), x), more);
        const moved = vectors.select(vectors.compare("ne", mean!, x), mixed, mean!);
        const value = vectors.select(present, vectors.select(known, moved, x), mean!);
        const heavier = vectors.select(present, more, aged);
        return { state: [value, vectors.select(known, heavier, weight!)], result: value };
      },
    };
  };
}

/** kernels/recurrence/dynamic-mean */
const dynamicMean: Step = (context, node) => {
  const { vectors } = context;
  const [x, weight] = [context.number(node.inputs[0]!), context.number(node.inputs[1]!)];
  const [present, weighted] = [isFinite(context, x), isFinite(context, weight)];
  const [zero, one] = [vectors.constant(0), vectors.constant(1)];
  return {
    reset: [Number.NaN, 0],
    next: ([y, begun]) => {
      const unweighted = vectors.and(vectors.compare("eq", begun!, zero), vectors.not(weighted));
      const follows = vectors.or(vectors.not(isNumber(context, y!)), unweighted);
      const moved = vectors.add(y!, vectors.mul(weight, vectors.sub(x, y!)));
      const stepped = vectors.select(follows, x, vectors.select(weighted, moved, y!));
      const value = vectors.select(present, stepped, y!);
      const begins = vectors.select(vectors.and(present, weighted), one, begun!);
      const known = vectors.compare("eq", begins, one);
      return {
        state: [value, begins],
        result: vectors.select(known, value, vectors.constant(Number.NaN)),
      };
    },
  };
};

/** kernels/recurrence/expanding: sum, count, extremes, first value. */
const expandingSum: Step = (context, node) => {
  const { vectors } = context;
  const x = context.number(node.inputs[0]!);
  const present = isFinite(context, x);
  return {
    reset: [0, 0],
    next: ([sum, count]) => {
      const total = vectors.select(present, vectors.add(sum!, x), sum!);
      const counted = vectors.select(present, vectors.add(count!, vectors.constant(1)), count!);
      return { state: [total, counted], result: context.unlessEmpty(counted, total) };
    },
  };
};

const expandingMean: Step = (context, node) => {
  const { vectors } = context;
  const x = context.number(node.inputs[0]!);
  const present = isFinite(context, x);
  const [zero, one] = [vectors.constant(0), vectors.constant(1)];
  return {
    reset: [0, 0, 0, 1],
    next: ([sum, count, first, equal]) => {
      const isFirst = vectors.and(present, vectors.compare("eq", count!, zero));
      const start = vectors.select(isFirst, x, first!);
      const differs = vectors.and(present, vectors.compare("ne", x, start));
      const alike = vectors.select(differs, zero, equal!);
      const total = vectors.select(present, vectors.add(sum!, x), sum!);
      const counted = vectors.select(present, vectors.add(count!, one), count!);
      const mean = vectors.select(vectors.compare("eq", alike, one), start, vectors.div(total, counted));
      return {
        state: [total, counted, start, alike],
        result: context.unlessEmpty(counted, mean),
      };
    },
  };
};

const expandingCount: Step = (context, node) => {
  const { vectors } = context;
  const known = isNumber(context, context.number(node.inputs[0]!));
  return {
    reset: [0],
    next: ([count]) => {
      const counted = vectors.select(known, vectors.add(count!, vectors.constant(1)), count!);
      return { state: [counted], result: counted };
    },
  };
};

/** The state holds the extreme itself; the kernel holds it times its sign. */
function expandingExtreme(side: "max" | "min"): Step {
  return (context, node) => {
    const { vectors } = context;
    const x = context.number(node.inputs[0]!);
    const present = isFinite(context, x);
    const none = side === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return {
      reset: [none],
      next: ([best]) => {
        const better = vectors.and(present, vectors.compare(side === "max" ? "gt" : "lt", x, best!));
        const value = vectors.select(better, x, best!);
        const empty = vectors.compare("eq", value, vectors.constant(none));
        return {
          state: [value],
          result: vectors.select(empty, vectors.constant(Number.NaN), value),
        };
      },
    };
  };
}

/** kernels/recurrence/parabolic-sar, both sides at once. */
const parabolicSar: Step = (context, node) => {
  const { vectors } = context;
  const { select, compare, constant } = bound(context);
  const [high, low] = [context.number(node.inputs[0]!), context.number(node.inputs[1]!)];
  const [declared, limit] = node.arguments as [number, number];
  const step = constant(Math.min(declared, limit));
  const [zero, one, two] = [constant(0), constant(1), constant(2)];
  const nan = constant(Number.NaN);
  const present = vectors.and(isFinite(context, high), isFinite(context, low));
  return {
    reset: [0, 0, 0, 0, 0, 0, 0, Number.NaN],
    next: (before) => {
      const [bars, side0, stop0, extreme0, acceleration0, high0, low0, last] = before as [
        Vector,
        Vector,
        Vector,
        Vector,
        Vector,
        Vector,
        Vector,
        Vector,
      ];
      const isSecond = compare("eq", bars, one);
      const lastHigh = select(isSecond, high, high0);
      const lastLow = select(isSecond, low, low0);
      const fall = vectors.sub(low0, low);
      const startsShort = vectors.and(
        compare("gt", fall, zero),
        compare("gt", fall, vectors.sub(high, high0)),
      );
      const startSide = select(startsShort, constant(-1), one);
      const side = select(isSecond, startSide, side0);
      const stop = select(isSecond, select(startsShort, high0, low0), stop0);
      const extreme = select(isSecond, select(startsShort, low, high), extreme0);
      const acceleration = select(isSecond, step, acceleration0);
      const long = compare("eq", side, one);
      const behind = (isLong: Vector, level: Vector): Vector =>
        select(
          isLong,
          vectors.compute("min", vectors.compute("min", level, lastLow), low),
          vectors.compute("max", vectors.compute("max", level, lastHigh), high),
        );
      const reverses = select(long, compare("le", low, stop), compare("ge", high, stop));
      const widens = select(long, compare("gt", high, extreme), compare("lt", low, extreme));
      const nowLong = select(reverses, vectors.not(long), long);
      const result = select(reverses, behind(nowLong, extreme), stop);
      const edge = select(nowLong, high, low);
      const moves = vectors.or(reverses, widens);
      const newExtreme = select(moves, edge, extreme);
      const faster = vectors.compute("min", vectors.add(acceleration, step), constant(limit));
      const newAcceleration = select(reverses, step, select(widens, faster, acceleration));
      const next = vectors.add(result, vectors.mul(newAcceleration, vectors.sub(newExtreme, result)));
      const isFirst = compare("eq", bars, zero);
      const counted = vectors.compute("min", vectors.add(bars, one), two);
      const takes = vectors.and(present, vectors.not(isFirst));
      const shown = select(isFirst, nan, result);
      return {
        state: [
          select(present, counted, bars),
          select(takes, select(nowLong, one, constant(-1)), side0),
          select(takes, behind(nowLong, next), stop0),
          select(takes, newExtreme, extreme0),
          select(takes, newAcceleration, acceleration0),
          select(present, high, high0),
          select(present, low, low0),
          select(takes, result, last),
        ],
        result: select(present, shown, last),
      };
    },
  };
};

function bound({
  vectors,
}: LoweringContext): Pick<LoweringContext["vectors"], "select" | "compare" | "constant"> {
  return {
    select: (condition, yes, no) => vectors.select(condition, yes, no),
    compare: (op, a, b) => vectors.compare(op, a, b),
    constant: (value) => vectors.constant(value),
  };
}

const always: Readonly<Record<string, Lowering>> = {
  SeededEMA: recurrence(seededSmoothing((rows) => 2 / (rows + 1))),
  Wilder: recurrence(seededSmoothing((rows) => 1 / rows)),
  WilderSum: recurrence(wilderSum),
  DMA: recurrence(dynamicMean),
  SAR: recurrence(parabolicSar),
};

const expanding: Readonly<Record<string, Lowering>> = {
  Sum: recurrence(expandingSum),
  Mean: recurrence(expandingMean),
  Count: recurrence(expandingCount),
  Max: recurrence(expandingExtreme("max")),
  Min: recurrence(expandingExtreme("min")),
};

/** 0 < N < 1 of any windowed operator. */
const fraction = recurrence(exponentialMean((window) => window));
const span = recurrence(exponentialMean((window) => (window < 1 ? window : 2 / (1 + window))));

/** Operators that are recurrences whatever their arguments. */
export const recurrenceLowerings: readonly string[] = [...Object.keys(always), "EMA"];

/** The recurrence that an operator is with these arguments, or null. */
export function recurrenceLowering(node: AppliedOperator): Lowering | null {
  const { name } = node.operator;
  const own = always[name];
  if (own !== undefined) return own;
  const [window] = node.arguments;
  if (typeof window !== "number" || (node.operator.recurrence?.(node.arguments) ?? null) === null)
    return null;
  if (name === "EMA") return window === 0 ? null : span;
  if (window > 0 && window < 1) return fraction;
  return window === 0 ? (expanding[name] ?? null) : null;
}
