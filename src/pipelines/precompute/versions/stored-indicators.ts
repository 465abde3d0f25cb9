import type { StoredField, StoreSnapshot } from "#data/store/panel-store";
import type { FactorRegistry, RegisteredFactor } from "#factors/registry";

/** A factor that is stored and registered, under the name that a reader of the version files knows it by. */
export interface StoredIndicator {
  /** Its flat name where it has one: `RSI14`, `alpha_019`, `price_change`; else `alpha360.CLOSE59`. */
  readonly name: string;
  readonly entry: RegisteredFactor;
  readonly field: StoredField;
}

/** In the order of the registry. Stored factors that are registered no longer are not among them. */
export function storedIndicators(
  snapshot: StoreSnapshot,
  registry: FactorRegistry,
): readonly StoredIndicator[] {
  const sets = new Map(
    [...snapshot.fieldSets.values()]
      .filter(({ role }) => role === "factor")
      .map(({ name, fields }) => [name, new Map(fields.map((field) => [field.name, field]))]),
  );
  return registry.list().flatMap((entry) => {
    const field = sets.get(entry.set.name)?.get(entry.factor.name);
    return field === undefined ? [] : [{ name: indicatorName(entry), entry, field }];
  });
}

export function indicatorName({ id, aliases }: RegisteredFactor): string {
  return aliases[0] ?? id;
}

const kinds: Readonly<Record<string, string>> = {
  tech: "technical",
  alpha158: "alpha",
  alpha360: "alpha",
  fund: "fundamental",
  stat: "statistical",
  candle: "candlestick",
};

/** The group of the version files that a set belongs to: `technical`, `alpha`, `fundamental`, or its own name. */
export function indicatorKind(set: string): string {
  return kinds[set] ?? set;
}
