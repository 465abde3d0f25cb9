import { comparison } from "./comparison.ts";

export const le = comparison("Le", "<=", (a, b) => a <= b);
