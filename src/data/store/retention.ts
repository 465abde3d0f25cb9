import { describeHolder } from "./holder.ts";
import type { Manifest } from "./manifest.ts";
import { keptManifest, MANIFEST, runOfFile, segmentPath, SEGMENTS } from "./manifest.ts";
import { livePins } from "./marks.ts";
import type { CollectReport } from "./panel-store.ts";
import type { ReadManifest, StoreParts } from "./store-parts.ts";
import { heldRuns } from "./staged-run.ts";
import { keptGenerations, readKept } from "./store-parts.ts";
import { readWhole } from "./storage.ts";

/**
 * Which generations and files stay. Only a writer that holds the lock removes anything. A generation leaves in this
 * order: its manifest copy is removed and the removal made durable, readers that pinned it meanwhile are looked for
 * (if there is one the copy is put back), and only then the files go that no remaining generation lists.
 */
export class Retention {
  readonly #parts: StoreParts;
  /** Segment files of every generation that is kept; null when its manifest cannot be read. */
  readonly #filesOf = new Map<number, ReadonlySet<string> | null>();
  /** Generations that the current one's factors were computed from: what changed since is found by comparing. */
  #inputs: ReadonlySet<number> = new Set();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Reads what is kept, makes sure the current manifest has its copy, and clears what is not needed. */
  async tidy(current: ReadManifest | null): Promise<CollectReport> {
    this.#filesOf.clear();
    if (current !== null) {
      await this.keepCopy(current);
      this.#filesOf.set(current.manifest.generation, filesOf(current.manifest));
      this.#inputs = inputsOf(current.manifest);
    }
    for (const generation of await keptGenerations(this.#parts.storage)) {
      if (this.#filesOf.has(generation)) continue;
      const kept = await readKept(this.#parts, generation).catch((error: unknown) => {
        if (isDamage(error)) return null;
        throw error;
      });
      this.#filesOf.set(generation, kept === null ? null : filesOf(kept));
    }
    return this.#collect(current?.manifest.generation ?? 0);
  }

  /** After a commit: the new generation is kept, the oldest may go. */
  async advance(current: ReadManifest): Promise<CollectReport> {
    await this.keepCopy(current);
    this.#filesOf.set(current.manifest.generation, filesOf(current.manifest));
    this.#inputs = inputsOf(current.manifest);
    return this.#collect(current.manifest.generation);
  }

  /** The copy of the current manifest under its generation's name, from which older generations are read. */
  async keepCopy(current: ReadManifest): Promise<void> {
    const { storage } = this.#parts;
    const path = keptManifest(current.manifest.generation);
    const copy = await readWhole(storage, path);
    if (copy !== null && Buffer.compare(copy, current.bytes) === 0) return;
    await storage.remove([path]);
    await storage.put(path, [{ at: 0, bytes: current.bytes }]);
    await storage.flush();
  }

  async #collect(current: number): Promise<CollectReport> {
    const { storage, processes, keep } = this.#parts;
    const generations = [...this.#filesOf.keys()].sort((a, b) => b - a);
    const retained = new Set([
      current,
      ...this.#inputs,
      ...generations.filter((generation) => generation !== current).slice(0, keep),
    ]);
    const runs = await heldRuns(storage);
    for (const { generation } of runs) retained.add(generation);
    const pins = await livePins(storage, processes);
    const pinned = new Set(pins.map((pin) => pin.generation));
    const leaving = generations.filter((generation) => !retained.has(generation) && !pinned.has(generation));
    const copies = new Map<number, Uint8Array | null>();
    for (const generation of leaving)
      copies.set(generation, await readWhole(storage, keptManifest(generation)));
    if (leaving.length > 0) {
      await storage.remove(leaving.map(keptManifest));
      await storage.flush();
      for (const { generation } of await livePins(storage, processes)) {
        const copy = copies.get(generation);
        if (copy === undefined || copy === null) continue;
        await storage.put(keptManifest(generation), [{ at: 0, bytes: copy }]);
        await storage.flush();
        copies.delete(generation);
      }
      for (const generation of copies.keys()) this.#filesOf.delete(generation);
    }
    const isUnclear = [...this.#filesOf.values()].includes(null);
    const orphans = isUnclear ? [] : await this.#orphans(new Set(runs.map(({ run }) => run)));
    await storage.remove(orphans);
    return {
      removedFiles: orphans.length,
      removedGenerations: [...copies.keys()].sort((a, b) => a - b),
      heldBy: pins
        .filter((pin) => !retained.has(pin.generation))
        .map((pin) => ({ generation: pin.generation, holder: describeHolder(pin.holder) })),
    };
  }

  /** Files that no kept generation lists, but for those that runs under way have staged. */
  async #orphans(runs: ReadonlySet<string>): Promise<string[]> {
    const { storage } = this.#parts;
    const wanted = new Set<string>();
    for (const files of this.#filesOf.values()) for (const file of files ?? []) wanted.add(file);
    const names = await storage.list(SEGMENTS);
    const orphans = names
      .map((name) => `${SEGMENTS}/${name}`)
      .filter((path) => !wanted.has(path) && !runs.has(runOfFile(path) ?? ""));
    if ((await storage.size(`${MANIFEST}.tmp`)) !== null) orphans.push(`${MANIFEST}.tmp`);
    return orphans;
  }
}

const filesOf = (manifest: Manifest): ReadonlySet<string> => new Set(manifest.segments.map(segmentPath));

function inputsOf(manifest: Manifest): ReadonlySet<number> {
  const inputs = new Set<number>();
  for (const { role, fields, behind = {} } of manifest.fieldSets.values()) {
    if (role === "market") continue;
    for (const { lineage } of fields) inputs.add(lineage.inputGeneration);
    for (const generation of Object.values(behind)) inputs.add(generation);
  }
  return inputs;
}

const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "STORE_DAMAGED" || error.code === "STORE_FORMAT");
