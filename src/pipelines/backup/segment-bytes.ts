import type { SegmentEntry } from "#data/store/manifest";
import { bytesPerValue, checksumOf, chunksOf, decodeHeader, headerBytesOf } from "#data/store/segment";
import type { Storage } from "#data/store/storage";
import { sha256Of } from "./catalogue.ts";

/** Headers are mostly smaller than this. */
const FIRST_READ = 65_536;

/** What is wrong with the first segment of a file that is not as the manifest lists it; null when all are. */
export function fileFault(
  bytes: Uint8Array,
  entries: readonly SegmentEntry[],
): { readonly entry: SegmentEntry; readonly what: string } | null {
  for (const entry of entries) {
    const at = entry.pack?.at ?? 0;
    const own = entry.pack === undefined ? bytes : bytes.subarray(at, at + entry.bytes);
    const what = segmentFault(own, entry);
    if (what !== null) return { entry, what };
  }
  return null;
}

/** What is wrong with a segment's bytes, every checksum looked at; null when nothing is. */
export function segmentFault(bytes: Uint8Array, entry: SegmentEntry): string | null {
  if (bytes.length !== entry.bytes) return `the file has ${bytes.length} bytes, ${entry.bytes} were written`;
  const header = decodeHeader(bytes);
  if (typeof header === "string") return `the header is ${header}`;
  if (header.checksum !== entry.checksum) return "the header is not the one the manifest lists";
  const chunks = chunksOf(header);
  for (const [index, field] of header.fields.entries()) {
    const width = bytesPerValue(field.dtype) * header.lanes;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const from = header.offsets[index]! + chunk * header.chunkRows * width;
      const rows = Math.min(header.chunkRows, header.rows - chunk * header.chunkRows);
      const part = bytes.subarray(from, from + rows * width);
      if (checksumOf(part) !== header.checksums[index * chunks + chunk])
        return `stored values of ${field.name} differ from their checksum`;
    }
  }
  return null;
}

/** SHA-256 of the header of a segment whose bytes these are. */
export function headerHash(bytes: Uint8Array): string {
  return sha256Of(bytes.subarray(0, headerBytesOf(bytes) ?? 0));
}

/** The same, reading no more of the file than its header; null when that cannot be read. */
export async function storedHeaderHash(storage: Storage, path: string, size: number): Promise<string | null> {
  let start = new Uint8Array(Math.min(FIRST_READ, size));
  if ((await storage.read(path, [{ at: 0, into: start }])) !== "whole") return null;
  const length = headerBytesOf(start);
  if (length === null || length > size) return null;
  if (length > start.length) {
    start = new Uint8Array(length);
    if ((await storage.read(path, [{ at: 0, into: start }])) !== "whole") return null;
  }
  return sha256Of(start.subarray(0, length));
}
