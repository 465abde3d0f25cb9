import { LANES_PER_BLOCK, type RowRange, type StoredValues } from "#data/store/panel-store";
import type { Parallel } from "#kernels/parallel";
import { panelOf, type Panel } from "#panel/panel";
import { evaluatePanels } from "../parallel/evaluate-blocks.ts";
import type { StoredBlocks } from "../stored-blocks.ts";
import type { FactorProgram } from "./factor-programs.ts";
import { copyLanes, type Place } from "./lane-panel.ts";

/** Factors of one program, for instruments of some blocks over some rows. */
export interface ComputeRequest {
  readonly program: FactorProgram;
  readonly places: readonly Place[];
  readonly rows: RowRange;
}

export interface ComputeContext {
  readonly blocks: StoredBlocks;
  readonly days: Int32Array;
  readonly parallel?: Parallel;
  readonly signal?: AbortSignal;
  /** Where the outputs of the program go, by name: `columns` wide, first row `row`. */
  readonly into: ReadonlyMap<string, readonly StoredValues[]>;
  readonly columns: number;
  readonly row: number;
}

/**
 * Computes factors of stored bars with exactly the rows before them that their windows read: the values are bit for bit
 * those of a run over all rows. Instruments are computed 32 at a time, whatever blocks they are in.
 */
export async function computeColumns(request: ComputeRequest, context: ComputeContext): Promise<void> {
  const { program, places, rows } = request;
  const { parallel, signal, columns, row } = context;
  const first = Math.max(0, rows.from - program.lookBack);
  const broken = first === 0 ? [] : await brokenBefore(request, { blocks: context.blocks, first });
  const options = {
    precision: program.precision,
    ...(parallel === undefined ? {} : { parallel }),
    ...(signal === undefined ? {} : { signal }),
  };
  for (const [from, some] of [
    [first, places.filter((place) => !broken.includes(place))],
    [0, broken],
  ] as const) {
    const cut = { from, to: rows.to };
    const groups = groupsOf(some);
    const waiting = groups.values();
    const panels = panelsOf(groups, { program, cut, context });
    for await (const { columns: computed } of evaluatePanels(program.graph, panels, options)) {
      const group = waiting.next().value!;
      const source = { lanes: computed[0]!.values.length / (cut.to - cut.from), row: from };
      for (const { name, values } of computed) {
        for (const target of context.into.get(name) ?? []) {
          copyLanes(
            { ...source, values },
            { values: target, columns, row },
            { rows, places: group.map((place, lane) => ({ lane, place })) },
          );
        }
      }
    }
  }
}

/** Instruments in the order of the store, as many as are computed together. */
function groupsOf(places: readonly Place[]): readonly (readonly Place[])[] {
  const ordered = places.toSorted(({ stored: a }, { stored: b }) => a.block - b.block || a.lane - b.lane);
  const groups: Place[][] = [];
  for (let from = 0; from < ordered.length; from += LANES_PER_BLOCK)
    groups.push(ordered.slice(from, from + LANES_PER_BLOCK));
  return groups;
}

/** The groups' bars. A last group that is smaller is filled up, so that all are computed by the same code. */
async function* panelsOf(
  groups: readonly (readonly Place[])[],
  parts: {
    readonly program: FactorProgram;
    readonly cut: RowRange;
    readonly context: ComputeContext;
  },
): AsyncGenerator<Panel<"market">> {
  const { program, cut, context } = parts;
  const { blocks, days } = context;
  const lanes = groups.length > 1 ? LANES_PER_BLOCK : (groups[0]?.length ?? 0);
  const rows = cut.to - cut.from;
  const time = { freq: blocks.shape().time.freq, days: days.subarray(cut.from, cut.to) };
  let held: HeldBlock | null = null;
  for (const group of groups) {
    context.signal?.throwIfAborted();
    const first = new Int32Array(lanes);
    const last = new Int32Array(lanes).fill(-1);
    const columns = new Map<string, Float32Array>();
    for (const [lane, { stored }] of group.entries()) {
      held = await heldBlock(held, stored.block, () =>
        blocks.read(stored.block, { wanted: program.fields, from: cut.from }),
      );
      if (stored.first < cut.to && stored.last >= cut.from) {
        first[lane] = Math.max(0, stored.first - cut.from);
        last[lane] = Math.min(stored.last, cut.to - 1) - cut.from;
      }
      for (const { name, values } of held.panel.columns.values()) {
        let column = columns.get(name);
        if (column === undefined) columns.set(name, (column = new Float32Array(rows * lanes)));
        let at = cut.from * LANES_PER_BLOCK + stored.lane;
        for (let into = lane; into < column.length; into += lanes, at += LANES_PER_BLOCK)
          column[into] = values[at]!;
      }
    }
    const instruments = Array.from({ length: lanes }, (_, lane) => group[lane]?.stored.id ?? `${lane}`);
    const filled = [...columns].map(([name, values]) => ({ name, values }));
    yield panelOf({ role: "market", time, instruments, first, last, columns: filled });
  }
}

interface HeldBlock {
  readonly block: number;
  readonly panel: Panel<"market">;
}

async function heldBlock(
  held: HeldBlock | null,
  block: number,
  read: () => Promise<Panel<"market">>,
): Promise<HeldBlock> {
  return held?.block === block ? held : { block, panel: await read() };
}

/**
 * Instruments with a ±inf before the rows that windows reach, in a field under Slope, Rsquare or Resi: such a line never
 * recovers, so that they have to be computed from their first row.
 */
async function brokenBefore(
  { program, places }: ComputeRequest,
  { blocks, first }: { readonly blocks: StoredBlocks; readonly first: number },
): Promise<readonly Place[]> {
  if (program.lineFields.size === 0) return [];
  const broken: Place[] = [];
  for (const [block, some] of Map.groupBy(places, ({ stored }) => stored.block)) {
    const panel = await blocks.read(block, { wanted: program.lineFields });
    broken.push(...some.filter((place) => holdsInfinity(panel, place, first)));
  }
  return broken;
}

function holdsInfinity(panel: Panel, { stored }: Place, to: number): boolean {
  for (const { values } of panel.columns.values()) {
    for (let row = stored.first; row < to && row <= stored.last; row++) {
      if (Math.abs(values[row * LANES_PER_BLOCK + stored.lane]!) === Number.POSITIVE_INFINITY) return true;
    }
  }
  return false;
}
