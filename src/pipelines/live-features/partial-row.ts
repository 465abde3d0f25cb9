import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { Quote, QuoteFeed } from "#data/quotes/quote-feed";
import { isoOf, type Day } from "#market/day";
import { columnOf, type Panel } from "#panel/panel";
import type { FactorPrograms } from "../read-features/factor-programs.ts";
import type { SnapshotAdjustment, SnapshotSource } from "../snapshot/snapshot-source.ts";
import type { PartialFailure } from "./errors.ts";
import { panelOfFrame } from "./frame-panel.ts";
import type { LiveColumn, LivePlan } from "./live-plan.ts";
import type { OpenedLiveSource } from "./live-source.ts";
import type { LiveWindow } from "./live-window.ts";
import { adjustedField, partialBarOf, type LastTraded, type PartialBar } from "./partial-bar.ts";
import { partialFactors } from "./partial-factors.ts";

/** The row of the running session, from quotes. */
export interface PartialRow {
  readonly day: Day;
  /** Canonical ids with a quote. */
  readonly instruments: readonly string[];
  /** By name of the column, a value for each instrument; columns that no quote gives are absent. */
  readonly values: ReadonlyMap<string, Float32Array | Float64Array>;
  readonly failures: readonly PartialFailure[];
}

export interface PartialRequest {
  readonly instruments: readonly string[];
  readonly columns: readonly LiveColumn[];
  readonly plan: LivePlan;
  readonly window: LiveWindow;
  readonly withFactors: boolean;
  readonly signal?: AbortSignal;
}

/** Throws `QuoteError` when no server answers. */
export async function partialRow(
  opened: OpenedLiveSource,
  request: PartialRequest,
  context: { readonly feed: QuoteFeed; readonly programs: FactorPrograms; readonly vwap?: VwapRule },
): Promise<PartialRow> {
  const { source } = opened;
  const { columns, plan, window, signal } = request;
  const [day, failures] = [window.running!, [] as PartialFailure[]];
  const call = signal === undefined ? {} : { signal };
  const listed = await listedNow(source, request.instruments, day);
  const answer = await context.feed.quotes(listed.instruments, call);
  for (const { instrument, code, message } of answer.failures)
    failures.push({ code: "PARTIAL_NO_QUOTE", instrument, column: null, message: `${code}: ${message}` });
  const lastTraded = await lastTradedOf(source, {
    instruments: listed.instruments,
    last: listed.last,
    ...call,
  });
  const bars: PartialBar[] = [];
  for (const quote of answer.quotes) {
    const last = lastTraded.get(quote.instrument) ?? null;
    const stale = staleness(quote, last, window);
    const bar =
      stale ??
      partialBarOf(quote, last, {
        day,
        attributes: opened.attributesOf?.(quote.instrument) ?? {},
        isStoredAdjusted: isStoredAdjusted(opened, quote.instrument),
      });
    if ("code" in bar) failures.push(bar);
    else bars.push(bar);
  }
  const divisors = await divisorsOf(source, plan.adjustment, { bars, last: listed.last, ...call });
  const values = new Map<string, Float32Array | Float64Array>();
  for (const { kind, column, planned } of columns) {
    if (kind !== "market") continue;
    const field = column!.name;
    const row = bars.map((bar) => adjustedField(bar, field, divisors.get(bar.instrument) ?? null));
    values.set(planned.name, planned.dtype === "f32" ? Float32Array.from(row) : Float64Array.from(row));
  }
  if (request.withFactors) {
    const wanted = columns.filter(({ kind }) => kind !== "market");
    const made = await partialFactors(
      { columns: wanted, bars, day, last: listed.last },
      {
        source,
        programs: context.programs,
        ...(context.vwap === undefined ? {} : { vwap: context.vwap }),
        ...call,
      },
    );
    for (const [name, row] of made.values) values.set(name, row);
    failures.push(...made.failures);
  }
  return { day, instruments: bars.map(({ instrument }) => instrument), values, failures };
}

function isStoredAdjusted(opened: OpenedLiveSource, instrument: string): boolean {
  const { adjustment = "raw" } = opened.attributesOf?.(instrument) ?? {};
  return opened.source.adjustment === "qfq" || adjustment !== "raw";
}

/** Instruments that have a row on the last stored session before the running one: the others are not listed any more. */
async function listedNow(
  source: SnapshotSource,
  instruments: readonly string[],
  running: Day,
): Promise<{ readonly instruments: readonly string[]; readonly last: Day }> {
  const last = (await source.sessions({ end: running - 1 })).at(-1) ?? running - 1;
  const coverage = await source.coverage({ start: last, end: last, instruments: new Set(instruments) });
  return { instruments: coverage.map(({ instrument }) => instrument), last };
}

/** Seconds by which a server's clock may be ahead of ours. */
const CLOCK_SLACK = 120;

