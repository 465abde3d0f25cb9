import { inParallel } from "#data/store/s3/in-parallel";

/** Done of what is to be done, in files and bytes. */
export interface BackupProgress {
  readonly phase: "copy" | "check" | "restore";
  readonly files: number;
  readonly ofFiles: number;
  readonly bytes: number;
  readonly ofBytes: number;
}

const AT_ONCE = 8;
/** Contents in memory at the same time, but for a single file that is larger. */
const MEMORY_BYTES = 256 * 2 ** 20;

/**
 * Works through files, several at a time but not more of them in memory than their bytes allow, and tells how far it is.
 * A signal ends it between files.
 */
export async function throughFiles<T extends { readonly size: number }>(
  files: readonly T[],
  options: {
    readonly phase: BackupProgress["phase"];
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
  },
  work: (file: T) => Promise<void>,
): Promise<void> {
  const { phase, signal, onProgress } = options;
  const ofBytes = files.reduce((sum, { size }) => sum + size, 0);
  let done = { files: 0, bytes: 0 };
  const memory = new MemoryShare();
  await inParallel(files, AT_ONCE, async (file) => {
    await memory.take(file.size);
    try {
      signal?.throwIfAborted();
      await work(file);
    } finally {
      memory.give(file.size);
    }
    done = { files: done.files + 1, bytes: done.bytes + file.size };
    onProgress?.({ phase, ...done, ofFiles: files.length, ofBytes });
  });
}

/** Lets bytes into memory up to the limit; what is larger than that alone. */
class MemoryShare {
  #held = 0;
  readonly #waiting: (() => void)[] = [];

  async take(bytes: number): Promise<void> {
    while (this.#held > 0 && this.#held + bytes > MEMORY_BYTES) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
    this.#held += bytes;
  }

  give(bytes: number): void {
    this.#held -= bytes;
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
