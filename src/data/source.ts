import type { Day } from "#market/day";
import type { Frequency } from "#panel/axes";

/** How the prices of a source are adjusted. `raw` is the canonical form; the others are stored as such and marked. */
export interface Adjustment {
  readonly kind: "raw" | "qfq" | "hfq";
  /** Date on which a front-adjusted (`qfq`) price equals the raw one. */
  readonly baseDay?: Day;
  /**
   * Differences between preclose and the close before of up to this ratio are no ex-days: the source's close is
   * not always the official one. Absent: every difference is one.
   */
  readonly exDayTolerance?: number;
}

/** What was recognised in a source, and why. Shown before anything is imported. */
export interface SourceDescription {
  /** As typed: `parquet:data/daily.parquet`. */
  readonly locator: string;
  /** Name of the recognised shape, e.g. `a-share-daily` or `mapped`. */
  readonly shape: string;
  /** One sentence per fact the recognition rests on. */
  readonly reasons: readonly string[];
  readonly freq: Frequency;
  /** Exchange calendar of the rows: `XSHG`, `XNYS`, `XHKG`, `24x7`. */
  readonly calendar: string;
  readonly adjustment: Adjustment;
  /** Canonical fields that arrive, each with its canonical unit and how it was converted. */
  readonly fields: readonly { readonly name: string; readonly unit: string; readonly from: string }[];
  readonly files: readonly string[];
}

/** Restricts what a source delivers. Dates are inclusive sessions, instruments canonical ids. */
export interface BarRequest {
  readonly start?: Day;
  readonly end?: Day;
  readonly instruments?: ReadonlySet<string>;
}

/**
 * Some rows of a source, column by column, in canonical units and ids, in the source's own order.
 * Canonical fields: `open high low close preclose` (currency), `volume` (shares), `amount` (currency),
 * `factor` (running adjustment factor in any one scale per instrument), `status` (1 traded, 0 suspended); other numeric columns keep their name.
 * Missing is NaN. All arrays have one length.
 */
export interface BarBatch {
  /** Dictionary of canonical instrument ids that `instrument` points into; may grow from batch to batch, never reorders. */
  readonly instruments: readonly string[];
  readonly instrument: Int32Array;
  readonly days: Int32Array;
  /** Minute of the day at bar end; only for intraday frequencies. */
  readonly minutes?: Int16Array;
  readonly columns: ReadonlyMap<string, Float64Array>;
  /** Where the rows come from: file and 1-based number of the first row among those delivered from it. */
  readonly origin: { readonly file: string; readonly firstRow: number };
}

/** A place bars come from. Adapters live in `sources/<name>/`, one folder each. */
export interface BarSource {
  describe(): Promise<SourceDescription>;
  /** Streams the rows; may be called more than once. Throws `DataError` on unreadable input, naming file, row and column. */
  bars(request?: BarRequest): AsyncIterable<BarBatch>;
}
