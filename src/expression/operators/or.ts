import { logic } from "./logic.ts";

export const or = logic("Or", "|", (a, b) =>
  a <= 1 && b <= 1 && a >= 0 && b >= 0 ? Math.max(a, b) : Number(BigInt(a) | BigInt(b)),
);
