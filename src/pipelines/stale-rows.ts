import { DataError } from "#data/errors";
import {
  LANES_PER_BLOCK,
  type RowRange,
  type StoredInstrument,
  type StoredValues,
  type StoreSnapshot,
} from "#data/store/panel-store";
import { ManifestSnapshot } from "#data/store/snapshot";

/**
 * What changed in a block's inputs between two generations, exactly: files that are the same are not read, those that
 * differ (folding rewrites them too) are compared value by value.
 */
export interface InputChange {
  readonly before: StoreSnapshot;
  readonly now: StoreSnapshot;
  /** Input fields by set. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** Half-open rows whose inputs changed; null when none did, `all` when rows mean something else than they did. */
export async function changedInputs(change: InputChange, block: number): Promise<RowRange | "all" | null> {
  const { before, now } = change;
  if (before === now) return null;
  const rowsBefore = before.time.days.length;
  if (rowsBefore > 0 && before.time.days[0] !== now.time.days[0]) return "all";
  if (rowsBefore > now.time.days.length) return "all";
  if (!haveSameFields(before, now)) return "all";
  const spans = changedSpans(change, block);
  if (spans === "all") return "all";
  let found = spans;
  for (const [set, fields] of change.fields) {
    const rows = ManifestSnapshot.rowsRewritten({ set, block }, before, now);
    if (rows === null) continue;
    if (block >= before.blocks || !hasFields(before, set, fields)) return "all";
    found = union(found, await differingRows(change, { set, fields, block, rows }));
  }
  return found;
}

/**
 * The same as far as the manifests tell without a look at the values: never less, and more where something was written
 * again or folded.
 */
export function rowsTouched(change: Omit<InputChange, "fields">, block: number): RowRange | "all" | null {
  const { before, now } = change;
  if (before === now) return null;
  const rowsBefore = before.time.days.length;
  if (rowsBefore > 0 && before.time.days[0] !== now.time.days[0]) return "all";
  if (rowsBefore > now.time.days.length || !haveSameFields(before, now)) return "all";
  let found = changedSpans(change, block);
  for (const { name, role } of now.fieldSets.values()) {
    if (found === "all") return "all";
    if (role !== "market") continue;
    found = union(found, ManifestSnapshot.rowsRewritten({ set: name, block }, before, now));
  }
  return found;
}

/** Rows that an instrument gained at its end, or all of its rows when it is new. */
function changedSpans({ before, now }: Omit<InputChange, "fields">, block: number): RowRange | "all" | null {
  const known = new Map(membersOf(before, block).map((member) => [member.lane, member]));
  const rowsBefore = before.time.days.length;
  let found: RowRange | null = null;
  for (const member of membersOf(now, block)) {
    const old = known.get(member.lane);
    const isEmpty = member.first > member.last;
    if (old === undefined || old.first > old.last) {
      if (!isEmpty) found = union(found, { from: member.first, to: member.last + 1 });
      continue;
    }
    if (isEmpty || old.first !== member.first) return "all";
    if ((old.attributes["adjustment"] ?? "raw") !== (member.attributes["adjustment"] ?? "raw")) return "all";
    if (old.last === member.last) continue;
    if (old.last > member.last || old.last !== rowsBefore - 1) return "all";
    found = union(found, { from: rowsBefore, to: member.last + 1 });
  }
  return found;
}

const members = new WeakMap<StoreSnapshot, readonly StoredInstrument[][]>();

function membersOf(snapshot: StoreSnapshot, block: number): readonly StoredInstrument[] {
  let byBlock = members.get(snapshot);
  if (byBlock === undefined) {
    const lists: StoredInstrument[][] = Array.from({ length: snapshot.blocks }, () => []);
    for (const instrument of snapshot.instruments) lists[instrument.block]!.push(instrument);
    members.set(snapshot, (byBlock = lists));
  }
  return byBlock[block] ?? [];
}

/** A field that a source begins or ceases to give is derived otherwise in all blocks: `$vwap` from amount and volume. */
function haveSameFields(before: StoreSnapshot, now: StoreSnapshot): boolean {
  return marketFields(before) === marketFields(now);
}

function marketFields({ fieldSets }: StoreSnapshot): string {
  const names = [...fieldSets.values()].flatMap(({ name, role, fields }) =>
    role === "market" ? fields.map((field) => `${name}.${field.name}`) : [],
  );
  return names.sort().join(" ");
}

function hasFields(snapshot: StoreSnapshot, set: string, fields: readonly string[]): boolean {
  const known = new Set(snapshot.fieldSets.get(set)?.fields.map(({ name }) => name));
  return fields.every((name) => known.has(name));
}

async function differingRows(
  { before, now }: InputChange,
  part: {
    readonly set: string;
    readonly fields: readonly string[];
    readonly block: number;
    readonly rows: RowRange;
  },
): Promise<RowRange | null> {
  const { set, fields, block, rows } = part;
  const common = { from: rows.from, to: Math.min(rows.to, before.time.days.length) };
  let found: RowRange | null = null;
  if (rows.to > common.to) found = { from: Math.max(rows.from, common.to), to: rows.to };
  if (common.from >= common.to) return found;
  const old = await undamaged(before.readBlock(set, block, fields, common));
  // What it was is not known: everything may be different.
  if (old === null) return union(found, common);
  const current = await now.readBlock(set, block, fields, common);
  for (const [name, values] of current) {
    const span = differingCells(old.get(name)!, values);
    if (span === null) continue;
    const from = common.from + Math.floor(span.from / LANES_PER_BLOCK);
    found = union(found, { from, to: common.from + Math.floor(span.to / LANES_PER_BLOCK) + 1 });
  }
  return found;
}

async function undamaged<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DataError && error.code === "STORE_DAMAGED") return null;
    throw error;
  }
}

/** First and last cell that differ. */
function differingCells(left: StoredValues, right: StoredValues): RowRange | null {
  let from = 0;
  while (from < left.length && Object.is(left[from], right[from])) from++;
  if (from === left.length) return null;
  let to = left.length - 1;
  while (Object.is(left[to], right[to])) to--;
  return { from, to };
}

function union(left: RowRange | null, right: RowRange | null): RowRange | null {
  if (left === null || right === null) return left ?? right;
  return { from: Math.min(left.from, right.from), to: Math.max(left.to, right.to) };
}
