/**
 * What differs between the rows a snapshot holds and those its source delivers now, key by key. Values are the same when
 * they are the same number of the column's type; missing equals missing.
 */
import type { FrameValues } from "#data/export/frame";
import { compareRows, FrameCursor, placesOf, unitedKeys, type FramePart } from "./frame-cursor.ts";

/** Of one key; a difference has at least one row. */
export interface KeyDifference {
  /** Time of the first row concerned. */
  readonly first: number;
  /** Rows with another value, rows that only the source has, rows that only the snapshot has. */
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  /** Whether the first row concerned is the key's first in what was compared, so that earlier ones may differ too. */
  readonly isFromStart: boolean;
}

type Counts = { -readonly [Name in keyof KeyDifference]: KeyDifference[Name] };

/** Differences by key, in code-point order of the keys that have any. */
export async function compareFrames(
  old: FramePart,
  fresh: FramePart,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, KeyDifference>> {
  const keys = unitedKeys([old.frame, fresh.frame]);
  const places = placesOf(keys);
  const [left, right] = [new FrameCursor(old, places, signal), new FrameCursor(fresh, places, signal)];
  const found: (Counts | undefined)[] = [];
  const isKnown = new Uint8Array(keys.length);
  const note = (key: number, time: number, kind: "changed" | "added" | "removed"): void => {
    const isFromStart = isKnown[key] === 0;
    const counts = (found[key] ??= { first: time, changed: 0, added: 0, removed: 0, isFromStart });
    counts[kind] += 1;
    isKnown[key] = 1;
  };
  try {
    await Promise.all([left.moveTo(0), right.moveTo(0)]);
    for (;;) {
      signal?.throwIfAborted();
      const order = orderOf(left, right);
      if (order === null) break;
      if (order < 0) {
        note(left.key, left.time, "removed");
        await left.moveTo(left.at + 1);
      } else if (order > 0) {
        note(right.key, right.time, "added");
        await right.moveTo(right.at + 1);
      } else {
        const length = commonRun(left, right);
        const isDifferent = differingRows(left, right, length);
        for (let row = 0; row < length; row++) {
          const key = left.keyAt(left.at + row);
          if (isDifferent?.[row] === 1) note(key, left.timeAt(left.at + row), "changed");
          else isKnown[key] = 1;
        }
        await left.moveTo(left.at + length);
        await right.moveTo(right.at + length);
      }
    }
  } finally {
    await left.close();
    await right.close();
  }
  const pairs = keys.map((key, place) => [key, found[place]] as const);
  return new Map(pairs.flatMap(([key, counts]) => (counts === undefined ? [] : [[key, counts] as const])));
}

/** Null when both are at their ends. */
function orderOf(left: FrameCursor, right: FrameCursor): number | null {
  if (left.rows === null) return right.rows === null ? null : 1;
  return right.rows === null ? -1 : compareRows(left, right);
}

/** How many rows from here on are of the same times and keys in both batches and take part in both. */
function commonRun(left: FrameCursor, right: FrameCursor): number {
  const most = Math.min(left.rows!.times.length - left.at, right.rows!.times.length - right.at);
  let length = 1;
  while (length < most) {
    const [own, other] = [left.at + length, right.at + length];
    if (left.timeAt(own) !== right.timeAt(other) || left.keyAt(own) !== right.keyAt(other)) break;
    if (!left.takesPart(own) || !right.takesPart(other)) break;
    length++;
  }
  return length;
}

/** 1 for each row of a common run with another value in any column; null when there is none. */
function differingRows(left: FrameCursor, right: FrameCursor, length: number): Uint8Array | null {
  let found: Uint8Array | null = null;
  for (const [column, old] of left.values.entries()) {
    const now: FrameValues = right.values[column]!;
    for (let row = 0; row < length; row++) {
      if (Object.is(old[left.at + row], now[right.at + row])) continue;
      found ??= new Uint8Array(length);
      found[row] = 1;
    }
  }
  return found;
}
