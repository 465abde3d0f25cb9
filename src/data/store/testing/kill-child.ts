/** Writes generation after generation until it is killed, and says each number when its commit has returned. */
import { writeSync } from "node:fs";
import { killStore, stepTo } from "./kill-steps.ts";

const store = killStore(process.argv[2]!);
let generation = (await store.exists()) ? (await store.generations())[0]!.generation : 0;
writeSync(1, `ready ${generation}\n`);
for (;;) {
  generation = await stepTo(store, generation + 1);
  writeSync(1, `${generation}\n`);
}
