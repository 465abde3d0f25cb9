/** What names and unit columns say about units. Hints: the numbers have to agree. */
import { unitNamed } from "#market/units";
import { MarketError } from "#market/errors";
import type { Sample } from "../recognition.ts";
import type { UnitHints } from "./units.ts";

type Hinted = Pick<UnitHints, "price" | "volume" | "amount">;

export function unitHints(
  sample: Sample,
  columns: {
    readonly close?: string | undefined;
    readonly volume?: string | undefined;
    readonly amount?: string | undefined;
  },
): Hinted {
  return {
    price: hint(columns.close, []),
    volume: hint(columns.volume, unitColumn(sample, ["vol_unit", "volume_unit"])),
    amount: hint(columns.amount, unitColumn(sample, ["amount_unit"])),
  };
}

/** The one unit that a column such as `vol_unit` states. */
function unitColumn(sample: Sample, plain: readonly string[]): string[] {
  const column = plain.map((name) => sample.names.column(name)).find((name) => name !== undefined);
  if (column === undefined) return [];
  const values = new Set(sample.head.map((row) => row[column]).filter((value) => typeof value === "string"));
  return values.size === 1 ? [...values] : [];
}

function hint(name: string | undefined, stated: readonly string[]): string | undefined {
  const candidates = [...stated];
  if (name !== undefined) {
    const suffix = /_(li|hand|shares|yuan)$/i.exec(name)?.[1]?.toLowerCase();
    if (suffix !== undefined) candidates.push(suffix);
    const bracket = /[(（]([^)）]+)[)）]/.exec(name)?.[1];
    if (bracket !== undefined) candidates.push(bracket);
  }
  for (const candidate of candidates) {
    try {
      return unitNamed(candidate).name;
    } catch (error) {
      if (!(error instanceof MarketError)) throw error;
    }
  }
  return undefined;
}
