import type { AppliedOperator } from "../ir/node.ts";

/** Which statistic of a window an operator reads: operators with one statistic of one operand share its tree. */
const STATISTIC: Readonly<Record<string, string>> = {
  Mean: "moments",
  Std: "moments",
  Var: "moments",
  Slope: "moments",
  Resi: "moments",
  Rsquare: "moments",
  Corr: "pair",
  Cov: "pair",
  Max: "max",
  IdxMax: "max",
  Min: "min",
  IdxMin: "min",
  Quantile: "sorted",
  Med: "sorted",
};

/** Inputs that the operator itself names; its companions come after them and belong to the same row. */
export function operandsOf({ inputs, operator }: AppliedOperator): readonly number[] {
  return inputs.slice(0, inputs.length - (operator.companions?.length ?? 0));
}

export function companionsOf({ inputs, operator }: AppliedOperator): readonly number[] {
  return inputs.slice(inputs.length - (operator.companions?.length ?? 0));
}

/** `moments` and the like; the operator's own name where nobody shares with it. */
export function statisticOf({ operator }: AppliedOperator): string {
  return STATISTIC[operator.name] ?? operator.name;
}

export function statisticKey(node: AppliedOperator, operands: readonly number[]): string {
  return `${statisticOf(node)} ${operands.join(",")}`;
}
