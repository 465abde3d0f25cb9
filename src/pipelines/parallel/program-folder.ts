import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { threadId } from "node:worker_threads";
import type { CachedProgram, ProgramCache } from "#expression/run/program-cache";
import { compilerVersion } from "./compiler-version.ts";

/** Digest of what follows it in a file. */
const DIGEST_BYTES = 32;
const SUFFIX = ".program";
/** Beyond so many files the oldest go: some 20 MB. */
const MOST_FILES = 64;

/**
 * Compiled programs as files of a folder, one for each. A file says which program of which compiler it is and carries a
 * digest; whatever is damaged or another's is as good as absent, and is replaced. It holds nothing that cannot be
 * made again: where the folder cannot be read or written, everything is compiled as if there were none.
 */
export class ProgramFolder implements ProgramCache {
  readonly #folder: string;
  readonly #compiler: string;

  /** `compiler` tells what compilers make apart; default a digest of this one's source. */
  constructor(folder: string, { compiler = compilerVersion() }: { readonly compiler?: string } = {}) {
    this.#folder = folder;
    this.#compiler = compiler;
  }

  get(key: string): unknown {
    const bytes = unlessSystemError(() => readFileSync(this.#file(key)));
    if (bytes === null || bytes.length <= DIGEST_BYTES) return null;
    const content = bytes.subarray(DIGEST_BYTES);
    if (!digest(content).equals(bytes.subarray(0, DIGEST_BYTES))) return null;
    const found = deserialize(content) as { compiler?: unknown; key?: unknown; program?: unknown };
    return found.compiler === this.#compiler && found.key === key ? found.program : null;
  }

  put(key: string, program: CachedProgram): void {
    const content = serialize({ compiler: this.#compiler, key, program });
    const file = this.#file(key);
    // Two threads may come to the same file at once: each writes its own and the last one stays.
    const beside = `${file}.${process.pid}-${threadId}`;
    const isWritten = unlessSystemError(() => {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(beside, Buffer.concat([digest(content), content]));
      renameSync(beside, file);
      return true;
    });
    // What a full disk took of it would stay in the way of others.
    unlessSystemError(() => (isWritten === true ? this.#prune() : rmSync(beside, { force: true })));
  }

  #file(key: string): string {
    const name = createHash("sha256").update(this.#compiler).update("\n").update(key).digest("hex");
    return join(this.#folder, `${name}${SUFFIX}`);
  }

  #prune(): void {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    if (files.length <= MOST_FILES) return;
    const aged = files.map((file) => ({
      file,
      written: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0,
    }));
    aged.sort((a, b) => b.written - a.written);
    for (const { file } of aged.slice(MOST_FILES)) rmSync(file, { force: true });
  }
}

function digest(content: Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}

/** The result, or null where the file system refuses: there is nothing here, or nothing can be put here. */
function unlessSystemError<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "syscall" in error) return null;
    throw error;
  }
}
