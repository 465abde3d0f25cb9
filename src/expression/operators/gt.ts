import { comparison } from "./comparison.ts";

export const gt = comparison("Gt", ">", (a, b) => a > b);
