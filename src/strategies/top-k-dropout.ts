import { isoOf, type Day } from "#market/day";
import { columnOf, type Panel } from "#panel/panel";

/**
 * Signals of the standard kind: hold the `top` instruments with the highest score, and on each day replace at most `drop` of
 * them by better ones. After Qlib's TopkDropoutStrategy. A pure function of a panel of features: research, backtest and
 * live trading call it with the same data and get the same answer, wherever the panel is from.
 */
export interface TopKDropout {
  /** Column of the panel; higher is better. Where it is NaN an instrument is neither bought nor sold. */
  readonly score: string;
  /** Instruments held. */
  readonly top: number;
  /** Instruments replaced on one day, at most. */
  readonly drop: number;
  /** Rows that an instrument is held before it may be sold; 1 unless told. */
  readonly holdRows?: number;
}

/** An order for the session after the row. */
export interface Signal {
  readonly day: Day;
  /** Minute of the day of a row within it. */
  readonly minute?: number;
  readonly instrument: string;
  readonly side: "buy" | "sell";
  readonly score: number;
}

export interface Signals {
  /** In order of time; on a row sales first, then purchases, each by score, the highest first. */
  readonly signals: readonly Signal[];
  /** Held after the last row, by name, with the number of rows since it was bought. */
  readonly holdings: readonly Holding[];
}

export interface Holding {
  readonly instrument: string;
  readonly rows: number;
}

/** How the function and its parameters are named in the meta of what it made. */
export function describeSignals({ score, top, drop, holdRows = 1 }: TopKDropout): string {
  return `top-k-dropout(score=${score},top=${top},drop=${drop},holdRows=${holdRows})`;
}

/**
 * Signals for every row of the panel. `holdings` are those before its first row; `isPartial` (as of live features) says
 * which values are of a bar that is not over: they give no signal unless `partial` is `use`. Equal scores are taken in the
 * order of the names. Throws `RangeError` for a column that is not there and for numbers that make no sense.
 */
export function generateSignals(
  panel: Panel,
  rule: TopKDropout,
  options: {
    readonly holdings?: readonly Holding[];
    readonly isPartial?: Uint8Array;
    readonly partial?: "ignore" | "use";
  } = {},
): Signals {
  const { score, top, drop, holdRows = 1 } = rule;
  for (const [name, value, least] of [
    ["top", top, 1],
    ["drop", drop, 0],
    ["holdRows", holdRows, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least)
      throw new RangeError(`${name} is ${value}, a whole number from ${least} on is wanted`);
  }
  const { values } = columnOf(panel, score);
  const { instruments, time } = panel;
  const ignored = options.partial === "use" ? undefined : options.isPartial;
  const held = new Map((options.holdings ?? []).map(({ instrument, rows }) => [instrument, rows]));
  const signals: Signal[] = [];
  for (const [row, day] of time.days.entries()) {
    const scores = new Map<string, number>();
    let isIgnored = false;
    for (const [lane, instrument] of instruments.entries()) {
      const at = row * instruments.length + lane;
      if (ignored !== undefined && ignored[at] === 1) isIgnored = true;
      else if (!Number.isNaN(values[at]!)) scores.set(instrument, values[at]!);
    }
    if (isIgnored && scores.size === 0) continue;
    for (const [instrument, rows] of held) held.set(instrument, rows + 1);
    const { sell, buy } = ordersOf(scores, held, { top, drop, holdRows });
    const minute = time.minutes === undefined ? {} : { minute: time.minutes[row]! };
    for (const instrument of sell) {
      held.delete(instrument);
      signals.push({ day, ...minute, instrument, side: "sell", score: scores.get(instrument)! });
    }
    for (const instrument of buy) {
      held.set(instrument, 0);
      signals.push({ day, ...minute, instrument, side: "buy", score: scores.get(instrument)! });
    }
  }
  const holdings = [...held].map(([instrument, rows]) => ({ instrument, rows }));
  return { signals, holdings: holdings.sort((a, b) => byName(a.instrument, b.instrument)) };
}

/**
 * Held instruments and the best of the others stand in one line by score; of the last `drop` in it those held are sold, and as
 * many of the others bought as then fit in. A held one without a score cannot be traded and keeps its place.
 */
function ordersOf(
  scores: ReadonlyMap<string, number>,
  held: ReadonlyMap<string, number>,
  { top, drop, holdRows }: Required<Omit<TopKDropout, "score">>,
): { readonly sell: readonly string[]; readonly buy: readonly string[] } {
  const line = (names: Iterable<string>): string[] =>
    [...names].sort((a, b) => scores.get(b)! - scores.get(a)! || byName(a, b));
  const kept = line([...held.keys()].filter((instrument) => scores.has(instrument)));
  const others = line([...scores.keys()].filter((instrument) => !held.has(instrument)));
  const candidates = others.slice(0, Math.max(0, drop + top - held.size));
  // Nothing is sold for which nothing can be bought.
  const replaced = Math.min(drop, Math.max(0, candidates.length - (top - held.size)));
  const last = replaced === 0 ? [] : line([...kept, ...candidates]).slice(-replaced);
  const sell = kept.filter((instrument) => last.includes(instrument) && held.get(instrument)! >= holdRows);
  return { sell, buy: candidates.slice(0, Math.max(0, sell.length + top - held.size)) };
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A line for a reader: `2024-06-03 buy 600519.SH (0.83)`. */
export function signalLine({ day, side, instrument, score }: Signal): string {
  return `${isoOf(day)} ${side} ${instrument} (${score})`;
}
