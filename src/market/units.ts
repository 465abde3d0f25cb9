import { MarketError } from "./errors.ts";

/**
 * Units of source data. Canonical are currency units, shares (or base-asset units) and plain ratios; every unit met
 * so far is a power of ten of one of them, so a conversion moves the decimal point. It is exact in this sense: the
 * result is the double nearest to the decimal number that the source wrote.
 */
export type Measure = "currency" | "quantity" | "ratio";

export interface Unit {
  readonly name: string;
  readonly measure: Measure;
  /** One of these is 10^exponent canonical units. */
  readonly exponent: number;
  readonly aliases: readonly string[];
  readonly title: string;
}

export const units: readonly Unit[] = [
  {
    name: "currency",
    measure: "currency",
    exponent: 0,
    aliases: ["yuan", "CNY", "USD", "HKD", "USDT", "元"],
    title: "currency units",
  },
  { name: "fen", measure: "currency", exponent: -2, aliases: ["cent", "分"], title: "1/100" },
  { name: "li", measure: "currency", exponent: -3, aliases: ["厘"], title: "1/1000 yuan" },
  { name: "price×10000", measure: "currency", exponent: -4, aliases: ["1e-4"], title: "prices × 10,000" },
  { name: "thousand-yuan", measure: "currency", exponent: 3, aliases: ["千元"], title: "1,000 yuan" },
  { name: "ten-thousand-yuan", measure: "currency", exponent: 4, aliases: ["万元"], title: "10,000 yuan" },
  { name: "million-yuan", measure: "currency", exponent: 6, aliases: ["百万元"], title: "1,000,000 yuan" },
  { name: "hundred-million-yuan", measure: "currency", exponent: 8, aliases: ["亿元"], title: "10^8 yuan" },
  {
    name: "shares",
    measure: "quantity",
    exponent: 0,
    aliases: ["share", "股", "base-asset"],
    title: "shares, or units of the base asset",
  },
  { name: "hand", measure: "quantity", exponent: 2, aliases: ["手", "lot"], title: "100 shares" },
  {
    name: "thousand-shares",
    measure: "quantity",
    exponent: 3,
    aliases: ["千股"],
    title: "1,000 shares",
  },
  {
    name: "ten-thousand-shares",
    measure: "quantity",
    exponent: 4,
    aliases: ["万股"],
    title: "10,000 shares",
  },
  { name: "ratio", measure: "ratio", exponent: 0, aliases: [], title: "plain ratio" },
  { name: "percent", measure: "ratio", exponent: -2, aliases: ["%"], title: "1/100" },
  { name: "basis-points", measure: "ratio", exponent: -4, aliases: ["bps", "bp"], title: "1/10,000" },
];

const byName = new Map<string, Unit>();
for (const unit of units) for (const name of [unit.name, ...unit.aliases]) byName.set(name, unit);

/** The unit of that name or alias (`hand`, `手`). Throws MARKET_UNIT_UNKNOWN. */
export function unitNamed(name: string): Unit {
  const unit = byName.get(name);
  if (unit === undefined) {
    throw new MarketError("MARKET_UNIT_UNKNOWN", `"${name}" is no unit`, {
      remedy: `Use one of ${units.map((known) => known.name).join(", ")}.`,
    });
  }
  return unit;
}

/** A value of a source in canonical units. NaN stays NaN. */
export function toCanonical(value: number, unit: Unit): number {
  return shiftDecimal(value, unit.exponent);
}

/** A canonical value in a source's unit: the inverse of {@link toCanonical}. */
export function fromCanonical(value: number, unit: Unit): number {
  return shiftDecimal(value, -unit.exponent);
}

/** Converts a column in place and returns it. */
export function convertColumn(values: Float64Array, unit: Unit): Float64Array {
  if (unit.exponent === 0) return values;
  for (let row = 0; row < values.length; row++) values[row] = shiftDecimal(values[row]!, unit.exponent);
  return values;
}

/**
 * `value` × 10^exponent, rounded once from the shortest decimal that writes `value`. A division by an exact power
 * of ten, and a product that comes out whole within 15 digits, are so rounded already; the rest goes through text.
 */
export function shiftDecimal(value: number, exponent: number): number {
  if (exponent === 0 || !Number.isFinite(value)) return value;
  const power = 10 ** Math.abs(exponent);
  if (exponent < 0) {
    if (Number.isSafeInteger(value)) return value / power;
  } else {
    const product = Math.round(value * power);
    if (Math.abs(product) < 1e15 && product / power === value) return product;
  }
  return shiftDecimalByText(value, exponent);
}

/** The slow twin of {@link shiftDecimal}: writes the number and moves its exponent. */
export function shiftDecimalByText(value: number, exponent: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const [mantissa = "", power = "0"] = String(value).split("e");
  return Number(`${mantissa}e${Number(power) + exponent}`);
}
