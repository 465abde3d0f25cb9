/**
 * Instrument codes of a stream as numbers. Tables come in the order of codes or of days, so a code is most often the same
 * as before, or one of a few thousand: its bytes are compared with known ones before a string is made of them.
 */
const FIRST_SLOTS = 16_384;

export class CodeDictionary {
  /** By number, in order of first appearance. */
  readonly texts: string[] = [];
  readonly #padded: boolean;
  readonly #bytes: Buffer[] = [];
  /** Hash table with linear probing: numbers of texts, or −1. */
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #last = -1;

  /** `padded`: trailing blanks do not count (`character(n)`). */
  constructor(padded = false) {
    this.#padded = padded;
  }

  codeOf(source: Buffer, at: number, length: number): number {
    let end = at + length;
    if (this.#padded) while (end > at && source[end - 1] === 0x20) end--;
    const last = this.#last;
    if (last >= 0 && this.#same(last, source, at, end)) return last;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(source, at, end) & mask;
    for (let code = slots[slot]!; code >= 0; code = slots[slot]!) {
      if (this.#same(code, source, at, end)) {
        this.#last = code;
        return code;
      }
      slot = (slot + 1) & mask;
    }
    this.#last = this.#add(Buffer.from(source.subarray(at, end)), slot);
    return this.#last;
  }

  #same(code: number, source: Buffer, at: number, end: number): boolean {
    const bytes = this.#bytes[code]!;
    if (bytes.length !== end - at) return false;
    for (let index = bytes.length - 1; index >= 0; index--)
      if (bytes[index] !== source[at + index]) return false;
    return true;
  }

  #add(bytes: Buffer, slot: number): number {
    const code = this.texts.length;
    this.texts.push(bytes.toString("utf8"));
    this.#bytes.push(bytes);
    this.#slots[slot] = code;
    if (this.texts.length * 2 > this.#slots.length) this.#grow();
    return code;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (const [code, bytes] of this.#bytes.entries()) {
      let slot = hashOf(bytes, 0, bytes.length) & (slots.length - 1);
      while (slots[slot]! >= 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = code;
    }
    this.#slots = slots;
  }
}

function hashOf(source: Buffer, at: number, end: number): number {
  let hash = end - at;
  for (let index = at; index < end; index++) hash = (Math.imul(hash, 31) + source[index]!) | 0;
  return hash ^ (hash >>> 16);
}
