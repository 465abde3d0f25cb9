import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { inverse, momentsOf, total } from "./moments.ts";

/** Each value of the window is compared with its mean, so code grows with the window. */
const MOST_ROWS = 64;

export const deviations: Readonly<Record<string, Lowering>> = {
  /** Mean of |x − x̄|, both taken relative to today's value. */
  Mad: {
    windowed: true,
    supports: (node) => isPlainWindow(node, MOST_ROWS),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const { vectors } = context;
      const stream = context.stream(node.inputs[0]!);
      const { filled, present } = stream;
      const rows = windowRows(node);
      const { count, mean } = momentsOf(context, stream, rows);
      const terms = Array.from({ length: rows }, (_, back) => {
        const away = vectors.sub(vectors.lagged(filled, back), vectors.add(filled, mean));
        return vectors.keep(vectors.lagged(present, back), vectors.abs(away));
      });
      const deviation = vectors.mul(total(context, terms), inverse(context, count));
      return context.unlessEmpty(count, deviation);
    },
  },
};
