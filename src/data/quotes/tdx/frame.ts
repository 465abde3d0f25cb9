import { inflateSync } from "node:zlib";
import { invalid } from "./byte-cursor.ts";

/**
 * Answers out of a stream of bytes, however it is cut: a header of 16 bytes (`b1 cb 74 00`, a byte, the request's id, a
 * byte, its type, length as sent, length of the body), then the body, deflated when the two lengths differ.
 */
export interface Answer {
  /** As in the request that it answers. */
  readonly id: number;
  readonly type: number;
  readonly body: Uint8Array;
}

const HEADER = 16;
const PREFIX = 0x0074cbb1;

export class FrameReader {
  #held: Buffer = Buffer.alloc(0);

  /** Bytes of an answer that has not come whole. */
  get pending(): number {
    return this.#held.length;
  }

  /** The answers that are whole now. Throws QUOTE_BYTES_INVALID; the stream cannot be read on then. */
  push(bytes: Uint8Array): Answer[] {
    this.#held = this.#held.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
    const answers: Answer[] = [];
    for (;;) {
      const held = this.#held;
      if (held.length < 4) {
        if (held.length > 0 && held[0] !== 0xb1) throw invalid("it does not begin as an answer does");
        return answers;
      }
      if (held.readUInt32LE(0) !== PREFIX) throw invalid("it does not begin as an answer does");
      if (held.length < HEADER) return answers;
      const sent = held.readUInt16LE(12);
      if (held.length < HEADER + sent) return answers;
      const body = bodyOf(held.subarray(HEADER, HEADER + sent), held.readUInt16LE(14));
      answers.push({ id: held.readUInt32LE(5), type: held.readUInt16LE(10), body });
      this.#held = held.subarray(HEADER + sent);
    }
  }
}

/** The body: never more than its header says, whatever the deflated bytes would grow to. */
function bodyOf(sent: Buffer, length: number): Uint8Array {
  if (sent.length === length) return Uint8Array.from(sent);
  let body: Buffer;
  try {
    body = inflateSync(sent, { maxOutputLength: Math.max(1, length) });
  } catch (error) {
    throw invalid(`the deflated body: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (body.length !== length) throw invalid(`a body of ${body.length} bytes, ${length} were said`);
  return Uint8Array.from(body);
}

/** Id and type of a request, as its answer repeats them. */
export function keyOf(request: Uint8Array): { readonly id: number; readonly type: number } {
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  return { id: view.getUint32(1, true), type: view.getUint16(10, true) };
}
