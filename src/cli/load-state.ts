import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "./command.ts";
import type { State, WorkOptions } from "./state.ts";

/** Another command may be about to end, or about to lend its database. */
const PATIENCE_MS = 5_000;

/**
 * Reaches the workspace's jobs: through the process that has the state database open and serves it, else by opening it.
 * A command that works at jobs then lends it to others. The libraries take a while to load, and most commands end
 * without them. Throws DATABASE_LOCKED when another process holds the database for long and serves nobody.
 */
export async function loadState(context: CommandContext, work: WorkOptions | null = null): Promise<State> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    if (existsSync(join(context.workspace, "run", "serve.json"))) {
      const { serverState } = await import("./server-client.ts");
      const served = await serverState(context);
      if (served !== null) return served;
    }
    const { openState } = await import("./state.ts");
    try {
      const state = await openState(context, work);
      if (work === null || state.isShared) return state;
      const { lendState } = await import("./lend-state.ts");
      return await lendState(context, state);
    } catch (error) {
      const isLocked = error instanceof Error && "code" in error && error.code === "DATABASE_LOCKED";
      if (!isLocked || performance.now() > until) throw error;
      await sleep(200, undefined, { signal: context.signal }).catch(() => context.signal.throwIfAborted());
    }
  }
}
