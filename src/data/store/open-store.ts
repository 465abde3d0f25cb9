import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Frequency } from "#panel/axes";
import { DataError } from "../errors.ts";
import type { SessionsBetween } from "./axis.ts";
import type { Processes } from "./holder.ts";
import { hostProcesses } from "./holder.ts";
import { localStorage } from "./local-storage.ts";
import type { Manifest } from "./manifest.ts";
import { MANIFEST, summaryOf } from "./manifest.ts";
import { lockForWriting, pinGeneration } from "./marks.ts";
import type { CollectReport, GenerationSummary, PanelStore, StoreKey, StoreSnapshot } from "./panel-store.ts";
import { Retention } from "./retention.ts";
import { SegmentFiles } from "./segment-files.ts";
import { ManifestSnapshot } from "./snapshot.ts";
import {
  heldRuns,
  holdRun,
  releaseRun,
  StagedAttempt,
  type AttemptOptions,
  type HeldRun,
} from "./staged-run.ts";
import type { Storage } from "./storage.ts";
import type { StoreLayout, StoreParts } from "./store-parts.ts";
import {
  defaultLayout,
  keptGenerations,
  ManifestCache,
  missingStore,
  readCurrent,
  readKept,
  sharedManifests,
} from "./store-parts.ts";
import { ManifestWriter } from "./writer.ts";

export interface StoreOptions {
  /** Sessions of the store's calendar, both ends included. */
  readonly sessionsBetween: SessionsBetween;
  /** Minutes of the day at which the bars of a session end; intraday frequencies only. */
  readonly slots?: Int16Array;
  /** Old generations kept beside the current one; 3 unless told. At least 1. */
  readonly keep?: number;
  /** Clock for the manifests' `writtenAt`. */
  readonly now?: () => number;
  /** Another place than `<root>/<calendar>/<freq>`. */
  readonly storage?: Storage;
  readonly processes?: Processes;
  readonly layout?: Partial<StoreLayout>;
}

/** The store `<root>/<calendar>/<freq>`, which need not exist yet. Nothing is read or written. */
export function openStore(root: string, key: StoreKey, options: StoreOptions): OpenedStore {
  if ((key.freq === "day") !== (options.slots === undefined)) {
    throw new RangeError(
      `slots of the session are for intraday bars and needed there; the frequency is ${key.freq}`,
    );
  }
  const storage = options.storage ?? localStorage(join(root, key.calendar, key.freq));
  return new OpenedStore({
    key,
    storage,
    files: new SegmentFiles(storage),
    manifests: options.storage === undefined ? sharedManifests : new ManifestCache(),
    processes: options.processes ?? hostProcesses,
    sessionsBetween: options.sessionsBetween,
    slots: options.slots ?? null,
    keep: Math.max(1, options.keep ?? 3),
    layout: { ...defaultLayout, ...options.layout },
    now: options.now ?? Date.now,
  });
}

/** Keys of the stores under a workspace's `store` folder, sorted. */
export async function listStores(root: string): Promise<StoreKey[]> {
  const found: StoreKey[] = [];
  for (const calendar of (await foldersOf(root)).sort()) {
    for (const freq of (await foldersOf(join(root, calendar))).sort()) {
      const names = await readdir(join(root, calendar, freq));
      if (names.some((name) => name.startsWith("manifest")))
        found.push({ calendar, freq: freq as Frequency });
    }
  }
  return found;
}

