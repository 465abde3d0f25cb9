import { DataError } from "#data/errors";
import type { Manifest } from "#data/store/manifest";
import { keptManifest, MANIFEST, segmentKey } from "#data/store/manifest";
import type { OpenedStore } from "#data/store/open-store";
import { readWhole } from "#data/store/storage";
import { keptGenerations, readCurrent, type ReadManifest } from "#data/store/store-parts";
import type { BackupCatalogue } from "./catalogue.ts";
import { BackupError } from "./errors.ts";

/** The store as it is found. */
export interface FoundStore {
  /** Manifests that can be read: the current one and the kept ones. */
  readonly manifests: readonly ReadManifest[];
  readonly current: ReadManifest | null;
  /** The current manifest file's content, whatever it is. */
  readonly bytes: Uint8Array | null;
  readonly newest: number;
}

/** What a store consists of as far as it can be read, damage and all. Its writers' lock is held. */
export async function findStore(store: OpenedStore): Promise<FoundStore> {
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

/**
 * Throws BACKUP_OTHER_HISTORY when a name means one content in the store and another in the backup, and without `force`
 * BACKUP_STORE_NEWER when the store has gone on since.
 */
export function refuseWrongHistory(
  store: OpenedStore,
  context: {
    readonly catalogue: BackupCatalogue;
    readonly manifest: Manifest;
    readonly text: Uint8Array;
    readonly found: FoundStore;
    readonly force: boolean;
  },
): void {
  const { catalogue, manifest, text, found, force } = context;
  const { place } = store.parts.storage;
  const own = new Map(
    manifest.segments.map((entry) => [segmentKey(entry), `${entry.bytes} ${entry.checksum}`]),
  );
  for (const { manifest: other, bytes } of found.manifests) {
    const isOther =
      (other.generation === manifest.generation && Buffer.compare(bytes, text) !== 0) ||
      other.segments.some((entry) => {
        const same = own.get(segmentKey(entry));
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
