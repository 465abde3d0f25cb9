import type { OpenedStore } from "#data/store/open-store";
import type { Jobs } from "#jobs/jobs";
import { isEnded } from "#jobs/job-state";
import { writeVersions } from "#pipelines/precompute/versions/version-files";
import { workspaceFactors } from "#pipelines/user-factors";
import { workspaceAt } from "#pipelines/workspace";
import type { CommandContext } from "./command.ts";
import { loadState } from "./load-state.ts";

/**
 * Makes a kept generation current again, and the version files those of it. Runs of jobs that have ended let the store go;
 * throws STORE_LOCKED while one is queued or running, STORE_GENERATION_MISSING.
 */
export async function rollBackStore(
  context: CommandContext,
  store: OpenedStore,
  generation: number,
): Promise<number> {
  if ((await store.runs()).length > 0) {
    await using state = await loadState(context);
    for (const { run } of await store.runs()) if (!(await isActive(state.jobs, run))) await store.endRun(run);
  }
  const now = await store.rollback(generation);
  const { registry } = await workspaceFactors(workspaceAt(context.workspace));
  await writeVersions(context.workspace, store, registry);
  return now;
}

/** Whether a run is that of a job which goes on. */
async function isActive(jobs: Jobs, run: string): Promise<boolean> {
  try {
    return !isEnded((await jobs.show(run)).state);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "JOB_UNKNOWN") return false;
    throw error;
  }
}
