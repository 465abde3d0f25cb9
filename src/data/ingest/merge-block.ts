/** Merges the incoming rows of one block of instruments and puts what changed. */
import type { FieldSet, StoredInstrument, StoreWriter } from "#data/store/panel-store";
import { BlockColumns, readBlockColumns } from "./block-columns.ts";
import type { LaneMerge, LaneOutcome } from "./merge-lane.ts";
import { isRewritten, mergeLane } from "./merge-lane.ts";

/** Rows before the first incoming one that are read, to find the last traded day before it. */
const ROWS_BEFORE = 64;

export interface MergedLane {
  readonly merge: LaneMerge;
  readonly outcome: LaneOutcome;
  /** The lane's days and closes at the end of its history, for its fingerprint. */
  readonly tail: { readonly days: Int32Array; readonly closes: Float64Array };
}

export interface MergedBlock {
  readonly lanes: readonly MergedLane[];
  /** Lanes whose adjusted history was rewritten and is not covered by these rows; nothing of them was merged. */
  readonly rewritten: readonly LaneMerge[];
}

export interface BlockPlan {
  readonly block: number;
  readonly lanes: readonly LaneMerge[];
  readonly sets: { readonly bars: FieldSet; readonly extra: FieldSet };
  /** Rows by which the axis moved up since the base generation. */
  readonly shift: number;
}

/** Reads what is stored around the incoming rows, merges, and puts the rectangles that changed. */
export async function mergeBlock(writer: StoreWriter, plan: BlockPlan): Promise<MergedBlock> {
  const near = await mergeOver(writer, plan, rowsAround(plan.lanes));
  return near ?? (await mergeOver(writer, plan, rowsOfAll(plan.lanes)))!;
}

/** Undefined when a factor needs more rows than these; nothing has been put then. */
async function mergeOver(
  writer: StoreWriter,
  plan: BlockPlan,
  rows: { readonly from: number; readonly to: number },
): Promise<MergedBlock | undefined> {
  const { sets } = plan;
  const names = [...sets.bars.fields, ...sets.extra.fields].map((field) => field.name);
  const bars = await readSet(writer, plan, { set: sets.bars, rows });
  const extra = await readSet(writer, plan, { set: sets.extra, rows });
  const block = new BlockColumns(rows, new Map([...bars.fields, ...extra.fields]));
  const lanes: MergedLane[] = [];
  const rewritten: LaneMerge[] = [];
  for (const wanted of plan.lanes) {
    const rewrites = !wanted.replaces && isRewritten(block, wanted);
    if (rewrites && wanted.incoming.rows[0]! > wanted.stored.first) {
      rewritten.push(wanted);
      continue;
    }
    const merge = rewrites ? { ...wanted, replaces: true } : wanted;
    if (merge.replaces && rows.from > merge.stored.first) return undefined;
    const outcome = mergeLane(block, merge);
    if (outcome === undefined) return undefined;
    lanes.push({ merge, outcome, tail: tailOf(writer, block, { stored: merge.stored, last: outcome.last }) });
  }
  const changes = block.changes(names);
  if (changes !== undefined) {
    for (const set of [sets.bars, sets.extra]) {
      const own = new Set(set.fields.map((field) => field.name));
      const columns = changes.columns.filter(({ name }) => own.has(name));
      if (columns.length > 0) await writer.put(set, plan.block, changes.from, columns);
    }
  }
  return { lanes, rewritten };
}

function readSet(
  writer: StoreWriter,
  plan: BlockPlan,
  request: { readonly set: FieldSet; readonly rows: { readonly from: number; readonly to: number } },
): Promise<BlockColumns> {
  return readBlockColumns(writer.base, plan.block, {
    set: request.set.name,
    fields: request.set.fields.map((field) => field.name),
    rows: request.rows,
    shift: plan.shift,
  });
}

/** The incoming rows with some before them, to the end of every lane; whole histories of lanes that begin anew. */
function rowsAround(lanes: readonly LaneMerge[]): { from: number; to: number } {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const { incoming, stored, replaces } of lanes) {
    const first = incoming.rows[0]!;
    const known = isKnown(stored);
    const begin =
      !known || replaces
        ? Math.min(first, known ? stored.first : first)
        : Math.max(stored.first, first - ROWS_BEFORE);
    from = Math.min(from, begin, first);
    to = Math.max(to, incoming.rows.at(-1)! + 1, known ? stored.last + 1 : 0);
  }
  return { from, to };
}

function rowsOfAll(lanes: readonly LaneMerge[]): { from: number; to: number } {
  const { to } = rowsAround(lanes);
  const firsts = lanes.map(({ incoming, stored }) =>
    isKnown(stored) ? Math.min(stored.first, incoming.rows[0]!) : incoming.rows[0]!,
  );
  return { from: Math.min(...firsts), to };
}

function isKnown(stored: StoredInstrument): boolean {
  return stored.first <= stored.last;
}

const TAIL_ROWS = 64;

function tailOf(
  writer: StoreWriter,
  block: BlockColumns,
  lane: { readonly stored: StoredInstrument; readonly last: number },
): MergedLane["tail"] {
  const from = Math.max(block.rows.from, lane.last + 1 - TAIL_ROWS);
  const rows = { from, to: lane.last + 1 };
  return {
    days: writer.time.days.subarray(rows.from, rows.to),
    closes: block.lane("close", lane.stored.lane, rows) ?? new Float64Array(0),
  };
}
