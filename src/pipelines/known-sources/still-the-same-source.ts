/** Whether a source that is read again unasked still is what it was when someone asked for it. */
import { DataError } from "#data/errors";
import type { SourceDescription } from "#data/source";
import type { FileChange } from "#data/sources/fingerprint/source-fingerprint";
import { storeName } from "../workspace.ts";
import type { KnownSource } from "./known-source.ts";

/**
 * Throws DATA_KIND_OTHER when the store, the adjustment or the column behind a field differs. Whoever edits a mapping
 * file means it, as long as the bars stay bars of the same store.
 */
export function refuseOtherSource(
  known: KnownSource,
  now: SourceDescription,
  changes: readonly FileChange[],
): void {
  const differs = differenceOf(known, now, changes);
  if (differs === null) return;
  throw new DataError(
    "DATA_KIND_OTHER",
    `${known.locator} is not what it was when it was imported: ${differs}`,
    {
      remedy: "look at it with `data detect`, then import it by hand or restore the file",
      place: { file: known.place },
    },
  );
}

function differenceOf(
  known: KnownSource,
  now: SourceDescription,
  changes: readonly FileChange[],
): string | null {
  const [before, after] = [storeName(known), storeName(now)];
  if (before !== after) return `its bars now belong to the store ${after}, not ${before}`;
  if (changes.some(({ path }) => path === known.mapping)) return null;
  const { kind } = now.adjustment;
  if (kind !== known.adjustment) return `its prices are now ${kind}, not ${known.adjustment}`;
  const fields = new Map(now.fields.map(({ name, from }) => [name, from]));
  for (const { name, from } of known.fields) {
    const found = fields.get(name);
    if (found !== from) return `${name} comes from ${found ?? "no column"}, not from ${from}`;
  }
  return null;
}
