import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { windowCount } from "./sums.ts";

export const weightedMean: Readonly<Record<string, Lowering>> = {
  /**
   * Qlib's WMA: mean over the present values of x·k / (L(L+1)/2), k = 1 oldest … L newest of the L rows there are.
   * With S = Σx and R = Σ(k x): R = R_A + R_B + b·S_A when the older part has b rows.
   */
  WMA: {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const { vectors } = context;
      const { value, present } = context.stream(node.inputs[0]!);
      const kept = vectors.keep(present, value);
      const exists = context.exists(0);
      const rows = windowRows(node);
      const one = vectors.constant(1);
      const { ranked } = context.trees.summary(
        {
          key: `ranked ${kept.id} ${exists.id}`,
          leaf(length) {
            let sum = kept;
            let there = windowCount(context, exists, 1);
            let total = kept;
            for (let back = 1; back < length; back++) {
              // One older row in front: every newer value moves up by it.
              const older = vectors.lagged(kept, back);
              const moved = vectors.keep(vectors.lagged(exists, back), sum);
              total = vectors.add(total, vectors.add(moved, older));
              sum = vectors.add(sum, older);
              there = vectors.add(there, vectors.keep(vectors.lagged(exists, back), one));
            }
            return { sum, ranked: total, there };
          },
          merge: (newer, older) => ({
            sum: vectors.add(newer.sum, older.sum),
            ranked: vectors.add(vectors.add(newer.ranked, older.ranked), vectors.mul(older.there, newer.sum)),
            there: vectors.add(newer.there, older.there),
          }),
        },
        rows,
      );
      const length = windowCount(context, exists, rows);
      const weights = vectors.mul(vectors.mul(length, vectors.add(length, one)), vectors.constant(0.5));
      const count = windowCount(context, present, rows);
      const mean = vectors.div(vectors.div(ranked, weights), count);
      return context.unlessEmpty(count, mean);
    },
  },
};
