/** Text files in the encodings that market data comes in, as UTF-8. */
import type { Reading } from "../mapping/mapping.ts";

type Encoding = Reading["encoding"];

/** The encoding to decode these bytes with: `auto` is UTF-8 when they are valid UTF-8, else GB18030. */
export function encodingOf(bytes: Uint8Array, asked: Encoding): Exclude<Encoding, "auto"> {
  if (asked !== "auto") return asked;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return isUtf8(bytes) ? "utf-8" : "gb18030";
}

/** Whether the bytes are UTF-8; a character cut off at their end does not count against it. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** The text, without a byte order mark. */
export function decodeText(bytes: Uint8Array, encoding: Exclude<Encoding, "auto">): string {
  return new TextDecoder(encoding).decode(bytes);
}
