import type { Processes } from "#data/store/holder";
import { describeHolder, hostProcesses } from "#data/store/holder";
import { livePins, lockForWriting } from "#data/store/marks";
import type { Storage } from "#data/store/storage";
import { cataloguePath, filesOf, OBJECTS, readCatalogues, summaryOf } from "./catalogue.ts";
import { BackupError } from "./errors.ts";
import { isBucket } from "./target.ts";

export interface PruneOptions {
  /** Newest backups of each store that stay; at least 1. */
  readonly keep: number;
  readonly processes?: Processes;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

export interface PruneReport {
  readonly removedBackups: readonly string[];
  readonly removedFiles: number;
  readonly removedBytes: number;
  readonly keptBackups: readonly string[];
  /** Backups that cannot be read: while there is one, no content is removed, since it may be its. */
  readonly unreadable: readonly string[];
}

/** Uploads in parts that nobody completed within a day are given up. */
const UPLOAD_MS = 86_400_000;
const REMOVED_AT_ONCE = 500;

/**
 * Removes all but the newest backups of each store, and then the contents that no backup lists, those of interrupted
 * backups among them. A backup under way holds the target's lock, a restore or verification a pin: neither is disturbed.
 * Interrupted, the next one does the rest. Throws STORE_LOCKED, BACKUP_BUSY.
 */
export async function pruneBackups(target: Storage, options: PruneOptions): Promise<PruneReport> {
  const { keep, processes = hostProcesses, now = Date.now, signal } = options;
  if (!(Number.isInteger(keep) && keep >= 1))
    throw new RangeError(`${keep} backups cannot be kept; at least 1`);
  const lock = await lockForWriting(target, processes);
  try {
    const [reader] = await livePins(target, processes);
    if (reader !== undefined) {
      throw new BackupError(
        "BACKUP_BUSY",
        `${describeHolder(reader.holder)} reads the backups at ${target.place}`,
        {
          remedy: "wait until it is done",
        },
      );
    }
    const { catalogues, unreadable } = await readCatalogues(target);
    const seen = new Map<string, number>();
    const leaving = catalogues.filter(({ calendar, freq }) => {
      const older = seen.get(`${calendar}/${freq}`) ?? 0;
      seen.set(`${calendar}/${freq}`, older + 1);
      return older >= keep;
    });
    const staying = catalogues.filter((catalogue) => !leaving.includes(catalogue));
    await target.remove(leaving.map(({ id }) => cataloguePath(id)));
    await target.flush();
    const wanted = new Set(staying.flatMap((catalogue) => filesOf(catalogue).map(({ sha256 }) => sha256)));
    const names = unreadable.length > 0 ? [] : await target.list(OBJECTS);
    const orphans = names.filter((name) => !wanted.has(name)).map((name) => `${OBJECTS}/${name}`);
    let removedBytes = 0;
    for (let first = 0; first < orphans.length; first += REMOVED_AT_ONCE) {
      signal?.throwIfAborted();
      const some = orphans.slice(first, first + REMOVED_AT_ONCE);
      for (const path of some) removedBytes += (await target.size(path)) ?? 0;
      await target.remove(some);
    }
    await target.flush();
    if (isBucket(target)) await target.abandonUploads(now() - UPLOAD_MS);
    return {
      removedBackups: leaving.map((catalogue) => summaryOf(catalogue).id),
      removedFiles: orphans.length,
      removedBytes,
      keptBackups: staying.map(({ id }) => id),
      unreadable: unreadable.map(({ id }) => id),
    };
  } finally {
    await lock.release();
  }
}
