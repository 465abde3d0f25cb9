import { z } from "zod";
import type { StoreSnapshot } from "#data/store/panel-store";
import type { FactorRegistry } from "#factors/registry";
import { isoOf } from "#market/day";
import { storeName } from "../../workspace.ts";
import { indicatorKind, storedIndicators } from "./stored-indicators.ts";

/**
 * `data_version.json`: which precomputed data there are, and from which bars. The members of the document that asks for it
 * come first; `generation` and `input_generation` are what programs compare, the dates are for people.
 */
export const dataVersionSchema = z.object({
  /** Of this file's form. */
  version: z.string(),
  /** Day on which factors were last brought up to date, in the exchange's time zone. */
  precompute_date: z.string().nullable(),
  /** Day on which bars were last written. */
  parquet_version: z.string().nullable(),
  /** Names by kind: `technical`, `alpha`, `fundamental`, `base`, … */
  indicators: z.record(z.string(), z.array(z.string())),
  stock_count: z.number(),
  date_range: z.object({ start: z.string().nullable(), end: z.string().nullable() }),
  store: z.string(),
  generation: z.number(),
  /** The oldest generation of the bars that a stored factor was computed from; null when none is stored. */
  input_generation: z.number().nullable(),
});

export type DataVersion = z.infer<typeof dataVersionSchema>;

export interface DataVersionOptions {
  /** Day of a generation, where it is known. */
  readonly dayOf: (generation: number) => string | null;
}

const FORM = "1.0.0";

/** What a generation holds. Factors that are registered no longer are not listed. */
export function dataVersion(
  snapshot: StoreSnapshot,
  registry: FactorRegistry,
  { dayOf }: DataVersionOptions,
): DataVersion {
  const stored = storedIndicators(snapshot, registry);
  const indicators: Record<string, string[]> = { technical: [], alpha: [], fundamental: [] };
  for (const { name, entry } of stored) (indicators[indicatorKind(entry.set.name)] ??= []).push(name);
  const inputs = stored.flatMap(({ entry, field }) => [
    field.lineage.inputGeneration,
    ...Object.values(snapshot.fieldSets.get(entry.set.name)?.behind ?? {}),
  ]);
  const listed = snapshot.instruments.filter(({ first, last }) => first <= last);
  const { days } = snapshot.time;
  const dayAt = (row: number): string | null => (days.length === 0 ? null : isoOf(days.at(row)!));
  return {
    version: FORM,
    precompute_date: stored.length === 0 ? null : dayOf(snapshot.generation),
    parquet_version: dayOf(writtenIn(snapshot, "market")),
    indicators,
    stock_count: listed.length,
    date_range: { start: dayAt(0), end: dayAt(-1) },
    store: storeName(snapshot.key),
    generation: snapshot.generation,
    input_generation: inputs.length === 0 ? null : inputs.reduce((a, b) => Math.min(a, b)),
  };
}

/** The newest generation that wrote to sets of a role; 0 when none did. */
function writtenIn(snapshot: StoreSnapshot, role: string): number {
  let newest = 0;
  for (const set of snapshot.fieldSets.values()) {
    if (set.role !== role) continue;
    for (let block = 0; block < snapshot.blocks; block++)
      newest = Math.max(newest, snapshot.writtenIn(set.name, block));
  }
  return newest;
}
