import { DataError } from "#data/errors";
import { hostProcesses } from "#data/store/holder";
import type { Manifest } from "#data/store/manifest";
import { keptManifest, MANIFEST, segmentPath } from "#data/store/manifest";
import { manifestText, parseManifest } from "#data/store/manifest-text";
import { lockForWriting } from "#data/store/marks";
import type { OpenedStore } from "#data/store/open-store";
import { Retention } from "#data/store/retention";
import type { Storage } from "#data/store/storage";
import { readWhole } from "#data/store/storage";
import { keptGenerations, readCurrent, type ReadManifest } from "#data/store/store-parts";
import { indexPath, isSafePath, readTableIndex, type TableIndex } from "./beside-files.ts";
import type { BackedUpFile, BackupCatalogue } from "./catalogue.ts";
import { readCatalogue, sha256Of } from "./catalogue.ts";
import { throughFiles } from "./copying.ts";
import { BackupError } from "./errors.ts";
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

/** The store as it is found. */
interface Found {
  /** Manifests that can be read: the current one and the kept ones. */
  readonly manifests: readonly ReadManifest[];
  readonly current: ReadManifest | null;
  /** The current manifest file's content, whatever it is. */
  readonly bytes: Uint8Array | null;
  readonly newest: number;
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
  const folder = `store/${catalogue.calendar}/${catalogue.freq}/`;
  const paths = new Set(manifest.segments.map((entry) => folder + segmentPath(entry)));
  const segments = new Map(catalogue.segments.map((file) => [file.path, file]));
  const lacking = [...paths].find((path) => !segments.has(path) || !isSafePath(path));
  if (lacking !== undefined) throw damaged(catalogue.id, lacking, "it is not in the backup");
  const versions = catalogue.others.filter(({ path }) => /^(versions|store)\//.test(path));
  const others = catalogue.others.filter((file) => !versions.includes(file));
  const wanted = [...segments.values()].filter(({ path }) => paths.has(path));
  const places = [
    ...wanted.map((file) => ({ ...file, to: storage, at: file.path.slice(folder.length), replace: true })),
    ...others.map((file) => ({ ...file, to: workspace, at: file.path, replace: true })),
    // They say what a store holds now: those that are there are made anew after the next run.
    ...versions.map((file) => ({ ...file, to: workspace, at: file.path, replace: false })),
  ];
  for (const { path } of places)
    if (!isSafePath(path)) throw damaged(catalogue.id, path, "no file belongs there");
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

/** The content under a generation number that neither the store nor the backup has used. */
function asNew(
  catalogue: BackupCatalogue,
  content: Manifest,
  found: Found,
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

async function findStore(store: OpenedStore): Promise<Found> {
  const { parts } = store;
  const kept = await keptGenerations(parts.storage);
  const manifests: ReadManifest[] = [];
  for (const generation of kept) {
    const path = keptManifest(generation);
    const bytes = await readWhole(parts.storage, path);
    const read = await readable(() => (bytes === null ? null : parts.manifests.parse(bytes, path)));
    if (read !== null) manifests.push(read);
  }
  const current = await readable(() => readCurrent(parts));
  if (current !== null) manifests.push(current);
  const bytes = await readWhole(parts.storage, MANIFEST);
  const newest = Math.max(0, ...kept, current?.manifest.generation ?? 0);
  return { manifests, current, bytes, newest };
}

/** What can be read, or null where it is damaged: that is what a restore is for. */
async function readable<T>(read: () => Promise<T | null> | T | null): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DataError && error.code === "STORE_DAMAGED") return null;
    throw error;
  }
}

function refuseWrongHistory(
  store: OpenedStore,
  context: {
    readonly catalogue: BackupCatalogue;
    readonly manifest: Manifest;
    readonly text: Uint8Array;
    readonly found: Found;
    readonly force: boolean;
  },
): void {
  const { catalogue, manifest, text, found, force } = context;
  const { place } = store.parts.storage;
  const own = new Map(
    manifest.segments.map((entry) => [segmentPath(entry), `${entry.bytes} ${entry.checksum}`]),
  );
  for (const { manifest: other, bytes } of found.manifests) {
    const isOther =
      (other.generation === manifest.generation && Buffer.compare(bytes, text) !== 0) ||
      other.segments.some((entry) => {
        const same = own.get(segmentPath(entry));
        return same !== undefined && same !== `${entry.bytes} ${entry.checksum}`;
      });
    if (!isOther) continue;
    throw new BackupError(
      "BACKUP_OTHER_HISTORY",
      `generation ${other.generation} of ${place} is not of the history that ${catalogue.id} was taken from`,
      {
        remedy: "restore into an empty workspace (--workspace DIR), or move this store's folder away first",
        file: place,
      },
    );
  }
  if (found.newest > manifest.generation && !force) {
    throw new BackupError(
      "BACKUP_STORE_NEWER",
      `${place} is at generation ${found.newest}, ${catalogue.id} holds generation ${manifest.generation}`,
      {
        remedy: `restore with --force: the backup's content becomes a new generation, ${found.newest} stays an older one for as long as it is kept`,
        file: place,
      },
    );
  }
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
    if (!isSafePath(indexPath(table))) throw damaged(catalogue.id, table, "no table has such a name");
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
