import type { Candles } from "./candles.ts";

/** Bars of the shortest average; after as many missing rows a bar has nothing to be measured by. */
export const SHORTEST_AVERAGE = 5;

/** How many bars are there without a gap up to each row, that row's included. */
export class Presence {
  readonly unbroken: Int32Array;
  /** The same, but the first bar after a gap as long as the shortest average does not count. */
  readonly unbrokenAndBased: Int32Array;

  constructor(candles: Candles) {
    const { length } = candles;
    this.unbroken = new Int32Array(length);
    this.unbrokenAndBased = new Int32Array(length);
    let run = 0;
    let gap = 0;
    for (let t = 0; t < length; t++) {
      if (candles.isMissing(t)) {
        gap = run > 0 ? 1 : gap + 1;
        run = 0;
        continue;
      }
      run++;
      this.unbroken[t] = run;
      this.unbrokenAndBased[t] = gap >= SHORTEST_AVERAGE ? run - 1 : run;
    }
  }
}
