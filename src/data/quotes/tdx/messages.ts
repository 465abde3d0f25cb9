import { dayOfYmd, type Day } from "#market/day";
import { ByteCursor, invalid } from "./byte-cursor.ts";

/**
 * Requests and answers of a TDX level-1 server, after the parsers of pytdx. Numbers are as the server has them: prices in
 * ticks, volumes in its own unit; `canonical.ts` converts them.
 *
 * A request is `0c`, four bytes of id, a byte, its length twice, a u16 of type and the rest; an answer repeats id and type.
 */
export interface Request {
  readonly bytes: Uint8Array;
}

/** Market byte and six digits. */
export interface TdxCode {
  readonly market: 0 | 1 | 2;
  readonly code: string;
}

/** Most instruments of one quotes request, and most bars of one bars request. */
export const MOST_QUOTES = 80;
export const MOST_BARS = 800;

/** Bars by length, as the server numbers them. */
export const BAR_KINDS = { "5min": 0, "15min": 1, "30min": 2, "60min": 3, day: 9, "1min": 8 } as const;
export type BarKind = keyof typeof BAR_KINDS;

const fromHex = (text: string): Request => ({
  bytes: Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex")),
});

/** Sent one after the other after connecting, each answered. */
export const SETUP: readonly Request[] = [
  fromHex("0c 02 18 93 00 01 03 00 03 00 0d 00 01"),
  fromHex("0c 02 18 94 00 01 03 00 03 00 0d 00 02"),
];

/** The client's log-in, which pytdx sends third. Many servers of today refuse it and then send bars without rows. */
export const LOG_IN: Request = fromHex(
  "0c 03 18 99 00 01 20 00 20 00 db 0f d5 d0 c9 cc d6 a4 a8 af 00 00 00 8f c2 25 40 13 00 00 d5 00 c9 cc bd f0 d7 ea 00 00 00 02",
);

export function quotesRequest(codes: readonly TdxCode[]): Request {
  if (codes.length < 1 || codes.length > MOST_QUOTES)
    throw new RangeError(`${codes.length} instruments in one request, 1 to ${MOST_QUOTES} are possible`);
  const bytes = new Uint8Array(22 + codes.length * 7);
  const length = codes.length * 7 + 12;
  fill(bytes, [
    [2, 0x010c],
    [4, 0x02006320],
    [2, length],
    [2, length],
    [4, 0x0005053e],
    [4, 0],
    [2, 0],
    [2, codes.length],
  ]);
  for (const [index, code] of codes.entries()) putCode(bytes, 22 + index * 7, code);
  return { bytes };
}

/** The `count` bars before the last `start` ones. */
export function barsRequest(
  { market, code }: TdxCode,
  { kind, start, count }: { readonly kind: BarKind; readonly start: number; readonly count: number },
): Request {
  if (!(count >= 1 && count <= MOST_BARS && start >= 0 && start <= 0xffff))
    throw new RangeError(`${count} bars from ${start}: 1 to ${MOST_BARS} are possible`);
  const bytes = new Uint8Array(38);
  fill(bytes, [
    [2, 0x010c],
    [4, 0x01016408],
    [2, 0x1c],
    [2, 0x1c],
    [2, 0x052d],
    [2, market],
  ]);
  for (let at = 0; at < 6; at++) bytes[14 + at] = code.charCodeAt(at);
  fill(bytes.subarray(20), [
    [2, BAR_KINDS[kind]],
    [2, 1],
    [2, start],
    [2, count],
  ]);
  return { bytes };
}

/** Dividends and rights of all time. */
export function dividendsRequest(code: TdxCode): Request {
  const { bytes: head } = fromHex("0c 1f 18 76 00 01 0b 00 0b 00 0f 00 01 00");
  const bytes = new Uint8Array(head.length + 7);
  bytes.set(head);
  putCode(bytes, head.length, code);
  return { bytes };
}

export interface TdxQuote extends TdxCode {
  /** Ticks; 0 while nothing was traded. */
  readonly price: number;
  readonly preclose: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  /** `HHMMFFFF`, FFFF ten-thousandths of a minute; or `HHFFFFFF`, millionths of an hour from 600000 on. */
  readonly time: number;
  readonly volume: number;
  readonly amount: number;
}

/** Five prices each way, with volumes. */
const LEVEL_NUMBERS = 20;

