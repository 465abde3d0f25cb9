import type { Vector, VectorGraph } from "#kernels/wasm/vector-graph";

/**
 * A window as a tree of smaller windows: S(n) at t = S(a) at t ⊕ S(b) at t−a with n = a + b. How a window is cut depends
 * on its length alone, so a factor has the same bits whatever is computed beside it. 10 = 5+5, 20 = 10+10, 30 = 20+10,
 * 60 = 30+30: the windows of Alpha158 nest.
 */
export const LEAF_ROWS = 5;

/** The newer and the older part of a window of more than LEAF_ROWS rows. */
export function partsOf(rows: number): readonly [newer: number, older: number] {
  if (rows >= 60 && rows % 10 === 0) return [rows / 2, rows / 2];
  let newer = LEAF_ROWS;
  while (newer * 2 < rows) newer *= 2;
  return [newer, rows - newer];
}

/** What is known of a window, as vectors by name. */
export type Summary = Readonly<Record<string, Vector>>;

export interface TreeRule<T extends Summary> {
  /** Names the statistic and its operands: equal keys are one tree. */
  readonly key: string;
  leaf(rows: number): T;
  /** `older` is already shifted to `newerRows` rows ago. */
  merge(newer: T, older: T, newerRows: number): T;
}

/** Builds summaries of windows, each once. */
export class WindowTrees {
  readonly #vectors: VectorGraph;
  readonly #known = new Map<string, Summary>();

  constructor(vectors: VectorGraph) {
    this.#vectors = vectors;
  }

  summary<T extends Summary>(rule: TreeRule<T>, rows: number): T {
    const key = `${rule.key} ${rows}`;
    let summary = this.#known.get(key) as T | undefined;
    if (summary === undefined) {
      if (rows <= LEAF_ROWS) summary = rule.leaf(rows);
      else {
        const [newer, older] = partsOf(rows);
        summary = rule.merge(
          this.summary(rule, newer),
          this.#shifted(this.summary(rule, older), newer),
          newer,
        );
      }
      this.#known.set(key, summary);
    }
    return summary;
  }

  #shifted<T extends Summary>(summary: T, rows: number): T {
    const entries = Object.entries(summary).map(
      ([name, value]) => [name, this.#vectors.lagged(value, rows)] as const,
    );
    return Object.fromEntries(entries) as T;
  }
}
