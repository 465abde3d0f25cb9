import { rollingSlope } from "#kernels/rolling/regression";
import { regression, plainWindow } from "./windowed.ts";

export const slope = regression({
  name: "Slope",
  summary: "slope of the line through the values by day",
  missing: "NaN days keep their place and are left out; under 2 values NaN; after ±inf NaN for good",
  window: { ...plainWindow, fraction: "missing" },
  kernel: rollingSlope,
});
