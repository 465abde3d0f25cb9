/**
 * The footer of a Parquet file as a hash. It holds the schema, the place and the size of every column chunk and most
 * often its smallest and largest value, so that hardly any rewriting leaves it as it was; it is a few kilobytes.
 *
 *   … row groups … | footer | footer's length (4 bytes, little-endian) | "PAR1"
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

export interface FooterHash {
  readonly bytes: number;
  readonly sha256: string;
}

const MAGIC = "PAR1";
const END_BYTES = 8;
const FIRST_READ_BYTES = 16_384;
const PARQUET = /\.(parquet|pq)$/i;

export function isParquetName(path: string): boolean {
  return PARQUET.test(path);
}

/** Hash of the footer; null for a file of another kind and for one that does not end as Parquet does. */
export function readFooter(path: string, size: number): FooterHash | null {
  if (!isParquetName(path) || size < END_BYTES + MAGIC.length) return null;
  const file = openSync(path, "r");
  try {
    const tail = readTail(file, size, FIRST_READ_BYTES);
    const end = tail.subarray(-END_BYTES);
    if (end.toString("latin1", 4) !== MAGIC) return null;
    const bytes = end.readUInt32LE(0);
    if (bytes > size - END_BYTES - MAGIC.length) return null;
    const whole = bytes + END_BYTES <= tail.length ? tail : readTail(file, size, bytes + END_BYTES);
    const footer = whole.subarray(whole.length - END_BYTES - bytes, whole.length - END_BYTES);
    return { bytes, sha256: createHash("sha256").update(footer).digest("hex") };
  } finally {
    closeSync(file);
  }
}

function readTail(file: number, size: number, bytes: number): Buffer {
  const tail = Buffer.alloc(Math.min(bytes, size));
  let done = 0;
  while (done < tail.length) {
    const read = readSync(file, tail, done, tail.length - done, size - tail.length + done);
    if (read === 0) break;
    done += read;
  }
  return tail;
}
