/** A temporary folder for what must lie unpacked while it is read. Made on first use, removed on dispose. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Scratch implements AsyncDisposable {
  #folder: string | null = null;
  #next = 0;

  /** A path for a new file with this ending (`.csv`). */
  async pathFor(ending: string): Promise<string> {
    this.#folder ??= await mkdtemp(join(tmpdir(), "alphaloom-"));
    return join(this.#folder, `${this.#next++}${ending}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = null;
  }
}
