import { readLayers } from "./layered-read.ts";
import type { Span } from "./layers.ts";
import type { SegmentEntry } from "./manifest.ts";
import type { StoredField, StoredValues } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { DamageFound } from "./segment-files.ts";

export interface Rectangle {
  readonly fields: readonly StoredField[];
  readonly columns: readonly StoredValues[];
  /** Absolute row of the first value. */
  readonly from: number;
}

/**
 * The smallest rectangle of what is put that holds every difference from what is stored, or null when there is none:
 * so importing the same again writes nothing, and a whole history put again with one new day writes that day.
 * NaNs are equal whatever their payload, 0 and −0 differ. Where what is stored is damaged, everything counts as changed.
 */
export async function changedPart(put: {
  readonly files: SegmentFiles;
  readonly entries: readonly SegmentEntry[];
  readonly fields: readonly StoredField[];
  readonly columns: readonly StoredValues[];
  readonly span: Span;
}): Promise<Rectangle | null> {
  const { entries, fields, columns, span } = put;
  const overlaps = entries.some((entry) => entry.from < span.to && entry.to > span.from);
  const changed: { readonly index: number; readonly from: number; readonly to: number }[] = [];
  for (const [index, field] of fields.entries()) {
    const difference = await differingRows(put, { field, values: columns[index]!, overlaps });
    // All of it, so that nothing is seen any more of the file, which then goes.
    if (difference === "damaged") return { fields, columns, from: span.from };
    if (difference !== null) changed.push({ index, ...difference });
  }
  if (changed.length === 0) return null;
  const from = Math.min(...changed.map((change) => change.from));
  const to = Math.max(...changed.map((change) => change.to));
  return {
    fields: changed.map(({ index }) => fields[index]!),
    columns: changed.map(({ index }) =>
      columns[index]!.subarray(from * LANES_PER_BLOCK, to * LANES_PER_BLOCK),
    ),
    from: span.from + from,
  };
}

/** Rows of the put that differ, counted from its first one. */
async function differingRows(
  put: { readonly files: SegmentFiles; readonly entries: readonly SegmentEntry[]; readonly span: Span },
  own: { readonly field: StoredField; readonly values: StoredValues; readonly overlaps: boolean },
): Promise<Span | "damaged" | null> {
  const { values } = own;
  let stored: StoredValues | null = null;
  if (own.overlaps) {
    try {
      const read = await readLayers(put.files, put.entries, { fields: [own.field], span: put.span });
      stored = read.get(own.field.name)!;
    } catch (error) {
      if (error instanceof DamageFound) return "damaged";
      throw error;
    }
  }
  let first = 0;
  while (first < values.length && isSame(values[first]!, stored === null ? Number.NaN : stored[first]!))
    first++;
  if (first === values.length) return null;
  let last = values.length - 1;
  while (isSame(values[last]!, stored === null ? Number.NaN : stored[last]!)) last--;
  return { from: Math.floor(first / LANES_PER_BLOCK), to: Math.floor(last / LANES_PER_BLOCK) + 1 };
}

function isSame(left: number, right: number): boolean {
  // Object.is alone is right too, and several times slower on this path.
  return left === right ? left !== 0 || Object.is(left, right) : left !== left && right !== right;
}
