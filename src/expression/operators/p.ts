import { pointInTime } from "./point-in-time.ts";

export const p = pointInTime("P", {
  summary:
    "the newest period's value of an expression over periods, from what was announced by the day, that day included",
  parameters: [{ name: "x", kind: "series" }],
});
