import { z } from "zod";
import type { StoreSnapshot } from "#data/store/panel-store";
import type { FactorRegistry } from "#factors/registry";
import { indicatorName, storedIndicators } from "./stored-indicators.ts";

/**
 * `indicator_versions.json`: the version of every stored indicator and the day it was added. A version is the one that the
 * factor declares, as three numbers; where its expression changes and the declaration does not, the last number counts up.
 */
export const indicatorVersionsSchema = z.object({
  version: z.string(),
  indicators: z.record(
    z.string(),
    z.object({
      version: z.string(),
      added_date: z.string(),
      /** The factor, `tech.RSI14`, and what it is stored as. */
      factor: z.string(),
      expression: z.string(),
      /** The version as it was declared when this entry was made. */
      declared: z.string(),
      engine: z.string(),
    }),
  ),
});

export type IndicatorVersions = z.infer<typeof indicatorVersionsSchema>;
type Entry = IndicatorVersions["indicators"][string];

const FORM = "1.0.0";

/** Entries of what is stored; days of addition and counts are carried on from `previous`. */
export function indicatorVersions(
  snapshot: StoreSnapshot,
  registry: FactorRegistry,
  { previous, today }: { readonly previous: IndicatorVersions | null; readonly today: string },
): IndicatorVersions {
  const indicators: Record<string, Entry> = {};
  for (const { name, entry, field } of storedIndicators(snapshot, registry)) {
    const known = previous?.indicators[name];
    const { from: expression, engine } = field.lineage;
    indicators[name] = {
      version: versionOf(known, { declared: entry.version, expression }),
      added_date: known?.added_date ?? today,
      factor: entry.id,
      expression,
      declared: entry.version,
      engine,
    };
  }
  return { version: FORM, indicators };
}

function versionOf(
  known: Entry | undefined,
  now: { readonly declared: string; readonly expression: string },
): string {
  const declared = threeNumbers(now.declared);
  if (known === undefined || known.declared !== now.declared) return declared;
  if (known.expression === now.expression) return known.version;
  const [major, minor, patch] = known.version.split(".");
  return `${major}.${minor}.${Number(patch) + 1}`;
}

/** `1` → `1.0.0`, `1.2` → `1.2.0`; what is no version of numbers stays as it is, as a first number. */
function threeNumbers(declared: string): string {
  const parts = declared.split(".").filter((part) => part !== "");
  while (parts.length < 3) parts.push("0");
  return parts.slice(0, 3).join(".");
}

export interface IndicatorChanges {
  /** Registered but not stored. */
  readonly added: readonly string[];
  /** Stored from another expression than is registered now. */
  readonly changed: readonly string[];
  /** In the file but registered no longer. */
  readonly removed: readonly string[];
}

/** What a registry has that a file does not say, of the sets named: what a next run would compute. */
export function indicatorChanges(
  recorded: IndicatorVersions,
  registry: FactorRegistry,
  { sets, expressionOf }: { readonly sets: readonly string[]; readonly expressionOf: (id: string) => string },
): IndicatorChanges {
  const wanted = new Map(
    sets.flatMap((set) => registry.list({ set })).map((entry) => [indicatorName(entry), entry]),
  );
  const added: string[] = [];
  const changed: string[] = [];
  for (const [name, entry] of wanted) {
    const known = recorded.indicators[name];
    if (known === undefined) added.push(name);
    else if (known.expression !== expressionOf(entry.id)) changed.push(name);
  }
  const removed = Object.keys(recorded.indicators).filter((name) => registry.find(name) === undefined);
  return { added, changed, removed };
}
