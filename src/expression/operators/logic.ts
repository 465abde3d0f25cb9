import { QLIB, type Operator } from "./declaration.ts";
import { describeOperand, TypeRefusal, type Dtype, type OperandType } from "./dtype.ts";
import { eachPair } from "./element-wise.ts";
import { union } from "./reach.ts";

/** The bits of whole numbers within 32 bits, and of any. */
interface Bits {
  readonly small: (a: number, b: number) => number;
  readonly large: (a: bigint, b: bigint) => bigint;
}

/** Declarations of And and Or: on conditions, or bit by bit on whole numbers. */
export function logic(name: string, sign: string, bits: Bits): Operator {
  return {
    name,
    family: "logic",
    summary: `left ${sign} right, of conditions or the bits of whole numbers`,
    parameters: [
      { name: "left", kind: "operand" },
      { name: "right", kind: "operand" },
    ],
    missing:
      "Ref of a condition is missing at the first rows: on the left it makes the result false, on the right it counts as false",
    source: QLIB,
    infinity: "absorbs",
    type([left, right]): Dtype {
      refuseFloat(name, sign, left!);
      refuseFloat(name, sign, right!);
      return left!.type === "i64" && right!.type === "i64" ? "i64" : "bool";
    },
    reach: union,
    compute(task) {
      const whole = task.type === "i64";
      eachPair(task, "i64", (a, b) => {
        if (Number.isNaN(a)) return 0;
        const fits = a === (a | 0) && b === (b | 0);
        const result = fits ? bits.small(a, b) : Number(bits.large(wholeOf(a), wholeOf(b)));
        return whole || result === 0 ? result : 1;
      });
    },
  };
}

/** A missing condition is false; beyond 2^53 the digits are those of the nearest double. */
function wholeOf(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

function refuseFloat(name: string, sign: string, operand: OperandType): void {
  if (operand.type === "bool" || operand.type === "i64" || operand.type === "object") return;
  throw new TypeRefusal(
    `${name} of a ${describeOperand(operand)} operand, expected conditions`,
    `compare first, and put brackets round each comparison: ${sign} binds tighter, as in ($close>$open) ${sign} ($volume>0)`,
  );
}
