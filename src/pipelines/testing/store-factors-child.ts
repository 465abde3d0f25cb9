/** Stores factors into a folder's store until it is killed; says on stdout when it starts and when it is done. */
import { storeFactors } from "../store-factors.ts";
import { killedSet, marketStore } from "./stored-market.ts";

const [folder] = process.argv.slice(2);
process.stdout.write("start\n");
await storeFactors(marketStore(folder!), [killedSet], { engine: "test" });
process.stdout.write("done\n");
