import type { Bilingual, FactorDeclaration } from "../factor-set.ts";
import { expressionOf, type Line } from "./line.ts";

/** A factor with what a reader of the catalogue wants to know about it. */
export interface TechnicalDeclaration extends FactorDeclaration {
  readonly title: Bilingual;
  readonly description: Bilingual;
  /** As the literature writes it. */
  readonly formula: string;
  readonly source: string;
  readonly category: string;
  readonly unit: string;
  readonly parameters?: Readonly<Record<string, number | string>>;
}

/** Facts that the factors of one indicator share. */
export interface Indicator {
  readonly description: Bilingual;
  readonly source: string;
  readonly category: string;
  readonly unit: string;
}

/** One factor of an indicator. The alias is the name without its period, where the requirement lists it so. */
export function declared(
  indicator: Indicator,
  factor: Pick<TechnicalDeclaration, "name" | "title" | "formula" | "alias" | "parameters"> & {
    readonly line: Line;
    readonly unit?: string;
    readonly description?: Bilingual;
  },
): TechnicalDeclaration {
  const { line, ...facts } = factor;
  return { ...indicator, ...facts, expression: expressionOf(line) };
}