async function foldersOf(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

export class OpenedStore implements PanelStore {
  readonly key: StoreKey;
  /** For verify, repair and compaction. */
  readonly parts: StoreParts;

  constructor(parts: StoreParts) {
    this.key = parts.key;
    this.parts = parts;
  }

  async exists(): Promise<boolean> {
    const { storage } = this.parts;
    return (await storage.size(MANIFEST)) !== null || (await keptGenerations(storage)).length > 0;
  }

  async snapshot(generation?: number): Promise<StoreSnapshot> {
    const { storage, processes, files } = this.parts;
    for (;;) {
      const current = await readCurrent(this.parts);
      if (current === null) throw missingStore(this.parts);
      const newest = current.manifest.generation;
      const wanted = generation ?? newest;
      const pin = await pinGeneration(storage, processes, wanted);
      const kept = await keptGenerations(storage);
      let manifest: Manifest | null = null;
      try {
        // Pinned in time if the generation still has its copy, or is the newest one and has none yet.
        if (wanted !== newest) manifest = await readKept(this.parts, wanted);
        else if (kept.includes(wanted) || !kept.some((other) => other > wanted)) manifest = current.manifest;
      } finally {
        if (manifest === null) await pin?.release();
      }
      if (manifest !== null) return new ManifestSnapshot(manifest, { files, pin, current: newest });
      if (generation !== undefined) throw missingGeneration(generation, kept, storage.place);
    }
  }

  async writer(): Promise<ManifestWriter> {
    const { parts } = this;
    const lock = await lockForWriting(parts.storage, parts.processes);
    try {
      const current = await readCurrent(parts);
      const retention = new Retention(parts);
      await retention.tidy(current);
      // The lock is its pin: nobody else removes files.
      const base =
        current === null
          ? null
          : new ManifestSnapshot(current.manifest, {
              files: parts.files,
              pin: null,
              current: current.manifest.generation,
            });
      return new ManifestWriter(parts, { lock, current, base, retention });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Begins a run, or finds it begun: the generation it starts from is held until `endRun`. */
  async beginRun(run: string): Promise<number> {
    const { storage } = this.parts;
    const held = (await heldRuns(storage)).find((other) => other.run === run);
    if (held !== undefined) return held.generation;
    await using snapshot = await this.snapshot();
    await holdRun(storage, { run, generation: snapshot.generation });
    return snapshot.generation;
  }

  /** Runs that were begun and not ended. */
  runs(): Promise<readonly HeldRun[]> {
    return heldRuns(this.parts.storage);
  }

  endRun(run: string): Promise<void> {
    return releaseRun(this.parts.storage, run);
  }

  /** An attempt at some blocks of a run. Throws STORE_GENERATION_MISSING when its base generation is not kept. */
  async attempt(generation: number, options: AttemptOptions): Promise<StagedAttempt> {
    return new StagedAttempt(this.parts, await this.manifestOf(generation), options);
  }

  /** The manifest of a kept generation. Throws STORE_GENERATION_MISSING. */
  async manifestOf(generation: number): Promise<Manifest> {
    const current = await readCurrent(this.parts);
    if (current?.manifest.generation === generation) return current.manifest;
    const manifest = await readKept(this.parts, generation);
    if (manifest !== null) return manifest;
    const { storage } = this.parts;
    throw missingGeneration(generation, await keptGenerations(storage), storage.place);
  }

  async generations(): Promise<readonly GenerationSummary[]> {
    const current = await readCurrent(this.parts);
    if (current === null) throw missingStore(this.parts);
    const newest = current.manifest.generation;
    const found = [summaryOf(current.manifest, newest)];
    for (const generation of await keptGenerations(this.parts.storage)) {
      if (generation >= newest) continue;
      const manifest = await readKept(this.parts, generation);
      if (manifest !== null) found.push(summaryOf(manifest, newest));
    }
    return found;
  }

  async rollback(generation: number): Promise<number> {
    await using writer = await this.writer();
    if (writer.base === null) throw missingStore(this.parts);
    if (generation === writer.base.generation) return generation;
    const [held] = await heldRuns(this.parts.storage);
    if (held !== undefined) throw runUnderWay(held, this.parts.storage.place);
    const manifest = await readKept(this.parts, generation);
    if (manifest === null || generation > writer.base.generation) {
      throw missingGeneration(
        generation,
        await keptGenerations(this.parts.storage),
        this.parts.storage.place,
      );
    }
    writer.restore(manifest);
    return writer.commit({ reason: `rollback to generation ${generation}` });
  }

  async collect(): Promise<CollectReport> {
    const { parts } = this;
    const lock = await lockForWriting(parts.storage, parts.processes);
    try {
      return await new Retention(parts).tidy(await readCurrent(parts));
    } finally {
      await lock.release();
    }
  }
}

function runUnderWay({ run }: HeldRun, place: string): DataError {
  return new DataError("STORE_LOCKED", `run ${run} on ${place} is under way, or was interrupted`, {
    remedy: `end it first: \`alphaloom jobs cancel ${run}\`, or let \`alphaloom precompute run\` finish it`,
    place: { file: place },
  });
}

function missingGeneration(generation: number, kept: readonly number[], place: string): DataError {
  const names = kept.join(", ") || "none";
  return new DataError(
    "STORE_GENERATION_MISSING",
    `generation ${generation} of ${place} is not kept; kept are ${names}`,
    {
      remedy: "choose one of the generations that are kept",
    },
  );
}
