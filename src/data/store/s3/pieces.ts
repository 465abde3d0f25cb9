import type { DiskRead, FilePart } from "../disk.ts";

/** A file's parts in order, nothing copied. Throws `RangeError` on a gap or an overlap. */
export class OrderedParts {
  readonly bytes: number;
  readonly #parts: readonly FilePart[];

  constructor(parts: Iterable<FilePart>) {
    this.#parts = [...parts].filter((part) => part.bytes.length > 0).sort((a, b) => a.at - b.at);
    let end = 0;
    for (const part of this.#parts) {
      if (part.at !== end) throw new RangeError(`a part begins at ${part.at}, the one before ends at ${end}`);
      end += part.bytes.length;
    }
    this.bytes = end;
  }

  /** Bytes `[from, to)` in one array; the part's own where one holds them all. */
  slice(from: number, to: number): Uint8Array {
    const within = this.#parts.filter((part) => part.at < to && part.at + part.bytes.length > from);
    const [first] = within;
    if (within.length === 1) return first!.bytes.subarray(from - first!.at, to - first!.at);
    const joined = new Uint8Array(to - from);
    for (const { at, bytes } of within) {
      const start = Math.max(at, from);
      joined.set(bytes.subarray(start - at, Math.min(at + bytes.length, to) - at), start - from);
    }
    return joined;
  }
}

/** One request for bytes `[from, to)`, and what it fills. */
export interface RangeRead {
  readonly from: number;
  readonly to: number;
  readonly fills: readonly DiskRead[];
}

/** A request costs about as much as this many bytes more. */
const GAP_BYTES = 2 ** 17;
/** One request asks for at most this much, so that several run at once and little is repeated. */
const RANGE_BYTES = 2 ** 23;

/** Few requests for many reads: long reads are cut, neighbours are joined. Empty reads are left out. */
export function rangesOf(reads: readonly DiskRead[], rangeBytes: number = RANGE_BYTES): RangeRead[] {
  const cut = reads.flatMap(({ at, into }) =>
    Array.from({ length: Math.ceil(into.length / rangeBytes) }, (_, index) => ({
      at: at + index * rangeBytes,
      into: into.subarray(index * rangeBytes, (index + 1) * rangeBytes),
    })),
  );
  cut.sort((a, b) => a.at - b.at);
  const ranges: { from: number; to: number; fills: DiskRead[] }[] = [];
  for (const read of cut) {
    const end = read.at + read.into.length;
    const last = ranges.at(-1);
    if (last !== undefined && read.at <= last.to + GAP_BYTES && end - last.from <= rangeBytes) {
      last.to = Math.max(last.to, end);
      last.fills.push(read);
    } else ranges.push({ from: read.at, to: end, fills: [read] });
  }
  return ranges;
}
