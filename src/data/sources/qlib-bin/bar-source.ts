/**
 * A Qlib provider directory as bars to import. Its fields are used as they are: prices × factor and volume ÷ factor, with
 * the factor beside them. Rows are those of the files, suspended days included.
 */
import { DataError } from "#data/errors";
import type { BarBatch, BarRequest, BarSource, SourceDescription } from "#data/source";
import { instrumentOf } from "#market/instrument";
import type { TimeAxis } from "#panel/axes";
import { lowerRow, upperRow } from "#panel/axes";
import { guessCalendar } from "./calendar-guess.ts";
import type { QlibDirectory } from "./directory.ts";
import { featureFile, fieldsOf, openQlibDirectory } from "./directory.ts";
import { FeatureReader } from "./feature-file.ts";

const PRICES: ReadonlySet<string> = new Set(["open", "high", "low", "close", "preclose", "vwap", "amount"]);
const CURRENCIES: Readonly<Record<string, string>> = { XSHG: "CNY", XNYS: "USD", XHKG: "HKD" };

export class QlibBars implements BarSource {
  readonly #dir: string;
  readonly #locator: string;

  /** `dir` is the provider directory; `locator` how it was typed. */
  constructor(dir: string, locator = `qlib:${dir}`) {
    this.#dir = dir;
    this.#locator = locator;
  }

  /** Throws what opening the directory throws. */
  describe(): Promise<SourceDescription> {
    return Promise.resolve().then(() => {
      const directory = openQlibDirectory(this.#dir);
      const names = fieldsOf(directory, directory.folders.keys());
      const guess = guessCalendar(directory.time, [...idsOf(directory).values()]);
      const currency = CURRENCIES[guess.calendar] ?? "quote currency";
      return {
        locator: this.#locator,
        shape: "qlib-bin",
        reasons: [
          `${directory.folders.size} instruments with ${names.length} fields under features, ${directory.time.days.length} days in the calendar`,
          names.includes("factor")
            ? "prices are raw × factor and volumes raw ÷ factor, as Qlib keeps them; both are used as they are"
            : "there is no factor; prices are taken for adjusted, as Qlib keeps them, and used as they are",
          ...guess.reasons,
        ],
        freq: "day",
        calendar: guess.calendar,
        adjustment: { kind: "hfq" },
        fields: names.map((name) => ({ name, unit: unitOf(name, currency), from: `${name}.day.bin` })),
        files: [this.#dir],
      };
    });
  }

  /** One batch an instrument. Throws DATA_INSTRUMENT_TWICE, DATA_FILE_DAMAGED. */
  async *bars(request: BarRequest = {}): AsyncIterable<BarBatch> {
    const directory = openQlibDirectory(this.#dir);
    const names = fieldsOf(directory, directory.folders.keys());
    const reader = new FeatureReader(directory.time.days.length);
    const window = {
      from: request.start === undefined ? 0 : lowerRow(directory.time, request.start),
      to: request.end === undefined ? directory.time.days.length : upperRow(directory.time, request.end),
    };
    for (const [code, id] of idsOf(directory)) {
      if (request.instruments !== undefined && !request.instruments.has(id)) continue;
      const columns = readInstrument(directory, reader, { code, names, window });
      if (columns === undefined) continue;
      yield await Promise.resolve({
        instruments: [id],
        instrument: new Int32Array(columns.days.length),
        days: columns.days,
        columns: columns.values,
        origin: { file: directory.folders.get(code)!, firstRow: columns.from + 1 },
      });
    }
  }
}

/** Canonical id of each code. Throws DATA_INSTRUMENT_TWICE when two codes are one instrument. */
function idsOf(directory: QlibDirectory): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  const ids = new Map<string, string>();
  for (const [code, folder] of directory.folders) {
    const id = instrumentOf(code, { acceptUnknown: true });
    const other = codes.get(id);
    if (other !== undefined) {
      throw new DataError("DATA_INSTRUMENT_TWICE", `${other} and ${code} are both ${id}`, {
        remedy: "remove one of the two folders",
        place: { file: folder, instrument: id },
      });
    }
    codes.set(id, code);
    ids.set(code, id);
  }
  return ids;
}

/** Rows `[from, to)` of the calendar that the instrument's files cover; undefined when there is none. */
function readInstrument(
  directory: { readonly time: TimeAxis } & QlibDirectory,
  reader: FeatureReader,
  wanted: {
    readonly code: string;
    readonly names: readonly string[];
    readonly window: { readonly from: number; readonly to: number };
  },
): { from: number; days: Int32Array; values: Map<string, Float64Array> } | undefined {
  const spans = new Map<string, { start: number; values: Float32Array }>();
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const name of wanted.names) {
    const span = reader.read(featureFile(directory, wanted.code, name));
    if (span === undefined) continue;
    from = Math.min(from, span.start);
    to = Math.max(to, span.start + span.values.length);
    spans.set(name, { start: span.start, values: span.values.slice() });
  }
  from = Math.max(from, wanted.window.from);
  to = Math.min(to, wanted.window.to);
  if (from >= to) return undefined;
  const values = new Map<string, Float64Array>();
  for (const name of wanted.names) {
    const column = new Float64Array(to - from).fill(Number.NaN);
    const span = spans.get(name);
    if (span !== undefined) {
      const first = Math.max(span.start, from);
      const last = Math.min(span.start + span.values.length, to);
      if (first < last) column.set(span.values.subarray(first - span.start, last - span.start), first - from);
    }
    values.set(name, column);
  }
  return { from, days: directory.time.days.slice(from, to), values };
}

function unitOf(name: string, currency: string): string {
  if (PRICES.has(name)) return currency;
  if (name === "volume") return "shares";
  return name === "factor" ? "ratio" : "as the source has it";
}
