/** A factor as it is declared: a name and the expression that defines it. */
export interface FactorDeclaration {
  /** Unique in its set, as the literature spells it: `KMID`, `MA5`. */
  readonly name: string;
  readonly expression: string;
  /** A second flat name, unique over all sets: `alpha_001`. */
  readonly alias?: string;
}

/** Factors that are computed and stored together, under one namespace. Their order is part of the definition. */
export interface FactorSet {
  /** Also the namespace: `alpha158.MA5`. */
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly factors: readonly FactorDeclaration[];
}
