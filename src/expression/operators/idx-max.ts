import { rollingArgmax } from "#kernels/rolling/extreme-position";
import { wholeWindow, windowed } from "./windowed.ts";

export const idxMax = windowed({
  name: "IdxMax",
  summary: "place of the largest value, 1 = oldest row of the window, the oldest among equals",
  missing: "the place of the oldest NaN or ±inf when there is one; NaN when all are",
  window: wholeWindow,
  kernel: rollingArgmax,
});
