import { comparison } from "./comparison.ts";

export const ge = comparison("Ge", ">=", (a, b) => a >= b);
