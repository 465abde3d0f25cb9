import { QuoteError } from "../errors.ts";

/**
 * Reads one message from front to back; little-endian. Whatever lies beyond the end is QUOTE_BYTES_INVALID, never a
 * value.
 *
 * Integers of variable length: the first byte holds 6 bits, its sign (0x40) and whether more follow (0x80), every further
 * one 7 bits. Volumes and amounts are IEEE single precision: readers that take them apart by a formula of powers agree
 * with it from 128 up and are wrong below (a dividend of 3.0 comes out as 4098).
 */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  ascii(length: number): string {
    const from = this.#take(length);
    return String.fromCharCode(...this.#bytes.subarray(from, from + length));
  }

  /** At most six bytes: 41 bits, more than any price or volume needs. */
  varint(): number {
    const head = this.u8();
    let value = head & 0x3f;
    let scale = 64;
    let more = (head & 0x80) !== 0;
    for (let length = 1; more; length++) {
      if (length === LONGEST) throw invalid(`an integer of more than ${LONGEST} bytes`);
      const next = this.u8();
      value += (next & 0x7f) * scale;
      scale *= 128;
      more = (next & 0x80) !== 0;
    }
    return (head & 0x40) === 0 || value === 0 ? value : -value;
  }

  #take(count: number): number {
    if (count > this.left) throw invalid(`${count} bytes are wanted where ${this.left} are left`);
    const from = this.#at;
    this.#at += count;
    return from;
  }
}

const LONGEST = 6;

export function invalid(found: string): QuoteError {
  return new QuoteError("QUOTE_BYTES_INVALID", `the answer of the server cannot be read: ${found}`, {
    remedy: "try another server; one that goes on like this speaks another version",
  });
}
