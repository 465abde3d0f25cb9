/**
 * Values on their way to and from PostgreSQL, as text in both directions, so that PGlite and a server give the same.
 * The drivers' own conversions differ (int8, date, numeric, interval) and are replaced by these.
 */
export type Decoder = (text: string) => unknown;

/** A value as PostgreSQL's text format; the server infers the type from the statement. */
export function encodeValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return `{${value.map(encodeElement).join(",")}}`;
  if (typeof value === "object") return JSON.stringify(value);
  throw new TypeError(`a ${typeof value} is no value for a statement`);
}

function encodeElement(value: unknown): string {
  if (Array.isArray(value)) return encodeValue(value)!;
  const text = encodeValue(value);
  return text === null ? "NULL" : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function decodeInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** `2026-11-21 18:00:00.5+00`: an instant, to the millisecond. */
function decodeInstant(text: string): Date {
  const iso = text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
  const instant = new Date(iso);
  if (Number.isNaN(instant.getTime())) throw new RangeError(`${text} is no instant that a Date can hold`);
  return instant;
}

const text: Decoder = (value) => value;
const number: Decoder = Number;
const json: Decoder = (value) => JSON.parse(value) as unknown;
const truth: Decoder = (value) => value === "t";
const bytes: Decoder = (value) => new Uint8Array(Buffer.from(value.slice(2), "hex"));

/** Element type, array type, decoder: the numbers are PostgreSQL's, fixed in pg_type. */
const known: readonly (readonly [oid: number, arrayOid: number, decode: Decoder])[] = [
  [16, 1000, truth],
  [17, 1001, bytes],
  [19, 1003, text],
  [20, 1016, decodeInteger],
  [21, 1005, number],
  [23, 1007, number],
  [25, 1009, text],
  [26, 1028, number],
  [114, 199, json],
  [700, 1021, number],
  [701, 1022, number],
  [1042, 1014, text],
  [1043, 1015, text],
  [1082, 1182, text],
  [1083, 1183, text],
  [1114, 1115, text],
  [1184, 1185, decodeInstant],
  [1186, 1187, text],
  [1700, 1231, text],
  [2950, 2951, text],
  [3802, 3807, json],
];

/** What turns the text of a column of each type into a value; types that are not here stay text. */
export const decoders: ReadonlyMap<number, Decoder> = new Map(
  known.flatMap(([oid, arrayOid, decode]): [number, Decoder][] => [
    [oid, decode],
    [arrayOid, (value) => decodeArray(value, decode)],
  ]),
);

/** A PostgreSQL array literal such as `{1,NULL,"a \"b\""}` or `{{1,2},{3,4}}`. */
export function decodeArray(literal: string, decode: Decoder): unknown[] {
  // A literal of other lower bounds than 1 starts with them: [0:1]={a,b}.
  let at = literal.indexOf("{");
  const readArray = (): unknown[] => {
    const elements: unknown[] = [];
    at += 1;
    while (literal[at] !== "}") {
      if (at >= literal.length) throw new RangeError(`${literal} is no array`);
      if (literal[at] === ",") at += 1;
      elements.push(literal[at] === "{" ? readArray() : readElement());
    }
    at += 1;
    return elements;
  };
  const readElement = (): unknown => {
    if (literal[at] !== '"') {
      const start = at;
      while (at < literal.length && literal[at] !== "," && literal[at] !== "}") at += 1;
      const bare = literal.slice(start, at);
      return bare === "NULL" ? null : decode(bare);
    }
    let element = "";
    for (at += 1; literal[at] !== '"'; at += 1) {
      if (at >= literal.length) throw new RangeError(`${literal} is no array`);
      if (literal[at] === "\\") at += 1;
      element += literal[at];
    }
    at += 1;
    return decode(element);
  };
  if (at < 0) throw new RangeError(`${literal} is no array`);
  return readArray();
}
