/**
 * A Qlib provider directory as a panel. Rows are Qlib's: an instrument's own rows are those its files cover, suspended
 * days included; a market's spans decide what is listed (see `listedCells`), not what a window may read.
 */
import { DataError } from "#data/errors";
import type { Day } from "#market/day";
import type { Frequency } from "#panel/axes";
import { lowerRow, upperRow } from "#panel/axes";
import type { Column, Panel } from "#panel/panel";
import { panelOf } from "#panel/panel";
import type { QlibDirectory } from "./directory.ts";
import { featureFile, fieldsOf, marketOf, openQlibDirectory } from "./directory.ts";
import { FeatureReader } from "./feature-file.ts";

export interface QlibPanelRequest {
  /** A file of `instruments/`; default `all`, or every folder when the directory has no such file. */
  readonly market?: string;
  /** Field names with or without `$`, in any case; default every field found. */
  readonly fields?: readonly string[];
  /** Only these, as the directory spells them, in any case. */
  readonly instruments?: Iterable<string>;
  /** Cuts the rows, and with them what a window can see; leave out to compute as Qlib does and cut the result. */
  readonly start?: Day;
  readonly end?: Day;
  readonly freq?: Frequency;
  /** Told of everything odd that does not stop the reading, in sentences. */
  readonly onFinding?: (finding: string) => void;
}

/** Lanes written together, so that one cache line of the time-major column is filled at a time. */
const LANES_AT_ONCE = 16;

/**
 * Reads a directory: float32 columns named as the files (lower-case), instruments upper-case and sorted.
 * An instrument without a file of the fields is left out and reported, as Qlib leaves it out.
 * Throws DATA_COLUMN_MISSING (no instrument has the field), DATA_INSTRUMENT_INVALID (none of the instruments is there)
 * and the errors of the files, each naming its file.
 */
export function readQlibPanel(dir: string, request: QlibPanelRequest = {}): Panel<"market"> {
  const directory = openQlibDirectory(dir, request.freq ?? "day");
  const wanted = wantedInstruments(directory, request);
  const fields =
    request.fields === undefined
      ? fieldsOf(directory, wanted)
      : [...new Set(request.fields.map((field) => field.replace(/^\$/, "").toLowerCase()))];
  const { time } = directory;
  const from = request.start === undefined ? 0 : lowerRow(time, request.start);
  const to = Math.max(from, request.end === undefined ? time.days.length : upperRow(time, request.end));
  const read = readFields(directory, { instruments: wanted, fields, from, to });
  for (const [index, field] of fields.entries()) {
    if (read.found[index] === 0) throw fieldMissing(directory, wanted, field);
  }
  const kept = new Set(read.instruments);
  for (const instrument of wanted) {
    if (!kept.has(instrument)) {
      request.onFinding?.(
        `${directory.root}: ${instrument} has no rows for ${fields.join(", ")} and is left out`,
      );
    }
  }
  return panelOf({
    role: "market",
    time: {
      freq: time.freq,
      days: time.days.slice(from, to),
      ...(time.minutes === undefined ? {} : { minutes: time.minutes.slice(from, to) }),
    },
    instruments: read.instruments,
    first: read.first,
    last: read.last,
    columns: read.columns,
  });
}

/** Instruments asked for that have a folder, sorted. */
function wantedInstruments(directory: QlibDirectory, request: QlibPanelRequest): string[] {
  const market = request.market ?? (directory.markets.includes("all") ? "all" : undefined);
  let names: Iterable<string> = directory.folders.keys();
  if (request.instruments !== undefined) {
    names = [...request.instruments].map((instrument) => instrument.toUpperCase());
    if (request.market !== undefined) {
      const { spans } = marketOf(directory, request.market);
      names = [...names].filter((name) => spans.has(name));
    }
  } else if (market !== undefined) {
    const listed = marketOf(directory, market);
    for (const finding of listed.findings) request.onFinding?.(finding);
    names = listed.spans.keys();
  }
  const asked = [...new Set(names)].sort();
  const present = asked.filter((name) => directory.folders.has(name));
  for (const name of asked) {
    if (!directory.folders.has(name))
      request.onFinding?.(`${directory.root}: ${name} has no folder in features`);
  }
  if (present.length === 0) {
    throw new DataError(
      "DATA_INSTRUMENT_INVALID",
      `${directory.root} holds none of the ${asked.length} instruments asked for` +
        (asked.length > 0 ? ` (${asked.slice(0, 5).join(", ")})` : ""),
      {
        remedy: `write instruments as the directory does, e.g. ${directory.folders.keys().next().value}`,
        place: { file: directory.root },
      },
    );
  }
  return present;
}

