import { join } from "node:path";
import { hostProcesses, type Holder } from "#data/store/holder";
import { belongTo } from "#database/belongs-to";
import { openDatabase } from "#database/open-database";
import type { StateDatabase } from "#database/state-database";
import type { AnyJobKind } from "#jobs/job-kind";
import type { Jobs } from "#jobs/jobs";
import { openJobs } from "#jobs/open-jobs";
import { startWorker, type Worker } from "#jobs/worker";
import { workspaceId } from "#pipelines/workspace-id";
import { workspaceAt } from "#pipelines/workspace";
import { ShardThreads } from "#pipelines/precompute/shard-threads";
import { afterCommit } from "./after-commit.ts";
import type { CommandContext } from "./command.ts";
import { precomputeKind, type PlannedAhead } from "./precompute-kind.ts";
import { upkeepKinds } from "./upkeep-kinds.ts";
import { version } from "./version.ts";

/** The workspace's jobs as this process reached them, and how it works at them itself. */
export interface State extends AsyncDisposable {
  /** Whether other processes may work at the same jobs. */
  readonly isShared: boolean;
  readonly jobs: Jobs;
  /** Starts taking steps of jobs in this process. */
  work(): Promise<Worker>;
}

/** Of a process that has opened the state database itself. */
export interface OpenedState extends State {
  readonly database: StateDatabase;
}

export interface WorkOptions {
  readonly threads: number;
  /** Resident memory in bytes that should not be exceeded. */
  readonly memoryLimit?: number;
  readonly signal?: AbortSignal;
  /** What the threads may compile already while the database opens, and a job need not plan again. */
  readonly ahead?: PlannedAhead;
}

/**
 * Opens the state database: the workspace's own, or the server at DATABASE_URL. Throws DATABASE_LOCKED when another
 * process holds the workspace's, and what `openDatabase` throws.
 */
export async function openState(
  { workspace }: Pick<CommandContext, "workspace">,
  work: WorkOptions | null = null,
): Promise<OpenedState> {
  const threads = work === null ? null : new ShardThreads({ workspace, ...work });
  if (work?.ahead !== undefined) threads?.prepare(work.ahead.store, work.ahead.plan);
  const database = await openedDatabase(workspace).catch(async (error: unknown) => {
    await threads?.[Symbol.asyncDispose]();
    throw error;
  });
  const processes = { ...hostProcesses, isGone: (holder: unknown) => hostProcesses.isGone(holder as Holder) };
  const atWork = (): ShardThreads => {
    if (threads === null) throw new TypeError("this process does not work at jobs");
    return threads;
  };
  const kinds: readonly AnyJobKind[] = [
    precomputeKind({
      workspace,
      version,
      threads: atWork,
      after: afterCommit(workspace),
      ...(work?.ahead === undefined ? {} : { ahead: work.ahead }),
    }),
    ...upkeepKinds(workspace),
  ];
  try {
    const jobs = await openJobs(database, kinds, { processes });
    let worker: Worker | null = null;
    return {
      database,
      isShared: database.kind === "postgres",
      jobs,
      async work() {
        const signal = work?.signal;
        const options = { slots: atWork().threads, processes, ...(signal === undefined ? {} : { signal }) };
        return (worker = await startWorker(database, kinds, options));
      },
      async [Symbol.asyncDispose]() {
        await worker?.stop();
        await threads?.[Symbol.asyncDispose]();
        await jobs.close();
        await database.close();
      },
    };
  } catch (error) {
    await threads?.[Symbol.asyncDispose]();
    await database.close();
    throw error;
  }
}

async function openedDatabase(workspace: string): Promise<StateDatabase> {
  const database = await openDatabase({
    directory: join(workspace, "state"),
    url: process.env["DATABASE_URL"],
    processes: hostProcesses,
  });
  if (database.kind === "pglite") return database;
  try {
    // Workers of another workspace would take its jobs for their own.
    await belongTo(database, await workspaceId(workspaceAt(workspace)));
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
