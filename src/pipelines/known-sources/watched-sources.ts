/** One look at the files of all known sources of a workspace: which stores have changes that are whole by now. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { coveredFiles, watchedFolders } from "#data/sources/fingerprint/covered-files";
import { identityAt, identityOf } from "#data/sources/fingerprint/file-fingerprint";
import { DataError } from "#data/errors";
import type { StoreKey } from "#data/store/panel-store";
import { storeName, type Workspace } from "../workspace.ts";
import type { KnownSource } from "./known-source.ts";
import { isTable } from "./known-tables.ts";
import {
  type KnownSources,
  readKnownSources,
  recordsOf,
  sourcesFolder,
  storesWithSources,
} from "./registry.ts";
import { Settling, type Sighting } from "./settling.ts";

export interface ChangedStore {
  readonly key: StoreKey;
  /** The sources whose files are not what was imported. */
  readonly sources: readonly { readonly id: string; readonly locator: string }[];
}

export interface WatchLook {
  readonly changed: readonly ChangedStore[];
  /** Whether files changed that are not taken for whole yet. */
  readonly waiting: boolean;
  /** Folders in which a change would show. */
  readonly folders: readonly string[];
}

export class WatchedSources {
  readonly #workspace: Workspace;
  readonly #quietMs: number;
  readonly #settling = new Map<string, Settling>();
  readonly #records = new Map<string, { readonly signature: string; readonly known: KnownSources }>();

  constructor(workspace: Workspace, options: { readonly quietMs: number }) {
    this.#workspace = workspace;
    this.#quietMs = options.quietMs;
  }

  /** `now` in milliseconds of a clock that does not go back. */
  async look(now: number): Promise<WatchLook> {
    const changed: ChangedStore[] = [];
    const folders = new Set([join(this.#workspace.root, "sources")]);
    let waiting = false;
    for (const key of await storesWithSources(this.#workspace)) {
      const { sources } = await this.#knownSources(key);
      // A source that is imported from now on is watched too.
      folders.add(sourcesFolder(this.#workspace, key));
      for (const source of sources) for (const folder of foldersOf(source)) folders.add(folder);
      const settled = this.#settlingOf(key).look(sources.map(sightingOf), now);
      waiting ||= settled.waiting;
      if (settled.ready.length === 0) continue;
      const ready = new Set(settled.ready);
      changed.push({
        key,
        sources: sources.filter(({ id }) => ready.has(id)).map(({ id, locator }) => ({ id, locator })),
      });
    }
    return { changed, waiting, folders: [...folders].sort() };
  }

  /** Reports a store again after the quiet time, though its files stay as they are. */
  postpone({ key, sources }: ChangedStore, now: number): void {
    this.#settlingOf(key).postpone(
      sources.map(({ id }) => id),
      now,
    );
  }

  #settlingOf(key: StoreKey): Settling {
    const name = storeName(key);
    const settling = this.#settling.get(name) ?? new Settling(this.#quietMs);
    this.#settling.set(name, settling);
    return settling;
  }

  /** Records are read again only when one of them was written. */
  async #knownSources(key: StoreKey): Promise<KnownSources> {
    const name = storeName(key);
    const files = await recordsOf(this.#workspace, key);
    const signature = files.map((file) => `${file} ${identityAt(file)}`).join("\n");
    const held = this.#records.get(name);
    if (held?.signature === signature) return held.known;
    const known = await readKnownSources(this.#workspace, key);
    this.#records.set(name, { signature, known });
    return known;
  }
}

/** A source that cannot be looked at counts as changed: importing it says what is wrong. */
function sightingOf(known: KnownSource): Sighting {
  const { id } = known;
  try {
    const seen = filesNow(known);
    const files = known.files.filter((file) => !isTable(file));
    const imported =
      files.length === seen.size &&
      files.every((file) => file.settled && seen.get(file.path) === identityOf(file));
    const hash = createHash("sha256");
    for (const [path, identity] of seen) hash.update(`${path}\n${identity}\n`);
    return { id, imported, signature: hash.digest("hex") };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { id, imported: false, signature: `${error.code} ${error.message}` };
  }
}

function filesNow(known: KnownSource): ReadonlyMap<string, string | null> {
  const beside = known.files.filter(({ role }) => role !== "rows").map(({ path }) => path);
  return new Map([...coveredFiles(known.place), ...beside].map((path) => [path, identityAt(path)]));
}

function foldersOf(known: KnownSource): string[] {
  const beside = known.files.filter(({ role }) => role !== "rows").map(({ path }) => dirname(path));
  return [...watchedFolders(known.place), ...beside];
}
