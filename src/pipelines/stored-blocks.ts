import { adjustedValue, type VwapRule } from "#data/export/qlib-bin/qlib-fields";
import {
  LANES_PER_BLOCK,
  type StoredInstrument,
  type StoredValues,
  type StoreSnapshot,
} from "#data/store/panel-store";
import { panelOf, type Panel } from "#panel/panel";
import { viewOfStore } from "./market-view.ts";

/**
 * Blocks of stored bars as Qlib's fields, as `viewOfStore` has them and bit for bit the same: float32, prices × factor,
 * volume ÷ factor. A block is read and converted whole, `[row][lane]`, which is how the factor engine takes it.
 */
export class StoredBlocks {
  /** Fields that expressions may read. */
  readonly fields: readonly string[];
  readonly count: number;
  readonly #snapshot: StoreSnapshot;
  readonly #vwap: VwapRule | null;
  readonly #setOf: ReadonlyMap<string, string>;
  readonly #members: readonly (readonly StoredInstrument[])[];
  readonly #columns = new Map<string, Float32Array>();

  /** Throws DATA_VALUE_INVALID when two sets give a field of one name. */
  constructor(snapshot: StoreSnapshot, options: { readonly vwap?: VwapRule } = {}) {
    const view = viewOfStore(snapshot, options);
    this.fields = view.fields;
    this.count = snapshot.blocks;
    this.#snapshot = snapshot;
    this.#vwap = view.vwap;
    this.#setOf = new Map(
      ["extra", "bars"].flatMap((set) =>
        (snapshot.fieldSets.get(set)?.fields ?? []).map(({ name }) => [name, set] as const),
      ),
    );
    const members: StoredInstrument[][] = Array.from({ length: snapshot.blocks }, () => []);
    for (const instrument of snapshot.instruments) members[instrument.block]!.push(instrument);
    this.#members = members;
  }

  /** Instruments by lane; the last block may hold fewer than 32. */
  members(block: number): readonly StoredInstrument[] {
    return this.#members[block]!;
  }

  /** Names and types without a row, to check expressions against. */
  shape(): Panel<"market"> {
    const instruments = this.#snapshot.instruments.map(({ id }) => id);
    return panelOf({
      role: "market",
      time: { freq: this.#snapshot.time.freq, days: new Int32Array(0) },
      instruments,
      first: new Int32Array(instruments.length),
      last: new Int32Array(instruments.length).fill(-1),
      columns: this.fields.map((name) => ({ name, values: new Float32Array(0) })),
    });
  }

  /**
   * A block of 32 lanes over the whole time axis; lanes without an instrument have no rows. Only the fields in `wanted`
   * (lower case) are there, and rows before `from` hold anything. The arrays are used again by the next call.
   */
  async read(
    block: number,
    request: { readonly wanted: ReadonlySet<string>; readonly from?: number },
  ): Promise<Panel<"market">> {
    const { wanted, from = 0 } = request;
    const members = this.#members[block]!;
    const { time } = this.#snapshot;
    const names = this.fields.filter((name) => wanted.has(name.toLowerCase()));
    const stored = new Map<string, StoredValues>();
    for (const [set, fields] of this.inputsOf(wanted)) {
      const rows = { from, to: time.days.length };
      for (const [name, values] of await this.#snapshot.readBlock(set, block, fields, rows))
        stored.set(name, values);
    }
    const raw = members.map(({ attributes }) => (attributes["adjustment"] ?? "raw") === "raw");
    const adjusted = raw.flatMap((isRaw, lane) => (isRaw ? [] : [lane]));
    const columns = names.map((name) => {
      const values = this.#column(name, time.days.length * LANES_PER_BLOCK);
      const part = values.subarray(from * LANES_PER_BLOCK);
      if (name === "vwap" && this.#vwap !== null) derivedVwap(this.#vwap, stored, { adjusted, into: part });
      else convert(name, stored, { adjusted, into: part });
      return { name, values };
    });
    const lanes = Array.from({ length: LANES_PER_BLOCK }, (_, lane) => members[lane]);
    return panelOf({
      role: "market",
      time,
      instruments: lanes.map((member) => member?.id ?? ""),
      first: Int32Array.from(lanes, (member) => member?.first ?? 0),
      last: Int32Array.from(lanes, (member) => member?.last ?? -1),
      columns,
    });
  }

  /** Stored fields by set that fields (lower case) are made of. */
  inputsOf(wanted: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
    const needed = new Set<string>();
    for (const name of this.fields) {
      if (!wanted.has(name.toLowerCase())) continue;
      const parts = name === "vwap" && this.#vwap !== null ? VWAP_PARTS[this.#vwap] : [name];
      for (const part of [...parts, "factor"]) if (this.#setOf.has(part)) needed.add(part);
    }
    const inputs = ["bars", "extra"].map(
      (set) => [set, [...needed].filter((name) => this.#setOf.get(name) === set)] as const,
    );
    return new Map(inputs.filter(([, fields]) => fields.length > 0));
  }

  #column(name: string, length: number): Float32Array {
    let column = this.#columns.get(name);
    if (column === undefined) this.#columns.set(name, (column = new Float32Array(length)));
    return column;
  }
}

const VWAP_PARTS: Readonly<Record<VwapRule, readonly string[]>> = {
  amount: ["amount", "volume"],
  typical: ["high", "low", "close"],
};

interface Conversion {
  /** Lanes whose bars were stored adjusted. */
  readonly adjusted: readonly number[];
  readonly into: Float32Array;
}

function convert(
  name: string,
  stored: ReadonlyMap<string, StoredValues>,
  { adjusted, into }: Conversion,
): void {
  const values = stored.get(name)!;
  const factor = stored.get("factor");
  // What a field is shows in what becomes of a 1 at factor 2.
  const moved = adjustedValue(name, 1, 2);
  if (factor === undefined || name === "factor" || moved === 1) {
    into.set(values);
    return;
  }
  if (moved === 2) for (let at = 0; at < into.length; at++) into[at] = values[at]! * factor[at]!;
  else for (let at = 0; at < into.length; at++) into[at] = values[at]! / factor[at]!;
  for (const lane of adjusted) {
    for (let at = lane; at < into.length; at += LANES_PER_BLOCK) into[at] = values[at]!;
  }
}

function derivedVwap(
  rule: VwapRule,
  stored: ReadonlyMap<string, StoredValues>,
  { adjusted, into }: Conversion,
): void {
  const factor = stored.get("factor");
  if (rule === "amount") {
    const [amount, volume] = [stored.get("amount")!, stored.get("volume")!];
    for (let at = 0; at < into.length; at++)
      into[at] = volume[at]! > 0 ? (amount[at]! / volume[at]!) * (factor?.[at] ?? 1) : Number.NaN;
    for (const lane of adjusted) {
      for (let at = lane; at < into.length; at += LANES_PER_BLOCK) into[at] = Number.NaN;
    }
    return;
  }
  const [high, low, close] = [stored.get("high")!, stored.get("low")!, stored.get("close")!];
  const isAdjusted = Array.from({ length: LANES_PER_BLOCK }, (_, lane) => adjusted.includes(lane));
  for (let at = 0; at < into.length; at++) {
    const by = factor === undefined || isAdjusted[at % LANES_PER_BLOCK]! ? 1 : factor[at]!;
    into[at] = (high[at]! * by + low[at]! * by + close[at]! * by) / 3;
  }
}
