/**
 * Prices and volumes of a store in the adjustment of a snapshot. A lane's scale is its factor on the row ÷ its divisor:
 * 1 for Qlib's view, the factor on the base day for a front-adjusted one. Lanes that were stored adjusted are used as
 * they are, and have no vwap from amount ÷ volume, which is a traded price.
 */
import { DataError } from "#data/errors";
import {
  LANES_PER_BLOCK,
  type StoredInstrument,
  type StoredValues,
  type StoreSnapshot,
} from "#data/store/panel-store";
import { barFields, isBarField } from "#market/bar";
import type { Day } from "#market/day";
import { upperRow } from "#panel/axes";
import { InstrumentsFailed } from "./errors.ts";
import type { SnapshotAdjustment } from "./snapshot-source.ts";
import type { StoreColumn } from "./store-columns.ts";

export interface PriceScale {
  readonly kind: SnapshotAdjustment["kind"];
  /** Whether the store has a factor at all; without one every scale is 1. */
  readonly hasFactor: boolean;
  /** By block: what each lane's factor is divided by; NaN for lanes that are stored adjusted. */
  readonly divisors: ReadonlyMap<number, Float64Array>;
}

const isRaw = ({ attributes }: StoredInstrument): boolean => (attributes["adjustment"] ?? "raw") === "raw";

/** Whether all bars of these instruments were stored front-adjusted. */
export function isStoredAdjusted(instruments: readonly StoredInstrument[]): boolean {
  return instruments.length > 0 && instruments.every((instrument) => !isRaw(instrument));
}

/** Reads the factors on the base day: of its last bar before it, or of the first bar when that comes later. */
export async function priceScale(
  snapshot: StoreSnapshot,
  instruments: readonly StoredInstrument[],
  adjustment: SnapshotAdjustment,
): Promise<PriceScale> {
  const hasFactor = snapshot.fieldSets.get("bars")?.fields.some(({ name }) => name === "factor") ?? false;
  const divisors = new Map<number, Float64Array>();
  for (const { block, lane, ...rest } of instruments) {
    let own = divisors.get(block);
    if (own === undefined) divisors.set(block, (own = new Float64Array(LANES_PER_BLOCK).fill(1)));
    if (!isRaw({ block, lane, ...rest })) own[lane] = Number.NaN;
  }
  if (adjustment.kind === "qfq" && hasFactor) {
    const raw = instruments.filter(isRaw);
    for (const [{ id: _, block, lane }, factor] of await factorsOn(snapshot, raw, adjustment.baseDay))
      divisors.get(block)![lane] = factor;
  }
  return { kind: adjustment.kind, hasFactor, divisors };
}

/** Damage in a block's file as the failure of its instruments; every other error as it is. */
export function blockFailure(error: unknown, members: readonly StoredInstrument[]): unknown {
  if (!(error instanceof DataError && error.code === "STORE_DAMAGED")) return error;
  return new InstrumentsFailed(
    members.map(({ id }) => id),
    error,
  );
}

/**
 * The factor of each instrument on a day: of its last row up to then, or of its first one. Throws InstrumentsFailed.
 */
export async function factorsOn(
  snapshot: StoreSnapshot,
  instruments: readonly StoredInstrument[],
  day: Day,
): Promise<ReadonlyMap<StoredInstrument, number>> {
  const base = upperRow(snapshot.time, day) - 1;
  const rowOf = ({ first, last }: StoredInstrument): number => Math.max(first, Math.min(last, base));
  const found = new Map<StoredInstrument, number>();
  for (const members of Map.groupBy(instruments, (each) => `${each.block}/${rowOf(each)}`).values()) {
    const [{ block }] = members as [StoredInstrument];
    const row = rowOf(members[0]!);
    try {
      const read = await snapshot.readBlock("bars", block, ["factor"], { from: row, to: row + 1 });
      for (const member of members) {
        const factor = read.get("factor")![member.lane]!;
        found.set(member, factor > 0 ? factor : await lastFactor(snapshot, member, row));
      }
    } catch (error) {
      throw blockFailure(
        error,
        instruments.filter((each) => each.block === block),
      );
    }
  }
  return found;
}

/** The nearest factor before a row that has none; 1 when there is none at all. */
async function lastFactor(snapshot: StoreSnapshot, member: StoredInstrument, row: number): Promise<number> {
  const rows = { from: member.first, to: row + 1 };
  const values = (await snapshot.readBlock("bars", member.block, ["factor"], rows)).get("factor")!;
  for (let at = values.length - LANES_PER_BLOCK + member.lane; at >= 0; at -= LANES_PER_BLOCK)
    if (values[at]! > 0) return values[at]!;
  return 1;
}

/** Stored fields by set that market columns are made of. */
export function partsOf(
  columns: readonly StoreColumn[],
  scale: PriceScale,
): ReadonlyMap<string, ReadonlySet<string>> {
  const parts = new Map<string, Set<string>>();
  const need = (set: string, field: string): void => {
    const fields = parts.get(set);
    if (fields === undefined) parts.set(set, new Set([field]));
    else fields.add(field);
  };
  for (const column of columns) {
    if (column.derived === "factor") continue;
    if (column.derived === "vwap") {
      need("bars", "amount");
      need("bars", "volume");
    } else need(column.set, column.field);
    if (isScaled(column, scale)) need("bars", "factor");
  }
  return parts;
}

function isScaled(column: StoreColumn, { kind, hasFactor }: PriceScale): boolean {
  return hasFactor && kind !== "raw" && movesOf(column) !== "none";
}

function movesOf({ field }: StoreColumn): "price" | "volume" | "none" | "factor" {
  if (field === "factor") return "factor";
  return isBarField(field) ? barFields[field].adjusts : "none";
}

/** One market column of a block, `[row][lane]`, from what {@link partsOf} names (`set.field`). */
export function adjustInto(
  column: StoreColumn,
  stored: ReadonlyMap<string, StoredValues>,
  { block, scale, length }: { readonly block: number; readonly scale: PriceScale; readonly length: number },
): StoredValues {
  const divisors = scale.divisors.get(block)!;
  const factor = stored.get("bars.factor");
  const own = column.derived === null ? stored.get(`${column.set}.${column.field}`)! : null;
  if (column.derived === "factor") return new Float64Array(length).fill(1);
  const values = own ?? tradedVwap(stored, divisors);
  if (!isScaled(column, scale)) return values;
  const moves = movesOf(column);
  const scaled = new Float64Array(values.length);
  for (let at = 0; at < scaled.length; at++) {
    const divisor = divisors[at % LANES_PER_BLOCK]!;
    const by = divisor > 0 ? factor![at]! / divisor : 1;
    const value = values[at]!;
    if (moves === "factor") scaled[at] = divisor > 0 ? value / divisor : 1;
    else if (moves === "price") scaled[at] = divisor > 0 ? value * by : value;
    else scaled[at] = divisor > 0 ? value / by : value;
  }
  return scaled;
}

function tradedVwap(stored: ReadonlyMap<string, StoredValues>, divisors: Float64Array): Float64Array {
  const [amount, volume] = [stored.get("bars.amount")!, stored.get("bars.volume")!];
  const vwap = new Float64Array(amount.length).fill(Number.NaN);
  for (let at = 0; at < vwap.length; at++) {
    if (volume[at]! > 0 && divisors[at % LANES_PER_BLOCK]! > 0) vwap[at] = amount[at]! / volume[at]!;
  }
  return vwap;
}
