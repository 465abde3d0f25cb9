import type { ReadOutcome } from "./disk.ts";
import { SEGMENTS } from "./manifest.ts";
import type { Storage } from "./storage.ts";

/** Read at once: the segments of the blocks that follow. */
const WINDOW_BYTES = 2 ** 17;
/** Windows kept, one of each file: as many as a market's days between two folds, of several sets. */
const KEPT_WINDOWS = 256;

interface Window {
  readonly from: number;
  readonly bytes: Uint8Array;
}

/**
 * The beginnings of segments that share files. Readers go from block to block, and so do those who write such a file: what
 * one read brings along serves the next segments, so that a day of a whole market is read by a few calls.
 */
export class PackWindows {
  readonly #storage: Storage;
  readonly #windows = new Map<string, Window>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** `length` bytes from `at` on, which the caller does not change; or why they cannot be read. */
  async read(
    place: { readonly file: string; readonly at: number },
    length: number,
  ): Promise<Uint8Array | ReadOutcome> {
    const { file, at } = place;
    const known = this.#windows.get(file);
    if (known !== undefined && at >= known.from && at + length <= known.from + known.bytes.length)
      return known.bytes.subarray(at - known.from, at - known.from + length);
    const path = `${SEGMENTS}/${file}`;
    let bytes = new Uint8Array(Math.max(WINDOW_BYTES, length));
    let outcome = await this.#storage.read(path, [{ at, into: bytes }]);
    if (outcome === "short") {
      // The file ends within the window.
      const size = (await this.#storage.size(path)) ?? 0;
      if (size - at < length) return "short";
      bytes = new Uint8Array(Math.min(size - at, bytes.length));
      outcome = await this.#storage.read(path, [{ at, into: bytes }]);
    }
    if (outcome !== "whole") return outcome;
    this.#windows.delete(file);
    this.#windows.set(file, { from: at, bytes });
    if (this.#windows.size > KEPT_WINDOWS) this.#windows.delete(this.#windows.keys().next().value!);
    return bytes.subarray(0, length);
  }

  forget(file: string): void {
    this.#windows.delete(file);
  }
}
