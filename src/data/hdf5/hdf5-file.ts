/**
 * One open HDF5 file: groups, attributes and arrays in the few forms that pandas and PyTables use, bytes in and out
 * without conversion. The library's own classes decode byte strings as Latin-1 and drop the status of a write.
 */
import { openSync, closeSync, readSync } from "node:fs";
import { DataError } from "../errors.ts";
import { asDataError } from "../system-errors.ts";
import { allocate, free, hdf5Library, type Hdf5Library } from "./library.ts";

/** Element types by their HDF5 class and size; `text` is a byte string of fixed width, padded with zeros. */
export type ElementType =
  | { readonly kind: "integer"; readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }
  | { readonly kind: "float"; readonly bytes: 4 | 8 }
  | { readonly kind: "text"; readonly bytes: number }
  | { readonly kind: "other"; readonly bytes: number; readonly what: string };

export interface ArrayShape {
  readonly element: ElementType;
  /** Rows first. */
  readonly shape: readonly number[];
  readonly resizable: boolean;
}

export type AttributeValue = string | number | bigint;

const unlimited = 18446744073709551615n;
const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Filters built into the library; the others are plugins that are not there. */
const builtInFilters = new Set([1, 2, 3]);
const filterNames = new Map([
  [4, "szip"],
  [305, "lzo"],
  [307, "bzip2"],
  [32001, "blosc"],
  [32004, "lz4"],
  [32008, "bitshuffle"],
  [32015, "zstd"],
  [32026, "blosc2"],
]);

export class Hdf5File implements Disposable {
  readonly place: string;
  private readonly library: Hdf5Library;
  private readonly id: bigint;
  private closed = false;
  private scratch = { at: 0, bytes: 0 };

  private constructor(library: Hdf5Library, id: bigint, place: string) {
    this.library = library;
    this.id = id;
    this.place = place;
  }

  /**
   * A new file, or an empty one in the place of another; errors name `shown`, the place it will have in the end. Throws
   * DATA_DISK_FULL, DATA_NOT_PERMITTED, DATA_FILE_MISSING.
   */
  static async create(place: string, shown = place): Promise<Hdf5File> {
    const library = await hdf5Library();
    try {
      closeSync(openSync(place, "w"));
    } catch (error) {
      throw asDataError(error, { file: shown, doing: "write" });
    }
    try {
      const id = timeless(() => library.open(place, library.H5F_ACC_TRUNC, false, -1, -1));
      return new Hdf5File(library, id, shown);
    } catch (error) {
      throw writeFailure(shown, error);
    }
  }

  /** Throws DATA_FILE_MISSING, DATA_NOT_PERMITTED, and DATA_FILE_DAMAGED for what is no whole HDF5 file. */
  static async open(place: string, mode: "read" | "change"): Promise<Hdf5File> {
    const library = await hdf5Library();
    checkSignature(place);
    try {
      const access = mode === "read" ? library.H5F_ACC_RDONLY : library.H5F_ACC_RDWR;
      return new Hdf5File(library, library.open(place, access, false, -1, -1), place);
    } catch (error) {
      throw damaged(place, "it cannot be opened as an HDF5 file", error);
    }
  }

