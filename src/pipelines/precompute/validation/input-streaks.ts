import { fieldColumns } from "#expression/run/fields";
import type { Panel } from "#panel/panel";

/**
 * For each cell of a block, `[row][lane]`: how many rows running, its own included, have a value in all of some fields.
 * A factor with a look-back of n rows has a complete window where that is more than n; a suspension begins anew at 0.
 */
export class InputStreaks {
  readonly #panel: Panel;
  readonly #byFields = new Map<string, Int32Array>();
  readonly #counts = new Map<string, Float64Array>();

  constructor(panel: Panel) {
    this.#panel = panel;
  }

  /** `fields` in lower case; fields of the calendar always have a value. */
  of(fields: readonly string[]): Int32Array {
    const key = fields.join(" ");
    let streaks = this.#byFields.get(key);
    if (streaks === undefined) this.#byFields.set(key, (streaks = this.#count(fields)));
    return streaks;
  }

  /** Cells whose streak is more than `need`. */
  complete(fields: readonly string[], need: number): number {
    const key = fields.join(" ");
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = new Float64Array(MOST + 2);
      for (const streak of this.of(fields)) counts[Math.min(streak, MOST + 1)]!++;
      for (let at = MOST; at >= 0; at--) counts[at]! += counts[at + 1]!;
      this.#counts.set(key, counts);
    }
    return counts[Math.min(need, MOST) + 1]!;
  }

  #count(fields: readonly string[]): Int32Array {
    const { time, instruments, first, last } = this.#panel;
    const lanes = instruments.length;
    const streaks = new Int32Array(time.days.length * lanes);
    const columns = fieldColumns(this.#panel);
    const inputs = fields.map((name) => columns.get(name)!);
    for (let lane = 0; lane < lanes; lane++) {
      let streak = 0;
      for (let row = Math.max(0, first[lane]!); row <= last[lane]!; row++) {
        const at = row * lanes + lane;
        streak++;
        for (const values of inputs) if (Number.isNaN(values[at])) streak = 0;
        streaks[at] = streak;
      }
    }
    return streaks;
  }
}

/** Longer look-backs count as this one. */
const MOST = 4096;
