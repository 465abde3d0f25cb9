/**
 * Merges one instrument's rows into its lane: identical rows are a no-op, new ones are added, differing ones are
 * corrections. The factor follows from the first row that changed.
 */
import type { Adjustment } from "#data/source";
import type { StoredInstrument } from "#data/store/panel-store";
import { closeNoiseOf } from "#market/adjustment/close-noise";
import type { InstrumentId } from "#market/instrument";
import type { BlockColumns } from "./block-columns.ts";
import { sameValue } from "./distinct-rows.ts";
import type { CloseRule } from "./close-rule.ts";
import type { FactorRule, FactorStretch } from "./factor-rule.ts";
import { factorsOf, firstKnown } from "./factor-rule.ts";
import { SOURCE_FACTOR } from "./import-fields.ts";
import type { IncomingRows } from "./incoming-rows.ts";

export interface LaneMerge {
  readonly incoming: IncomingRows;
  /** As stored, its span moved to the rows of the axis; `first > last` when it has no rows yet. */
  readonly stored: StoredInstrument;
  readonly rule: FactorRule;
  readonly adjustment: Adjustment["kind"];
  /** Undefined when all closes are official. */
  readonly closes: CloseRule | undefined;
  /** Takes the incoming rows as the whole history: what is stored is forgotten first. */
  readonly replaces: boolean;
}

export interface CellCorrection {
  readonly row: number;
  readonly field: string;
  readonly before: number;
  readonly after: number;
}

export interface LaneOutcome {
  readonly first: number;
  readonly last: number;
  readonly added: number;
  readonly corrected: number;
  readonly identical: number;
  readonly corrections: readonly CellCorrection[];
  /** Stored factors that changed: how many, and the first of them. */
  readonly factorRevision:
    | { readonly rows: number; readonly row: number; readonly before: number; readonly after: number }
    | undefined;
  readonly changed: boolean;
  /** First known running factor, to be remembered. */
  readonly runningBase: number | undefined;
}

/** Share of stored days that must differ before a front-adjusted history counts as rewritten rather than corrected. */
const REWRITTEN_SHARE = 0.5;

/** Whether the source has rewritten an adjusted history: most closes of the stored days it gives differ. */
export function isRewritten(block: BlockColumns, merge: LaneMerge): boolean {
  const { incoming, stored } = merge;
  const close = block.fields.get("close");
  const given = incoming.columns.get("close");
  if (merge.adjustment !== "qfq" || close === undefined || given === undefined) return false;
  let shared = 0;
  let differing = 0;
  for (const [at, row] of incoming.rows.entries()) {
    if (row < stored.first || row > stored.last) continue;
    const before = close[block.indexOf(row, stored.lane)]!;
    if (Number.isNaN(before)) continue;
    shared++;
    if (!sameValue(before, given[at]!)) differing++;
  }
  return differing > shared * REWRITTEN_SHARE;
}

/** Merges; undefined when the factor needs rows before those that were read. The block must then be read whole and all its lanes merged anew. */
export function mergeLane(block: BlockColumns, merge: LaneMerge): LaneOutcome | undefined {
  const { incoming, stored, replaces } = merge;
  const { lane } = stored;
  const known = stored.first <= stored.last && !replaces;
  const cleared = replaces ? clearLane(block, stored) : undefined;
  const rows = incoming.rows;
  const first = known ? Math.min(stored.first, rows[0]!) : rows[0]!;
  const last = known ? Math.max(stored.last, rows.at(-1)!) : rows.at(-1)!;
  const columns = scaledLikeStored(block, merge);
  const exists = known ? storedRows(block, merge) : new Uint8Array(rows.length);
  const differs = new Uint8Array(rows.length);
  const corrections: CellCorrection[] = [];
  for (const [field, given] of columns) {
    const values = block.fields.get(field)!;
    for (let at = 0; at < rows.length; at++) {
      const index = block.indexOf(rows[at]!, lane);
      const before = values[index]!;
      const after = given[at]!;
      if (before === after || (Number.isNaN(before) && Number.isNaN(after))) continue;
      differs[at] = 1;
      if (exists[at] === 1) corrections.push({ row: rows[at]!, field, before, after });
      values[index] = after;
    }
  }
  corrections.sort((a, b) => a.row - b.row);
  let added = 0;
  let corrected = 0;
  let changedFrom = Number.POSITIVE_INFINITY;
  for (let at = rows.length - 1; at >= 0; at--) {
    if (differs[at] === 0) continue;
    if (exists[at] === 1) corrected++;
    else added++;
    changedFrom = rows[at]!;
    block.markChanged(changedFrom);
  }
  const spanMoved = !known || first !== stored.first || last !== stored.last;
  const outcome = { first, last, added, corrected, identical: rows.length - added - corrected, corrections };
  const isNewRule = merge.closes?.isNew === true;
  if (changedFrom === Number.POSITIVE_INFINITY && !spanMoved && cleared === undefined && !isNewRule) {
    return { ...outcome, factorRevision: undefined, changed: false, runningBase: undefined };
  }
  if (known && !isNewRule)
    changedFrom = Math.min(changedFrom, first < stored.first ? first : stored.last + 1);
  else changedFrom = first;
  const factors = mergeFactors(block, merge, { first, last, changedFrom });
  return factors === undefined ? undefined : { ...outcome, ...factors, changed: true };
}

