/**
 * PostgreSQL's `numeric` on the wire: number of digits, weight of the first, sign and scale (int16 each), then digits of
 * base 10,000. The result is the double nearest to the decimal number.
 */
const NEGATIVE = 0x4000;
const NOT_A_NUMBER = 0xc000;
const PLUS_INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** The value whose bytes begin at `at`. */
export function numericValue(view: DataView, at: number): number {
  const digits = view.getUint16(at);
  const weight = view.getInt16(at + 2);
  const sign = view.getUint16(at + 4);
  if (sign === NOT_A_NUMBER) return Number.NaN;
  if (sign === PLUS_INFINITY) return Number.POSITIVE_INFINITY;
  if (sign === MINUS_INFINITY) return Number.NEGATIVE_INFINITY;
  if (digits === 0) return 0;
  // A whole number below 2^53 over an exact power of ten is rounded once; everything else goes through text.
  const exponent = (weight - digits + 1) * 4;
  let whole = 0;
  if (digits <= 4) {
    for (let digit = 0; digit < digits; digit++) whole = whole * 10_000 + view.getUint16(at + 8 + 2 * digit);
  }
  if (digits <= 4 && whole <= Number.MAX_SAFE_INTEGER && exponent <= 0 && exponent >= -22) {
    const value = exponent === 0 ? whole : whole / powers[-exponent]!;
    return sign === NEGATIVE ? -value : value;
  }
  return numericValueByText(view, at);
}

/** The slow twin of {@link numericValue}, for finite numbers: writes the digits and reads them as a number. */
export function numericValueByText(view: DataView, at: number): number {
  const digits = view.getUint16(at);
  const weight = view.getInt16(at + 2);
  let text = view.getUint16(at + 4) === NEGATIVE ? "-0" : "0";
  for (let digit = 0; digit < digits; digit++)
    text += String(view.getUint16(at + 8 + 2 * digit)).padStart(4, "0");
  return Number(`${text}e${(weight - digits + 1) * 4}`);
}