  /** Writes out what the library holds and lets the file go. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.release();
    this.attempt("write", () => this.library.close_file(this.id));
  }

  /** Closes without a word: for a file that is given up, whose failure is on its way already. */
  abandon(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      this.release();
      this.library.close_file(this.id);
    } catch {
      // The failure that made the caller give up is the one to report.
    }
  }

  [Symbol.dispose](): void {
    this.abandon();
  }

  names(group: string): readonly string[] {
    return this.attempt("read", () => this.library.get_names(this.id, group, false));
  }

  has(path: string): "group" | "array" | "other" | "nothing" {
    const type = this.attempt("read", () => this.library.get_type(this.id, path));
    if (type === this.library.H5G_GROUP) return "group";
    if (type === this.library.H5G_DATASET) return "array";
    return type < 0 ? "nothing" : "other";
  }

  createGroup(path: string): void {
    this.attempt("write", () => this.library.create_group(this.id, path, false));
  }

  attributeNames(path: string): readonly string[] {
    return this.attempt("read", () => this.library.get_attribute_names(this.id, path));
  }

  /** A scalar text or number; undefined where there is none or where it is of another kind. */
  attribute(path: string, name: string): AttributeValue | undefined {
    if (!this.attributeNames(path).includes(name)) return undefined;
    return this.attempt("read", () => {
      const { library } = this;
      const metadata = library.get_attribute_metadata(this.id, path, name);
      if (metadata.total_size !== 1 || metadata.shape === null) return undefined;
      const element = elementOf(library, metadata);
      const text = library.H5T_class_t.H5T_STRING.value === metadata.type;
      const at = allocate(library, Math.max(metadata.size, 8));
      try {
        library.get_attribute_data(this.id, path, name, BigInt(at));
        if (metadata.vlen && text) {
          const pointer = new DataView(library.HEAPU8.buffer, at, 4).getUint32(0, true);
          return pointer === 0 ? "" : library.UTF8ToString(pointer);
        }
        const bytes = library.HEAPU8.slice(at, at + metadata.size);
        return scalarOf(bytes, element);
      } finally {
        free(library, at);
      }
    });
  }

  /** `text` is UTF-8 to a reader, `bytes` a byte string, as Python's pickles are. */
  setText(path: string, name: string, text: string, form: "text" | "bytes" = "text"): void {
    const encoded = encoder.encode(text);
    const bytes = encoded.length === 0 ? new Uint8Array(1) : encoded;
    const type = typeMetadata(this.library, { kind: "text", bytes: bytes.length });
    this.setAttribute(path, name, { bytes, type: form === "text" ? { ...type, cset: 1 } : type });
  }

  setInteger(
    path: string,
    name: string,
    integer: { readonly value: number; readonly bytes: 1 | 4 | 8 },
  ): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(integer.value), true);
    const type = typeMetadata(this.library, { kind: "integer", bytes: integer.bytes, signed: true });
    this.setAttribute(path, name, { bytes: bytes.subarray(0, integer.bytes), type });
  }

  private setAttribute(
    path: string,
    name: string,
    value: { readonly bytes: Uint8Array; readonly type: ReturnType<typeof typeMetadata> },
  ): void {
    this.attempt("write", () =>
      this.library.create_attribute(this.id, path, name, BigInt(this.lend(value.bytes)), {
        ...value.type,
        shape: [],
        maxshape: [],
        total_size: 1,
      }),
    );
  }

  /** An array that grows along its rows, with no row yet; `chunkRows` rows lie together on the disk. */
  createArray(path: string, array: { element: ElementType; width?: number; chunkRows: number }): void {
    const { library } = this;
    const row = array.width === undefined ? [] : [BigInt(array.width)];
    this.attempt("write", () =>
      library.create_dataset(this.id, path, BigInt(this.lend(new Uint8Array(8))), {
        ...typeMetadata(library, array.element),
        shape: [0n, ...row],
        maxshape: [unlimited, ...row],
        chunks: [BigInt(array.chunkRows), ...row],
        compression: 0,
        compression_opts: [],
        track_order: false,
        total_size: 0,
      } as unknown as Parameters<Hdf5Library["create_dataset"]>[3]),
    );
  }

  resize(path: string, shape: readonly number[]): void {
    this.attempt("write", () => this.library.resize_dataset(this.id, path, shape.map(BigInt)));
  }

  /** Throws DATA_FORM_UNSUPPORTED for a filter that is not built in. */
  describe(path: string): ArrayShape {
    return this.attempt("read", () => {
      const { library } = this;
      const metadata = library.get_dataset_metadata(this.id, path);
      for (const filter of library.get_dataset_filters(this.id, path)) {
        if (builtInFilters.has(filter.id)) continue;
        const name = filterNames.get(filter.id) ?? (filter.name === "" ? `number ${filter.id}` : filter.name);
        throw new DataError("DATA_FORM_UNSUPPORTED", `${path} of ${this.place} is compressed with ${name}`, {
          remedy: "write the file without compression, or with complib='zlib'",
          place: { file: this.place },
        });
      }
      const shape = metadata.shape ?? [0];
      // The library shows an unlimited dimension as 2^64 in floating point.
      const resizable = metadata.chunks !== null && (metadata.maxshape?.[0] ?? 0) > Number.MAX_SAFE_INTEGER;
      return { element: elementOf(library, metadata), shape, resizable };
    });
  }

  /** Bytes of some rows, all columns, as they are on the disk but little-endian. */
  read(path: string, rows: { readonly start: number; readonly end: number }, array: ArrayShape): Uint8Array {
    const width = rowBytes(array);
    const bytes = (rows.end - rows.start) * width;
    if (bytes === 0) return new Uint8Array(0);
    return this.attempt("read", () => {
      const at = this.borrow(bytes);
      const { count, offset, strides } = selection(array.shape, rows);
      const status = this.library.get_dataset_data(this.id, path, count, offset, strides, BigInt(at));
      if (status < 0) throw new Error(`reading ${path} failed`);
      return this.library.HEAPU8.slice(at, at + bytes);
    });
  }

  /** Rows of an array that is long enough already. */
  write(
    path: string,
    rows: { readonly start: number; readonly end: number },
    array: { readonly shape: readonly number[]; readonly data: ArrayBufferView },
  ): void {
    if (rows.end === rows.start) return;
    const { buffer, byteOffset, byteLength } = array.data;
    this.attempt("write", () => {
      const at = this.lend(new Uint8Array(buffer, byteOffset, byteLength));
      const { count, offset, strides } = selection(array.shape, rows);
      return this.library.set_dataset_data(this.id, path, count, offset, strides, BigInt(at));
    });
  }

  private lend(bytes: Uint8Array): number {
    const at = this.borrow(bytes.length);
    this.library.HEAPU8.set(bytes, at);
    return at;
  }

  private borrow(bytes: number): number {
    if (this.scratch.bytes >= bytes) return this.scratch.at;
    this.release();
    const at = allocate(this.library, bytes);
    if (at === 0) {
      throw new DataError("DATA_MEMORY_LIMIT", `${bytes} bytes for ${this.place} cannot be had`, {
        remedy: "read fewer rows or columns at a time",
        place: { file: this.place },
      });
    }
    this.scratch = { at, bytes };
    return at;
  }

  private release(): void {
    if (this.scratch.at !== 0) free(this.library, this.scratch.at);
    this.scratch = { at: 0, bytes: 0 };
  }

  private attempt<Result>(doing: "read" | "write", step: () => Result): Result {
    try {
      const result = timeless(step);
      if (typeof result === "number" && doing === "write" && result < 0) throw new Error("the write failed");
      return result;
    } catch (error) {
      if (error instanceof DataError) throw error;
      const { place } = this;
      if (doing === "read") throw damaged(place, "a part of it cannot be read", error);
      throw writeFailure(place, error);
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Runs a step of the library while its clock stands still: HDF5 stamps every array with the second of its last change,
 * so that two exports of the same data would differ. The step is synchronous, so nobody else can see the stopped clock.
 */
function timeless<Result>(step: () => Result): Result {
  const clock = Date.now;
  Date.now = () => 0;
  try {
    return step();
  } finally {
    Date.now = clock;
  }
}

function checkSignature(place: string): void {
  const head = new Uint8Array(signature.length);
  try {
    const handle = openSync(place, "r");
    try {
      readSync(handle, head);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw asDataError(error, { file: place, doing: "read" });
  }
  if (signature.every((byte, at) => head[at] === byte)) return;
  throw damaged(place, "it does not begin as an HDF5 file does");
}

function damaged(place: string, found: string, cause?: unknown): DataError {
  return new DataError("DATA_FILE_DAMAGED", `${place}: ${found}${reasonOf(cause)}`, {
    remedy: "get the file again from its origin",
    place: { file: place },
    cause,
  });
}

function writeFailure(place: string, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const isFull = /errno = (28|51)\b|no space left|ENOSPC/i.test(message);
  const told = isFull
    ? Object.assign(new Error("no space left on the device"), { code: "ENOSPC" })
    : new Error(`${place}: ${firstReason(message)}`);
  return asDataError(Object.assign(told, { cause: error }), { file: place, doing: "write" });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? ` (${firstReason(cause.message)})` : "";
}

/** The innermost sentence of the library's error stack. */
function firstReason(stack: string): string {
  const reasons = [...stack.matchAll(/in H5\w+\(\): (.*)/g)].map((match) => match[1]!);
  return reasons.at(-1) ?? stack.split("\n", 1)[0]!;
}

function rowBytes(array: ArrayShape): number {
  return array.shape.slice(1).reduce((product, size) => product * size, array.element.bytes);
}

function selection(shape: readonly number[], rows: { readonly start: number; readonly end: number }) {
  const rest = shape.slice(1).map(BigInt);
  return {
    count: [BigInt(rows.end - rows.start), ...rest],
    offset: [BigInt(rows.start), ...rest.map(() => 0n)],
    strides: shape.map(() => 1n),
  };
}

type TypeMetadata = ReturnType<Hdf5Library["get_dataset_metadata"]>;

function elementOf(library: Hdf5Library, metadata: TypeMetadata): ElementType {
  const classes = library.H5T_class_t;
  const bytes = metadata.size;
  const size = bytes as 1 | 2 | 4 | 8;
  const sized = [1, 2, 4, 8].includes(bytes);
  switch (metadata.type) {
    case classes.H5T_INTEGER.value:
      if (sized) return { kind: "integer", bytes: size, signed: metadata.signed };
      break;
    case classes.H5T_BITFIELD.value:
    case classes.H5T_ENUM.value:
      if (bytes === 1) return { kind: "integer", bytes: 1, signed: false };
      break;
    case classes.H5T_FLOAT.value:
      if (bytes === 4 || bytes === 8) return { kind: "float", bytes };
      break;
    case classes.H5T_STRING.value:
      if (!metadata.vlen) return { kind: "text", bytes };
      break;
    default:
  }
  const what = metadata.type === classes.H5T_VLEN.value ? "Python objects" : `HDF5 class ${metadata.type}`;
  return { kind: "other", bytes, what };
}

function typeMetadata(
  library: Hdf5Library,
  element: ElementType,
): Omit<Parameters<Hdf5Library["create_attribute"]>[4], "shape" | "maxshape" | "total_size"> {
  const classes = library.H5T_class_t;
  const common = { vlen: false, littleEndian: true, size: element.bytes };
  if (element.kind === "text") return { ...common, type: classes.H5T_STRING.value, signed: false, cset: 0 };
  if (element.kind === "float") return { ...common, type: classes.H5T_FLOAT.value, signed: false };
  if (element.kind === "integer")
    return { ...common, type: classes.H5T_INTEGER.value, signed: element.signed };
  throw new TypeError(`cannot write ${element.what}`);
}

function scalarOf(bytes: Uint8Array, element: ElementType): AttributeValue | undefined {
  if (element.kind === "text") return textOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (element.kind === "float")
    return element.bytes === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
  if (element.kind !== "integer") return undefined;
  let value = 0n;
  for (let at = element.bytes - 1; at >= 0; at -= 1) value = (value << 8n) | BigInt(bytes[at]!);
  return element.signed ? BigInt.asIntN(element.bytes * 8, value) : value;
}

/** Fixed-width text up to its padding. */
export function textOf(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return decoder.decode(bytes.subarray(0, end));
}
