import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CommandContext } from "./command.ts";
import type { State, WorkOptions } from "./state.ts";

/**
 * Reaches the workspace's jobs: through its server where one runs, else by opening the state database. The libraries take
 * a while to load, and most commands end without them.
 */
export async function loadState(
  context: Pick<CommandContext, "workspace">,
  work: WorkOptions | null = null,
): Promise<State> {
  if (existsSync(join(context.workspace, "run", "serve.json"))) {
    const { serverState } = await import("./server-client.ts");
    const served = await serverState(context);
    if (served !== null) return served;
  }
  const { openState } = await import("./state.ts");
  return await openState(context, work);
}
