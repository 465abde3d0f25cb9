import * as z from "zod";
import { DataError } from "#data/errors";
import type { Manifest } from "#data/store/manifest";
import type { ListedFile, StoreKey } from "#data/store/panel-store";
import type { Storage } from "#data/store/storage";
import { readWhole } from "#data/store/storage";

/** The files outside of a store that belong to one of its generations. */
export interface BesideFiles {
  readonly files: readonly ListedFile[];
  /** Of each reference table, what its index says of the files listed. */
  readonly index: Readonly<Record<string, IndexEntry[]>>;
}

const entry = z.looseObject({ path: z.string() });
const index = z.looseObject({ version: z.literal(1), table: z.string(), files: z.array(entry) });

export type IndexEntry = z.infer<typeof entry>;
export type TableIndex = z.infer<typeof index>;

export const indexPath = (table: string): string => `reference/${table}/index.json`;

/** Whether a path of a backup stays below one of these folders, whatever somebody wrote into a catalogue. */
export function isPathBelow(path: string, folders: readonly string[]): boolean {
  if (path.split("/").some((name) => name === "" || name === "." || name === "..")) return false;
  return !/[\\\0:]/.test(path) && folders.some((folder) => path.startsWith(folder));
}

/** Where files beside a store may lie. */
export const BESIDE = ["reference/", "events/", "versions/"] as const;

/** Throws DATA_FILE_DAMAGED when a table's index cannot be read. */
export async function readTableIndex(workspace: Storage, table: string): Promise<TableIndex | null> {
  const bytes = await readWhole(workspace, indexPath(table));
  if (bytes === null) return null;
  const file = workspace.locate(indexPath(table));
  try {
    return index.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    throw new DataError("DATA_FILE_DAMAGED", `${file} is not an index of a reference table`, {
      remedy: "import the table again into an empty folder",
      place: { file },
      cause: error,
    });
  }
}

/** What a generation lists beside its segments. */
export async function listedFilesOf(workspace: Storage, manifest: Manifest): Promise<BesideFiles> {
  const { reference, events } = manifest.listings;
  const files = new Map<string, ListedFile>();
  for (const list of [...Object.values(reference), ...Object.values(events)])
    for (const file of list) files.set(file.path, file);
  const tables: Record<string, IndexEntry[]> = {};
  for (const [table, list] of Object.entries(reference)) {
    const listed = new Set(list.map(({ path }) => path));
    const found = await readTableIndex(workspace, table);
    tables[table] = (found?.files ?? []).filter(({ path }) => listed.has(path));
  }
  return { files: [...files.values()], index: tables };
}

/** The version files that are there. */
export async function versionFilesOf(workspace: Storage, { calendar, freq }: StoreKey): Promise<string[]> {
  const found: string[] = [];
  for (const name of ["data_version.json", "indicator_versions.json"]) {
    const path = `versions/${calendar}/${freq}/${name}`;
    if ((await workspace.size(path)) !== null) found.push(path);
  }
  return found;
}
