import { comparison } from "./comparison.ts";

export const ne = comparison("Ne", "!=", (a, b) => a !== b);
