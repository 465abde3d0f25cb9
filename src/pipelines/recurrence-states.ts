import {
  LANES_PER_BLOCK,
  type FieldSet,
  type StoredField,
  type StoreSnapshot,
} from "#data/store/panel-store";
import type { Column } from "#panel/panel";
import type { Checkpoint } from "#expression/run/checkpoint";

/**
 * States of recurrences beside the factors they belong to, so that these go on from a row without the rows before. Row r of
 * the set `<set>.state` is the state after session r, written for the last one; row k of `<set>.checkpoints` the state after
 * the first 256 (k + 1) rows. `AT` holds the day after whose row a state is, and so tells whether there is one.
 */
export const CHECKPOINT_ROWS = 256;

const AT = "AT";

export interface StateLayout {
  /** Numbers of an instrument. */
  readonly width: number;
  /** What the states belong to: changes whenever the numbers mean something else. */
  readonly meaning: string;
  readonly engine: string;
}

/** Where blocks are put: a writer, or an attempt of a staged run. */
export interface BlockSink {
  put(set: FieldSet, block: number, from: number, columns: readonly Column[]): Promise<void>;
}

export class RecurrenceStates {
  readonly #layout: StateLayout;
  readonly #last: FieldSet;
  readonly #regular: FieldSet;
  readonly #base: StoreSnapshot;

  constructor(set: string, layout: StateLayout, base: StoreSnapshot) {
    this.#layout = layout;
    this.#base = base;
    const fields = [AT, ...Array.from({ length: layout.width }, (_, index) => `S${index}`)].map(
      (name): StoredField => ({
        name,
        dtype: "f64",
        unit: "1",
        lineage: {
          from: name === AT ? layout.meaning : "state",
          engine: layout.engine,
          inputGeneration: base.generation,
        },
      }),
    );
    this.#last = { name: `${set}.state`, role: "factor", fields };
    this.#regular = { name: `${set}.checkpoints`, role: "factor", fields };
  }

  /** The sets that hold the states. */
  get sets(): readonly FieldSet[] {
    return [this.#last, this.#regular];
  }

  /** Names of stored sets whose numbers mean something else. */
  foreign(): readonly string[] {
    return this.sets
      .map(({ name }) => name)
      .filter((name) => this.#base.fieldSets.has(name) && !this.#isKnown(name));
  }

  #isKnown(name: string): boolean {
    const stored = this.#base.fieldSets.get(name)?.fields;
    const lineage = stored?.find((field) => field.name === AT)?.lineage;
    const { width, meaning, engine } = this.#layout;
    return stored?.length === width + 1 && lineage?.from === meaning && lineage.engine === engine;
  }

  /** Rows in `(from, to]` that states are wanted for. */
  static rowsWithin(from: number, to: number): readonly number[] {
    const rows: number[] = [];
    for (let row = from - (from % CHECKPOINT_ROWS) + CHECKPOINT_ROWS; row < to; row += CHECKPOINT_ROWS)
      rows.push(row);
    return to > from ? [...rows, to] : rows;
  }

  /**
   * The latest state of a block for a run from `row` or before; null when there is none. `since`: the generation that the
   * stored factors were computed from.
   */
  async before(block: number, row: number, since: StoreSnapshot): Promise<Checkpoint | null> {
    const end = since.time.days.length;
    if (end <= row && end > 0) {
      const last = await this.#read(this.#last, { block, at: end - 1, row: end }, since);
      if (last !== null) return last;
    }
    for (let regular = Math.floor(row / CHECKPOINT_ROWS); regular > 0; regular--) {
      const place = { block, at: regular - 1, row: regular * CHECKPOINT_ROWS };
      const found = await this.#read(this.#regular, place, since);
      if (found !== null) return found;
    }
    return null;
  }

  async #read(
    set: FieldSet,
    { block, at, row }: { readonly block: number; readonly at: number; readonly row: number },
    since: StoreSnapshot,
  ): Promise<Checkpoint | null> {
    const { width } = this.#layout;
    if (!this.#isKnown(set.name)) return null;
    const stored = this.#base.fieldSets.get(set.name)!;
    const generation = stored.behind?.[block] ?? stored.fields[0]!.lineage.inputGeneration;
    if (generation !== since.generation) return null;
    const names = set.fields.map(({ name }) => name);
    const values = await this.#base.readBlock(set.name, block, names, { from: at, to: at + 1 });
    if (values.get(AT)![0] !== this.#base.time.days[row - 1]) return null;
    const states = new Float64Array(LANES_PER_BLOCK * width);
    for (let index = 0; index < width; index++) {
      const column = values.get(`S${index}`)!;
      for (let lane = 0; lane < LANES_PER_BLOCK; lane++) states[lane * width + index] = column[lane]!;
    }
    return { row, width, states };
  }

  /** Writes the states that a run up to the last row left, in ascending order. */
  async put(sink: BlockSink, block: number, checkpoints: readonly Checkpoint[]): Promise<void> {
    const end = this.#base.time.days.length;
    const last = checkpoints.filter(({ row }) => row === end);
    if (last.length > 0) await this.#write(sink, this.#last, { block, at: end - 1, states: last });
    const regular = checkpoints.filter(({ row }) => row % CHECKPOINT_ROWS === 0);
    if (regular.length > 0) {
      const at = regular[0]!.row / CHECKPOINT_ROWS - 1;
      await this.#write(sink, this.#regular, { block, at, states: regular });
    }
  }

  async #write(
    sink: BlockSink,
    set: FieldSet,
    {
      block,
      at,
      states,
    }: { readonly block: number; readonly at: number; readonly states: readonly Checkpoint[] },
  ): Promise<void> {
    const { width } = this.#layout;
    const columns = set.fields.map(({ name }, field) => {
      const values = new Float64Array(states.length * LANES_PER_BLOCK);
      for (const [index, checkpoint] of states.entries()) {
        const day = this.#base.time.days[checkpoint.row - 1]!;
        for (let lane = 0; lane < LANES_PER_BLOCK; lane++) {
          values[index * LANES_PER_BLOCK + lane] =
            name === AT ? day : checkpoint.states[lane * width + field - 1]!;
        }
      }
      return { name, values };
    });
    await sink.put(set, block, at, columns);
  }
}
