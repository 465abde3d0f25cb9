/**
 * Bounds that keep parsing and everything after it safe on text from strangers.
 * Nesting counts brackets, calls, signs and `**`; a plain chain `a+b+c…` does not nest, but it makes the
 * tree deep, and everything that walks the tree recurs.
 */
export const limits = {
  maxLength: 65_536,
  maxNesting: 64,
  maxDepth: 1_024,
  maxNodes: 10_000,
  maxWindow: 10_000,
} as const;
