import { DataError } from "#data/errors";
import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import type { Checkpoint } from "#expression/run/checkpoint";
import { holdsInfinity, type BlockRequest } from "../factor-blocks.ts";
import type { PinnedHistory } from "../pinned-history.ts";
import { RecurrenceStates } from "../recurrence-states.ts";
import { changedInputs } from "../stale-rows.ts";
import { StoredBlocks } from "../stored-blocks.ts";
import type { Part } from "./factor-parts.ts";
import { inputGeneration } from "./input-generation.ts";

export interface DueContext {
  readonly base: StoreSnapshot;
  readonly blocks: StoredBlocks;
  readonly history: PinnedHistory;
  /** Everything is computed, whatever is stored. */
  readonly isFull: boolean;
  /** Fields under lines, of all parts, and which blocks of them are known to hold ±inf. */
  readonly lineFields: ReadonlySet<string>;
  readonly broken: Map<number, boolean>;
  readonly vwap?: VwapRule;
  /** Only these rows, where factors can be computed for some rows alone. */
  readonly rows?: RowRange;
}

export interface DueRows {
  readonly request: BlockRequest;
  /** False when rows outside of the run's scope are due too. */
  readonly isAll: boolean;
}

/** Rows of a block to compute: none, those that changed and what depends on them, or all. */
export async function dueRows(part: Part, block: number, context: DueContext): Promise<DueRows | null> {
  const due = await allDueRows(part, block, context);
  if (due === null) return null;
  const { rows } = context;
  if (rows === undefined || part.blocks.lookBack === Number.POSITIVE_INFINITY)
    return { request: due, isAll: true };
  const [from, to] = [Math.max(due.from, rows.from), Math.min(due.to, rows.to)];
  if (from >= to) return { request: { ...due, from: due.from, to: due.from }, isAll: false };
  return { request: { ...due, from, to }, isAll: from === due.from && to === due.to };
}

async function allDueRows(part: Part, block: number, context: DueContext): Promise<BlockRequest | null> {
  const { base, blocks, history, isFull } = context;
  const { states } = part;
  const end = base.time.days.length;
  if (end === 0) return null;
  const request = (rows: RowRange, resume?: Checkpoint): BlockRequest => ({
    ...rows,
    ...(resume === undefined ? {} : { resume }),
    ...(states === null ? {} : { checkpoints: RecurrenceStates.rowsWithin(rows.from, rows.to) }),
  });
  const whole = request({ from: 0, to: end });
  const wanted = { set: part.set.name, fields: part.fields, block };
  const since = isFull ? null : await history.of(inputGeneration(base, wanted) || null);
  if (since === null) return whole;
  const { lookBack, fields, lineFields } = part.blocks;
  const changed = await changedInputs({ before: since, now: base, fields: blocks.inputsOf(fields) }, block);
  if (changed === null) return null;
  const isBounded = lookBack !== Number.POSITIVE_INFINITY;
  if (changed === "all" || (!isBounded && states === null)) return whole;
  if (lineFields.size > 0) {
    const isBroken = await holdsAny(block, context);
    // One that was corrected has left missing values behind it to the end.
    if (isBroken || (await hadInfinity(part, block, { since, from: changed.from, vwap: context.vwap })))
      return whole;
  }
  if (isBounded) return request({ from: changed.from, to: Math.min(end, changed.to + lookBack) });
  const resume = await stateBefore(states!, block, { row: changed.from, since });
  return resume === null ? whole : request({ from: resume.row, to: end }, resume);
}

/** Whether any field that is under a line, of whatever part, holds ±inf now: looked at once for each block. */
async function holdsAny(block: number, { blocks, lineFields, broken }: DueContext): Promise<boolean> {
  let isBroken = broken.get(block);
  if (isBroken === undefined) {
    isBroken = holdsInfinity(await blocks.read(block, { wanted: lineFields }), lineFields);
    broken.set(block, isBroken);
  }
  return isBroken;
}

/** Whether a field under a line held ±inf, from a row on, when the stored values were computed. */
async function hadInfinity(
  { blocks }: Part,
  block: number,
  {
    since,
    from,
    vwap,
  }: { readonly since: StoreSnapshot; readonly from: number; readonly vwap: VwapRule | undefined },
): Promise<boolean> {
  if (block >= since.blocks || from >= since.time.days.length) return false;
  const before = new StoredBlocks(since, vwap === undefined ? {} : { vwap });
  const known = new Set(before.fields.map((name) => name.toLowerCase()));
  const wanted = new Set([...blocks.lineFields].filter((name) => known.has(name)));
  return holdsInfinity(await before.read(block, { wanted, from }), wanted);
}

/** Null when there is none, or it is damaged: then everything is computed again. */
async function stateBefore(
  states: RecurrenceStates,
  block: number,
  { row, since }: { readonly row: number; readonly since: StoreSnapshot },
): Promise<Checkpoint | null> {
  try {
    return await states.before(block, row, since);
  } catch (error) {
    if (error instanceof DataError && error.code === "STORE_DAMAGED") return null;
    throw error;
  }
}

/** First row whose inputs a run reads. */
export function firstRead({ blocks }: Part, { from, resume }: BlockRequest): number {
  return Math.max(0, from - (resume === undefined ? blocks.lookBack : blocks.resumedLookBack));
}
