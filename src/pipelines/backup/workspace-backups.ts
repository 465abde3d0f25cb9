import { localStorage } from "#data/store/local-storage";
import type { Processes } from "#data/store/holder";
import type { StoreKey } from "#data/store/panel-store";
import type { Storage } from "#data/store/storage";
import { storeOf, type Workspace } from "../workspace.ts";
import { backupStore, type BackupOptions, type BackupReport } from "./backup-store.ts";
import { catalogueKey, readCatalogue } from "./catalogue.ts";
import { pruneBackups, type PruneReport } from "./prune-backups.ts";
import { restoreBackup, type RestoreOptions, type RestoreReport } from "./restore-backup.ts";

export interface WorkspaceBackupOptions extends Omit<BackupOptions, "workspace" | "generation"> {
  /** Newest backups of each store that stay afterwards; all unless told. */
  readonly keep?: number;
}

export interface WorkspaceBackupReport {
  readonly backups: readonly BackupReport[];
  readonly pruned: PruneReport | null;
}

/** Backs stores of a workspace up, one after the other, and removes what is beyond `keep`: what runs after each run and by schedule. */
export async function backupWorkspace(
  workspace: Workspace,
  keys: readonly StoreKey[],
  target: Storage,
  options: WorkspaceBackupOptions = {},
): Promise<WorkspaceBackupReport> {
  const { keep, ...rest } = options;
  const backups: BackupReport[] = [];
  for (const key of keys) {
    const own = { ...rest, workspace: localStorage(workspace.root) };
    backups.push(await backupStore(storeOf(workspace, key), target, own));
  }
  if (keep === undefined) return { backups, pruned: null };
  const shared: {
    readonly processes?: Processes;
    readonly now?: () => number;
    readonly signal?: AbortSignal;
  } = rest;
  const { processes, now, signal } = shared;
  const pruned = await pruneBackups(target, {
    keep,
    ...(processes === undefined ? {} : { processes }),
    ...(now === undefined ? {} : { now }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { backups, pruned };
}

/** Puts a backup back into the store of a workspace that it is of. */
export async function restoreIntoWorkspace(
  workspace: Workspace,
  target: Storage,
  id: string,
  options: Omit<RestoreOptions, "workspace"> = {},
): Promise<RestoreReport & { readonly key: StoreKey }> {
  const key = catalogueKey(await readCatalogue(target, id));
  const own = { ...options, workspace: localStorage(workspace.root) };
  return { key, ...(await restoreBackup(target, id, storeOf(workspace, key), own)) };
}
