import type { FrameColumn } from "#data/export/frame";
import type { Day } from "#market/day";
import type { SnapshotScope } from "./snapshot-source.ts";

/** What meta.json says of a file that a data set wrote. */
export interface DatasetFile {
  /** Below the snapshot's folder, with forward slashes. */
  readonly file: string;
  readonly description: string;
  /** How values were made that no table gave. */
  readonly method?: string;
  readonly columns: readonly FrameColumn[];
  readonly rows: number;
  readonly start: Day | null;
  readonly end: Day | null;
  /** Distinct labels of the second level. */
  readonly keys: number;
}

/** Data beside the daily rows: minute bars, boards, money flow, daily basics. */
export interface SnapshotDataset {
  /** `minute`, `boards`, … */
  readonly name: string;
  /** Writes the files of a scope below a folder. Throws the coded error of whatever it reads. */
  write(
    folder: string,
    scope: SnapshotScope,
    options: {
      /** A canonical id as the snapshot writes it. */
      readonly spell: (instrument: string) => string;
      readonly signal?: AbortSignal;
      readonly onRows?: (rows: number) => void;
    },
  ): Promise<readonly DatasetFile[]>;
}
