import { rollingArgmin } from "#kernels/rolling/extreme-position";
import { wholeWindow, windowed } from "./windowed.ts";

export const idxMin = windowed({
  name: "IdxMin",
  summary: "place of the smallest value, 1 = oldest row of the window, the oldest among equals",
  missing: "the place of the oldest NaN or ±inf when there is one; NaN when all are",
  window: wholeWindow,
  kernel: rollingArgmin,
});
