/** The definitions of a batch on live bars, one row at a time, to the bit: `node examples/05-live-bars.ts`. */
import { buildGraph, dayOf, evaluateExpressions, panelOf, StreamingFactors } from "alphaloom";

const factors = buildGraph([
  { name: "MA3", expression: "Mean($close, 3)/$close" },
  { name: "EMA12", expression: "EMA($close, 12)" },
  { name: "strength", expression: "CSRank($close/Ref($close, 1))" },
]);

const instruments = ["AAA", "BBB"];
const rows = 500;
const first = dayOf("2024-01-01");
/** BBB is listed on the third day, and AAA has no bar on every 50th. */
const closes = Array.from({ length: rows }, (_, row) =>
  Float32Array.of(
    row % 50 === 49 ? Number.NaN : 10 + Math.sin(row / 9),
    row < 2 ? Number.NaN : 20 + Math.cos(row / 7),
  ),
);

const stream = new StreamingFactors(factors, { instruments });
const live = closes.map((close, row) =>
  stream.push({ day: first + row, fields: { close } }).map((values) => values.slice()),
);

const batch = evaluateExpressions(
  factors,
  panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => first + row) },
    instruments,
    first: Int32Array.of(0, 2),
    last: Int32Array.of(rows - 1, rows - 1),
    columns: [{ name: "close", values: Float32Array.from(closes.flatMap((close) => [...close])) }],
  }),
);
let different = 0;
for (const [output, { values }] of batch.entries())
  for (const [cell, value] of values.entries())
    if (!Object.is(value, live[Math.floor(cell / 2)]![output]![cell % 2])) different++;
console.log(
  `${rows} rows of ${stream.names.join(", ")}: ${different} of ${batch.length * rows * 2} values differ`,
);
