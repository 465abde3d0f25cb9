/**
 * Daily bars of boards from the bars of their members, equally weighted: a board's return of a day is the mean of the
 * returns of those members that traded, each from its own last close. A member counts from the day after its membership
 * was known. The level is 1,000 before the first bar.
 */
import type { Frame } from "#data/export/frame";
import { byText } from "#data/export/series-table";
import type { Day } from "#market/day";
import type { MembersAsOf, Members } from "./members-as-of.ts";

const msPerDay = 86_400_000;
const firstLevel = 1000;

/** Columns that {@link buildBoards} reads; without `amount` or `volume` theirs are missing. */
export const memberColumns = ["open", "high", "low", "close", "factor", "volume", "amount"] as const;

/**
 * What a board's bar has: levels in index points, `pct_chg` in percent, `volume` and `amount` of the members that traded,
 * `members` that were known and had a row, and those of them that `traded`.
 */
export const barColumns = [
  "open",
  "high",
  "low",
  "close",
  "volume",
  "amount",
  "pct_chg",
  "members",
  "traded",
] as const;
export type BarColumnName = (typeof barColumns)[number];

/** Bars in the order of (day, board); all arrays have one length. */
export interface BoardBars {
  /** In code-point order. */
  readonly boards: readonly string[];
  readonly days: Int32Array;
  /** Places in `boards`. */
  readonly board: Int32Array;
  readonly columns: Readonly<Record<BarColumnName, Float64Array>>;
}

/** Sums over the members of one board on one day, as ratios to their last closes. */
interface Sums {
  members: number;
  traded: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  amount: number;
}

/**
 * `frame` has {@link memberColumns} as traded, instruments in canonical ids, and may begin before `start`, so that the
 * first day has returns.
 */
export async function buildBoards(
  frame: Frame,
  members: MembersAsOf,
  options: { readonly start?: Day; readonly signal?: AbortSignal },
): Promise<BoardBars> {
  const table = new BarTable();
  const levels = new Map<string, number>();
  const lastClose = new Float64Array(frame.keys.length).fill(Number.NaN);
  const places = memberColumns.map((name) => frame.columns.findIndex((column) => column.name === name));
  let known: Members = new Map();
  let day: Day | null = null;
  let sums = new Map<string, Sums>();
  const finish = (): void => {
    if (day === null) return;
    const isWanted = options.start === undefined || day >= options.start;
    addBars(day, { sums, levels, table: isWanted ? table : null });
    // What is known at the end of this day counts on the next one.
    known = members.on(day);
    sums = new Map();
  };
  for await (const { times, keys, values } of frame.batches(options.signal)) {
    options.signal?.throwIfAborted();
    const missing = new Float64Array(times.length).fill(Number.NaN);
    const [open, high, low, close, factor, volume, amount] = places.map(
      (at) => values[at] ?? missing,
    ) as Float64Array[];
    for (let row = 0; row < times.length; row++) {
      const today = Math.floor(times[row]! / msPerDay);
      if (today !== day) {
        finish();
        day = today;
      }
      const key = keys[row]!;
      const scale = factor![row]!;
      const adjusted = close![row]! * scale;
      const before = lastClose[key]!;
      for (const board of known.get(frame.keys[key]!) ?? []) {
        const sum = sumOf(sums, board);
        sum.members += 1;
        if (!(adjusted > 0 && before > 0)) continue;
        sum.traded += 1;
        sum.open += (open![row]! * scale) / before;
        sum.high += (high![row]! * scale) / before;
        sum.low += (low![row]! * scale) / before;
        sum.close += adjusted / before;
        sum.volume += volume![row]!;
        sum.amount += amount![row]!;
      }
      if (adjusted > 0) lastClose[key] = adjusted;
    }
  }
  finish();
  return table.bars();
}

function sumOf(sums: Map<string, Sums>, board: string): Sums {
  let sum = sums.get(board);
  if (sum === undefined) {
    sum = { members: 0, traded: 0, open: 0, high: 0, low: 0, close: 0, volume: 0, amount: 0 };
    sums.set(board, sum);
  }
  return sum;
}

/** A board none of whose members traded keeps its level and has no bar. Only wanted days move the level. */
function addBars(
  day: Day,
  work: {
    readonly sums: ReadonlyMap<string, Sums>;
    readonly levels: Map<string, number>;
    readonly table: BarTable | null;
  },
): void {
  const { sums, levels, table } = work;
  for (const board of [...sums.keys()].sort(byText)) {
    const { members, traded, open, high, low, close, volume, amount } = sums.get(board)!;
    if (traded === 0) continue;
    if (table === null) continue;
    const change = close / traded;
    const before = levels.get(board) ?? firstLevel;
    const at = (ratios: number): number => (before * ratios) / traded;
    levels.set(board, at(close));
    table.add(day, board, [
      at(open),
      at(high),
      at(low),
      at(close),
      volume,
      amount,
      (change - 1) * 100,
      members,
      traded,
    ]);
  }
}

/** Rows that grow column by column. */
class BarTable {
  readonly #places = new Map<string, number>();
  #days = new Int32Array(1024);
  #board = new Int32Array(1024);
  #values = barColumns.map(() => new Float64Array(1024));
  #rows = 0;

  /** Values in the order of `barColumns`. */
  add(day: Day, board: string, values: readonly number[]): void {
    if (this.#rows === this.#days.length) this.#grow();
    let place = this.#places.get(board);
    if (place === undefined) this.#places.set(board, (place = this.#places.size));
    this.#days[this.#rows] = day;
    this.#board[this.#rows] = place;
    for (const [at, value] of values.entries()) this.#values[at]![this.#rows] = value;
    this.#rows += 1;
  }

  bars(): BoardBars {
    const boards = [...this.#places.keys()].sort(byText);
    const sorted = new Map(boards.map((board, at) => [board, at]));
    const placeOf = Int32Array.from(this.#places.keys(), (board) => sorted.get(board)!);
    const rows = this.#rows;
    const columns = Object.fromEntries(
      barColumns.map((name, at) => [name, this.#values[at]!.subarray(0, rows)]),
    );
    return {
      boards,
      days: this.#days.subarray(0, rows),
      board: this.#board.subarray(0, rows).map((place) => placeOf[place]!),
      columns: columns as Record<BarColumnName, Float64Array>,
    };
  }

  #grow(): void {
    const length = 2 * this.#days.length;
    const days = new Int32Array(length);
    days.set(this.#days);
    this.#days = days;
    const board = new Int32Array(length);
    board.set(this.#board);
    this.#board = board;
    this.#values = this.#values.map((values) => {
      const larger = new Float64Array(length);
      larger.set(values);
      return larger;
    });
  }
}
