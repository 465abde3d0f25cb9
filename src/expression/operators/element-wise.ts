import { QLIB, type Operator, type Parameter, type Task } from "./declaration.ts";
import { commonType, TypeRefusal, type Dtype, type OperandType } from "./dtype.ts";
import { union } from "./reach.ts";

/** Declarations of operators that look at one row: of one operand, or of two brought to a common type. */
const pairParameters: readonly Parameter[] = [
  { name: "left", kind: "operand" },
  { name: "right", kind: "operand" },
];

export function unary(declared: {
  readonly name: string;
  readonly summary: string;
  readonly missing: string;
  readonly infinity: Operator["infinity"];
  readonly type: (operand: Dtype) => Dtype;
  readonly of: (x: number) => number;
}): Operator {
  return {
    name: declared.name,
    family: "element-wise",
    summary: declared.summary,
    parameters: [{ name: "x", kind: "series" }],
    missing: declared.missing,
    source: QLIB,
    infinity: declared.infinity,
    type: ([x]) => declared.type(x!.type),
    reach: union,
    compute({ inputs, out, type }) {
      const x = inputs[0] as Float64Array;
      const { of } = declared;
      if (type === "f32") for (let i = 0; i < out.length; i++) out[i] = Math.fround(of(x[i]!));
      else for (let i = 0; i < out.length; i++) out[i] = of(x[i]!);
    },
  };
}

export function pair(declared: {
  readonly name: string;
  readonly summary: string;
  readonly missing: string;
  readonly infinity: Operator["infinity"];
  /** What becomes of the common type; the common type itself when absent. */
  readonly type?: (common: Dtype, left: OperandType, right: OperandType) => Dtype;
  readonly of: (a: number, b: number) => number;
  /** For two conditions, where numpy means something else. */
  readonly ofBools?: (a: number, b: number) => number;
}): Operator {
  return {
    name: declared.name,
    family: "element-wise",
    summary: declared.summary,
    parameters: pairParameters,
    missing: declared.missing,
    source: QLIB,
    infinity: declared.infinity,
    type([left, right]) {
      const common = commonType(left!, right!);
      return declared.type === undefined ? common : declared.type(common, left!, right!);
    },
    reach: union,
    compute(task) {
      const common = commonType(task.inputTypes[0]!, task.inputTypes[1]!);
      const of = common === "bool" && declared.ofBools !== undefined ? declared.ofBools : declared.of;
      eachPair(task, common, task.type === "f32" ? (a, b) => Math.fround(of(a, b)) : of);
    },
  };
}

/** Applies `of` row by row; numbers are first brought to the common type. */
export function eachPair(task: Task, common: Dtype, of: (a: number, b: number) => number): void {
  const [left, right] = task.inputs;
  const { out } = task;
  if (typeof left === "number") {
    const a = inType(left, common);
    const b = right as Float64Array;
    for (let i = 0; i < out.length; i++) out[i] = of(a, b[i]!);
  } else if (typeof right === "number") {
    const b = inType(right, common);
    for (let i = 0; i < out.length; i++) out[i] = of(left![i]!, b);
  } else {
    for (let i = 0; i < out.length; i++) out[i] = of(left![i]!, right![i]!);
  }
}

export function inType(number: number, type: Dtype): number {
  return type === "f32" ? Math.fround(number) : number;
}

export function noBools(name: string): (common: Dtype) => Dtype {
  return (common) => {
    if (common !== "bool") return common;
    throw new TypeRefusal(`${name} of two conditions`, "combine conditions with & | Not(...) or Ne(a,b)");
  };
}
