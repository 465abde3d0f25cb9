import { logic } from "./logic.ts";

export const or = logic("Or", "|", { small: (a, b) => a | b, large: (a, b) => a | b });
