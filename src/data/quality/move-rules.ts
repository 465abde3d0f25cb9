/** Rules about the step from one traded row to the next: limits, units, references, factors. */
import { closeNoiseOf } from "#market/adjustment/close-noise";
import { isExDay } from "#market/adjustment/factor";
import { isoOf } from "#market/day";
import type { InstrumentId } from "#market/instrument";
import type { Finder, InspectionContext, InstrumentRows } from "./finding.ts";

const LARGE_MOVE = 0.5;
const SAME = 1e-5;
/** Prices are compared with limits at less than half a tick. */
const HALF_TICK = 0.0045;

export interface Steps {
  readonly rows: InstrumentRows;
  /** Traded rows in order of time. */
  readonly traded: readonly number[];
  /** Whether sessions are missing (not suspended) between a traded row and the one before, by position. */
  readonly afterGap: readonly boolean[];
  readonly context: InspectionContext;
  readonly found: Finder;
}

export function brokenLimits({ rows, traded, context, found }: Steps): void {
  const preclose = rows.columns.get("preclose");
  if (context.limits === undefined || preclose === undefined || (context.adjustment ?? "raw") !== "raw")
    return;
  const st = rows.columns.get("is_st") ?? rows.columns.get("st");
  const listedOn = context.listedOn?.(rows.instrument);
  const { up, down } = context.limits(
    rows.instrument,
    { days: rows.days, reference: preclose, ...(st === undefined ? {} : { st }) },
    listedOn === undefined ? {} : { listedOn },
  );
  const high = rows.columns.get("high");
  const low = rows.columns.get("low");
  for (const row of traded) {
    const above = high !== undefined && high[row]! > up[row]! + HALF_TICK;
    const below = low !== undefined && low[row]! < down[row]! - HALF_TICK;
    if (!above && !below) continue;
    found.add("limit-broken", rows.days[row]!, {
      value: (above ? high : low)?.[row] ?? null,
      expected: above ? `at most ${up[row]!}` : `at least ${down[row]!}`,
    });
  }
}

/** The factor as a step: 1 where there is none or it does not change. */
function factorStep(factor: Float64Array | undefined, row: number, before: number): number {
  const step = factor === undefined ? 1 : factor[row]! / factor[before]!;
  return step > 0 && Number.isFinite(step) ? step : 1;
}

export function jumps({ rows, traded, found }: Steps): void {
  const close = rows.columns.get("close");
  if (close === undefined) return;
  const [preclose, factor] = [rows.columns.get("preclose"), rows.columns.get("factor")];
  const [amount, volume] = [rows.columns.get("amount"), rows.columns.get("volume")];
  const ratio = (row: number): number =>
    amount === undefined || volume === undefined ? Number.NaN : amount[row]! / (volume[row]! * close[row]!);
  for (let at = 1; at < traded.length; at++) {
    const [row, before] = [traded[at]!, traded[at - 1]!];
    const own = preclose?.[row];
    const reference = own !== undefined && own > 0 ? own : close[before]! / factorStep(factor, row, before);
    const move = close[row]! / reference;
    const power = powerOfTen(move);
    const unitPower = powerOfTen(ratio(row) / ratio(before));
    if (power !== 0) {
      found.add("unit-jump", rows.days[row]!, {
        value: close[row]!,
        expected: `a close near ${reference}, not 10^${power} times it`,
      });
    } else if (unitPower !== 0) {
      found.add("unit-jump", rows.days[row]!, {
        value: ratio(row),
        expected: `amount ÷ (volume × close) near ${ratio(before)}`,
      });
    } else if (move > 1 + LARGE_MOVE || move < 1 - LARGE_MOVE) {
      found.add("large-move", rows.days[row]!, {
        value: close[row]!,
        expected: `within half of ${Number(reference.toPrecision(6))}`,
      });
    }
  }
}

