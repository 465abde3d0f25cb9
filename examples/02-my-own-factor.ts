/** Compute and evaluate factors of your own, written in Qlib's language: `node examples/02-my-own-factor.ts`. */
import { evaluateFactorList, openSource, refreshData, storeOf, viewOfStore, workspaceAt } from "alphaloom";
import { exampleWorkspace, shippedAShares } from "./shipped-data.ts";

const workspace = workspaceAt(await exampleWorkspace());
await refreshData(workspace, await openSource(shippedAShares), { engine: "example" });
await using snapshot = await storeOf(workspace, { calendar: "XSHG", freq: "day" }).snapshot();

const { evaluation } = await evaluateFactorList(viewOfStore(snapshot), {
  factors: [
    { name: "reversal", expression: "Ref($close, 5)/$close - 1" },
    { name: "price_volume", expression: "-1*Corr($close, Log($volume + 1), 20)" },
  ],
});
for (const { name, rankIc, turnover } of evaluation.factors) {
  console.log(
    `${name}: rank IC ${rankIc.mean.toFixed(4)}, t ${rankIc.tNeweyWest.toFixed(2)}, turnover ${turnover.toFixed(2)}`,
  );
}
