import {
  importReference,
  type ReferenceImportOptions,
  type ReferenceImportResult,
} from "#data/reference/import-reference";
import { industryAsOf, type GroupsAsOf } from "#data/reference/industry";
import { readReferenceIndex } from "#data/reference/reference-index";
import { openReference } from "#data/reference/reference-table";
import { listStores } from "#data/store/open-store";
import type { ReferenceSource } from "#data/sources/reference/reference-source";
import { storeOf, type Workspace } from "./workspace.ts";

/**
 * Imports a reference table into the workspace and lists its files in every store, so that a generation knows which
 * facts it was made beside.
 */
export async function refreshReference(
  workspace: Workspace,
  source: ReferenceSource,
  options: ReferenceImportOptions = {},
): Promise<ReferenceImportResult> {
  const result = await importReference(workspace.root, source, options);
  for (const key of await listStores(workspace.stores)) {
    await using writer = await storeOf(workspace, key).writer();
    writer.setListing(
      "reference",
      result.table,
      result.files.map(({ path, sha256, size }) => ({ path, sha256, size })),
    );
    await writer.commit({ reason: `reference table ${result.table}` });
  }
  return result;
}

/** Groups of instruments by a column of a reference table, as of each day. Throws DATA_FILE_MISSING, DATA_COLUMN_MISSING. */
export function groupsOf(
  workspace: Workspace,
  table: string,
  options: { readonly column?: string; readonly assumeStatic?: boolean } = {},
): Promise<GroupsAsOf> {
  return industryAsOf(openReference(workspace.root, table), options);
}

/** Whether the workspace has a table of that name. */
export function hasReference(workspace: Workspace, table: string): boolean {
  return readReferenceIndex(workspace.root, table).files.length > 0;
}
