import { byText } from "#data/export/series-table";
import { panelOf, type Column, type Panel } from "#panel/panel";
import type { PartialRow } from "./partial-row.ts";

/** Stored rows, the partial one behind them, instruments in the order of their spelling. */
export function assembled(
  stored: Panel<"factor">,
  parts: {
    readonly spell: (instrument: string) => string;
    readonly row: PartialRow | null;
  },
): { readonly panel: Panel<"factor">; readonly isPartial: Uint8Array } {
  const { spell, row } = parts;
  const ids = [...new Set([...stored.instruments, ...(row?.instruments ?? [])])];
  const order = ids.map((id) => ({ id, name: spell(id) })).sort((a, b) => byText(a.name, b.name));
  const storedLane = new Map(stored.instruments.map((id, lane) => [id, lane]));
  const rowLane = new Map(row?.instruments.map((id, lane) => [id, lane]) ?? []);
  const from = stored.time.days.length;
  const more = row === null || row.instruments.length === 0 ? 0 : 1;
  const width = order.length;
  const isPartial = new Uint8Array((from + more) * width);
  const first = new Int32Array(width);
  const last = new Int32Array(width).fill(-1);
  for (const [lane, { id }] of order.entries()) {
    const [own, live] = [storedLane.get(id), rowLane.get(id)];
    first[lane] = own === undefined ? from : stored.first[own]!;
    last[lane] = live === undefined ? stored.last[own!]! : from;
    if (live !== undefined) isPartial[from * width + lane] = 1;
  }
  const columns = [...stored.columns.values()].map(({ name, values, ...rest }): Column => {
    const moved =
      values instanceof Float32Array
        ? new Float32Array((from + more) * width)
        : new Float64Array((from + more) * width);
    moved.fill(Number.NaN);
    const live = row?.values.get(name);
    for (const [lane, { id }] of order.entries()) {
      const own = storedLane.get(id);
      if (own !== undefined)
        for (let at = 0; at < from; at++)
          moved[at * width + lane] = values[at * stored.instruments.length + own]!;
      const place = rowLane.get(id);
      if (place !== undefined && live !== undefined) moved[from * width + lane] = live[place]!;
    }
    return { name, values: moved, ...rest };
  });
  const { freq, days, minutes } = stored.time;
  const time = {
    freq,
    days: more === 0 ? days : Int32Array.of(...days, row!.day),
    ...(minutes === undefined ? {} : { minutes }),
  };
  const panel = panelOf({
    role: "factor",
    time,
    instruments: order.map(({ name }) => name),
    first,
    last,
    columns,
  });
  return { panel, isPartial };
}
