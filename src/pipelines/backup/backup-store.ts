import { isAbsolute, relative } from "node:path";
import type { Processes } from "#data/store/holder";
import { hostProcesses } from "#data/store/holder";
import { DataError } from "#data/errors";
import type { Manifest, SegmentEntry } from "#data/store/manifest";
import { entriesByFile, keptManifest, MANIFEST } from "#data/store/manifest";
import { parseManifest } from "#data/store/manifest-text";
import { lockForWriting } from "#data/store/marks";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreKey } from "#data/store/panel-store";
import type { Storage } from "#data/store/storage";
import { readWhole } from "#data/store/storage";
import { listedFilesOf, versionFilesOf, type BesideFiles } from "./beside-files.ts";
import {
  backupId,
  catalogueKey,
  cataloguePath,
  catalogueText,
  objectPath,
  OBJECTS,
  readCatalogues,
  sha256Of,
  summaryOf,
  type BackedUpFile,
  type BackupCatalogue,
  type BackupSummary,
} from "./catalogue.ts";
import { throughFiles, type BackupProgress } from "./copying.ts";
import { BackupError } from "./errors.ts";
import { fileFault, headerHash, storedHeaderHash } from "./segment-bytes.ts";

export interface BackupOptions {
  /** The workspace's folder: reference tables and version files are taken from there. */
  readonly workspace: Storage;
  /** A kept generation; the current one unless told. */
  readonly generation?: number;
  /** Why, for the list of backups. */
  readonly reason?: string;
  readonly now?: () => number;
  readonly processes?: Processes;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BackupProgress) => void;
}

export interface BackupReport {
  readonly backup: BackupSummary;
  /** False when the newest backup of the store holds all of it already: then no new one is made. */
  readonly isNew: boolean;
  readonly copiedFiles: number;
  readonly copiedBytes: number;
}

/** Contents at the target: those that a backup lists are whole, others may be what a killed backup left. */
interface TargetContents {
  readonly listed: ReadonlySet<string>;
  readonly present: ReadonlySet<string>;
  /** Segments of earlier backups by path, size and header. */
  readonly segments: ReadonlyMap<string, BackedUpFile>;
}

/**
 * Copies one generation of a store: its segments, its manifest, the reference and event files it lists, the version
 * files. The generation is pinned meanwhile. What an earlier backup holds is not read or copied again but for segments'
 * headers; every byte that is copied is checked against its checksum before. The catalogue comes last, so that a backup
 * that was interrupted is never seen; running it again goes on with what is there.
 *
 * Throws STORE_MISSING, STORE_GENERATION_MISSING, STORE_DAMAGED, STORE_LOCKED (another backup at that target),
 * DATA_FILE_MISSING, BACKUP_TARGET, and what the target's storage throws.
 */
export async function backupStore(
  store: OpenedStore,
  target: Storage,
  options: BackupOptions,
): Promise<BackupReport> {
  const { workspace, signal, processes = hostProcesses, now = Date.now } = options;
  refuseInside(store, target);
  await using snapshot = await store.snapshot(options.generation);
  const lock = await lockForWriting(target, processes);
  try {
    const { manifest, bytes } = await manifestBytes(store, snapshot.generation);
    const { catalogues } = await readCatalogues(target);
    const contents = await contentsOf(target, catalogues);
    const copy = new Copy(target, contents);
    const beside = await listedFilesOf(workspace, manifest);
    const segments = await copySegments(store, manifest, { ...options, copy, contents });
    const others = await copyBeside(workspace, beside, { ...options, copy });
    for (const path of await versionFilesOf(workspace, store.key)) {
      const content = await readWhole(workspace, path);
      if (content !== null) others.push({ path, ...(await copy.put(content)) });
    }
    const whole = { sha256: sha256Of(bytes), size: bytes.length };
    const latest = catalogues.find((each) => sameKey(catalogueKey(each), store.key));
    const content = { manifest: whole, segments, others, reference: beside.index };
    if (latest !== undefined && sameContent(latest, content)) {
      return { backup: summaryOf(latest), isNew: false, copiedFiles: copy.files, copiedBytes: copy.bytes };
    }
    await copy.put(bytes);
    await target.flush();
    signal?.throwIfAborted();
    const createdAt = now();
    const catalogue: BackupCatalogue = {
      version: 1,
      id: backupId(store.key, manifest.generation, createdAt),
      calendar: store.key.calendar,
      freq: store.key.freq,
      generation: manifest.generation,
      createdAt,
      reason: options.reason ?? "",
      ...content,
    };
    await target.swap(cataloguePath(catalogue.id), catalogueText(catalogue), null);
    return { backup: summaryOf(catalogue), isNew: true, copiedFiles: copy.files, copiedBytes: copy.bytes };
  } finally {
    await lock.release();
  }
}

