/** What happened to the files of a known source since it was imported. */
import {
  compareFiles,
  type ComparedFiles,
  type FileToLookAt,
  type LookOptions,
} from "#data/sources/fingerprint/source-fingerprint";
import { coveredFiles } from "#data/sources/fingerprint/covered-files";
import { isPostgresLocator } from "#data/sources/postgres/locator";
import type { KnownSource } from "./known-source.ts";
import { tablesBehind, withTables } from "./known-tables.ts";

export interface SourceChanges {
  /**
   * `unchanged`: nothing to import. `changed`: rows may be new or different. `missing`: no more than that files are gone,
   * which takes nothing out of the store.
   */
  readonly state: "unchanged" | "changed" | "missing";
  readonly compared: ComparedFiles;
}

/**
 * Compares by size, timestamp, inode and Parquet footer, and by content where these differ, where the timestamp was too
 * young to be trusted when it was noted, and everywhere with `rehash`. Throws DATA_NOT_PERMITTED and the signal's reason.
 */
export async function sourceChanges(known: KnownSource, options: LookOptions): Promise<SourceChanges> {
  const files = await compareFiles(known.files, filesOfSource(known), options);
  const compared = isPostgresLocator(known.place)
    ? withTables(files, known.files, {
        tables: await tablesBehind(known),
        rehash: options.rehash === true,
      })
    : files;
  const [gone, other] = [compared.gone.length, compared.changes.filter(({ kind }) => kind !== "gone").length];
  if (other > 0) return { state: "changed", compared };
  return { state: gone > 0 || compared.files.length === 0 ? "missing" : "unchanged", compared };
}

/** The files its locator names now, and those that were read beside them. */
export function filesOfSource(source: Pick<KnownSource, "place" | "files">): FileToLookAt[] {
  const rows = coveredFiles(source.place).map((path): FileToLookAt => ({ path, role: "rows" }));
  return [...rows, ...source.files.filter(({ role }) => role !== "rows")];
}
