/** A daily series by calendar month: the table behind the monthly IC heatmap. Months by exchange-local date. */
import { isoOf } from "#market/day";

export interface MonthlyMeans {
  /** `YYYY-MM`, every month from the first to the last row, in order. */
  readonly months: readonly string[];
  /** Mean of the month's present days; NaN when it has none. */
  readonly means: Float64Array;
  /** Days with a value. */
  readonly days: Int32Array;
}

/** `days[k]` is the session of `series[k]`; both ascending in time. */
export function monthlyMeans(days: Int32Array, series: ArrayLike<number>): MonthlyMeans {
  const months: string[] = [];
  const sums: number[] = [];
  const counts: number[] = [];
  for (let row = 0; row < days.length; row++) {
    const month = isoOf(days[row]!).slice(0, 7);
    while (months.length > 0 && months[months.length - 1]! < previousMonth(month)) {
      open(nextMonth(months[months.length - 1]!));
    }
    if (months[months.length - 1] !== month) open(month);
    const value = series[row]!;
    if (Number.isNaN(value)) continue;
    sums[sums.length - 1]! += value;
    counts[counts.length - 1]!++;
  }
  return {
    months,
    means: Float64Array.from(sums, (sum, k) => (counts[k] === 0 ? Number.NaN : sum / counts[k]!)),
    days: Int32Array.from(counts),
  };

  function open(month: string): void {
    months.push(month);
    sums.push(0);
    counts.push(0);
  }
}

function nextMonth(month: string): string {
  return shifted(month, 1);
}

function previousMonth(month: string): string {
  return shifted(month, -1);
}

function shifted(month: string, by: number): string {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + by;
  return `${String(Math.floor(index / 12)).padStart(4, "0")}-${String((index % 12) + 1).padStart(2, "0")}`;
}
