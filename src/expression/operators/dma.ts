import { dynamicMean } from "#kernels/recurrence/dynamic-mean";
import { recurrent } from "./recurrent.ts";

export const dma = recurrent({
  name: "DMA",
  summary:
    "y + a·(x − y) from the first value of x on; the weight `a` is a number or a series (通达信 DMA, SMA(x,N,M) with a = M/N)",
  parameters: [
    { name: "x", kind: "series" },
    { name: "a", kind: "operand" },
  ],
  missing:
    "a row without x or a carries the last result; before the first a, y follows x and the result is NaN; ±inf as NaN",
  source: "通达信 DMA; Kaufman, Smarter Trading (1995)",
  recurrence: () => dynamicMean,
});