/** The writer's tidying would take a backup's files for its own orphans. */
function refuseInside(store: OpenedStore, target: Storage): void {
  const { place } = store.parts.storage;
  if (place.includes("://") || target.place.includes("://")) return;
  const below = relative(place, target.place);
  if (below.startsWith("..") || isAbsolute(below)) return;
  throw new BackupError("BACKUP_TARGET", `${target.place} lies inside the store ${place}`, {
    remedy: "choose a folder outside of the workspace, best on another disk",
    file: target.place,
  });
}

const sameKey = (left: StoreKey, right: StoreKey): boolean =>
  left.calendar === right.calendar && left.freq === right.freq;

type Content = Pick<BackupCatalogue, "manifest" | "segments" | "others" | "reference">;

function sameContent(one: Content, other: Content): boolean {
  const told = ({ manifest, segments, others, reference }: Content): string => {
    const files = [...segments, ...others].map(({ path, sha256 }) => `${path} ${sha256}`);
    files.sort((a, b) => (a < b ? -1 : 1));
    return JSON.stringify([manifest, files, reference]);
  };
  return told(one) === told(other);
}

/** The manifest of a pinned generation as it lies in the store. */
async function manifestBytes(
  store: OpenedStore,
  generation: number,
): Promise<{ readonly manifest: Manifest; readonly bytes: Uint8Array }> {
  const { storage } = store.parts;
  // The newest generation may have no copy yet, or a torn one of a commit that was cut off; an older one has nothing else.
  for (const path of [MANIFEST, keptManifest(generation)]) {
    const bytes = await readWhole(storage, path);
    if (bytes === null) continue;
    const manifest = parseManifest(new TextDecoder().decode(bytes), storage.locate(path));
    if (manifest.generation === generation) return { manifest, bytes };
  }
  throw new DataError(
    "STORE_GENERATION_MISSING",
    `generation ${generation} of ${storage.place} left meanwhile`,
    {
      remedy: "run the command again",
    },
  );
}

async function contentsOf(target: Storage, catalogues: readonly BackupCatalogue[]): Promise<TargetContents> {
  const present = new Set(await target.list(OBJECTS));
  const listed = new Set<string>();
  const segments = new Map<string, BackedUpFile>();
  for (const catalogue of catalogues) {
    for (const file of [catalogue.manifest, ...catalogue.segments, ...catalogue.others])
      listed.add(file.sha256);
    for (const file of catalogue.segments) {
      if (present.has(file.sha256)) segments.set(`${file.path} ${file.size} ${file.header ?? ""}`, file);
    }
  }
  return { present, listed, segments };
}

/** Puts contents at the target, each once, and counts what was put. */
class Copy {
  files = 0;
  bytes = 0;
  readonly #target: Storage;
  readonly #contents: TargetContents;
  readonly #put = new Map<string, Promise<void>>();

  constructor(target: Storage, contents: TargetContents) {
    this.#target = target;
    this.#contents = contents;
  }

