import type { Span } from "./layers.ts";
import { fieldClasses, visibleRuns } from "./layers.ts";
import type { SegmentEntry } from "./manifest.ts";
import type { StoredDtype } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import type { FieldRead, SegmentFiles } from "./segment-files.ts";

export type StoredValues = Float32Array | Float64Array;

export const arrayFor = (dtype: StoredDtype, length: number): StoredValues =>
  dtype === "f32" ? new Float32Array(length) : new Float64Array(length);

/**
 * Fields of one set and block over `span`, each `[row][lane]`: of every cell the newest value, NaN where none was
 * written. `entries` are the segments of that set and block in the order written. Throws DamageFound.
 */
export async function readLayers(
  files: SegmentFiles,
  entries: readonly SegmentEntry[],
  request: {
    readonly fields: readonly { readonly name: string; readonly dtype: StoredDtype }[];
    readonly span: Span;
  },
): Promise<Map<string, StoredValues>> {
  const { span } = request;
  const arrays = new Map<string, StoredValues>();
  for (const { name, dtype } of request.fields) {
    arrays.set(name, arrayFor(dtype, (span.to - span.from) * LANES_PER_BLOCK));
  }
  const wants = new Map<SegmentEntry, FieldRead[]>();
  for (const fields of fieldClasses(entries, [...arrays.keys()])) {
    const runs = visibleRuns(entries, fields[0]!, span);
    for (const field of fields) {
      const values = arrays.get(field)!;
      let row = span.from;
      for (const { entry, from, to } of runs) {
        fillNaN(values, span, { from: row, to: from });
        const into = values.subarray(
          (from - span.from) * LANES_PER_BLOCK,
          (to - span.from) * LANES_PER_BLOCK,
        );
        const list = wants.get(entry);
        if (list === undefined) wants.set(entry, [{ field, from, to, into }]);
        else list.push({ field, from, to, into });
        row = to;
      }
      fillNaN(values, span, { from: row, to: span.to });
    }
  }
  for (const [entry, list] of wants) await files.read(entry, list);
  return arrays;
}

function fillNaN(values: StoredValues, span: Span, gap: Span): void {
  if (gap.from < gap.to) {
    values.fill(Number.NaN, (gap.from - span.from) * LANES_PER_BLOCK, (gap.to - span.from) * LANES_PER_BLOCK);
  }
}
