import type { StoredField } from "#data/store/panel-store";
import { formatExpression } from "#expression/syntax/format";
import { treeOf, type ExpressionSource } from "#expression/ir/build";
import type { FactorFailure } from "#factors/compute";

/** A factor set as far as storing it goes: its name becomes the field set's. */
export interface StorableSet {
  readonly name: string;
  readonly factors: readonly StorableFactor[];
}

export interface StorableFactor {
  readonly name: string;
  readonly expression: ExpressionSource;
  readonly alias?: string;
  readonly unit?: string;
  readonly float32?: boolean;
}

/** A factor set as text, which goes to other threads, processes and machines, and into the database. */
export interface PortableSet {
  readonly name: string;
  readonly factors: readonly {
    readonly name: string;
    readonly expression: string;
    readonly unit?: string;
    readonly float32?: boolean;
  }[];
}

/** Factors whose text cannot be read stay as they are written: compiling them says what is wrong. */
export function portableSet({ name, factors }: StorableSet): PortableSet {
  return {
    name,
    factors: factors.map(({ name, expression, unit, float32 }) => ({
      name,
      expression: typeof expression === "string" ? expression : formatExpression(treeOf(expression)),
      ...(unit === undefined ? {} : { unit }),
      ...(float32 === undefined ? {} : { float32 }),
    })),
  };
}

/** A set as a run will store it. */
export interface PlannedSet {
  readonly list: PortableSet;
  /** Whether some of its factors depend on other instruments. */
  readonly isAcross: boolean;
  /** Of the factors that can be computed, with the lineage they will have. */
  readonly fields: readonly StoredField[];
  readonly failures: readonly FactorProblem[];
  /** Blocks that are not as the base generation gives them, in the run's scope or out of it. */
  readonly due: readonly number[];
  /** Stored fields that the set has no longer. */
  readonly gone: readonly string[];
}

/** Why a factor could not be computed. */
export interface FactorProblem {
  readonly name: string;
  readonly expression: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export function problemOf({ name, expression, error }: FactorFailure): FactorProblem {
  const { code, message, remedy } = error;
  return { name, expression, code, message, remedy };
}