/** Whole power of ten (not 0) that a step is within a tenth of; 0 for ordinary steps. */
function powerOfTen(step: number): number {
  if (step > 0.2 && step < 5) return 0;
  if (!(step > 0) || !Number.isFinite(step)) return 0;
  const power = Math.round(Math.log10(step));
  return power !== 0 && Math.abs(step / 10 ** power - 1) < 0.1 ? power : 0;
}

/** By what the preclose may differ without an ex-day; undefined when the closes are official. */
function noiseOf({ instrument, days, columns }: InstrumentRows, context: InspectionContext) {
  const ratio = context.exDayTolerance ?? 0;
  if (ratio === 0) return undefined;
  const unknown = new Float64Array(days.length).fill(Number.NaN);
  const [low, high] = [columns.get("low") ?? unknown, columns.get("high") ?? unknown];
  return closeNoiseOf(instrument as InstrumentId, ratio, { days, low, high });
}

/** Preclose against the close before and against the factor. */
export function references({ rows, traded, afterGap, context, found }: Steps): void {
  const close = rows.columns.get("close");
  const preclose = rows.columns.get("preclose");
  if (close === undefined || preclose === undefined || (context.adjustment ?? "raw") !== "raw") return;
  const factor = rows.columns.get("factor");
  const noise = noiseOf(rows, context);
  let noisy = 0;
  let firstNoise = -1;
  let lastNoise = -1;
  for (let at = 1; at < traded.length; at++) {
    const [row, before] = [traded[at]!, traded[at - 1]!];
    const day = rows.days[row]!;
    const reference = preclose[row]!;
    const difference = reference / close[before]! - 1;
    if (!Number.isFinite(difference) || reference <= 0) continue;
    const isDifferent = Math.abs(difference) > SAME;
    const differs = isDifferent && (noise === undefined || isExDay(close[before]!, reference, before, noise));
    const last = (): number => Number(close[before]!.toPrecision(8));
    if (factor !== undefined) {
      const implied = close[before]! / factorStep(factor, row, before);
      // Vendors round references to the tick and factors to four digits.
      if (Math.abs(reference - implied) > Math.max(0.011, reference * 0.002)) {
        found.add("factor-mismatch", day, {
          value: reference,
          expected: `a preclose near ${Number(implied.toPrecision(6))} by the factor`,
        });
      }
    } else if (differs && afterGap[at]) {
      found.add("reference-across-gap", day, {
        value: reference,
        expected: `${last()}, the close of ${isoOf(rows.days[before]!)}`,
      });
    } else if (differs && difference > 0) {
      found.add("reference-above-close", day, {
        value: reference,
        expected: `at most ${last()}, the close before`,
      });
    }
    if (!differs && isDifferent) {
      if (noisy === 0) firstNoise = day;
      lastNoise = day;
      noisy++;
    }
  }
  if (noisy > 0) {
    found.add("reference-noise", firstNoise, {
      lastDay: lastNoise,
      count: noisy,
      value: noisy,
      expected: "a preclose equal to the close before, but for ex-days",
    });
  }
}

/** Volume zero and yet a move. */
export function movedWithoutVolume({ rows, traded, found }: Steps): void {
  const volume = rows.columns.get("volume");
  const [high, low, close] = [rows.columns.get("high"), rows.columns.get("low"), rows.columns.get("close")];
  if (volume === undefined || close === undefined) return;
  for (const [at, row] of traded.entries()) {
    if (volume[row] !== 0) continue;
    const range = high !== undefined && low !== undefined && high[row]! > low[row]!;
    const before = traded[at - 1];
    const reference =
      rows.columns.get("preclose")?.[row] ?? (before === undefined ? Number.NaN : close[before]!);
    if (range || Math.abs(close[row]! / reference - 1) > SAME) {
      found.add("moved-without-volume", rows.days[row]!, {
        value: close[row]!,
        expected: "volume, or a price that stands still",
      });
    }
  }
}
