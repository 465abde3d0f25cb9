/**
 * A process with a worker, to be killed. `endless`: submits job after job; `drain`: runs what there is and ends;
 * `worker`: only works. Says `ready` when it works.
 * Usage: jobs-child.ts ACTION DIRECTORY|URL EFFECTS [lease]
 */
import { writeSync } from "node:fs";
import { openDatabase } from "#database/open-database";
import { testProcesses } from "#database/testing/test-processes";
import { isEnded } from "../job-state.ts";
import { openJobs } from "../open-jobs.ts";
import { startWorker } from "../worker.ts";
import { effectsKind } from "./effects.ts";

const [action, place, folder, lease] = process.argv.slice(2) as [string, string, string, string?];
const isServer = place.startsWith("postgresql:");
const database = await openDatabase({
  directory: place,
  url: isServer ? place : undefined,
  processes: testProcesses,
});
const kinds = [effectsKind];
const jobs = await openJobs(database, kinds);
const worker = await startWorker(database, kinds, {
  slots: 2,
  pollMs: 20,
  watchMs: 50,
  pauseMs: 10,
  ...(lease === undefined
    ? { processes: testProcesses }
    : { leaseMs: Number(lease), heartbeatMs: Number(lease) / 5 }),
});
writeSync(1, "ready\n");
// A test that is ended leaves nobody behind.
process.stdin.resume().on("end", () => process.exit(1));
process.on("SIGTERM", () => {
  void worker.stop().then(() => process.exit(0));
});
if (action === "endless") await submitForEver();
if (action === "drain") {
  for (const { id } of await jobs.list({ limit: 500 })) await jobs.wait(id, { pollMs: 50 });
  await worker.stop();
  await jobs.close();
  await database.close();
  process.exit(0);
}

async function submitForEver(): Promise<never> {
  for (;;) {
    const unfinished = (await jobs.list({ limit: 500 })).filter(({ state }) => !isEnded(state));
    const id =
      unfinished[0]?.id ?? (await jobs.submit("effects", { folder, shards: 5, ms: 20, broken: { 1: 1 } })).id;
    await jobs.wait(id, { pollMs: 50 });
  }
}
