/** Says `ready` when the store is open, waits for a byte on stdin, and updates a Qlib directory until it is done or killed. */
import { once } from "node:events";
import { updateQlibDirectory } from "../../../src/pipelines/qlib-directory/update-directory.ts";
import { shippedFactors } from "../../../src/factors/catalogue.ts";
import { storeIn } from "./store-content.ts";

const [workspace, dir, engine] = process.argv.slice(2);
const store = storeIn(workspace!);
await using snapshot = await store.snapshot();
process.stdout.write("ready\n");
await once(process.stdin, "data");
const update = await updateQlibDirectory(store, snapshot, dir!, {
  registry: shippedFactors,
  engine: engine!,
});
process.stdout.write(`${update.mode}\n`);
process.stdin.destroy();
