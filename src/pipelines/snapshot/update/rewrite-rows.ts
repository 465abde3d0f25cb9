/**
 * The next content of a file of rows. Rows that are later than all the file has are appended to a copy (a shared one where
 * the file system can); a row that changes, comes earlier or goes makes the whole file anew, in one pass over the old one
 * and the source.
 */
import { constants, copyFileSync } from "node:fs";
import type { Frame } from "#data/export/frame";
import { appendFrame } from "#data/hdf5/append-frame";
import { openFrame, type StoredFrame } from "#data/hdf5/open-frame";
import { writeFrame } from "#data/hdf5/write-frame";
import { asDataError } from "#data/system-errors";
import type { HeldRows } from "./find-changes.ts";
import { mergeFrames } from "./merge-frames.ts";

export type RewriteKind = "kept" | "appended" | "merged";

export interface Rewrite {
  /** The file as it is, and where its next content goes. */
  readonly old: string;
  readonly place: string;
  /** Name of the object in the file. */
  readonly key: string;
  /** Keys with a row in the result, in code-point order. */
  readonly keys: readonly string[];
  /** Rows later than all of the old ones; null when there are none. */
  readonly later: Frame | null;
  /** Rows of some keys from a time on, in place of the old ones; null when none change. */
  readonly instead: {
    readonly keys: ReadonlySet<string>;
    readonly from: number;
    readonly frame: Frame;
  } | null;
  readonly signal?: AbortSignal;
}

/** Writes the file, flushed; says how. */
export async function rewriteRows(rewrite: Rewrite): Promise<RewriteKind> {
  const { old, place, key, keys, later, instead, signal } = rewrite;
  const options = { key, ...(signal === undefined ? {} : { signal }) };
  if (instead === null) {
    try {
      copyFileSync(old, place, constants.COPYFILE_FICLONE);
    } catch (error) {
      throw asDataError(error, { file: place, doing: "write" });
    }
    if (later === null) return "kept";
    await appendFrame(place, later, options);
    return "appended";
  }
  using stored = await openFrame(old, { key });
  const until = new Map([...instead.keys].map((each) => [each, instead.from] as const));
  const columns = instead.frame.columns;
  const parts = [
    { frame: heldRows(stored, columns).rows(), until },
    { frame: instead.frame },
    ...(later === null ? [] : [{ frame: later }]),
  ];
  await writeFrame(place, mergeFrames({ parts, keys }), options);
  return "merged";
}

/** Rows of an opened file, described as the source describes its columns. */
export function heldRows(stored: StoredFrame, columns: Frame["columns"]): HeldRows {
  const known = new Map(columns.map((column) => [column.name, column]));
  const whole = stored.asFrame(
    (column) => known.get(column.name) ?? { ...column, unit: "", description: "", lineage: "" },
  );
  return {
    rows: (from) =>
      from === undefined
        ? whole
        : {
            ...whole,
            batches: (signal) => stored.batches({ from, ...(signal === undefined ? {} : { signal }) }),
          },
  };
}
