/** Factors of your own in four steps, without touching the engine: `node examples/04-a-factor-set-of-my-own.ts`. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  evaluateFactorList,
  factsOf,
  openSource,
  refreshData,
  storeOf,
  viewOfStore,
  workspaceAt,
  workspaceFactors,
} from "alphaloom";
import { exampleWorkspace, shippedAShares } from "./shipped-data.ts";

const workspace = workspaceAt(await exampleWorkspace());
await refreshData(workspace, await openSource(shippedAShares), { engine: "example" });

// 1. Write them down in the workspace. The last one is a mistake: it uses tomorrow's close.
await mkdir(join(workspace.root, "factors"), { recursive: true });
await writeFile(
  join(workspace.root, "factors", "mine.yaml"),
  `namespace: mine
title: { zh: 我的因子, en: my factors }
factors:
  - name: reversal
    title: { zh: 五日反转, en: five-day reversal }
    expression: Ref($close, 5)/$close - 1
  - name: quiet
    title: { zh: 缩量天数占比, en: share of quiet days }
    expression: Mean($volume < Mean($volume, 20), 5)
  - name: ahead
    expression: Ref($close, -1)/$close - 1
`,
);

// 2. See whether they stand. What is wrong with one is told with its place; the others are registered.
const { registry, problems } = await workspaceFactors(workspace);
for (const { code, place } of problems) {
  console.log(`mine.${place.factor}: ${code} in ${basename(place.file!)} line ${place.row}`);
}
for (const { id, factor } of registry.list({ set: "mine" })) {
  console.log(`${id} looks back ${factsOf(factor).lookBack} rows: ${factor.title!.zh}, ${factor.title!.en}`);
}

// 3. Compute, and 4. use them like any other set: here, evaluate what they say about the next day.
await using snapshot = await storeOf(workspace, { calendar: "XSHG", freq: "day" }).snapshot();
const { evaluation } = await evaluateFactorList(viewOfStore(snapshot), registry.set("mine"));
for (const { name, rankIc } of evaluation.factors) {
  console.log(`${name}: rank IC ${rankIc.mean.toFixed(4)}, t ${rankIc.tNeweyWest.toFixed(2)}`);
}
