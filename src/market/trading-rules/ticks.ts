import type { CodeKind } from "../listing-code.ts";

/** Decimals of a quoted price: 2 means a tick of 0.01. Funds and convertibles are quoted in thousandths. */
export const priceDecimals: Readonly<Record<CodeKind, number>> = {
  MAIN: 2,
  STAR: 2,
  CHINEXT: 2,
  BSE: 2,
  B_SSE: 3,
  B_SZSE: 2,
  FUND: 3,
  CONVERTIBLE: 3,
  INDEX: 4,
};

/** Smallest price step of a kind of mainland code, in its currency. */
export function tickOf(kind: CodeKind): number {
  return 1 / 10 ** priceDecimals[kind];
}
