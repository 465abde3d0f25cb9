import type { Day } from "../day.ts";

/**
 * What is known about a share as of a day, beyond its code. Comes from dated tables (`AsOfTable<TradingStatus>`),
 * never from today's list. Everything left out counts as not so, which is right for an old share in good standing.
 */
export interface TradingStatus {
  /** Under risk warning: ST, *ST, SST, S*ST. */
  readonly st?: boolean;
  /** First day of trading on its board. */
  readonly listedOn?: Day;
  /** First day of trading again after listing was suspended (恢复上市). */
  readonly relistedOn?: Day;
  /** First day of the delisting period (退市整理期). */
  readonly delistingFrom?: Day;
}

/**
 * What a mainland short name says: `ST`, `*ST`, `SST`, `S*ST` at the front (after `XD`, `XR`, `DR`, `N`, `C`) are risk
 * warnings; `退市` in front or `退` at the end is the delisting period. Only as good as the name's own date.
 */
export function standingOfName(name: string): { readonly st: boolean; readonly delisting: boolean } {
  const plain = name.normalize("NFKC").replace(/\s+/g, "").toUpperCase();
  const delisting = plain.startsWith("退市") || plain.endsWith("退");
  return { st: !delisting && /^(?:XD|XR|DR|N|C)?S?\*?ST/.test(plain), delisting };
}
