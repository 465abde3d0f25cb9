import { rollingResidual } from "#kernels/rolling/regression";
import { regression, plainWindow } from "./windowed.ts";

export const resi = regression({
  name: "Resi",
  summary: "today's value minus the line through the values by day",
  missing: "as Slope, and NaN when today is",
  window: { ...plainWindow, fraction: "missing" },
  kernel: rollingResidual,
});
