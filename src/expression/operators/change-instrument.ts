import { ofInstrument } from "./other-instrument.ts";

export const changeInstrument = ofInstrument("ChangeInstrument", [
  { name: "instrument", kind: "text" },
  { name: "x", kind: "series" },
]);
