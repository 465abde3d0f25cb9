/**
 * An index as pandas' fixed format writes it: `axis1` alone, or levels with codes. After GenericFixed.read_index and
 * _unconvert_index of pandas.io.pytables.
 */
import { DataError } from "../errors.ts";
import type { ArrayShape, Hdf5File } from "./hdf5-file.ts";
import { describeStored, readTexts } from "./level-array.ts";
import { pickledNone } from "./pandas-layout.ts";

export interface IndexLevel {
  /** Empty where the level has no name. */
  readonly name: string;
  readonly labels:
    | { readonly kind: "time"; readonly times: Float64Array }
    | { readonly kind: "key"; readonly keys: readonly string[] };
  /** The array with the code of each row; none where the labels are the rows. */
  readonly codes: { readonly path: string; readonly array: ArrayShape } | undefined;
}

const nsPerUnit = new Map([
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
  ["ns", 1n],
]);

export function readIndex(file: Hdf5File, group: string, axis: string): readonly IndexLevel[] {
  if (file.attribute(group, `${axis}_variety`) !== "multi")
    return [readLevel(file, { path: `${group}/${axis}`, codes: undefined })];
  const count = Number(file.attribute(group, `${axis}_nlevels`) ?? 0);
  return Array.from({ length: count }, (_, at) => {
    const path = `${group}/${axis}_label${at}`;
    const codes = { path, array: describeStored(file, path) };
    return readLevel(file, { path: `${group}/${axis}_level${at}`, codes });
  });
}

/** Names of columns or of a block's items; a two-level one such as ("feature", x) is told by the level that differs. */
export function readNames(file: Hdf5File, group: string, axis: string): readonly string[] {
  const levels = readIndex(file, group, axis).map((level) => {
    const { labels } = level;
    const texts =
      labels.kind === "key"
        ? labels.keys
        : Array.from(labels.times, (time) => new Date(time).toISOString().slice(0, 10));
    if (level.codes === undefined) return texts;
    const rows = level.codes.array.shape[0] ?? 0;
    return Array.from(readCodes(file, level, { start: 0, end: rows }), (code) => texts[code] ?? "");
  });
  const telling = levels.filter((texts) => new Set(texts).size > 1);
  const used = telling.length === 0 ? levels.slice(-1) : telling;
  return (used[0] ?? []).map((_, at) => used.map((texts) => texts[at]!).join("."));
}

/** Places of some rows in a level's labels; -1 where the label is missing. */
export function readCodes(
  file: Hdf5File,
  level: IndexLevel,
  rows: { readonly start: number; readonly end: number },
): Int32Array {
  if (level.codes === undefined)
    return Int32Array.from({ length: rows.end - rows.start }, (_, at) => rows.start + at);
  const { path, array } = level.codes;
  return Int32Array.from(integersOf(file.read(path, rows, array), array), Number);
}

function readLevel(
  file: Hdf5File,
  at: { readonly path: string; readonly codes: IndexLevel["codes"] },
): IndexLevel {
  const { path, codes } = at;
  const kind = String(file.attribute(path, "kind") ?? "string");
  const name = nameOf(file.attribute(path, "name"));
  if (kind.startsWith("datetime64"))
    return { name, codes, labels: { kind: "time", times: readTimes(file, path, kind) } };
  if (kind === "string") return { name, codes, labels: { kind: "key", keys: readTexts(file, path) } };
  if (kind === "integer") {
    const array = describeStored(file, path);
    const bytes = file.read(path, { start: 0, end: array.shape[0] ?? 0 }, array);
    return { name, codes, labels: { kind: "key", keys: Array.from(integersOf(bytes, array), String) } };
  }
  // Pandas cannot tell what the labels of an empty index would be.
  if (codes?.array.shape[0] === 0) return { name, codes, labels: { kind: "key", keys: [] } };
  throw unsupported(file, `${path} is an index of ${kind}`, "datetime64 and plain str index levels");
}

function readTimes(file: Hdf5File, path: string, kind: string): Float64Array {
  const array = describeStored(file, path);
  if (array.shape[0] === 0) return new Float64Array(0);
  const values = integersOf(file.read(path, { start: 0, end: array.shape[0] ?? 0 }, array), array);
  const unit = /\[(\w+)\]/.exec(kind)?.[1] ?? "ns";
  const ns = nsPerUnit.get(unit);
  if (ns === undefined) throw unsupported(file, `${path} counts times in ${unit}`, "datetime64[ns] times");
  return Float64Array.from(values, (value) => Number((BigInt(value) * ns) / 1_000_000n));
}

/** Any integer array of a file as numbers, or as bigints where they have 8 bytes. */
export function integersOf(
  bytes: Uint8Array,
  array: ArrayShape,
): ArrayLike<number | bigint> & Iterable<number | bigint> {
  const { element } = array;
  const buffer = bytes.buffer as ArrayBuffer;
  if (element.kind === "integer") {
    switch (element.bytes) {
      case 1:
        return element.signed ? new Int8Array(buffer) : new Uint8Array(buffer);
      case 2:
        return element.signed ? new Int16Array(buffer) : new Uint16Array(buffer);
      case 4:
        return element.signed ? new Int32Array(buffer) : new Uint32Array(buffer);
      case 8:
        return element.signed ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
    }
  }
  throw new TypeError(
    `the array holds ${element.kind === "other" ? element.what : element.kind}, not integers`,
  );
}

/** PyTables pickles what is no plain text, and a level without a name is None. */
function nameOf(value: unknown): string {
  return typeof value === "string" && value !== pickledNone ? value : "";
}

function unsupported(file: Hdf5File, found: string, instead: string): DataError {
  return new DataError("DATA_FORM_UNSUPPORTED", `${file.place}: ${found}`, {
    remedy: `write the frame with ${instead}`,
    place: { file: file.place },
  });
}
