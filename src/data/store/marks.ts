import { DataError } from "../errors.ts";
import type { Holder, Processes } from "./holder.ts";
import { describeHolder, holderOfName, nameOfHolder } from "./holder.ts";
import type { Storage } from "./storage.ts";

/**
 * The writer's lock and the readers' pins: empty files whose names say who holds what. Storage needs no lock primitive
 * for this, only listings that show what was made before. A lock is taken by making one's file and then seeing nobody
 * else's: of two that start together at most one goes on.
 */
const WRITERS = "writers";
const READERS = "readers";

export interface Mark {
  readonly holder: Holder;
  /** False once somebody removed the file. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** Takes the writer's lock; files of holders that are gone are cleared. Throws STORE_LOCKED naming the holder. */
export async function lockForWriting(storage: Storage, processes: Processes): Promise<Mark> {
  const others = await liveWriters(storage, processes, null);
  if (others[0] !== undefined) throw locked(storage, others[0]);
  const holder = processes.self();
  const name = nameOfHolder(holder);
  const path = `${WRITERS}/${name}`;
  await storage.mark(path);
  const rivals = await liveWriters(storage, processes, name);
  if (rivals[0] !== undefined) {
    await storage.remove([path]);
    throw locked(storage, rivals[0]);
  }
  return {
    holder,
    isHeld: async () => (await storage.size(path)) !== null,
    release: () => storage.remove([path]),
  };
}

async function liveWriters(storage: Storage, processes: Processes, own: string | null): Promise<Holder[]> {
  const live: Holder[] = [];
  for (const name of await storage.list(WRITERS)) {
    const holder = holderOfName(name);
    if (holder === null || name === own) continue;
    if (processes.isGone(holder)) await storage.remove([`${WRITERS}/${name}`]);
    else live.push(holder);
  }
  return live;
}

function locked(storage: Storage, holder: Holder): DataError {
  const file = storage.locate(`${WRITERS}/${nameOfHolder(holder)}`);
  return new DataError("STORE_LOCKED", `${describeHolder(holder)} is writing to ${storage.place}`, {
    remedy: `wait until it is done; if that process no longer exists, delete ${file}`,
    place: { file },
  });
}

/** Keeps a generation's files until released. Null where the store may not be written: then retention alone protects it. */
export async function pinGeneration(
  storage: Storage,
  processes: Processes,
  generation: number,
): Promise<Mark | null> {
  const holder = processes.self();
  const path = `${READERS}/${generation}~${nameOfHolder(holder)}`;
  try {
    await storage.mark(path);
  } catch (error) {
    if (error instanceof DataError && error.code === "DATA_NOT_PERMITTED") return null;
    if (error instanceof DataError && error.code === "DATA_DISK_FULL") return null;
    throw error;
  }
  return {
    holder,
    isHeld: async () => (await storage.size(path)) !== null,
    release: () => storage.remove([path]),
  };
}

export interface Pin {
  readonly generation: number;
  readonly holder: Holder;
}

/** Pins of readers that are not known to be gone; the others' files are removed. */
export async function livePins(storage: Storage, processes: Processes): Promise<Pin[]> {
  const pins: Pin[] = [];
  for (const name of await storage.list(READERS)) {
    const cut = name.indexOf("~");
    const generation = Number(name.slice(0, cut));
    const holder = holderOfName(name.slice(cut + 1));
    if (cut < 0 || holder === null || !Number.isSafeInteger(generation)) continue;
    if (processes.isGone(holder)) await storage.remove([`${READERS}/${name}`]);
    else pins.push({ generation, holder });
  }
  return pins;
}
