/**
 * Watches the files of known sources. Looking is what counts; the file system's events only make the next look come
 * sooner, so that file systems without events (network shares) work as well, only later.
 */
import { type FSWatcher, watch } from "node:fs";
import type { Workspace } from "../workspace.ts";
import { type ChangedStore, WatchedSources } from "./watched-sources.ts";

export interface WatchOptions {
  /** Milliseconds without a change after which the files of a store are taken for whole. */
  readonly quietMs: number;
  /** Milliseconds between two looks when nothing is heard. */
  readonly pollMs: number;
  readonly signal: AbortSignal;
  /**
   * Awaited; no two run at once. What was told is not told again until the files change once more, unless the answer is
   * `later`: then after the quiet time. What it throws ends the watch.
   */
  readonly onChanged: (store: ChangedStore) => Promise<void | "later">;
  /** Told when the system grants no more events; polling goes on. */
  readonly onDeaf?: (folder: string, error: Error) => void;
  /** Whether to listen to the file system at all; true unless told. */
  readonly events?: boolean;
  /** Milliseconds of a clock that does not go back. */
  readonly now?: () => number;
}

/** Events come in hundreds; looks do not. */
const LEAST_GAP_MS = 100;

/**
 * Calls back for each store whose known sources have changed and been quiet since, until the signal is aborted. Throws
 * what the callback throws.
 */
export async function watchSources(workspace: Workspace, options: WatchOptions): Promise<void> {
  const { signal, now = () => performance.now() } = options;
  const watched = new WatchedSources(workspace, options);
  const bell = new Bell();
  const ears = new Ears(() => bell.ring(), options.onDeaf);
  const stop = (): void => bell.ring();
  signal.addEventListener("abort", stop);
  try {
    while (!signal.aborted) {
      const { changed, waiting, folders } = await watched.look(now());
      if (options.events !== false) ears.listen(folders);
      for (const store of changed) {
        if (signal.aborted) break;
        if ((await options.onChanged(store)) === "later") watched.postpone(store, now());
      }
      if (changed.length > 0 || signal.aborted) continue;
      const pause = waiting ? Math.min(options.quietMs, options.pollMs) : options.pollMs;
      await bell.wait(Math.max(pause, 1));
      // One write is many events: the look comes when the first burst is over.
      if (!signal.aborted) await bell.pause(Math.min(LEAST_GAP_MS, pause));
    }
  } finally {
    signal.removeEventListener("abort", stop);
    ears.close();
  }
}

/** A wait that can be cut short; a ring during other work is heard by the next wait. */
class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#rung) await this.pause(ms, (wake) => (this.#wake = wake));
    this.#rung = false;
    this.#wake = null;
  }

  async pause(ms: number, onStart: (wake: () => void) => void = () => undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      onStart(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Listeners on folders, not on files: a file that is replaced by a rename takes its listeners with it. */
class Ears {
  readonly #onEvent: () => void;
  readonly #onDeaf: ((folder: string, error: Error) => void) | undefined;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Folders that cannot be listened to, said once. */
  readonly #deaf = new Set<string>();

  constructor(onEvent: () => void, onDeaf: ((folder: string, error: Error) => void) | undefined) {
    this.#onEvent = onEvent;
    this.#onDeaf = onDeaf;
  }

  listen(folders: readonly string[]): void {
    const wanted = new Set(folders);
    for (const [folder, watcher] of this.#watchers) if (!wanted.has(folder)) this.#drop(folder, watcher);
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#open(folder);
  }

  close(): void {
    for (const [folder, watcher] of this.#watchers) this.#drop(folder, watcher);
  }

  #open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, this.#onEvent);
      watcher.on("error", (error: Error) => {
        this.#drop(folder, watcher);
        this.#noteDeaf(folder, error);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error)) throw error;
      // A folder that is not there may come; its polls go on meanwhile.
      if (error.code !== "ENOENT") this.#noteDeaf(folder, error);
    }
  }

  #drop(folder: string, watcher: FSWatcher): void {
    watcher.close();
    this.#watchers.delete(folder);
  }

  #noteDeaf(folder: string, error: Error): void {
    if (this.#deaf.has(folder)) return;
    this.#deaf.add(folder);
    this.#onDeaf?.(folder, error);
  }
}
