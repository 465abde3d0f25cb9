/**
 * The workspace's jobs through a running `alphaloom serve`: it has the state database open, so that a command can only
 * work through it. What the command prints is the same.
 */
import { ask } from "#api/client/ask";
import { httpJobs } from "#api/client/http-jobs";
import { operations } from "#api/contract/index";
import { ApiError } from "#api/errors";
import { describeHolder, hostProcesses } from "#data/store/holder";
import type { Worker } from "#jobs/worker";
import type { CommandContext } from "./command.ts";
import { readServerFile, type ServerFile } from "./server-file.ts";
import type { State } from "./state.ts";

/** The server works already; nothing is started here. */
const elsewhere: Worker = {
  id: "server",
  stop: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** What a command has of a workspace whose server runs: `State` without a database, and the server does the work. */
export interface ServerState extends Omit<State, "database"> {
  readonly address: string;
}

/**
 * The running server of a workspace, or null: then the command opens the state database itself. With DATABASE_URL it
 * always does. Throws API_UNREACHABLE when the server's process lives and does not answer.
 */
export async function liveServer(workspace: string): Promise<ServerFile | null> {
  if ((process.env["DATABASE_URL"] ?? "") !== "") return null;
  const server = await readServerFile(workspace);
  if (server === null || hostProcesses.isGone(server.holder)) return null;
  try {
    await ask(server, operations.health);
    return server;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "API_UNREACHABLE") throw error;
    // A server that is just stopping takes its file away before it stops to answer.
    if ((await readServerFile(workspace))?.token !== server.token) return null;
    throw new ApiError(
      "API_UNREACHABLE",
      `${describeHolder(server.holder)} serves this workspace at ${server.address} and does not answer`,
      {
        remedy:
          "stop that process and start `alphaloom serve` again; a server answers on its own machine only",
        cause: error,
      },
    );
  }
}

/** The workspace's jobs through its server; null when none runs. */
export async function serverState({
  workspace,
}: Pick<CommandContext, "workspace">): Promise<ServerState | null> {
  const server = await liveServer(workspace);
  if (server === null) return null;
  return {
    address: server.address,
    isShared: true,
    jobs: httpJobs(server),
    work: () => Promise.resolve(elsewhere),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
