import { ByteSink } from "./compact-thrift.ts";

/**
 * Snappy's block format, with a greedy match against the last place where the same four bytes stood. After Google's
 * description of the compressed format.
 */
export function snappyCompressed(input: Uint8Array): Uint8Array {
  const sink = new ByteSink();
  sink.varint(input.length);
  for (let from = 0; from < input.length; from += BLOCK_BYTES)
    compressBlock(sink, input.subarray(from, from + BLOCK_BYTES));
  return sink.taken();
}

/** Matches stay inside a block, so that their offsets fit two bytes. */
const BLOCK_BYTES = 65_536;
const HASH_BITS = 13;
const LEAST_MATCH = 4;

function compressBlock(sink: ByteSink, block: Uint8Array): void {
  const lastSeen = new Int32Array(1 << HASH_BITS).fill(-1);
  let literal = 0;
  let at = 0;
  let misses = 0;
  while (at + LEAST_MATCH <= block.length) {
    const word = block[at]! | (block[at + 1]! << 8) | (block[at + 2]! << 16) | (block[at + 3]! << 24);
    const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = lastSeen[hash]!;
    lastSeen[hash] = at;
    if (candidate < 0 || !sameWord(block, candidate, at)) {
      // What does not compress is passed over faster and faster.
      at += 1 + (misses++ >> 5);
      continue;
    }
    misses = 0;
    let end = at + LEAST_MATCH;
    while (end < block.length && block[end] === block[candidate + end - at]) end++;
    writeLiteral(sink, block.subarray(literal, at));
    writeCopies(sink, at - candidate, end - at);
    at = end;
    literal = end;
  }
  writeLiteral(sink, block.subarray(literal));
}

function sameWord(block: Uint8Array, left: number, right: number): boolean {
  for (let byte = 0; byte < LEAST_MATCH; byte++) if (block[left + byte] !== block[right + byte]) return false;
  return true;
}

function writeLiteral(sink: ByteSink, bytes: Uint8Array): void {
  const length = bytes.length - 1;
  if (length < 0) return;
  if (length < 60) sink.byte(length << 2);
  else if (length < 256) {
    sink.byte(60 << 2);
    sink.byte(length);
  } else {
    sink.byte(61 << 2);
    sink.byte(length & 0xff);
    sink.byte(length >>> 8);
  }
  sink.bytes(bytes);
}

/** Copies of up to 64 bytes with an offset of two bytes. */
function writeCopies(sink: ByteSink, offset: number, length: number): void {
  for (let left = length; left > 0;) {
    const some = Math.min(64, left);
    sink.byte(((some - 1) << 2) | 2);
    sink.byte(offset & 0xff);
    sink.byte(offset >>> 8);
    left -= some;
  }
}
