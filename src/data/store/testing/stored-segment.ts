import { readFileSync, writeFileSync } from "node:fs";
import { segmentPath, type SegmentEntry } from "../manifest.ts";
import type { OpenedStore } from "../open-store.ts";

/** The first segment of a set and block in the current generation. */
export async function storedSegment(store: OpenedStore, set: string, block: number): Promise<SegmentEntry> {
  const [current] = await store.generations();
  const { segments } = await store.manifestOf(current!.generation);
  const entry = segments.find((each) => each.set === set && each.block === block);
  if (entry === undefined) throw new RangeError(`there is no segment of ${set}, block ${block}`);
  return entry;
}

/** Flips a bit of what a folder holds of a set and block, `fromEnd` bytes before the end of its first segment. */
export async function flipStored(
  store: OpenedStore,
  set: string,
  block: number,
  fromEnd = 40,
): Promise<void> {
  const entry = await storedSegment(store, set, block);
  const path = store.parts.storage.locate(segmentPath(entry));
  const bytes = readFileSync(path);
  bytes[(entry.pack?.at ?? 0) + entry.bytes - fromEnd]! ^= 0x10;
  writeFileSync(path, bytes);
}
