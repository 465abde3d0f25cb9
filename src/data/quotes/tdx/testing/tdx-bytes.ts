/**
 * Answers as a TDX server writes them, built the other way round than they are read: varints from a string of bits, headers
 * from hex text, floats by way of a typed array.
 */
import { deflateSync } from "node:zlib";

/** Sign and 6 bits, then 7 bits at a time, lowest first. */
export function varint(value: number): number[] {
  const bits = Math.abs(value).toString(2);
  const groups: string[] = [bits.slice(-6)];
  for (let end = bits.length - 6; end > 0; end -= 7) groups.push(bits.slice(Math.max(0, end - 7), end));
  return groups.map((group, index) => {
    const more = index < groups.length - 1 ? 0x80 : 0;
    const sign = index === 0 && value < 0 ? 0x40 : 0;
    return Number.parseInt(group === "" ? "0" : group, 2) | more | sign;
  });
}

export const u16 = (value: number): number[] => [value & 255, value >> 8];
export const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];
export const f32 = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];
export const text = (value: string): number[] => [...Buffer.from(value, "latin1")];

export interface ServedQuote {
  readonly market: number;
  readonly code: string;
  /** Ticks. */
  readonly price: number;
  readonly preclose: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly time: number;
  readonly volume: number;
  readonly amount: number;
}

export function quotesBody(quotes: readonly ServedQuote[]): Uint8Array {
  const rows = quotes.flatMap((quote) => {
    const { price } = quote;
    const deltas = [quote.preclose, quote.open, quote.high, quote.low].map((each) => each - price);
    const levels = [1, 2, 3, 4, 5].flatMap((level) => [-level, level, level * 100, level * 1000]);
    return [
      quote.market,
      ...text(quote.code),
      ...u16(2866),
      ...[price, ...deltas, quote.time, -price, quote.volume, 7].flatMap(varint),
      ...f32(quote.amount),
      ...[11, 12, -13, 14, ...levels].flatMap(varint),
      ...u16(397),
      ...[0, 0, 0, 0].flatMap(varint),
      ...u16(65_512),
      ...u16(2866),
    ];
  });
  return Uint8Array.from([0xb1, 0xcb, ...u16(quotes.length), ...rows]);
}

export interface ServedBar {
  /** `yyyymmdd`. */
  readonly date: number;
  /** Minute of the day, of bars within it. */
  readonly minute?: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly amount: number;
}

export function barsBody(bars: readonly ServedBar[]): Uint8Array {
  let before = 0;
  const rows = bars.flatMap(({ date, minute, open, high, low, close, volume, amount }) => {
    const packed = ((Math.floor(date / 10_000) - 2004) << 11) | (date % 10_000);
    const when = minute === undefined ? u32(date) : [...u16(packed), ...u16(minute)];
    const deltas = [open - before, close - open, high - open, low - open];
    before = close;
    return [...when, ...deltas.flatMap(varint), ...f32(volume), ...f32(amount)];
  });
  return Uint8Array.from([...u16(bars.length), ...rows]);
}

export function dividendsBody(
  market: number,
  code: string,
  rows: readonly { readonly date: number; readonly category: number; readonly numbers: readonly number[] }[],
): Uint8Array {
  const id = [market, ...text(code)];
  return Uint8Array.from([
    1,
    0,
    ...id,
    ...u16(rows.length),
    ...rows.flatMap(({ date, category, numbers }) => [
      ...id,
      0,
      ...u32(date),
      category,
      ...numbers.flatMap(f32),
    ]),
  ]);
}

/** The answer to a request, deflated or as it is; `said` and `sent` lie about the lengths. */
export function answerTo(
  request: Uint8Array,
  body: Uint8Array,
  options: { readonly deflated?: boolean; readonly said?: number; readonly sent?: number } = {},
): Uint8Array {
  const payload = options.deflated === true ? deflateSync(body) : body;
  const [sent, said] = [options.sent ?? payload.length, options.said ?? body.length];
  return Uint8Array.from([
    0xb1,
    0xcb,
    0x74,
    0x00,
    0x0c,
    ...request.subarray(1, 5),
    0,
    ...request.subarray(10, 12),
    ...u16(sent),
    ...u16(said),
    ...payload,
  ]);
}
