import type { StoredField, StoreSnapshot } from "#data/store/panel-store";

/**
 * The generation that all values of these factors in a block were computed from, if they are stored as they are wanted:
 * the same expression, engine and type. 0 when some are missing or others.
 */
export function inputGeneration(
  snapshot: StoreSnapshot,
  wanted: { readonly set: string; readonly fields: readonly StoredField[]; readonly block: number },
): number {
  const stored = snapshot.fieldSets.get(wanted.set);
  if (stored === undefined) return 0;
  const known = knownFields(stored.fields);
  let oldest = Number.POSITIVE_INFINITY;
  for (const { name, dtype, lineage } of wanted.fields) {
    const field = known.get(name);
    if (field === undefined || field.dtype !== dtype) return 0;
    if (field.lineage.from !== lineage.from || field.lineage.engine !== lineage.engine) return 0;
    oldest = Math.min(oldest, field.lineage.inputGeneration);
  }
  if (oldest === Number.POSITIVE_INFINITY) return 0;
  return Math.min(oldest, stored.behind?.[wanted.block] ?? oldest);
}

/** The newest generation that wrote to a block of what factors are computed from. */
export function inputsWrittenIn(snapshot: StoreSnapshot, block: number): number {
  let newest = 0;
  for (const { name, role } of snapshot.fieldSets.values()) {
    if (role === "market") newest = Math.max(newest, snapshot.writtenIn(name, block));
  }
  return newest;
}

const byFields = new WeakMap<readonly StoredField[], ReadonlyMap<string, StoredField>>();

function knownFields(fields: readonly StoredField[]): ReadonlyMap<string, StoredField> {
  let known = byFields.get(fields);
  if (known === undefined) byFields.set(fields, (known = new Map(fields.map((each) => [each.name, each]))));
  return known;
}
