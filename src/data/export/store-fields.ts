/** Fields of a store by the names people type: `close`, `alpha158.MA5`, or all of them. */
import { DataError } from "#data/errors";
import type { StoreSnapshot } from "#data/store/panel-store";
import { isStateSet } from "#data/store/state-sets";

/**
 * The fields by set, for `tableOfStore`. A bare name must be in one set only; `set.name` says which. With `all` every
 * field of every set. Throws STORE_FIELD_MISSING, listing what there is, and DATA_VALUE_INVALID on an ambiguous name.
 */
export function storeFieldsOf(
  snapshot: StoreSnapshot,
  wanted: readonly string[] | "all",
): ReadonlyMap<string, readonly string[]> {
  const names = [...snapshot.fieldSets.values()]
    .filter((set) => !isStateSet(set.name))
    .flatMap((set) => set.fields.map(({ name }) => `${set.name}.${name}`));
  const chosen = new Map<string, string[]>();
  for (const asked of wanted === "all" ? names : wanted) {
    const matches = names.filter((name) => name === asked || name.slice(name.indexOf(".") + 1) === asked);
    const exact = matches.includes(asked) ? [asked] : matches;
    if (exact.length === 0) {
      throw new DataError(
        "STORE_FIELD_MISSING",
        `the store has no field "${asked}"; it has ${names.join(", ") || "none"}`,
        {
          remedy: "name one of its fields, or all",
          place: { column: asked },
        },
      );
    }
    if (exact.length > 1) {
      throw new DataError("DATA_VALUE_INVALID", `"${asked}" is the name of ${exact.join(" and ")}`, {
        remedy: "write the set before the name",
        place: { column: asked },
      });
    }
    const [full] = exact as [string];
    const dot = full.indexOf(".");
    const fields = chosen.get(full.slice(0, dot)) ?? [];
    chosen.set(full.slice(0, dot), [...fields, full.slice(dot + 1)]);
  }
  return chosen;
}
