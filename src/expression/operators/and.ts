import { logic } from "./logic.ts";

export const and = logic("And", "&", (a, b) =>
  a <= 1 && b <= 1 && a >= 0 && b >= 0 ? a * b : Number(BigInt(a) & BigInt(b)),
);
