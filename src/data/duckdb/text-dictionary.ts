/**
 * Turns DuckDB's 16-byte string slots into dictionary codes without making a JavaScript string per row.
 * A slot holds the byte length and, up to 12 bytes, the text itself; such slots are equal as four 32-bit words
 * exactly when the texts are equal. Longer texts are read through their pointer, by the caller.
 */
const INLINE_BYTES = 12;
const decoder = new TextDecoder();

export class TextDictionary {
  /** Texts in order of first appearance; grows, never reorders. */
  readonly texts: string[] = [];
  readonly #codes = new Map<string, number>();
  /** Open addressing over the four words of inline slots; `#slots[i]` is code + 1, 0 when free. */
  #slots = new Int32Array(1 << 10);
  #keys = new Uint32Array(4 << 10);
  #used = 0;

  /** The code of a text, added when new. */
  codeOf(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.texts.length;
      this.texts.push(text);
      this.#codes.set(text, code);
    }
    return code;
  }

  /**
   * Codes of `count` slots into `into` from `offset`; rows whose bit in `validity` is clear become −1.
   * `words` are the raw slots (4 per row), `longText` reads a text that does not fit its slot.
   */
  encode(
    words: Uint32Array,
    count: number,
    target: {
      readonly into: Int32Array;
      readonly offset: number;
      readonly validity: Uint8Array | null;
      readonly longText: (row: number) => string;
    },
  ): void {
    const { into, offset, validity, longText } = target;
    let previous = -1;
    let w0 = 0;
    let w1 = 0;
    let w2 = 0;
    let w3 = 0;
    for (let row = 0; row < count; row++) {
      if (validity !== null && ((validity[row >>> 3]! >>> (row & 7)) & 1) === 0) {
        into[offset + row] = -1;
        continue;
      }
      const at = row << 2;
      const length = words[at]!;
      if (length > INLINE_BYTES) {
        into[offset + row] = this.codeOf(longText(row));
        continue;
      }
      if (
        previous < 0 ||
        length !== w0 ||
        words[at + 1] !== w1 ||
        words[at + 2] !== w2 ||
        words[at + 3] !== w3
      ) {
        w0 = length;
        w1 = words[at + 1]!;
        w2 = words[at + 2]!;
        w3 = words[at + 3]!;
        previous = this.#inline(w0, w1, w2, w3);
      }
      into[offset + row] = previous;
    }
  }

  #inline(w0: number, w1: number, w2: number, w3: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(w0, w1, w2, w3) & mask;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === 0) break;
      const key = slot << 2;
      if (
        this.#keys[key] === w0 &&
        this.#keys[key + 1] === w1 &&
        this.#keys[key + 2] === w2 &&
        this.#keys[key + 3] === w3
      ) {
        return entry - 1;
      }
      slot = (slot + 1) & mask;
    }
    const bytes = new Uint8Array(new Uint32Array([w1, w2, w3]).buffer, 0, w0);
    const code = this.codeOf(decoder.decode(bytes));
    this.#put(slot, code, w0, w1, w2, w3);
    if (++this.#used * 2 > this.#slots.length) this.#grow();
    return code;
  }

  #put(slot: number, code: number, w0: number, w1: number, w2: number, w3: number): void {
    this.#slots[slot] = code + 1;
    const key = slot << 2;
    this.#keys[key] = w0;
    this.#keys[key + 1] = w1;
    this.#keys[key + 2] = w2;
    this.#keys[key + 3] = w3;
  }

  #grow(): void {
    const slots = this.#slots;
    const keys = this.#keys;
    this.#slots = new Int32Array(slots.length * 2);
    this.#keys = new Uint32Array(keys.length * 2);
    const mask = this.#slots.length - 1;
    for (let old = 0; old < slots.length; old++) {
      const entry = slots[old]!;
      if (entry === 0) continue;
      const key = old << 2;
      const [w0, w1, w2, w3] = [keys[key]!, keys[key + 1]!, keys[key + 2]!, keys[key + 3]!];
      let slot = hash(w0, w1, w2, w3) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#put(slot, entry - 1, w0, w1, w2, w3);
    }
  }
}

function hash(w0: number, w1: number, w2: number, w3: number): number {
  let h = Math.imul(w1 ^ Math.imul(w0, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ w2, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ w3, 0x27d4eb2f);
  return h ^ (h >>> 16);
}
