/** Write a snapshot for RD-Agent and pandas, and check it against the store: `node examples/07-snapshot.ts`. */
import { join } from "node:path";
import {
  exportSnapshot,
  openSource,
  refreshData,
  shippedFactors,
  snapshotIn,
  storeFactors,
  storeOf,
  StoreSnapshotSource,
  verifySnapshot,
  workspaceAt,
} from "alphaloom";
import { exampleWorkspace, shippedAShares } from "./shipped-data.ts";

const workspace = workspaceAt(await exampleWorkspace());
await refreshData(workspace, await openSource(shippedAShares), { engine: "example" });
const store = storeOf(workspace, { calendar: "XSHG", freq: "day" });
await storeFactors(store, [shippedFactors.set("tech")], { engine: "example" });

await using source = await StoreSnapshotSource.open(store, { registry: shippedFactors });
const root = join(workspace.root, "snapshots");
const exported = await exportSnapshot({
  root,
  id: "example",
  source,
  request: { columns: ["open", "high", "low", "close", "volume", "tech.RSI14"] },
  engine: "example",
  now: Date.now,
});
console.log(
  `${exported.rows} rows of ${exported.instruments.length} instruments, ${exported.start} to ${exported.end}`,
);

const { ok, score, compared } = await verifySnapshot(await snapshotIn(root, "example"), {
  source,
  all: true,
  random: Math.random,
});
console.log(`sound: ${ok}, score ${score}, ${compared.values} values equal to the store's`);
