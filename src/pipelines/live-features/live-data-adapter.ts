import { codeInForm } from "#data/export/qlib-bin/code-form";
import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { QuoteFeed } from "#data/quotes/quote-feed";
import type { FactorRegistry } from "#factors/registry";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import type { Calendar } from "#market/calendar/calendar";
import { isoOf, type Day } from "#market/day";
import { instrumentOf } from "#market/instrument";
import type { Frequency } from "#panel/axes";
import type { Panel } from "#panel/panel";
import { FactorPrograms } from "../read-features/factor-programs.ts";
import type { SnapshotSource } from "../snapshot/snapshot-source.ts";
import { LiveError, type PartialFailure } from "./errors.ts";
import { liveColumns, type LivePlan } from "./live-plan.ts";
import type { LiveSource, OpenedLiveSource } from "./live-source.ts";
import { liveWindow, type LiveWindow } from "./live-window.ts";
import { partialRow } from "./partial-row.ts";
import { storedRows, type Uncomputed } from "./stored-rows.ts";
import { assembled } from "./assemble.ts";

/**
 * The features of the last days as a strategy reads them live: the panel that a snapshot of the same columns has for these
 * days, value for value, and nothing later than `now`, whatever the source holds. On request the running session is one
 * more row, made from quotes and marked as partial.
 */
export interface LiveOptions {
  /** Defines factors; the same one that the stored factors were computed with. */
  readonly registry: FactorRegistry;
  /** Where partial bars come from. */
  readonly feed?: QuoteFeed;
  /** The source's calendar unless told. */
  readonly calendar?: Calendar;
  /** As the stored factors were computed with. */
  readonly vwap?: VwapRule;
}

export type LiveFrequency = "1d" | Exclude<Frequency, "day">;

export interface LiveRequest {
  /** Columns, prices and spelling; a snapshot's own plan, or one of `livePlanOf`. */
  readonly plan: LivePlan | ((source: SnapshotSource) => LivePlan);
  /** Default `1d`. */
  readonly freq?: LiveFrequency;
  /**
   * The running session: `exclude` (default) leaves it out; `bars` gives its prices and no factors; `features` factors too.
   */
  readonly partial?: "exclude" | "bars" | "features";
  /**
   * How many closed sessions the source may lack; default none. With a row of the running session none may: its preclose is
   * the close of the session before, which has to be there to tell whether it is an ex-day.
   */
  readonly mayLack?: number;
  readonly signal?: AbortSignal;
}

export interface LiveFeatures {
  /** Bars and factors in the plan's order; instruments in the order of their names, as a snapshot has them. */
  readonly panel: Panel<"factor">;
  /** 1 where a value is of a bar that is not over: `[row][instrument]` as the panel. */
  readonly isPartial: Uint8Array;
  /** Instruments without a row in the window, in the plan's spelling. */
  readonly absent: readonly string[];
  /** What of the partial row is missing, and why. */
  readonly failures: readonly PartialFailure[];
  /** Factors that cannot be computed from the source; they have no column. */
  readonly uncomputed: readonly Uncomputed[];
  /** Last session whose stored rows are used, and closed ones after it that the source lacks. */
  readonly storedThrough: Day | null;
  readonly lacking: readonly Day[];
  /** The session of the partial row; null when there is none. */
  readonly running: Day | null;
  readonly locator: string;
  readonly generation: number | null;
}

export class LiveDataAdapter {
  readonly #source: LiveSource;
  readonly #options: LiveOptions;
  readonly #programs = new FactorPrograms();

  constructor(source: LiveSource, options: LiveOptions) {
    this.#source = source;
    this.#options = options;
  }

  /**
   * The last `window` trading days at `now` (milliseconds since 1970). Throws `LiveError`; MARKET_INSTRUMENT_FORM for a
   * symbol of no known form; FACTOR_UNKNOWN, `ExpressionError`; what the source throws; `QuoteError` when a partial bar was
   * asked for and no quote server answers.
   */
  async getFeatures(
    symbols: readonly string[],
    now: number,
    request: LiveRequest & { readonly window: number },
  ): Promise<LiveFeatures> {
    const instruments = [...new Set(symbols.map((symbol) => instrumentOf(symbol, { acceptUnknown: true })))];
    if (instruments.length === 0) {
      throw new LiveError("LIVE_NOTHING_ASKED", "no instrument was asked for", {
        remedy: "name instruments",
      });
    }
    await using opened = await this.#source.open();
    return await this.#answer(opened, { ...request, instruments, now });
  }

