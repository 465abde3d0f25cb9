import type { Lanes } from "./lanes.ts";

/** Opcodes of the WebAssembly specification 3.0 (binary instructions), as far as the factor engine emits them. */
export const valueType = { i32: 0x7f, v128: 0x7b } as const;

export const control = { loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, branchIf: 0x0d, empty: 0x40 } as const;

export const local = { get: 0x20, set: 0x21, tee: 0x22 } as const;

export const i32 = {
  constant: 0x41,
  store: 0x36,
  lessSigned: 0x48,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  and: 0x71,
  shiftLeft: 0x74,
  select: 0x1b,
  toFloat32: 0xb2,
  toFloat64: 0xb7,
} as const;

/** After the prefix 0xfd. */
export const vector = {
  load: 0,
  constant: 12,
  store: 11,
  load64Zero: 93,
  store64Lane: 91,
  and: 78,
  andNot: 79,
  or: 80,
  not: 77,
  anyTrue: 83,
  shuffle: 13,
  demote: 94,
  promote: 95,
} as const;

export const int32x4 = { splat: 17, shiftRightSigned: 172, add: 174, sub: 177, toFloat: 250 } as const;
/** i32x4.all_true: of a mask of whole lanes, whatever their width. */
export const allTrue = 163;

/**
 * Relaxed SIMD's choice by lanes: one instruction where the choice by bits takes three. Which of the two it is depends on the
 * processor only for a lane whose bits are neither all set nor all clear, and no condition here makes one.
 */
export const laneSelect: Readonly<Record<Lanes, number>> = { f32x4: 0x10b, f64x2: 0x10c };

export const int64x2 = { sub: 209 } as const;

/** Arithmetic and comparisons of a vector of floats. */
export const float: Readonly<Record<Lanes, Readonly<Record<FloatOperation, number>>>> = {
  f32x4: {
    splat: 19,
    eq: 65,
    ne: 66,
    lt: 67,
    gt: 68,
    le: 69,
    ge: 70,
    floor: 104,
    abs: 224,
    neg: 225,
    sqrt: 227,
    add: 228,
    sub: 229,
    mul: 230,
    div: 231,
    min: 232,
    max: 233,
    pmin: 234,
    pmax: 235,
  },
  f64x2: {
    splat: 20,
    eq: 71,
    ne: 72,
    lt: 73,
    gt: 74,
    le: 75,
    ge: 76,
    floor: 117,
    abs: 236,
    neg: 237,
    sqrt: 239,
    add: 240,
    sub: 241,
    mul: 242,
    div: 243,
    min: 244,
    max: 245,
    pmin: 246,
    pmax: 247,
  },
};

export type FloatOperation =
  | "splat"
  | "eq"
  | "ne"
  | "lt"
  | "gt"
  | "le"
  | "ge"
  | "floor"
  | "abs"
  | "neg"
  | "sqrt"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "min"
  | "max"
  | "pmin"
  | "pmax";
