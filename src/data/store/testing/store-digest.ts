import { createHash } from "node:crypto";
import type { OpenedStore } from "../open-store.ts";
import type { StoreSnapshot } from "../panel-store.ts";

/**
 * All that a generation holds as one text: rows, instruments, descriptions and every value's bits (one bit pattern
 * for NaN). Two stores of the same content have the same digest however their segments lie.
 */
export async function digestOf(snapshot: StoreSnapshot): Promise<string> {
  const hash = createHash("sha256");
  hash.update(snapshot.time.days);
  hash.update(JSON.stringify([snapshot.instruments, snapshot.listings]));
  for (const name of [...snapshot.fieldSets.keys()].sort()) {
    const set = snapshot.fieldSets.get(name)!;
    const fields = [...set.fields].sort((a, b) => (a.name < b.name ? -1 : 1));
    hash.update(JSON.stringify([set.name, set.role, fields]));
    for (let block = 0; block < snapshot.blocks; block++) {
      const values = await snapshot.readBlock(
        name,
        block,
        fields.map((field) => field.name),
      );
      for (const field of fields) hash.update(bitsOf(values.get(field.name)!));
    }
  }
  return hash.digest("hex");
}

/** Digest of the current generation, or "none" for a store that does not exist. */
export async function currentDigest(store: OpenedStore): Promise<string> {
  if (!(await store.exists())) return "none";
  await using snapshot = await store.snapshot();
  return await digestOf(snapshot);
}

export function bitsOf(values: Float32Array | Float64Array): Uint8Array {
  const copy = values.slice();
  for (let index = 0; index < copy.length; index++) if (Number.isNaN(copy[index])) copy[index] = Number.NaN;
  return new Uint8Array(copy.buffer);
}

/** A small seeded generator (mulberry32): uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
