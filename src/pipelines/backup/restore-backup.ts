import { DataError } from "#data/errors";
import { hostProcesses } from "#data/store/holder";
import type { Manifest } from "#data/store/manifest";
import { MANIFEST, segmentPath } from "#data/store/manifest";
import { manifestText, parseManifest } from "#data/store/manifest-text";
import { lockForWriting } from "#data/store/marks";
import type { OpenedStore } from "#data/store/open-store";
import { Retention } from "#data/store/retention";
import type { Storage } from "#data/store/storage";
import { readWhole } from "#data/store/storage";
import { BESIDE, indexPath, isPathBelow, readTableIndex, type TableIndex } from "./beside-files.ts";
import type { BackedUpFile, BackupCatalogue } from "./catalogue.ts";
import { readCatalogue, sha256Of } from "./catalogue.ts";
import { throughFiles } from "./copying.ts";
import { BackupError } from "./errors.ts";
import { findStore, refuseWrongHistory, type FoundStore } from "./found-store.ts";
import { pinBackups, readObject } from "./read-object.ts";
import type { ReadBackupOptions } from "./verify-backup.ts";

export interface RestoreOptions extends ReadBackupOptions {
  /** The workspace's folder: reference tables and version files go there. */
  readonly workspace: Storage;
  /** Restore over a store whose current generation is newer; that one is kept as an older generation. */
  readonly force?: boolean;
  readonly now?: () => number;
}

export interface RestoreReport {
  readonly id: string;
  /** The generation that is current afterwards. */
  readonly generation: number;
  /** False when the store was at that generation already, and only damaged or missing files were put back. */
  readonly isNew: boolean;
  /** Files that were not there, or not as the backup has them. */
  readonly restoredFiles: number;
  readonly restoredBytes: number;
}

/**
 * Puts a backup back. Into a store that does not exist it comes as the generation it was; into one of the same history
 * as a new generation with the old content, as a rollback does; into a store that is at that very generation it puts
 * back files that are damaged or missing. Every byte is checked before it is written, files that are there and right
 * stay, and the manifest is replaced last: interrupted at any point, the store is as it was, and running it again goes on.
 *
 * Throws BACKUP_MISSING, BACKUP_DAMAGED, BACKUP_OTHER_STORE, BACKUP_OTHER_HISTORY, BACKUP_STORE_NEWER without `force`,
 * STORE_LOCKED, DATA_DISK_FULL.
 */
export async function restoreBackup(
  target: Storage,
  id: string,
  store: OpenedStore,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const processes = options.processes ?? hostProcesses;
  const pin = await pinBackups(target, processes);
  try {
    const catalogue = await readCatalogue(target, id);
    const { calendar, freq } = catalogue;
    if (calendar !== store.key.calendar || freq !== store.key.freq) {
      throw new BackupError(
        "BACKUP_OTHER_STORE",
        `${id} is of ${calendar}/${freq}, not of ${store.key.calendar}/${store.key.freq}`,
        { remedy: "name the backup's own store" },
      );
    }
    const lock = await lockForWriting(store.parts.storage, processes);
    try {
      return await restoreLocked(target, catalogue, store, options);
    } finally {
      await lock.release();
    }
  } finally {
    await pin?.release();
  }
}

async function restoreLocked(
  target: Storage,
  catalogue: BackupCatalogue,
  store: OpenedStore,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { storage, now } = { storage: store.parts.storage, now: options.now ?? Date.now };
  const { workspace, signal, onProgress } = options;
  const text = await contentOf(target, catalogue.id, { path: MANIFEST, ...catalogue.manifest });
  const manifest = parseManifest(new TextDecoder().decode(text), `${catalogue.id}/${MANIFEST}`);
  const found = await findStore(store);
  const isSame = found.bytes !== null && Buffer.compare(found.bytes, text) === 0;
  if (!isSame) refuseWrongHistory(store, { catalogue, manifest, text, found, force: options.force ?? false });
  const count = { files: 0, bytes: 0 };
  const places = placesOf(catalogue, manifest, { storage, workspace });
  await throughFiles(places, { phase: "restore", signal, onProgress }, async (file) => {
    const there = await readWhole(file.to, file.at);
    if (there !== null && (!file.replace || sha256Of(there) === file.sha256)) return;
    const bytes = await contentOf(target, catalogue.id, file);
    await file.to.remove([file.at]);
    await file.to.put(file.at, [{ at: 0, bytes }]);
    count.files++;
    count.bytes += bytes.length;
  });
  for (const entry of manifest.segments) store.parts.files.forget(entry);
  await workspace.flush();
  await restoreIndexes(workspace, catalogue);
  await storage.flush();
  signal?.throwIfAborted();
  const done = { id: catalogue.id, restoredFiles: count.files, restoredBytes: count.bytes };
  const retention = new Retention(store.parts);
  // The commit before may have been cut off before its copy was made.
  if (found.current !== null) await retention.keepCopy(found.current);
  if (isSame) return { ...done, generation: manifest.generation, isNew: false };
  const restored = found.newest === 0 ? { manifest, bytes: text } : asNew(catalogue, manifest, found, now());
  await storage.swap(MANIFEST, restored.bytes, found.bytes);
  await retention.tidy(restored);
  return { ...done, generation: restored.manifest.generation, isNew: true };
}