export function readQuotes(body: Uint8Array): TdxQuote[] {
  const cursor = new ByteCursor(body);
  cursor.skip(2);
  const count = cursor.u16();
  if (count > MOST_QUOTES) throw invalid(`${count} quotes in one answer`);
  const quotes: TdxQuote[] = [];
  for (let index = 0; index < count; index++) {
    const code = readCode(cursor);
    cursor.skip(2);
    const price = cursor.varint();
    const [preclose, open, high, low] = [0, 0, 0, 0].map(() => price + cursor.varint()) as [
      number,
      number,
      number,
      number,
    ];
    const time = cursor.varint();
    cursor.varint();
    const volume = cursor.varint();
    cursor.varint();
    const amount = cursor.f32();
    for (let skipped = 0; skipped < 4 + LEVEL_NUMBERS; skipped++) cursor.varint();
    cursor.skip(2);
    for (let skipped = 0; skipped < 4; skipped++) cursor.varint();
    cursor.skip(4);
    quotes.push({ ...code, price, preclose, open, high, low, time, volume, amount });
  }
  return quotes;
}

export interface TdxBar {
  readonly day: Day;
  /** Minute of the day at which the bar ends; of daily bars NaN. */
  readonly minute: number;
  /** Thousandths of a currency unit. */
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly amount: number;
}

/** Oldest first. */
export function readBars(body: Uint8Array, kind: BarKind): TdxBar[] {
  const cursor = new ByteCursor(body);
  const count = cursor.u16();
  if (count > MOST_BARS) throw invalid(`${count} bars in one answer`);
  const bars: TdxBar[] = [];
  let before = 0;
  for (let index = 0; index < count; index++) {
    const [day, minute] = kind === "day" ? [readDay(cursor), Number.NaN] : readMinute(cursor);
    const open = before + cursor.varint();
    const close = open + cursor.varint();
    const high = open + cursor.varint();
    const low = open + cursor.varint();
    const [volume, amount] = [cursor.f32(), cursor.f32()];
    bars.push({ day, minute, open, high, low, close, volume, amount });
    before = close;
  }
  return bars;
}

/** What left a share on an ex-day, per ten shares. */
export interface TdxDividend {
  readonly day: Day;
  /** 1: dividends and rights; others are changes of the number of shares. */
  readonly category: number;
  /** Of category 1: cash, price of a rights share, bonus shares, rights shares, each per ten shares. */
  readonly cash: number;
  readonly rightsPrice: number;
  readonly bonus: number;
  readonly rights: number;
}

export function readDividends(body: Uint8Array): TdxDividend[] {
  if (body.length < 11) return [];
  const cursor = new ByteCursor(body);
  cursor.skip(9);
  const count = cursor.u16();
  const rows: TdxDividend[] = [];
  for (let index = 0; index < count; index++) {
    cursor.skip(8);
    const day = readDay(cursor);
    const category = cursor.u8();
    const [cash, rightsPrice, bonus, rights] = [cursor.f32(), cursor.f32(), cursor.f32(), cursor.f32()];
    rows.push({ day, category, cash, rightsPrice, bonus, rights });
  }
  return rows;
}

function readCode(cursor: ByteCursor): TdxCode {
  const market = cursor.u8();
  const code = cursor.ascii(6);
  if (market > 2 || !/^\d{6}$/.test(code)) throw invalid(`the instrument ${market} ${JSON.stringify(code)}`);
  return { market: market as TdxCode["market"], code };
}

function readDay(cursor: ByteCursor): Day {
  const text = cursor.u32();
  return checkedDay(Math.floor(text / 10_000), Math.floor(text / 100) % 100, text % 100);
}

function readMinute(cursor: ByteCursor): [Day, number] {
  const [date, minute] = [cursor.u16(), cursor.u16()];
  if (minute >= 1440) throw invalid(`the minute ${minute}`);
  return [checkedDay((date >> 11) + 2004, Math.floor((date & 0x7ff) / 100), (date & 0x7ff) % 100), minute];
}

function checkedDay(year: number, month: number, dayOfMonth: number): Day {
  const day = dayOfYmd(year, month, dayOfMonth);
  if (Number.isNaN(day) || year < 1990 || year > 2100)
    throw invalid(`the date ${year}-${month}-${dayOfMonth}`);
  return day;
}

function putCode(bytes: Uint8Array, at: number, { market, code }: TdxCode): void {
  bytes[at] = market;
  for (let digit = 0; digit < 6; digit++) bytes[at + 1 + digit] = code.charCodeAt(digit);
}

/** Little-endian numbers of 2 or 4 bytes, one behind the other. */
function fill(bytes: Uint8Array, parts: readonly (readonly [size: 2 | 4, value: number])[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const [size, value] of parts) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
}
