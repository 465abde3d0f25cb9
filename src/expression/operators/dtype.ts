import { formatNumber } from "../syntax/format.ts";

/**
 * Element types as numpy 1.24 and pandas 1.5.3 assign them in Qlib. All are computed in float64 arrays; `f32` rounds
 * every result to float32, `bool` and `i64` hold 0/1 and whole numbers, `object` is what a shifted bool becomes:
 * 0, 1 or NaN.
 */
export type Dtype = "bool" | "i64" | "f32" | "f64" | "object";

/** An operand as a type rule sees it. A number has no array of its own and adapts to the array it meets. */
export interface OperandType {
  readonly type: Dtype;
  /** The value of a number operand; absent for a series. */
  readonly number?: number;
}

/** NumPy looks for the smallest type that holds a number; 16-bit whole numbers and these floats fit in float32. */
const FLOAT32_FLOATS = 3.4e38;
const FLOAT32_WHOLES = { least: -32_768, most: 65_535 } as const;

/** A type rule's refusal; the graph builder adds the place. */
export class TypeRefusal extends Error {
  readonly remedy: string;

  constructor(found: string, remedy: string) {
    super(found);
    this.remedy = remedy;
  }
}

/**
 * The type in which two operands are combined (NumPy's promotion with value-based casting of scalars, NEP 50 not yet
 * in force): float64 wins over float32, whole numbers with float32 give float64. A number widens its partner only when it
 * does not fit: `$volume*65535` is float32, `$volume*65536` float64, `$volume*65536.0` float32 again.
 */
export function commonType(a: OperandType, b: OperandType): Dtype {
  if (a.number !== undefined && b.number !== undefined) {
    return a.type === "f64" || b.type === "f64" ? "f64" : "i64";
  }
  if (a.number !== undefined) return withNumber(b.type, a);
  if (b.number !== undefined) return withNumber(a.type, b);
  if (a.type === b.type) return a.type === "object" ? "f64" : a.type;
  if (a.type === "bool") return b.type === "object" ? "f64" : b.type;
  if (b.type === "bool") return a.type === "object" ? "f64" : a.type;
  return "f64";
}

function withNumber(series: Dtype, number: OperandType): Dtype {
  switch (series) {
    case "f32":
      return fitsFloat32(number) ? "f32" : "f64";
    case "bool":
    case "i64":
      return number.type === "f64" ? "f64" : "i64";
    default:
      return "f64";
  }
}

function fitsFloat32({ type, number }: OperandType): boolean {
  if (type === "i64") return number! >= FLOAT32_WHOLES.least && number! <= FLOAT32_WHOLES.most;
  return Math.abs(number!) < FLOAT32_FLOATS;
}

export function describeOperand(operand: OperandType): string {
  return operand.number === undefined ? operand.type : formatNumber(operand.number, operand.type === "i64");
}