/** A quote of another session than the running one, as servers give it until the day begins or when they are stuck. */
function staleness(
  quote: Quote,
  last: LastTraded | null,
  { running, moment }: LiveWindow,
): PartialFailure | null {
  const { instrument, day, second } = quote;
  const failed = (message: string): PartialFailure => ({
    code: "PARTIAL_QUOTE_STALE",
    instrument,
    column: null,
    message,
  });
  if (day !== null && day !== running) return failed(`the quote is of ${isoOf(day)}`);
  if (second > moment.second + CLOCK_SLACK)
    return failed(`the quote is of second ${Math.round(second)} of a day, it is ${moment.second}`);
  if (day !== null) return null;
  if (Number.isNaN(second)) return failed("the quote tells neither its day nor its time");
  if (last !== null && isBarOf(quote, last)) return failed(`the quote is the bar of ${isoOf(last.day)}`);
  return null;
}

/** Shares by which a volume may differ: servers count in hands of 100. */
const HAND = 100;

/** Whether the quote has the prices and the volume of a stored bar, so that it says nothing new. */
function isBarOf({ price, ...quote }: Quote, last: LastTraded): boolean {
  return (
    isSame(price, last.close) &&
    isSame(quote.open, last.open) &&
    isSame(quote.high, last.high) &&
    isSame(quote.low, last.low) &&
    (Number.isNaN(last.preclose) || isSame(quote.preclose, last.preclose)) &&
    Math.abs(quote.volume - last.volume) < HAND
  );
}

/** Less than any tick, more than float32 prices are off. */
const PRICE_NOISE = 1e-6;

const isSame = (one: number, other: number): boolean => Math.abs(one - other) <= PRICE_NOISE * other;

interface HistoryRequest {
  readonly last: Day;
  readonly signal?: AbortSignal;
}

/** How far back a close is looked for before the whole history is. */
const NEAR_DAYS = 60;

async function lastTradedOf(
  source: SnapshotSource,
  { instruments, last, ...call }: HistoryRequest & { readonly instruments: readonly string[] },
): Promise<ReadonlyMap<string, LastTraded>> {
  const found = new Map<string, LastTraded>();
  const columns = ["close", "open", "low", "high", "preclose", "volume", "factor"].filter((name) =>
    source.columns.some((column) => column.name === name),
  );
  const adjustment: SnapshotAdjustment =
    source.adjustment === "qfq" ? { kind: "qfq", baseDay: last } : { kind: "raw" };
  for (const start of [last - NEAR_DAYS, undefined]) {
    const missing = instruments.filter((instrument) => !found.has(instrument));
    if (missing.length === 0) break;
    const scope = { end: last, instruments: new Set(missing), ...(start === undefined ? {} : { start }) };
    const panel = await panelOfFrame(await source.frame(scope, { columns, adjustment }), call);
    for (const [lane, instrument] of panel.instruments.entries()) {
      const traded = lastTradedIn(panel, lane);
      if (traded !== null) found.set(instrument, traded);
    }
  }
  return found;
}

function lastTradedIn(panel: Panel, lane: number): LastTraded | null {
  const { values: closes } = columnOf(panel, "close");
  const width = panel.instruments.length;
  for (let row = panel.last[lane]!; row >= panel.first[lane]!; row--) {
    const at = row * width + lane;
    if (!(closes[at]! > 0)) continue;
    const of = (name: string): number => panel.columns.get(name)?.values[at] ?? Number.NaN;
    return {
      day: panel.time.days[row]!,
      close: closes[at]!,
      open: of("open"),
      low: of("low"),
      high: of("high"),
      preclose: of("preclose"),
      volume: of("volume"),
      factor: of("factor"),
    };
  }
  return null;
}

/** What factors are divided by in the prices asked for, by instrument; none for prices as traded. */
async function divisorsOf(
  source: SnapshotSource,
  adjustment: SnapshotAdjustment,
  { bars, last, ...call }: HistoryRequest & { readonly bars: readonly PartialBar[] },
): Promise<ReadonlyMap<string, number>> {
  if (adjustment.kind !== "qfq")
    return new Map(adjustment.kind === "raw" ? [] : bars.map(({ instrument }) => [instrument, 1]));
  const base = adjustment.baseDay;
  const found = new Map<string, number>();
  // The bar of the base day or the last one before it; else the first one after it.
  for (const scope of [{ start: base - NEAR_DAYS, end: base }, { end: base }, { start: base, end: last }]) {
    const missing = bars.map(({ instrument }) => instrument).filter((instrument) => !found.has(instrument));
    if (missing.length === 0) break;
    const frame = await source.frame(
      { ...scope, instruments: new Set(missing) },
      { columns: ["factor"], adjustment: { kind: "raw" } },
    );
    const panel = await panelOfFrame(frame, call);
    const { values } = columnOf(panel, "factor");
    for (const [lane, instrument] of panel.instruments.entries()) {
      const row = scope.end === base ? panel.last[lane]! : panel.first[lane]!;
      found.set(instrument, values[row * panel.instruments.length + lane]!);
    }
  }
  return found;
}
