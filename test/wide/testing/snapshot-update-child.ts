/** Brings a snapshot to a generation of a store: workspace, generation, folder of the snapshots. Says when it begins. */
import { writeSync } from "node:fs";
import { openFrame } from "../../../src/data/hdf5/open-frame.ts";
import { updateDay } from "./snapshot-days.ts";

const [root, generation, snapshots] = process.argv.slice(2) as [string, string, string];
// The library that reads HDF5 takes a while to come up: what is to be interrupted is the update.
await openFrame(`${snapshots}/market/daily_pv.h5`).then((frame) => frame.close());
writeSync(1, "begins\n");
await updateDay({ root, generation: Number(generation), snapshots });
writeSync(1, "done\n");
