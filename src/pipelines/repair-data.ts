import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "#data/errors";
import type { OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet, type RowRange, type StoreSnapshot } from "#data/store/panel-store";
import { repairStore, type Recompute, type RepairReport } from "#data/store/repair";
import { lowerRow } from "#panel/axes";
import type { Column } from "#panel/panel";
import { openSource, refreshData } from "./refresh-data.ts";
import { storeOf, workspaceAt } from "./workspace.ts";

/**
 * Repairs a store: damaged bars are read again from the source that their lineage names. What comes back is taken only
 * if everything of those instruments that is still readable equals it bit for bit; otherwise the source has changed, or
 * the history was merged from several, and the damage is reported as lost.
 */
export async function repairData(
  store: OpenedStore,
  options: { readonly engine: string; readonly signal?: AbortSignal },
): Promise<RepairReport> {
  const folder = await mkdtemp(join(tmpdir(), "alphaloom-repair-"));
  const twins = new Map<string, StoreSnapshot | null>();
  try {
    const recompute: Recompute = async (wanted) => {
      const from = soleSource(wanted.set, wanted.fields);
      if (from === null) return null;
      await using damaged = await store.snapshot();
      const key = `${wanted.block} ${from}`;
      if (!twins.has(key)) {
        const place = join(folder, String(twins.size));
        twins.set(key, await importAgain(place, damaged, { from, block: wanted.block, ...options }));
      }
      const twin = twins.get(key) ?? null;
      if (twin === null) return null;
      const { set, block } = wanted;
      return (await agree(damaged, twin, { set, block })) ? columnsOf(damaged, twin, wanted) : null;
    };
    return await repairStore(store, recompute);
  } finally {
    for (const twin of twins.values()) await twin?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The one locator that the fields come from; null when they come from several or from an expression. */
function soleSource(set: FieldSet, fields: readonly string[]): string | null {
  if (set.role !== "market") return null;
  const origins = new Set(
    set.fields.filter((field) => fields.includes(field.name)).map((field) => field.lineage.from),
  );
  const [only] = origins;
  return origins.size === 1 && only !== undefined ? only : null;
}

/** The instruments of a block in a store of their own; null when their source is gone or no longer recognised. */
async function importAgain(
  place: string,
  damaged: StoreSnapshot,
  wanted: {
    readonly from: string;
    readonly block: number;
    readonly engine: string;
    readonly signal?: AbortSignal;
  },
): Promise<StoreSnapshot | null> {
  const members = damaged.instruments.filter((each) => each.block === wanted.block).map((each) => each.id);
  const workspace = workspaceAt(place);
  try {
    await refreshData(workspace, await openSource(wanted.from), {
      engine: wanted.engine,
      request: { instruments: new Set(members) },
      ...(wanted.signal === undefined ? {} : { signal: wanted.signal }),
    });
    return await storeOf(workspace, damaged.key).snapshot();
  } catch (error) {
    // The source is not what it was: the damage is reported as lost, with the remedy of a lost segment.
    if (error instanceof DataError) return null;
    throw error;
  }
}

/** Whether every readable value of the block's instruments is the twin's. */
async function agree(
  damaged: StoreSnapshot,
  twin: StoreSnapshot,
  what: { readonly set: FieldSet; readonly block: number },
): Promise<boolean> {
  const rows = damaged.time.days.length;
  const step = 256;
  for (const { name } of what.set.fields) {
    for (let from = 0; from < rows; from += step) {
      const range = { from, to: Math.min(rows, from + step) };
      const stored = await readable(damaged, { ...what, field: name, range });
      if (stored === null) continue;
      const [again] = await columnsOf(damaged, twin, { ...what, fields: [name], rows: range });
      for (let cell = 0; cell < stored.length; cell++) {
        if (!Object.is(stored[cell], again!.values[cell])) return false;
      }
    }
  }
  return true;
}

async function readable(
  snapshot: StoreSnapshot,
  what: { readonly set: FieldSet; readonly block: number; readonly field: string; readonly range: RowRange },
): Promise<Float32Array | Float64Array | null> {
  try {
    const columns = await snapshot.readBlock(what.set.name, what.block, [what.field], what.range);
    return columns.get(what.field)!;
  } catch (error) {
    if (error instanceof DataError && error.code === "STORE_DAMAGED") return null;
    throw error;
  }
}

/** The twin's values on the rows and lanes of the damaged store. */
async function columnsOf(
  damaged: StoreSnapshot,
  twin: StoreSnapshot,
  wanted: {
    readonly set: FieldSet;
    readonly block: number;
    readonly fields: readonly string[];
    readonly rows: RowRange;
  },
): Promise<readonly Column[]> {
  const { set, block, rows } = wanted;
  const count = rows.to - rows.from;
  const fields = set.fields.filter((field) => wanted.fields.includes(field.name));
  const columns = fields.map(({ name, dtype }) => {
    const size = count * LANES_PER_BLOCK;
    const values = dtype === "f32" ? new Float32Array(size) : new Float64Array(size);
    return { name, values: values.fill(Number.NaN) };
  });
  const members = damaged.instruments.filter((each) => each.block === block);
  const known = new Set(twin.instruments.map((each) => each.id));
  const present = members.filter((each) => known.has(each.id));
  const held = twin.fieldSets.get(set.name)?.fields.map((field) => field.name) ?? [];
  const panel = await twin.readPanel({
    set: set.name,
    role: set.role,
    fields: fields.map((field) => field.name).filter((name) => held.includes(name)),
    instruments: present.map((each) => each.id),
  });
  const shift = lowerRow(damaged.time, panel.time.days[0] ?? 0);
  for (const { name, values } of columns) {
    const source = panel.columns.get(name)?.values;
    if (source === undefined) continue;
    for (const [index, { lane }] of present.entries()) {
      for (let row = 0; row < count; row++) {
        const other = rows.from + row - shift;
        if (other < 0 || other >= panel.time.days.length) continue;
        values[row * LANES_PER_BLOCK + lane] = source[other * present.length + index]!;
      }
    }
  }
  return columns;
}
