import type { Served } from "#api/handlers";
import { resolveOrder } from "#pipelines/precompute/order";
import { PRECOMPUTE } from "./precompute-kind.ts";
import type { OpenedState } from "./state.ts";
import { version } from "./version.ts";

/** What a process that has the state database open serves of it to others. */
export function servedState(workspace: string, { jobs, database }: OpenedState): Served {
  return {
    version,
    jobs,
    startPrecompute: async (order, name) => {
      const resolved = await resolveOrder(workspace, order);
      return await jobs.submit(PRECOMPUTE, resolved, name === undefined ? {} : { name });
    },
    ready: async () => {
      await database.query("select 1");
    },
  };
}
