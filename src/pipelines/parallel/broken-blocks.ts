import type { Graph } from "#expression/ir/node";
import { fieldsOfLines, mendBrokenLines } from "#expression/run/broken-lines";
import { fieldColumns, type Origins } from "#expression/run/fields";
import { panelOf, type Panel } from "#panel/panel";
import type { BlockPlace, Values } from "./block-computer.ts";

/**
 * Makes blocks of a panel what `mendBrokenLines` makes of the whole: after ±inf in a raw field, lines are the reference
 * backend's. Panels nearly never hold any, so all that a block usually costs is a look at a flag.
 */
export class BrokenBlocks {
  readonly #graph: Graph;
  readonly #panel: Panel;
  readonly #origins: Origins;
  readonly #lanes: Uint8Array;

  constructor(graph: Graph, panel: Panel, origins: Origins) {
    this.#graph = graph;
    this.#panel = panel;
    this.#origins = { ...origins, foreign: origins.foreign ?? panel };
    this.#lanes = infiniteLanes(panel, fieldsOfLines(graph));
  }

  /** Mends the outputs of a block where they are; throws nothing that the whole panel would not. */
  mend(values: readonly Values[], { offset, instruments }: BlockPlace): void {
    if (!this.#lanes.subarray(offset, offset + instruments).includes(1)) return;
    const panel = partOf(this.#panel, { offset, instruments });
    mendBrokenLines(this.#graph, panel, { values, origins: this.#origins });
  }
}

function infiniteLanes(panel: Panel, fields: ReadonlySet<string>): Uint8Array {
  const lanes = panel.instruments.length;
  const found = new Uint8Array(lanes);
  const columns = fieldColumns(panel);
  for (const name of fields) {
    const values = columns.get(name);
    if (values === undefined) continue;
    for (let at = 0; at < values.length; at++) {
      if (Math.abs(values[at]!) === Number.POSITIVE_INFINITY) found[at % lanes] = 1;
    }
  }
  return found;
}

/** Some neighbouring instruments of a panel, copied. */
function partOf(panel: Panel, { offset, instruments }: BlockPlace): Panel {
  const lanes = panel.instruments.length;
  const rows = panel.time.days.length;
  const end = offset + instruments;
  return panelOf({
    ...panel,
    instruments: panel.instruments.slice(offset, end),
    first: panel.first.slice(offset, end),
    last: panel.last.slice(offset, end),
    columns: [...panel.columns.values()].map((column) => {
      const size = rows * instruments;
      const values = column.values instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
      for (let row = 0; row < rows; row++)
        values.set(column.values.subarray(row * lanes + offset, row * lanes + end), row * instruments);
      return { ...column, values };
    }),
  });
}