  async put(bytes: Uint8Array): Promise<{ readonly sha256: string; readonly size: number }> {
    const sha256 = sha256Of(bytes);
    let turn = this.#put.get(sha256);
    if (turn === undefined) {
      turn = this.#putOnce(sha256, bytes);
      this.#put.set(sha256, turn);
    }
    await turn;
    return { sha256, size: bytes.length };
  }

  async #putOnce(sha256: string, bytes: Uint8Array): Promise<void> {
    const { present, listed } = this.#contents;
    const path = objectPath(sha256);
    if (present.has(sha256)) {
      if (listed.has(sha256)) return;
      // A killed backup's: whether it was written whole, and reached the disk, only its bytes tell.
      const found = await readWhole(this.#target, path);
      if (found !== null && sha256Of(found) === sha256) return;
      await this.#target.remove([path]);
    }
    await this.#target.put(path, [{ at: 0, bytes }]);
    this.files++;
    this.bytes += bytes.length;
  }
}

async function copySegments(
  store: OpenedStore,
  manifest: Manifest,
  context: BackupOptions & { readonly copy: Copy; readonly contents: TargetContents },
): Promise<BackedUpFile[]> {
  const { copy, contents, signal, onProgress } = context;
  const { storage } = store.parts;
  const { calendar, freq } = store.key;
  const work = Array.from(entriesByFile(manifest.segments), ([path, entries]) => ({
    path,
    entries,
    size: entries.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
  const done: BackedUpFile[] = [];
  await throughFiles(work, { phase: "copy", signal, onProgress }, async ({ path, entries }) => {
    // The name of a file of several segments tells its content.
    const isPack = entries[0]!.pack !== undefined;
    const size = isPack ? ((await storage.size(path)) ?? 0) : entries[0]!.bytes;
    const header = isPack ? null : await storedHeaderHash(storage, path, size);
    const name = `store/${calendar}/${freq}/${path}`;
    const known = contents.segments.get(`${name} ${size} ${header ?? ""}`);
    if (known !== undefined) {
      done.push(known);
      return;
    }
    const bytes = await readWhole(storage, path);
    const fault =
      bytes === null ? { what: "the file is missing", entry: entries[0]! } : fileFault(bytes, entries);
    if (bytes === null || fault !== null)
      throw damagedSource(storage.locate(path), fault!.entry, fault!.what);
    const told = isPack ? {} : { header: headerHash(bytes) };
    done.push({ path: name, ...(await copy.put(bytes)), ...told });
  });
  return done.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function damagedSource(file: string, { set, block }: SegmentEntry, fault: string): DataError {
  return new DataError(
    "STORE_DAMAGED",
    `${file}: ${fault} (set ${set}, block ${block}); it is not backed up`,
    {
      remedy: "run `alphaloom data repair`, then make the backup; older backups are untouched",
      place: { file },
    },
  );
}

async function copyBeside(
  workspace: Storage,
  beside: BesideFiles,
  context: BackupOptions & { readonly copy: Copy },
): Promise<BackedUpFile[]> {
  const { copy, signal, onProgress } = context;
  const done: BackedUpFile[] = [];
  await throughFiles(beside.files, { phase: "copy", signal, onProgress }, async ({ path, sha256 }) => {
    const bytes = await readWhole(workspace, path);
    const found =
      bytes === null ? "is missing" : sha256Of(bytes) === sha256 ? null : "differs from its checksum";
    if (bytes === null || found !== null) {
      throw new DataError(
        "DATA_FILE_DAMAGED",
        `${workspace.locate(path)} ${found}; the generation lists it`,
        {
          remedy: "restore it from an older backup, or import its source again",
          place: { file: workspace.locate(path) },
        },
      );
    }
    done.push({ path, ...(await copy.put(bytes)) });
  });
  return done.sort((a, b) => (a.path < b.path ? -1 : 1));
}
