/** Some rows of one block in memory, `[row][LANES_PER_BLOCK]` per field, with what changed since they were read. */
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import { LANES_PER_BLOCK } from "#data/store/panel-store";
import type { Column } from "#panel/panel";

export class BlockColumns {
  readonly rows: RowRange;
  readonly fields: ReadonlyMap<string, Float64Array>;
  #changedFrom = Number.POSITIVE_INFINITY;
  #changedTo = -1;

  constructor(rows: RowRange, fields: ReadonlyMap<string, Float64Array>) {
    this.rows = rows;
    this.fields = fields;
  }

  /** One lane of a field from `from` to `to` (exclusive), copied. */
  lane(field: string, lane: number, rows: RowRange): Float64Array | undefined {
    const values = this.fields.get(field);
    if (values === undefined) return undefined;
    const copy = new Float64Array(rows.to - rows.from);
    let at = (rows.from - this.rows.from) * LANES_PER_BLOCK + lane;
    for (let row = 0; row < copy.length; row++, at += LANES_PER_BLOCK) copy[row] = values[at]!;
    return copy;
  }

  /** Where a cell lies in every field's array. */
  indexOf(row: number, lane: number): number {
    return (row - this.rows.from) * LANES_PER_BLOCK + lane;
  }

  markChanged(row: number): void {
    if (row < this.#changedFrom) this.#changedFrom = row;
    if (row > this.#changedTo) this.#changedTo = row;
  }

  /** The smallest rectangle that holds every change; undefined when there is none. */
  changes(
    names: readonly string[],
  ): { readonly from: number; readonly columns: readonly Column[] } | undefined {
    if (this.#changedTo < this.#changedFrom) return undefined;
    const from = (this.#changedFrom - this.rows.from) * LANES_PER_BLOCK;
    const to = (this.#changedTo + 1 - this.rows.from) * LANES_PER_BLOCK;
    return {
      from: this.#changedFrom,
      columns: names.map((name) => ({ name, values: this.fields.get(name)!.subarray(from, to) })),
    };
  }
}

/**
 * Reads rows of a block from the generation a write starts from; cells that it does not have are NaN.
 * `shift` is by how many rows its axis moved up.
 */
export async function readBlockColumns(
  base: StoreSnapshot | null,
  block: number,
  request: {
    readonly set: string;
    readonly fields: readonly string[];
    readonly rows: RowRange;
    readonly shift: number;
  },
): Promise<BlockColumns> {
  const { set, fields, rows, shift } = request;
  const size = (rows.to - rows.from) * LANES_PER_BLOCK;
  const columns = new Map(fields.map((name) => [name, new Float64Array(size).fill(Number.NaN)]));
  const known = new Set(base?.fieldSets.get(set)?.fields.map((field) => field.name));
  const stored = fields.filter((name) => known.has(name));
  const from = Math.max(rows.from - shift, 0);
  const to = Math.min(rows.to - shift, base?.time.days.length ?? 0);
  if (base !== null && stored.length > 0 && block < base.blocks && from < to) {
    const at = (from + shift - rows.from) * LANES_PER_BLOCK;
    for (const [name, values] of await base.readBlock(set, block, stored, { from, to })) {
      columns.get(name)!.set(values, at);
    }
  }
  return new BlockColumns(rows, columns);
}
