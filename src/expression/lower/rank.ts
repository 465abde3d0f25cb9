import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { windowCount } from "./sums.ts";

/** Each earlier value is compared with today's, so code grows with the window. */
const MOST_ROWS = 64;

export const rank: Readonly<Record<string, Lowering>> = {
  /** (below + (equal + 1)/2) / n = ((below + atMost)/2 + 1) / n with the counts taken over the other rows. */
  Rank: {
    windowed: true,
    supports: (node) => isPlainWindow(node, MOST_ROWS),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const { vectors } = context;
      const stream = context.stream(node.inputs[0]!);
      const rows = windowRows(node);
      const nan = vectors.constant(Number.NaN);
      const value = vectors.select(stream.present, stream.value, nan);
      const conditions = [];
      for (let back = 1; back < rows; back++) {
        const earlier = vectors.lagged(value, back);
        conditions.push(vectors.compare("lt", earlier, value), vectors.compare("le", earlier, value));
      }
      const count = windowCount(context, stream.present, rows);
      const place = vectors.add(
        vectors.mul(vectors.tally(conditions), vectors.constant(0.5)),
        vectors.constant(1),
      );
      const share = vectors.mul(place, vectors.div(vectors.constant(1), count));
      return vectors.select(stream.present, share, nan);
    },
  },
};
