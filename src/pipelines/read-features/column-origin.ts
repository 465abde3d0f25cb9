import type { RowRange } from "#data/store/panel-store";
import type { Day } from "#market/day";
import type { UnusableReason } from "./freshness.ts";

/** Where the values of a factor came from, instrument by instrument, and why what was computed was not read. */
export interface ColumnOrigin {
  /** As it was asked for. */
  readonly name: string;
  /** `tech.RSI14`; null for an expression. */
  readonly factor: string | null;
  /** `mixed`: read for some instruments or days, computed for others. */
  readonly path: "precomputed" | "computed" | "mixed";
  /** How many of the instruments asked for have all their values from the store. */
  readonly precomputed: number;
  readonly computed: readonly ComputedPart[];
}

export type ComputedReason = UnusableReason | "expression";

export interface ComputedPart {
  readonly reason: ComputedReason;
  readonly detail: string;
  readonly instruments: readonly string[];
  /** First and last day that was computed; the others are from the store. */
  readonly from: Day;
  readonly to: Day;
}

interface Noted {
  readonly rows: RowRange;
  readonly instruments: string[];
  readonly part: ComputedPart;
}

/** Gathers the origin of one column while it is made. */
export class OriginNotes {
  readonly #days: Int32Array;
  readonly #instruments: number;
  readonly #rows: RowRange;
  readonly #parts = new Map<string, Noted>();

  /** `days`: of the store; `rows`: those asked for; `instruments`: how many have any of them. */
  constructor(parts: { readonly days: Int32Array; readonly rows: RowRange; readonly instruments: number }) {
    this.#days = parts.days;
    this.#rows = parts.rows;
    this.#instruments = parts.instruments;
  }

  computed(
    why: { readonly reason: ComputedReason; readonly detail: string },
    rows: RowRange,
    instruments: readonly string[],
  ): void {
    if (instruments.length === 0) return;
    const key = JSON.stringify([why.reason, why.detail, rows.from, rows.to]);
    const known = this.#parts.get(key);
    if (known !== undefined) {
      for (const instrument of instruments) known.instruments.push(instrument);
      return;
    }
    const own = [...instruments];
    const [from, to] = [this.#days[rows.from]!, this.#days[rows.to - 1]!];
    const { reason, detail } = why;
    this.#parts.set(key, { rows, instruments: own, part: { reason, detail, instruments: own, from, to } });
  }

  origin(name: string, factor: string | null): ColumnOrigin {
    const parts = [...this.#parts.values()];
    const computed = new Set(parts.flatMap(({ instruments }) => instruments));
    const isWhole = parts.every(({ rows }) => rows.from <= this.#rows.from && rows.to >= this.#rows.to);
    const precomputed = this.#instruments - computed.size;
    let path: ColumnOrigin["path"] = "mixed";
    if (computed.size === 0) path = "precomputed";
    else if (precomputed === 0 && isWhole) path = "computed";
    return {
      name,
      factor,
      path,
      precomputed,
      computed: parts.map(({ part }) => part),
    };
  }
}
