/** Compute factors once and load them as a strategy does, day by day brought up to date: `node examples/06-load-precomputed.ts`. */
import {
  dayOf,
  FeatureReader,
  isoOf,
  openSource,
  refreshData,
  shippedFactors,
  storeFactors,
  storeOf,
  workspaceAt,
} from "alphaloom";
import { exampleWorkspace, shippedAShares } from "./shipped-data.ts";

const workspace = workspaceAt(await exampleWorkspace());
await refreshData(workspace, await openSource(shippedAShares), { engine: "example" });
const store = storeOf(workspace, { calendar: "XSHG", freq: "day" });

const reader = new FeatureReader(store, { registry: shippedFactors, engine: "example" });
const request = {
  codes: ["600519.SH", "000001.SZ"],
  start: dayOf("2019-06-03"),
  end: dayOf("2019-06-06"),
  names: ["close", "RSI14", "alpha158.MA5", "$close/Ref($close,1)-1"],
};

/** Which way each factor came. */
async function show(when: string): Promise<void> {
  const loaded = await reader.load(request);
  const ways = [...loaded.origins].map(
    ([name, { path, computed }]) =>
      `${name} ${path}${computed.length > 0 ? ` (${computed[0]!.reason})` : ""}`,
  );
  console.log(`${when}: ${ways.join(", ")}`);
  const { days, columns } = loaded.instrument("600519.SH");
  const rsi = columns.get("RSI14")!;
  console.log(
    `  600519.SH ${isoOf(days[0]!)}: close ${columns.get("close")![0]!.toFixed(2)}, RSI14 ${rsi[0]!.toFixed(4)}`,
  );
}

await show("before");
await storeFactors(store, [shippedFactors.set("tech"), shippedFactors.set("alpha158")], {
  engine: "example",
});
await show("after");
