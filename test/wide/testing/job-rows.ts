/** What the state database says of jobs: that each shard of each counted once. */
import { join } from "node:path";
import { hostProcesses } from "../../../src/data/store/holder.ts";
import { segmentKey } from "../../../src/data/store/manifest.ts";
import { stagedBlocks, type StagedGroups } from "../../../src/data/store/staged-run.ts";
import { openDatabase } from "../../../src/database/open-database.ts";
import type { StateDatabase } from "../../../src/database/state-database.ts";
import { stagedSegments } from "./store-content.ts";

/** The state database of a workspace, or the server's. */
export async function stateOf(workspace: string, url?: string): Promise<StateDatabase> {
  return await openDatabase({ directory: join(workspace, "state"), url, processes: hostProcesses });
}

export interface JobRow {
  readonly id: string;
  readonly state: string;
}

/** Oldest first. */
export async function jobsIn(database: StateDatabase): Promise<JobRow[]> {
  const { rows } = await database.query<JobRow>("select id, state from alphaloom.job order by number");
  return rows;
}

interface StepRow {
  readonly part: string;
  readonly ordinal: number;
  readonly state: string;
  readonly result: { readonly staged: StagedGroups } | null;
}

/**
 * What is wrong with the effects of a job that has ended, and whose generation is the current one: a shard that was not
 * accepted, two of them for one place, or a segment in the manifest that no accepted shard brought.
 */
export async function wrongEffects(
  database: StateDatabase,
  job: string,
  workspace: string,
): Promise<string[]> {
  const { rows } = await database.query<StepRow>(
    "select part, ordinal, state, result from alphaloom.step where job_id = $1",
    [job],
  );
  const wrong = rows
    .filter(({ state }) => state !== "completed")
    .map(({ part, ordinal, state }) => `${part} ${ordinal} is ${state}`);
  const brought = new Map<string, number>();
  for (const { ordinal, result } of rows) {
    for (const { segments } of result === null ? [] : stagedBlocks(result.staged)) {
      for (const entry of segments) {
        if (entry.run?.startsWith(`${job}.`) !== true) continue;
        const path = segmentKey(entry);
        if (brought.has(path))
          wrong.push(`${path} was brought by shards ${brought.get(path)} and ${ordinal}`);
        brought.set(path, ordinal);
      }
    }
  }
  const adopted = (await stagedSegments(workspace)).filter(({ run }) => run.startsWith(`${job}.`));
  for (const { path } of adopted) {
    if (!brought.has(path)) wrong.push(`${path} counts and no accepted shard brought it`);
    brought.delete(path);
  }
  for (const path of brought.keys()) wrong.push(`${path} was accepted and does not count`);
  return wrong;
}
