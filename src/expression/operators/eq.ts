import { comparison } from "./comparison.ts";

export const eq = comparison("Eq", "==", (a, b) => a === b);
