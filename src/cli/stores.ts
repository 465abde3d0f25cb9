import { listStores, type OpenedStore } from "#data/store/open-store";
import type { StoreKey, StoreSnapshot } from "#data/store/panel-store";
import { storeName, storeOf, workspaceAt, type Workspace } from "#pipelines/workspace";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";

/** The store that `--store` names, or the only one there is. Throws `UsageError` when it is not clear which. */
export async function chosenStore(context: CommandContext, name?: string): Promise<OpenedStore> {
  const workspace = workspaceAt(context.workspace);
  const keys = await listStores(workspace.stores);
  return storeOf(workspace, chooseKey(workspace, keys, name));
}

function chooseKey(workspace: Workspace, keys: readonly StoreKey[], name?: string): StoreKey {
  const names = keys.map(storeName);
  if (keys.length === 0) {
    throw new UsageError(
      `the workspace ${workspace.root} holds no store`,
      "import something first: alphaloom import parquet:PATH",
    );
  }
  if (name !== undefined) {
    const key = keys.find((each) => storeName(each) === name || each.calendar === name);
    if (key !== undefined) return key;
    throw new UsageError(`there is no store ${name}`, `name one of ${names.join(", ")}`);
  }
  if (keys.length > 1) {
    throw new UsageError(`there are ${keys.length} stores`, `say which with --store: ${names.join(", ")}`);
  }
  return keys[0]!;
}

/** The generation asked for with `--generation`, or the current one. */
export function chosenSnapshot(store: OpenedStore, generation?: string): Promise<StoreSnapshot> {
  if (generation === undefined) return store.snapshot();
  const number = Number(generation);
  if (!Number.isInteger(number) || number < 1) {
    throw new UsageError(
      `--generation ${generation} is not a generation`,
      "give a whole number; data show lists them",
    );
  }
  return store.snapshot(number);
}
