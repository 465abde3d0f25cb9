/**
 * Marks the end of an adjusted history, so that anyone can tell whether a source still says the same about the days
 * that are stored: a front-adjusted history is rewritten on every ex-date.
 */
import { createHash } from "node:crypto";

const BARS = 5;

/** Hash of the last five traded days and their closes, 16 hexadecimal digits; empty text when nothing was traded. */
export function fingerprintOf(days: ArrayLike<number>, closes: ArrayLike<number>): string {
  const numbers: number[] = [];
  for (let row = closes.length - 1; row >= 0 && numbers.length < BARS * 2; row--) {
    if (!Number.isNaN(closes[row]!)) numbers.push(days[row]!, closes[row]!);
  }
  if (numbers.length === 0) return "";
  const bytes = new DataView(new ArrayBuffer(numbers.length * 8));
  for (const [at, number] of numbers.entries()) bytes.setFloat64(at * 8, number, true);
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}
