import { expandingCount } from "#kernels/recurrence/expanding";
import { rollingCount } from "#kernels/rolling/count";
import { plainWindow, windowed } from "./windowed.ts";

export const count = windowed({
  name: "Count",
  summary: "number of values",
  missing: "NaN is left out, ±inf counts; 0 when none is left",
  window: plainWindow,
  kernel: rollingCount,
  expanding: expandingCount,
});