/** A file of the backup, and where it goes. */
interface Place extends BackedUpFile {
  readonly to: Storage;
  readonly at: string;
  /** Whether another file may lie there. */
  readonly replace: boolean;
}

/** Throws BACKUP_DAMAGED when a segment is not in the backup, or a path leads elsewhere. */
function placesOf(
  catalogue: BackupCatalogue,
  manifest: Manifest,
  { storage, workspace }: { readonly storage: Storage; readonly workspace: Storage },
): Place[] {
  const folder = `store/${catalogue.calendar}/${catalogue.freq}/`;
  const segments = new Map(catalogue.segments.map((file) => [file.path, file]));
  const places: Place[] = [];
  for (const path of new Set(manifest.segments.map((entry) => folder + segmentPath(entry)))) {
    const file = segments.get(path);
    if (file === undefined) throw damaged(catalogue.id, path, "it is not in the backup");
    if (!isPathBelow(path, [`${folder}segments/`]))
      throw damaged(catalogue.id, path, "no segment belongs there");
    places.push({ ...file, to: storage, at: path.slice(folder.length), replace: true });
  }
  for (const file of catalogue.others) {
    const { path } = file;
    if (!isPathBelow(path, BESIDE)) throw damaged(catalogue.id, path, "no file belongs there");
    // Version files say what a store holds now: those that are there are made anew after the next run.
    places.push({ ...file, to: workspace, at: path, replace: !path.startsWith("versions/") });
  }
  return places;
}

/** The content under a generation number that neither the store nor the backup has used. */
function asNew(
  catalogue: BackupCatalogue,
  content: Manifest,
  found: FoundStore,
  writtenAt: number,
): { readonly manifest: Manifest; readonly bytes: Uint8Array } {
  const manifest: Manifest = {
    ...content,
    generation: Math.max(found.newest, content.generation) + 1,
    parent: found.current?.manifest.generation ?? null,
    reason: `restored from backup ${catalogue.id}`,
    writtenAt,
  };
  return { manifest, bytes: new TextEncoder().encode(manifestText(manifest)) };
}

async function contentOf(target: Storage, id: string, file: BackedUpFile): Promise<Uint8Array> {
  const bytes = await readObject(target, file);
  if (typeof bytes === "string") throw damaged(id, file.path, bytes);
  return bytes;
}

function damaged(id: string, path: string, what: string): BackupError {
  return new BackupError("BACKUP_DAMAGED", `${path} of the backup ${id}: ${what}`, {
    remedy: `alphaloom backup verify ${id} shows all damage; restore another backup; the store is as it was`,
    file: path,
  });
}

/** Adds what the backup's tables had to the indexes that are there. */
async function restoreIndexes(workspace: Storage, catalogue: BackupCatalogue): Promise<void> {
  for (const [table, entries] of Object.entries(catalogue.reference)) {
    if (entries.length === 0) continue;
    if (!isPathBelow(indexPath(table), BESIDE))
      throw damaged(catalogue.id, table, "no table has such a name");
    const bytes = await readWhole(workspace, indexPath(table));
    const known: TableIndex = (await readableIndex(workspace, table)) ?? { version: 1, table, files: [] };
    const paths = new Set(known.files.map(({ path }) => path));
    const missing = entries.filter(({ path }) => !paths.has(path));
    if (missing.length === 0) continue;
    const index = { ...known, files: [...known.files, ...missing] };
    const text = new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`);
    await workspace.swap(indexPath(table), text, bytes);
  }
}

/** An index that cannot be read is replaced by the backup's. */
async function readableIndex(workspace: Storage, table: string): Promise<TableIndex | null> {
  try {
    return await readTableIndex(workspace, table);
  } catch (error) {
    if (error instanceof DataError && error.code === "DATA_FILE_DAMAGED") return null;
    throw error;
  }
}
