/** A text in the two languages of the catalogue. */
export interface Bilingual {
  readonly zh: string;
  readonly en: string;
}

/**
 * A factor as it is declared: a name, the expression that defines it, and what a reader of the catalogue wants to know.
 * Look-back and type are not declared: the compiler works them out of the expression.
 */
export interface FactorDeclaration {
  /** Unique in its set, as the literature spells it: `KMID`, `MA5`. */
  readonly name: string;
  readonly expression: string;
  /** A second flat name, unique over all sets: `alpha_001`. */
  readonly alias?: string;
  /** A few words: `5-day simple moving average`. */
  readonly title?: Bilingual;
  /** A sentence or two: what it measures, how to read it, what it does at the first rows. */
  readonly description?: Bilingual;
  /** As the literature writes it, for readers; the expression is what counts. */
  readonly formula?: string;
  /** Where the definition is from; the set's unless told. */
  readonly source?: string;
  /** One of `factorCategories`, or a word of the author's own. */
  readonly category?: string;
  /** One of `factorUnits`, or a word of the author's own. */
  readonly unit?: string;
  /**
   * Whether the engine may make rolling statistics of it in float32 lanes where its rules find them accurate to about 1e-6:
   * twice as fast. Without it they are made in float64 and agree with Qlib bit for bit nearly everywhere.
   */
  readonly float32?: boolean;
  /** Changes whenever the values do; `1` unless told. */
  readonly version?: string;
  /** What the expression was made from: `{ window: 14, smoothing: "wilder" }`. */
  readonly parameters?: Readonly<Record<string, number | string>>;
}

/** Factors that are computed and stored together, under one namespace. Their order is part of the definition. */
export interface FactorSet {
  /** Also the namespace: `alpha158.MA5`. */
  readonly name: string;
  readonly title: Bilingual;
  /** Where the definitions are from. */
  readonly source: string;
  readonly factors: readonly FactorDeclaration[];
  /** Of every factor that states none of its own; `1` unless told. */
  readonly version?: string;
  /** Whether the bare names mean this set's factors (`MA5` for `tech.MA5`), so that no other set may claim them. */
  readonly flatNames?: boolean;
}
