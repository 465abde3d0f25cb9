/**
 * Where a snapshot's rows come from: a generation of the panel store, or tables of a PostgreSQL server. Both deliver
 * canonical units and ids (yuan, shares, `000001.SZ`) and adjust prices themselves, so that the exporter does not know
 * which of them it reads.
 */
import type { Frame, FrameColumn } from "#data/export/frame";
import type { Day } from "#market/day";
import type { Frequency } from "#panel/axes";

/** A column that can be exported. Labels look ahead: they are exported only when asked for, and apart. */
export interface SnapshotColumn extends FrameColumn {
  readonly role: "market" | "factor" | "label";
  /** The field set or table it belongs to: `bars`, `alpha158`, `market.factor_daily`. */
  readonly set: string;
}

/** Inclusive sessions, and canonical ids; all instruments unless told. */
export interface SnapshotScope {
  readonly start?: Day;
  readonly end?: Day;
  readonly instruments?: ReadonlySet<string>;
}

/**
 * How prices and volumes are exported. `qlib`: price × factor, volume ÷ factor, the factor 1 on an instrument's first
 * stored bar (or as the table has it). `qfq`: prices of `baseDay` (or of the last bar before it) are the traded ones and volumes are scaled the
 * other way. `raw`: as traded. A source that holds front-adjusted bars only takes `qfq` as they are.
 */
export type SnapshotAdjustment =
  | { readonly kind: "raw" | "qlib" }
  | { readonly kind: "qfq"; readonly baseDay: Day };

/** What there is of an instrument within a scope. */
export interface InstrumentCoverage {
  readonly instrument: string;
  readonly first: Day;
  readonly last: Day;
  readonly rows: number;
  /**
   * Changes when the values of rows up to the scope's end may be others than before although no row is new: the scale of
   * a rewritten front-adjusted history, the last adjustment factor. Equal fingerprints do not prove equal values.
   */
  readonly fingerprint: string;
}

/** What a source of traded prices can adjust them by. */
export interface FactorKnowledge {
  /** False when no instrument has an adjustment factor at all: then prices can be exported as traded only. */
  readonly isKnown: boolean;
  /** What whoever exports adjusted prices should know. */
  readonly notes: readonly string[];
}

export interface SnapshotSource extends AsyncDisposable {
  /** `store XSHG/day` or `postgres:market.kline_daily_raw`; never a password. */
  readonly locator: string;
  /** Of the store; null for a server. */
  readonly generation: number | null;
  readonly calendar: string;
  readonly freq: Frequency;
  /** How the stored prices are adjusted: `qfq` ones can only be exported as they are. */
  readonly adjustment: "raw" | "qfq";
  readonly columns: readonly SnapshotColumn[];
  /** What is doubtful about how the source was understood. */
  readonly doubts?: readonly string[];
  /** Asked where prices as traded are to be adjusted; a source without it always knows its factors. */
  factorKnowledge?(): Promise<FactorKnowledge>;
  /** Sessions of the exchange within a scope that the source covers. */
  sessions(scope: SnapshotScope): Promise<readonly Day[]>;
  /** Instruments with rows, in code-point order. */
  coverage(scope: SnapshotScope): Promise<readonly InstrumentCoverage[]>;
  /** Rows of some columns (by name, in this order), `datetime` × `instrument`, suspended days included. */
  frame(
    scope: SnapshotScope,
    request: { readonly columns: readonly string[]; readonly adjustment: SnapshotAdjustment },
  ): Promise<Frame>;
  /**
   * Instruments with the first day from which on values of these columns (or what adjusts them) may be others than in an
   * earlier generation of this source, within that generation's sessions. Null when it cannot be told; a source without
   * generations has no such method.
   */
  changedSince?(generation: number, columns: readonly string[]): Promise<ReadonlyMap<string, Day> | null>;
}
