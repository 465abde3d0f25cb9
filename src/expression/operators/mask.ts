import { ofInstrument } from "./other-instrument.ts";

export const mask = ofInstrument("Mask", [
  { name: "x", kind: "series" },
  { name: "instrument", kind: "text" },
]);
