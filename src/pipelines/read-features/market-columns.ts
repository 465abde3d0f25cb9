import { LANES_PER_BLOCK, type RowRange, type StoreSnapshot } from "#data/store/panel-store";
import { columnOf, type Column } from "#panel/panel";
import type { StoredBlocks } from "../stored-blocks.ts";
import { copyLanes, emptyColumn, lanesOf, type Place } from "./lane-panel.ts";

/**
 * `adjusted`: as expressions read them, float32, prices × factor and volume ÷ factor, so that `close` is on the scale of
 * every factor beside it. `raw`: as traded and stored, float64.
 */
export type Prices = "adjusted" | "raw";

const SETS = ["bars", "extra"] as const;

/** Names of the fields there are. */
export function marketFields(
  snapshot: StoreSnapshot,
  blocks: StoredBlocks,
  prices: Prices,
): readonly string[] {
  if (prices === "adjusted") return blocks.fields;
  return SETS.flatMap((set) => snapshot.fieldSets.get(set)?.fields.map(({ name }) => name) ?? []);
}

export interface MarketRead {
  readonly names: readonly string[];
  readonly prices: Prices;
  readonly rows: RowRange;
  readonly places: readonly Place[];
  readonly signal?: AbortSignal;
}

/** Fields of the instruments over the rows, NaN outside their spans. Throws STORE_DAMAGED. */
export async function marketColumns(
  snapshot: StoreSnapshot,
  blocks: StoredBlocks,
  read: MarketRead,
): Promise<Column[]> {
  const { names, prices, rows, places, signal } = read;
  if (names.length === 0) return [];
  const cells = (rows.to - rows.from) * places.length;
  const units = unitsOf(snapshot);
  const columns = names.map((name) => ({
    name,
    values: emptyColumn(cells, prices === "raw" ? dtypeOf(snapshot, name) : "f32"),
    ...(prices === "raw" && units.has(name) ? { unit: units.get(name)! } : {}),
  }));
  for (const [block, some] of Map.groupBy(places, ({ stored }) => stored.block)) {
    signal?.throwIfAborted();
    const lanes = lanesOf(some);
    if (prices === "adjusted") {
      const panel = await blocks.read(block, { wanted: new Set(names.map(lower)), from: rows.from });
      for (const { name, values } of columns) {
        const source = { values: columnOf(panel, name).values, lanes: LANES_PER_BLOCK, row: 0 };
        copyLanes(source, { values, columns: places.length, row: rows.from }, { rows, places: lanes });
      }
      continue;
    }
    for (const set of SETS) {
      const own = new Set(snapshot.fieldSets.get(set)?.fields.map(({ name }) => name));
      const wanted = columns.filter(({ name }) => own.has(name));
      if (wanted.length === 0) continue;
      const stored = await snapshot.readBlock(
        set,
        block,
        wanted.map(({ name }) => name),
        rows,
      );
      for (const { name, values } of wanted) {
        const source = { values: stored.get(name)!, lanes: LANES_PER_BLOCK, row: rows.from };
        copyLanes(source, { values, columns: places.length, row: rows.from }, { rows, places: lanes });
      }
    }
  }
  return columns;
}

const lower = (name: string): string => name.toLowerCase();

function unitsOf(snapshot: StoreSnapshot): ReadonlyMap<string, string> {
  const fields = SETS.flatMap((set) => snapshot.fieldSets.get(set)?.fields ?? []);
  return new Map(fields.map(({ name, unit }) => [name, unit]));
}

function dtypeOf(snapshot: StoreSnapshot, name: string): "f32" | "f64" {
  for (const set of SETS) {
    const field = snapshot.fieldSets.get(set)?.fields.find((each) => each.name === name);
    if (field !== undefined) return field.dtype;
  }
  return "f64";
}
