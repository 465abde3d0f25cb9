import { logic } from "./logic.ts";

export const and = logic("And", "&", { small: (a, b) => a & b, large: (a, b) => a & b });
