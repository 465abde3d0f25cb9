import { byText, tableOfStore, type SeriesTable } from "#data/export/series-table";
import { QLIB_INPUTS, qlibFields, type VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import { fieldsOf, marketOf, openQlibDirectory } from "#data/sources/qlib-bin/directory";
import { financialFields, readFinancial } from "#data/sources/qlib-bin/financial";
import { rowsOfSpans } from "#data/sources/qlib-bin/market-file";
import { readQlibPanel } from "#data/sources/qlib-bin/panel";
import type { PeriodicSource } from "#expression/run/periods";
import type { Day } from "#market/day";
import { lowerRow, upperRow, type TimeAxis } from "#panel/axes";
import { panelOf, type Panel } from "#panel/panel";

/**
 * Market data as expressions read them, wherever they lie: float32, prices × factor, volume ÷ factor. The instruments
 * are read in groups, so that a whole market never has to be in memory.
 */
export interface MarketView {
  /** `store XSHG/day` or `qlib:DIR`. */
  readonly locator: string;
  readonly calendar: string;
  readonly time: TimeAxis;
  /** Those with rows, in code-point order. */
  readonly instruments: readonly string[];
  /** Those that operators across instruments see, whichever of them are asked for; `instruments` unless told. */
  readonly universe?: readonly string[];
  readonly fields: readonly string[];
  /** Of the store; null for a Qlib directory. */
  readonly generation: number | null;
  /** `amount`, `typical`, or null when the data hold a vwap of their own or none at all. */
  readonly vwap: VwapRule | null;
  readonly periodic?: PeriodicSource;
  /** Half-open rows that are listed of an instrument, in order, where a market file says so; windows read beyond them. */
  readonly listed?: (instrument: string) => readonly RowRange[];
  /** The instruments in the order asked for, over the view's whole time axis. */
  panel(instruments: readonly string[]): Promise<Panel<"market">>;
}

/** Restricts a view. Dates are inclusive sessions; the rows before `start` are still read by windows. */
export interface ViewRequest {
  readonly instruments?: ReadonlySet<string>;
  readonly vwap?: VwapRule;
}

/** A generation of a store as Qlib's fields; numeric fields of the set `extra` come along as they are. */
export function viewOfStore(snapshot: StoreSnapshot, request: ViewRequest = {}): MarketView {
  const bars = snapshot.fieldSets.get("bars")?.fields.map((field) => field.name) ?? [];
  const extra = snapshot.fieldSets.get("extra")?.fields.map((field) => field.name) ?? [];
  const wanted = new Map<string, readonly string[]>([
    ["bars", QLIB_INPUTS.filter((name) => bars.includes(name))],
    ...(extra.length > 0 ? [["extra", extra] as const] : []),
  ]);
  const adjusted = (instruments: ReadonlySet<string>): ReturnType<typeof qlibFields> =>
    qlibFields(
      tableOfStore(snapshot, { fields: wanted, instruments }),
      request.vwap === undefined ? {} : { vwap: request.vwap },
    );
  const universe = snapshot.instruments
    .filter(({ first, last }) => first <= last)
    .map(({ id }) => id)
    .sort(byText);
  const instruments = universe.filter((id) => request.instruments?.has(id) ?? true);
  const shape = adjusted(new Set());
  return {
    locator: `store ${snapshot.key.calendar}/${snapshot.key.freq}`,
    calendar: snapshot.key.calendar,
    time: snapshot.time,
    instruments,
    universe,
    fields: shape.fields.map((field) => field.name),
    generation: snapshot.generation,
    vwap: shape.vwap,
    panel: (ids) => panelOfTable(adjusted(new Set(ids)), ids),
  };
}

/** A Qlib provider directory; its fields are used as they are. */
export function viewOfQlib(dir: string, request: ViewRequest = {}): MarketView {
  const directory = openQlibDirectory(dir);
  const market = directory.markets.includes("all") ? marketOf(directory, "all") : null;
  const known: ReadonlyMap<string, unknown> = market?.spans ?? directory.folders;
  const universe = [...known.keys()].filter((id) => directory.folders.has(id)).sort(byText);
  const instruments = universe.filter((id) => request.instruments?.has(id) ?? true);
  const fields = fieldsOf(directory, instruments);
  const reported = new Set(known.keys().flatMap((id) => financialFields(dir, id)));
  return {
    locator: `qlib:${dir}`,
    calendar: "directory",
    time: directory.time,
    instruments,
    universe,
    fields,
    generation: null,
    vwap: null,
    // As in Qlib, a list of instruments is not cut by the market's spans, the market is.
    ...(market === null || request.instruments !== undefined
      ? {}
      : { listed: (instrument) => rowsOfSpans(directory.time, market.spans.get(instrument) ?? []) }),
    periodic: (instrument, field) => {
      if (!reported.has(field)) return undefined;
      const records = readFinancial(dir, instrument, field);
      if (records === undefined) return [];
      return Array.from(records.periods, (period, index) => ({
        period,
        announced: records.announced[index]!,
        value: records.values[index]!,
      }));
    },
    panel: (ids) => Promise.resolve(readQlibPanel(dir, { instruments: ids })),
  };
}

/** Collects a table of series into a panel of float32 columns. */
async function panelOfTable(table: SeriesTable, ids: readonly string[]): Promise<Panel<"market">> {
  const lanes = ids.length;
  const laneOf = new Map(ids.map((id, lane) => [id, lane]));
  const first = new Int32Array(lanes).fill(0);
  const last = new Int32Array(lanes).fill(-1);
  const size = table.time.days.length * lanes;
  const columns = table.fields.map(({ name }) => ({ name, values: new Float32Array(size).fill(Number.NaN) }));
  for await (const series of table.series()) {
    const lane = laneOf.get(series.instrument)!;
    first[lane] = series.first;
    last[lane] = series.first + series.length - 1;
    for (const { name, values } of columns) {
      const source = series.columns.get(name)!;
      for (let row = 0; row < series.length; row++) {
        values[(series.first + row) * lanes + lane] = source[row]!;
      }
    }
  }
  return panelOf({ role: "market", time: table.time, instruments: ids, first, last, columns });
}

/** Rows of the view inside the dates, half-open. */
export function rowsWithin(
  time: TimeAxis,
  start?: Day,
  end?: Day,
): { readonly from: number; readonly to: number } {
  return {
    from: start === undefined ? 0 : lowerRow(time, start),
    to: end === undefined ? time.days.length : upperRow(time, end),
  };
}
