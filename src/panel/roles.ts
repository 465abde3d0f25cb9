/**
 * What the numbers of a panel are, so that a label can never be handed over as a feature.
 * The role is a type parameter of {@link Panel} and a property that is checked at run time.
 */
export type Role = "market" | "factor" | "label" | "prediction" | "weight";
