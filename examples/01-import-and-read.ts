/** Import a Parquet file of bars, then read closes back from the store: `node examples/01-import-and-read.ts`. */
import { openSource, refreshData, storeOf, workspaceAt } from "alphaloom";
import { exampleWorkspace, shippedAShares } from "./shipped-data.ts";

const workspace = workspaceAt(await exampleWorkspace());
const source = await openSource(shippedAShares);
const { result } = await refreshData(workspace, source, { engine: "example" });
console.log(`${result.rows.added} rows added, ${result.rows.keptOut} kept out (bars of a holiday)`);

await using snapshot = await storeOf(workspace, { calendar: "XSHG", freq: "day" }).snapshot();
const panel = await snapshot.readPanel({
  set: "bars",
  role: "market",
  fields: ["close", "factor"],
  instruments: ["600519.SH"],
});
const close = panel.columns.get("close")!.values;
console.log(`600519.SH: ${panel.time.days.length} sessions, last close ${close.at(-1)} CNY`);
