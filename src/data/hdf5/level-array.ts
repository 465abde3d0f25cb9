/** The short lists of a frame: column names, the distinct times and keys of its index. */
import { DataError } from "../errors.ts";
import { GrowingArray } from "./growing-array.ts";
import { textOf, type ArrayShape, type Hdf5File } from "./hdf5-file.ts";

const encoder = new TextEncoder();
const nsPerMs = 1_000_000n;

/** UTF-8 in fields as wide as the widest text, never narrower than `width`. */
export function writeTexts(file: Hdf5File, path: string, texts: readonly string[]): void {
  const encoded = texts.map((text) => encoder.encode(text));
  const width = encoded.reduce((widest, bytes) => Math.max(widest, bytes.length), 1);
  const array = new GrowingArray(file, path, {
    element: { kind: "text", bytes: width },
    make: (length) => new Uint8Array(length),
  });
  for (const bytes of encoded) {
    const { values, at } = array.next(1);
    values.fill(0, at, at + width);
    values.set(bytes, at);
  }
  array.finish();
}

/** Puts texts in the place of those that are there. Throws RangeError when one is wider than the field. */
export function replaceTexts(file: Hdf5File, path: string, texts: readonly string[]): void {
  const { element } = file.describe(path);
  const data = new Uint8Array(texts.length * element.bytes);
  for (const [at, text] of texts.entries()) {
    const bytes = encoder.encode(text);
    if (bytes.length > element.bytes) throw new RangeError(`${text} is wider than ${element.bytes} bytes`);
    data.set(bytes, at * element.bytes);
  }
  file.resize(path, [texts.length]);
  file.write(path, { start: 0, end: texts.length }, { shape: [texts.length], data });
}

export function widestText(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, encoder.encode(text).length), 0);
}

/** An array as pandas means it: in the place of an empty one it writes a single element and notes the true shape. */
export function describeStored(file: Hdf5File, path: string): ArrayShape {
  const array = file.describe(path);
  const empty = file.attributeNames(path).includes("shape");
  return empty ? { ...array, shape: [0, ...array.shape.slice(1)] } : array;
}

export function readTexts(file: Hdf5File, path: string): readonly string[] {
  const array = describeStored(file, path);
  const { element, shape } = array;
  if (shape[0] === 0) return [];
  if (element.kind !== "text") {
    const what = element.kind === "other" ? element.what : `${element.kind}s`;
    throw new DataError("DATA_FORM_UNSUPPORTED", `${path} of ${file.place} holds ${what}, not plain text`, {
      remedy: "write the frame with plain str labels, in pandas' fixed format",
      place: { file: file.place },
    });
  }
  const count = shape[0] ?? 0;
  const bytes = file.read(path, { start: 0, end: count }, array);
  return Array.from({ length: count }, (_, at) =>
    textOf(bytes.subarray(at * element.bytes, (at + 1) * element.bytes)),
  );
}

/** Milliseconds as pandas' nanoseconds, added to those that are there. */
export function writeTimes(
  file: Hdf5File,
  path: string,
  level: { readonly times: readonly number[]; readonly existing?: { readonly rows: number } },
): void {
  const array = new GrowingArray(file, path, {
    element: { kind: "integer", bytes: 8, signed: true },
    make: (length) => new BigInt64Array(length),
    ...(level.existing === undefined ? {} : { existing: level.existing }),
  });
  for (const time of level.times) {
    const { values, at } = array.next(1);
    values[at] = BigInt(time) * nsPerMs;
  }
  array.finish();
}
