import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Role } from "#panel/roles";
import type { FieldSet, StoredDtype } from "../panel-store.ts";
import { LANES_PER_BLOCK } from "../panel-store.ts";

/** Sessions of a calendar that trades on every day but those divisible by seven. */
export function sampleSessions(start: number, end: number): Int32Array {
  const days: number[] = [];
  for (let day = start; day <= end; day++) if (day % 7 !== 0) days.push(day);
  return Int32Array.from(days);
}

export function sampleSet(
  name: string,
  fields: Readonly<Record<string, StoredDtype>>,
  role: Role = "market",
): FieldSet {
  return {
    name,
    role,
    fields: Object.entries(fields).map(([field, dtype]) => ({
      name: field,
      dtype,
      unit: "CNY",
      lineage: { from: `test:${field}`, engine: "test", inputGeneration: 0 },
    })),
  };
}

/** A rectangle's values that tell set, field, block, row and lane apart, in `[row][lane]`. */
export function sampleValues(
  dtype: StoredDtype,
  rows: number,
  value: (row: number, lane: number) => number,
): Float32Array | Float64Array {
  const length = rows * LANES_PER_BLOCK;
  const values = dtype === "f32" ? new Float32Array(length) : new Float64Array(length);
  for (let row = 0; row < rows; row++) {
    for (let lane = 0; lane < LANES_PER_BLOCK; lane++)
      values[row * LANES_PER_BLOCK + lane] = value(row, lane);
  }
  return values;
}

export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "panel-store-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
