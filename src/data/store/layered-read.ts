import type { Span } from "./layers.ts";
import { fieldClasses, visibleRuns } from "./layers.ts";
import type { SegmentEntry } from "./manifest.ts";
import type { StoredDtype, StoredValues } from "./panel-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import { bytesPerValue } from "./segment.ts";
import type { FieldRead, SegmentFiles } from "./segment-files.ts";

/**
 * Fields of one set and block over `span`, each `[row][lane]`: of every cell the newest value, NaN where none was
 * written. `entries` are the segments of that set and block in the order written. The arrays lie one behind the other
 * in one buffer, so that what is contiguous in a file arrives by one read; `buffer` is used when it is large enough.
 * Throws DamageFound.
 */
export async function readLayers(
  files: SegmentFiles,
  entries: readonly SegmentEntry[],
  request: {
    readonly fields: readonly { readonly name: string; readonly dtype: StoredDtype }[];
    readonly span: Span;
    readonly buffer?: ArrayBuffer;
  },
): Promise<Map<string, StoredValues>> {
  const { span } = request;
  const length = (span.to - span.from) * LANES_PER_BLOCK;
  const dtypes = new Map(request.fields.map(({ name, dtype }) => [name, dtype]));
  const bytes = layeredBytes([...dtypes.values()], length);
  const buffer = (request.buffer?.byteLength ?? -1) >= bytes ? request.buffer! : new ArrayBuffer(bytes);
  const arrays = new Map<string, StoredValues>();
  let at = 0;
  for (const [name, dtype] of dtypes) {
    arrays.set(
      name,
      dtype === "f32" ? new Float32Array(buffer, at, length) : new Float64Array(buffer, at, length),
    );
    at += length * bytesPerValue(dtype);
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

/** Bytes that {@link readLayers} needs for fields of these types with `length` values each. */
export function layeredBytes(dtypes: readonly StoredDtype[], length: number): number {
  return dtypes.reduce((sum, dtype) => sum + length * bytesPerValue(dtype), 0);
}

function fillNaN(values: StoredValues, span: Span, gap: Span): void {
  if (gap.from < gap.to) {
    values.fill(Number.NaN, (gap.from - span.from) * LANES_PER_BLOCK, (gap.to - span.from) * LANES_PER_BLOCK);
  }
}
