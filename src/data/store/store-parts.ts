import { DataError } from "../errors.ts";
import type { SessionsBetween } from "./axis.ts";
import type { Processes } from "./holder.ts";
import type { Manifest } from "./manifest.ts";
import { generationOfFile, keptManifest, MANIFEST } from "./manifest.ts";
import { parseManifest } from "./manifest-text.ts";
import type { StoreKey } from "./panel-store.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { Storage } from "./storage.ts";
import { readWhole } from "./storage.ts";

/** Sizes that decide how segments are cut and folded; tests and measurements use small ones. */
export interface StoreLayout {
  /** Row spans of the tiers above a single session, in sessions, each a multiple of the one before. */
  readonly tiers: readonly number[];
  /** Segments of one tier that may pile up inside a span of the next before they are folded. */
  readonly pileUp: number;
  readonly splitBytes: number;
  /** Segments up to this size share files. */
  readonly packBytes: number;
  readonly chunkRows: number;
}

export const defaultLayout: StoreLayout = {
  tiers: [32, 256, 2048],
  pileUp: 64,
  splitBytes: 256 * 2 ** 20,
  packBytes: 2 ** 20,
  chunkRows: 256,
};

/** What all of a store's operations work with. */
export interface StoreParts {
  readonly key: StoreKey;
  readonly storage: Storage;
  readonly files: SegmentFiles;
  readonly manifests: ManifestCache;
  readonly processes: Processes;
  readonly sessionsBetween: SessionsBetween;
  readonly slots: Int16Array | null;
  /** Old generations kept beside the current one. */
  readonly keep: number;
  readonly layout: StoreLayout;
  readonly now: () => number;
}

/** The manifests read last, so that a file whose bytes are the same is not parsed again. */
export class ManifestCache {
  readonly #byFile = new Map<string, ReadManifest>();

  /** Throws STORE_DAMAGED, STORE_FORMAT. */
  parse(bytes: Uint8Array, file: string): ReadManifest {
    const known = this.#byFile.get(file);
    if (known !== undefined && Buffer.compare(known.bytes, bytes) === 0) return known;
    const read = { manifest: parseManifest(new TextDecoder().decode(bytes), file), bytes };
    this.#byFile.delete(file);
    this.#byFile.set(file, read);
    if (this.#byFile.size > KEPT_MANIFESTS) this.#byFile.delete(this.#byFile.keys().next().value!);
    return read;
  }
}

const KEPT_MANIFESTS = 6;

/** Of all stores that lie in folders: one that is opened again for the next step of a run finds what was read before. */
export const sharedManifests = new ManifestCache();

export interface ReadManifest {
  readonly manifest: Manifest;
  /** The file's content, to be handed back when it is replaced. */
  readonly bytes: Uint8Array;
}

/**
 * The current manifest, or null for a store that does not exist yet. Throws STORE_DAMAGED, STORE_FORMAT.
 * Copies of manifests are made only after a commit, so that a copy without a current manifest is damage.
 */
export async function readCurrent(parts: StoreParts): Promise<ReadManifest | null> {
  const { storage, key } = parts;
  const file = storage.locate(MANIFEST);
  const bytes = await readWhole(storage, MANIFEST);
  if (bytes === null) {
    if ((await keptGenerations(storage)).length === 0) return null;
    throw new DataError("STORE_DAMAGED", `${file} is missing or cannot be read to its end`, {
      remedy: "run `alphaloom data repair`: it restores the manifest from the newest kept one",
      place: { file },
    });
  }
  const read = parts.manifests.parse(bytes, file);
  const { manifest } = read;
  if (manifest.key.calendar !== key.calendar || manifest.key.freq !== key.freq) {
    throw new DataError("STORE_FORMAT", `${file} belongs to ${manifest.key.calendar}/${manifest.key.freq}`, {
      remedy: "put the folder back to the place it was written at",
      place: { file },
    });
  }
  return read;
}

/** The manifest of a kept generation, or null when it is kept no longer. */
export async function readKept(parts: StoreParts, generation: number): Promise<Manifest | null> {
  const path = keptManifest(generation);
  const bytes = await readWhole(parts.storage, path);
  return bytes === null ? null : parts.manifests.parse(bytes, parts.storage.locate(path)).manifest;
}

/** Numbers of the generations whose manifests are kept, newest first. */
export async function keptGenerations(storage: Storage): Promise<number[]> {
  const generations = (await storage.list("")).map(generationOfFile);
  return generations.filter((generation) => generation !== null).sort((a, b) => b - a);
}

export function missingStore(parts: StoreParts): DataError {
  return new DataError(
    "STORE_MISSING",
    `there is no store ${parts.key.calendar}/${parts.key.freq} at ${parts.storage.place}`,
    {
      remedy: "import some data first: `alphaloom import SOURCE`",
      place: { file: parts.storage.place },
    },
  );
}
