import { pointInTime } from "./point-in-time.ts";

export const pref = pointInTime("PRef", {
  summary:
    "the value of one stated period (201802 is the second quarter of 2018, 2018 the year) as known on the day",
  parameters: [
    { name: "x", kind: "series" },
    { name: "period", kind: "period" },
  ],
});
