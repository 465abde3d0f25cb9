import { comparison } from "./comparison.ts";

export const lt = comparison("Lt", "<", (a, b) => a < b);