/** Which incoming rows are stored already: some source's column says something there. */
function storedRows(block: BlockColumns, merge: LaneMerge): Uint8Array {
  const { incoming, stored } = merge;
  const exists = new Uint8Array(incoming.rows.length);
  for (const [name, values] of block.fields) {
    if (name === "factor" && merge.rule !== "given") continue;
    for (let at = 0; at < exists.length; at++) {
      const row = incoming.rows[at]!;
      if (row < stored.first || row > stored.last) continue;
      if (!Number.isNaN(values[block.indexOf(row, stored.lane)]!)) exists[at] = 1;
    }
  }
  return exists;
}

/** Writes the factors that follow; undefined when they need earlier rows than the block holds. */
function mergeFactors(
  block: BlockColumns,
  merge: LaneMerge,
  span: { readonly first: number; readonly last: number; readonly changedFrom: number },
): Pick<LaneOutcome, "factorRevision" | "runningBase"> | undefined {
  const { stored, rule } = merge;
  const { lane } = stored;
  const from = Math.max(span.first, block.rows.from);
  const whole = from === span.first;
  const rows = { from, to: span.last + 1 };
  const running = block.lane(SOURCE_FACTOR, lane, rows);
  const storedBase = Number(stored.attributes["factorBase"] ?? Number.NaN);
  const runningBase =
    whole && running !== undefined ? firstKnown(running) : Number.isNaN(storedBase) ? undefined : storedBase;
  if (rule === "given") return { factorRevision: undefined, runningBase: undefined };
  if (merge.closes?.isNew === true && !whole) return undefined;
  const factors = factorsOf(rule, {
    whole,
    changed: span.changedFrom - from,
    factor: block.lane("factor", lane, rows)!,
    close: block.lane("close", lane, rows),
    preclose: block.lane("preclose", lane, rows),
    closes: closesOf(block, merge, rows),
    running,
    runningBase,
  });
  if (factors === undefined) return undefined;
  const values = block.fields.get("factor")!;
  let revision: LaneOutcome["factorRevision"];
  for (const [at, after] of factors.entries()) {
    const row = from + at;
    const index = block.indexOf(row, lane);
    const before = values[index]!;
    if (sameValue(before, after)) continue;
    values[index] = after;
    block.markChanged(row);
    if (Number.isNaN(before) || merge.replaces) continue;
    revision =
      revision === undefined ? { rows: 1, row, before, after } : { ...revision, rows: revision.rows + 1 };
  }
  return { factorRevision: revision, runningBase: rule === "running" ? runningBase : undefined };
}

function closesOf(
  block: BlockColumns,
  { stored, closes }: LaneMerge,
  rows: { readonly from: number; readonly to: number },
): FactorStretch["closes"] {
  if (closes === undefined) return undefined;
  const unknown = new Float64Array(rows.to - rows.from).fill(Number.NaN);
  return closeNoiseOf(stored.id as InstrumentId, closes.ratio, {
    days: closes.days.subarray(rows.from, rows.to),
    low: block.lane("low", stored.lane, rows) ?? unknown,
    high: block.lane("high", stored.lane, rows) ?? unknown,
  });
}

/** Forgets the stored rows of the lane. */
function clearLane(block: BlockColumns, stored: StoredInstrument): true {
  for (let row = stored.first; row <= stored.last; row++) {
    const index = block.indexOf(row, stored.lane);
    for (const values of block.fields.values()) values[index] = Number.NaN;
    block.markChanged(row);
  }
  return true;
}

/** Relative difference within which two running factors are the same factor on another scale. */
const SAME_RATIO = 1e-9;

/**
 * The incoming columns, a running factor brought to the scale of the stored one when the days both have differ by one
 * ratio: vendors that scale to the newest day rescale the whole history on every dividend.
 */
function scaledLikeStored(block: BlockColumns, merge: LaneMerge): ReadonlyMap<string, Float64Array> {
  const { incoming, stored } = merge;
  const given = incoming.columns.get(SOURCE_FACTOR);
  const kept = block.fields.get(SOURCE_FACTOR);
  if (given === undefined || kept === undefined || merge.replaces) return incoming.columns;
  const before = Array.from(incoming.rows, (row) =>
    row >= stored.first && row <= stored.last ? kept[block.indexOf(row, stored.lane)]! : Number.NaN,
  );
  const shared = before.findIndex((value, at) => !Number.isNaN(value) && !Number.isNaN(given[at]!));
  if (shared < 0) return incoming.columns;
  const ratio = before[shared]! / given[shared]!;
  const agrees = before.every(
    (value, at) =>
      Number.isNaN(value) ||
      Number.isNaN(given[at]!) ||
      Math.abs(given[at]! * ratio - value) <= SAME_RATIO * Math.abs(value),
  );
  if (ratio === 1 || !agrees) return incoming.columns;
  const scaled = given.map((value, at) => (Number.isNaN(before[at]!) ? value * ratio : before[at]!));
  return new Map([...incoming.columns, [SOURCE_FACTOR, scaled]]);
}