/** Columns over rows `[from, to)` of the calendar, for the instruments that have rows there. */
function readFields(
  directory: QlibDirectory,
  request: { instruments: readonly string[]; fields: readonly string[]; from: number; to: number },
): {
  instruments: string[];
  first: Int32Array;
  last: Int32Array;
  columns: Column[];
  found: Int32Array;
} {
  const { fields, from, to } = request;
  const rows = to - from;
  const reader = new FeatureReader(directory.time.days.length);
  const found = new Int32Array(fields.length);
  const firsts = new Map<string, number>();
  const lasts = new Map<string, number>();
  const width = request.instruments.length;
  const columns = fields.map((name) => ({ name, values: new Float32Array(rows * width).fill(Number.NaN) }));
  const strip = new Float32Array(rows * LANES_AT_ONCE);
  for (let group = 0; group < width; group += LANES_AT_ONCE) {
    const lanes = Math.min(LANES_AT_ONCE, width - group);
    for (const [index, field] of fields.entries()) {
      strip.fill(Number.NaN);
      for (let lane = 0; lane < lanes; lane++) {
        const instrument = request.instruments[group + lane]!;
        const span = reader.read(featureFile(directory, instrument, field));
        if (span === undefined) continue;
        found[index]!++;
        const { start, values } = span;
        const begin = Math.max(start, from);
        const stop = Math.min(start + values.length, to);
        if (begin >= stop) continue;
        firsts.set(instrument, Math.min(firsts.get(instrument) ?? begin, begin));
        lasts.set(instrument, Math.max(lasts.get(instrument) ?? stop - 1, stop - 1));
        for (let row = begin; row < stop; row++)
          strip[(row - from) * LANES_AT_ONCE + lane] = values[row - start]!;
      }
      const target = columns[index]!.values;
      for (let row = 0; row < rows; row++) {
        for (let lane = 0; lane < lanes; lane++) {
          target[row * width + group + lane] = strip[row * LANES_AT_ONCE + lane]!;
        }
      }
    }
  }
  return withoutEmptyLanes(request.instruments, { from, rows, firsts, lasts, columns, found });
}

/** Drops the instruments that have no row; most directories have none of them and nothing is copied. */
function withoutEmptyLanes(
  instruments: readonly string[],
  read: {
    from: number;
    rows: number;
    firsts: ReadonlyMap<string, number>;
    lasts: ReadonlyMap<string, number>;
    columns: { name: string; values: Float32Array }[];
    found: Int32Array;
  },
): { instruments: string[]; first: Int32Array; last: Int32Array; columns: Column[]; found: Int32Array } {
  const { from, rows, firsts, lasts } = read;
  const lanes = instruments.flatMap((instrument, lane) => (firsts.has(instrument) ? [lane] : []));
  const kept = lanes.map((lane) => instruments[lane]!);
  const columns =
    kept.length === instruments.length
      ? read.columns
      : read.columns.map(({ name, values }) => {
          const packed = new Float32Array(rows * kept.length);
          for (let row = 0; row < rows; row++) {
            for (const [at, lane] of lanes.entries()) {
              packed[row * kept.length + at] = values[row * instruments.length + lane]!;
            }
          }
          return { name, values: packed };
        });
  return {
    instruments: kept,
    first: Int32Array.from(kept, (instrument) => firsts.get(instrument)! - from),
    last: Int32Array.from(kept, (instrument) => lasts.get(instrument)! - from),
    columns,
    found: read.found,
  };
}

function fieldMissing(directory: QlibDirectory, instruments: readonly string[], field: string): DataError {
  const known = fieldsOf(directory, instruments.slice(0, 50));
  return new DataError(
    "DATA_COLUMN_MISSING",
    `${directory.root} has no field "${field}" for any instrument; it has ${known.join(", ") || "none"}`,
    {
      remedy: "use one of its fields, or dump the missing one into the directory",
      place: { file: directory.root, column: field },
    },
  );
}