  async #answer(
    opened: OpenedLiveSource,
    request: LiveRequest & {
      readonly window: number;
      readonly instruments: readonly string[];
      readonly now: number;
    },
  ): Promise<LiveFeatures> {
    const { source } = opened;
    const { registry } = this.#options;
    const { partial = "exclude", signal } = request;
    this.#check(source, request);
    const plan = typeof request.plan === "function" ? request.plan(source) : request.plan;
    const columns = liveColumns(plan, { source, registry });
    const { window, lacking } = await this.#window(source, request);
    const { start, end, running } = window;
    checkBaseDay(plan, end);
    const call = signal === undefined ? {} : { signal };
    const spell = codeInForm(plan.spelling);
    const rows = await storedRows(opened, {
      columns,
      plan,
      window,
      instruments: request.instruments,
      ...call,
    });
    const row =
      running === null
        ? null
        : await partialRow(
            opened,
            {
              instruments: request.instruments,
              columns,
              plan,
              window,
              withFactors: partial === "features",
              ...call,
            },
            {
              feed: this.#options.feed!,
              programs: this.#programs,
              ...(this.#options.vwap === undefined ? {} : { vwap: this.#options.vwap }),
            },
          );
    const stored = start <= end ? await source.sessions({ start, end }) : [];
    const { panel, isPartial } = assembled(rows.panel, { spell, row });
    const present = new Set(panel.instruments);
    return {
      panel,
      isPartial,
      absent: request.instruments.map(spell).filter((instrument) => !present.has(instrument)),
      failures: row?.failures ?? [],
      uncomputed: rows.uncomputed,
      storedThrough: stored.at(-1) ?? null,
      lacking,
      running: row === null ? null : running,
      locator: source.locator,
      generation: source.generation,
    };
  }

  #check(source: SnapshotSource, { freq = "1d", partial = "exclude" }: LiveRequest): void {
    const held = source.freq === "day" ? "1d" : source.freq;
    if (freq !== held) {
      throw new LiveError(
        "LIVE_FREQUENCY",
        `${source.locator} holds bars of ${held}, ${freq} was asked for`,
        {
          remedy: "name the store of that frequency",
        },
      );
    }
    if (partial === "exclude") return;
    if (source.freq !== "day") {
      throw new LiveError("LIVE_NOT_DAILY", `a partial bar of ${freq}`, {
        remedy: "leave partial out: of bars within the day the finished ones are given",
      });
    }
    if (this.#options.feed === undefined) {
      throw new LiveError("LIVE_NO_FEED", `partial: "${partial}" needs quotes`, {
        remedy: "give a quote feed",
      });
    }
  }

  /** The window, with what the source lacks of it. */
  async #window(
    source: SnapshotSource,
    request: LiveRequest & {
      readonly window: number;
      readonly instruments: readonly string[];
      readonly now: number;
    },
  ): Promise<{ readonly window: LiveWindow; readonly lacking: readonly Day[] }> {
    const calendar = this.#options.calendar ?? calendarNamed(source.calendar);
    const { now, window: days, instruments, partial = "exclude", mayLack = 0 } = request;
    const sessions = await source.sessions({});
    const last = sessions.at(-1) ?? -Infinity;
    const window = liveWindow(calendar, {
      now,
      window: days,
      instruments,
      rows: source.freq === "day" ? "final" : "begun",
      isStored: (day) => day <= last,
      wantsRunning: partial !== "exclude",
    });
    const newest = window.running === null ? window.end : calendar.previous(window.running);
    const lacking =
      newest > last ? [...calendar.sessionsBetween(Math.max(last + 1, calendar.first), newest)] : [];
    const isPartialWanted = window.running !== null;
    if (lacking.length > (isPartialWanted ? 0 : mayLack)) {
      const found = last === -Infinity ? "is empty" : `ends with ${isoOf(last)}`;
      throw new LiveError(
        "LIVE_STORE_BEHIND",
        `${source.locator} ${found}; ${isoOf(newest)} has closed: ${lacking.length} sessions are lacking`,
        {
          remedy: isPartialWanted
            ? "import them first: a partial bar is adjusted by the close before it"
            : "import them first, or say how many sessions may be lacking",
        },
      );
    }
    return { window, lacking };
  }
}

function checkBaseDay({ adjustment }: LivePlan, last: Day): void {
  if (adjustment.kind !== "qfq" || adjustment.baseDay <= last) return;
  throw new LiveError(
    "LIVE_BASE_DAY_AHEAD",
    `prices of ${isoOf(adjustment.baseDay)} are not known on ${isoOf(last)}`,
    {
      remedy: "take a base day that is not after the moment, or Qlib's prices, which no later event changes",
    },
  );
}
