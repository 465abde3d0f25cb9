import type { Measure } from "./units.ts";

/**
 * The canonical fields of a bar: unadjusted, in canonical units, NaN where missing. A suspended day is a row with
 * prices NaN, volume and amount 0 and status 0.
 */
export const barFields = {
  open: { measure: "currency", adjusts: "price", title: "first traded price" },
  high: { measure: "currency", adjusts: "price", title: "highest traded price" },
  low: { measure: "currency", adjusts: "price", title: "lowest traded price" },
  close: { measure: "currency", adjusts: "price", title: "closing price" },
  preclose: {
    measure: "currency",
    adjusts: "price",
    title: "reference price of the day: the last close, less what left the share on an ex-day",
  },
  volume: { measure: "quantity", adjusts: "volume", title: "shares (or base-asset units) traded" },
  amount: { measure: "currency", adjusts: "none", title: "money traded" },
  vwap: { measure: "currency", adjusts: "price", title: "amount / volume" },
  factor: { measure: "ratio", adjusts: "none", title: "cumulative adjustment factor, 1 on the first bar" },
  status: { measure: "ratio", adjusts: "none", title: "1 traded, 0 suspended" },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly measure: Measure;
      /**
       * How an adjusted view is made: `price` × factor, `volume` ÷ factor, `none` untouched. The preclose takes the
       * factor of its own day, which makes it the adjusted close of the day before.
       */
      readonly adjusts: "price" | "volume" | "none";
      readonly title: string;
    }
  >
>;

export type BarField = keyof typeof barFields;

export function isBarField(name: string): name is BarField {
  return Object.hasOwn(barFields, name);
}

/** Amount ÷ volume; NaN where nothing traded. Arrays of one length. */
export function vwapOf(amount: Float64Array, volume: Float64Array): Float64Array {
  return Float64Array.from(amount, (money, row) => {
    const shares = volume[row]!;
    return shares > 0 ? money / shares : Number.NaN;
  });
}
