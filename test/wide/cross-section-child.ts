/** Ranks 5,000 instruments over 2,500 days, made up group by group, and prints what came out and how much memory it took. */
import { factorGroups } from "../../src/pipelines/factor-table.ts";
import type { MarketView } from "../../src/pipelines/market-view.ts";
import { panelOf, type Panel } from "../../src/panel/panel.ts";

const INSTRUMENTS = 5000;
const ROWS = 2500;
const time = { freq: "day", days: Int32Array.from({ length: ROWS }, (_, row) => 10_000 + row) } as const;
const instruments = Array.from({ length: INSTRUMENTS }, (_, at) => `${600_000 + at}.SH`);

function made(ids: readonly string[]): Panel<"market"> {
  const lanes = ids.length;
  const close = new Float32Array(ROWS * lanes);
  for (const [lane, id] of ids.entries()) {
    let state = Number.parseInt(id, 10);
    for (let row = 0; row < ROWS; row++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      close[row * lanes + lane] = 1 + state / 2 ** 32;
    }
  }
  return panelOf({
    role: "market",
    time,
    instruments: ids,
    first: new Int32Array(lanes),
    last: new Int32Array(lanes).fill(ROWS - 1),
    columns: [{ name: "close", values: close }],
  });
}

const view: MarketView = {
  locator: "made up",
  calendar: "XSHG",
  time,
  instruments,
  fields: ["close"],
  generation: null,
  vwap: null,
  panel: (ids) => Promise.resolve(made(ids)),
};
const { groups } = await factorGroups(view, {
  factors: [{ name: "rank", expression: "CSRank(Mean($close,5)/$close)" }],
});
const sums = new Float64Array(ROWS);
for await (const { factors } of groups()) {
  const lanes = factors.instruments.length;
  for (const [cell, value] of factors.columns.get("rank")!.values.entries())
    sums[Math.floor(cell / lanes)]! += value;
}
const megabytes = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ least: Math.min(...sums), most: Math.max(...sums), megabytes })}\n`);
