import type { CommandContext } from "./command.ts";
import type { State } from "./state.ts";

/** Opens the state database. Its libraries take a while to load, and most commands end without them. */
export async function loadState(context: Pick<CommandContext, "workspace">): Promise<State> {
  const { openState } = await import("./state.ts");
  return await openState(context);
}
