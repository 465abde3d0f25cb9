import type { Vector } from "#kernels/wasm/vector-graph";
import type { AppliedOperator } from "../ir/node.ts";
import type { LoweringContext, Stream } from "./context.ts";
import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { FLAT, momentsOf, momentsRule, sample, step, steps, type Moments } from "./moments.ts";

/**
 * Moments of two series over the rows where both are present, with the sum of products of their deviations:
 *   C = C_A + C_B + δx·δy·ab/n
 */
interface PairMoments extends Moments {
  readonly meanY: Vector;
  readonly squaresY: Vector;
  readonly product: Vector;
}

/** The second series' part. */
function ofY({ count, meanY, squaresY }: PairMoments): Moments {
  return { count, mean: meanY, squares: squaresY };
}

function pairOf(context: LoweringContext, node: AppliedOperator): PairMoments {
  const { vectors } = context;
  const [first, second] = [context.stream(node.inputs[0]!), context.stream(node.inputs[1]!)];
  const present = vectors.and(first.present, second.present);
  const x: Stream = { ...first, present };
  const y: Stream = { ...second, present };
  const [ruleX, ruleY] = [momentsRule(context, x), momentsRule(context, y)];
  return context.trees.summary<PairMoments>(
    {
      key: `pair ${x.filled.id} ${y.filled.id} ${present.id}`,
      leaf(rows) {
        const [first, second] = [momentsOf(context, x, rows), momentsOf(context, y, rows)];
        const [stepsX, stepsY] = [steps(context, x, rows), steps(context, y, rows)];
        let product = vectors.keep(present, vectors.mul(first.mean, second.mean));
        for (let index = 0; index < rows - 1; index++) {
          const both = vectors.mul(
            vectors.sub(stepsX[index]!, first.mean),
            vectors.sub(stepsY[index]!, second.mean),
          );
          product = vectors.add(product, vectors.keep(vectors.lagged(present, index + 1), both));
        }
        return { ...first, meanY: second.mean, squaresY: second.squares, product };
      },
      merge(newer, older, rows) {
        const stepX = step(context, { stream: x, newer, older, rows });
        const stepY = step(context, { stream: y, newer: ofY(newer), older: ofY(older), rows });
        const mergedY = ruleY.merge(ofY(newer), ofY(older), rows);
        const both = vectors.mul(stepX.delta, vectors.mul(stepY.delta, stepX.weight));
        return {
          ...ruleX.merge(newer, older, rows),
          meanY: mergedY.mean,
          squaresY: mergedY.squares,
          product: vectors.add(vectors.add(newer.product, older.product), both),
        };
      },
    },
    windowRows(node),
  );
}

const windowed = {
  windowed: true,
  supports: (node: AppliedOperator) => isPlainWindow(node),
  back: (node: AppliedOperator) => windowRows(node) - 1,
};

export const pairMoments: Readonly<Record<string, Lowering>> = {
  Cov: {
    ...windowed,
    lower(context, node) {
      const pair = pairOf(context, node);
      return sample(context, pair, pair.product);
    },
  },
  Corr: {
    ...windowed,
    lower(context, node) {
      const { vectors } = context;
      const pair = pairOf(context, node);
      const { count, squares, squaresY, product } = pair;
      let known = vectors.compare("ge", count, vectors.constant(2));
      for (const deviation of node.inputs.slice(2)) {
        const spread = vectors.compare("gt", context.number(deviation), vectors.constant(FLAT));
        known = vectors.and(known, spread);
      }
      // With nothing missing these are the deviations just tested.
      const [deviationX, deviationY] = [squares, squaresY].map((each) =>
        vectors.sqrt(sample(context, pair, each)),
      ) as [Vector, Vector];
      const rest = vectors.sub(count, vectors.constant(1));
      const scale = vectors.mul(vectors.mul(deviationX, deviationY), rest);
      return vectors.select(known, vectors.div(product, scale), vectors.constant(Number.NaN));
    },
  },
};
