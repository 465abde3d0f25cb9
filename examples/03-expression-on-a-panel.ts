/** The engine without files: a panel in memory and one expression: `node examples/03-expression-on-a-panel.ts`. */
import { computeFactors, dayOf, explainExpression, panelOf } from "alphaloom";

const days = Int32Array.from(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], dayOf);
const market = panelOf({
  role: "market",
  time: { freq: "day", days },
  instruments: ["AAA", "BBB"],
  first: Int32Array.of(0, 1),
  last: Int32Array.of(3, 3),
  columns: [{ name: "close", values: Float32Array.of(10, NaN, 11, 5, 12, 6, 13, NaN) }],
});
const { panel } = computeFactors({ factors: [{ name: "MA2", expression: "Mean($close, 2)" }] }, market);
console.log(panel.columns.get("MA2")!.values.join(" "));
console.log(explainExpression("Mean($close, 2)/$close"));
