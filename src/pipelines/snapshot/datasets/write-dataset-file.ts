import { join } from "node:path";
import type { Frame } from "#data/export/frame";
import { writeFrame } from "#data/hdf5/write-frame";
import type { DatasetFile } from "../dataset.ts";
import { FRAME_KEY } from "../layout.ts";

const msPerDay = 86_400_000;

export interface WriteOptions {
  readonly signal?: AbortSignal;
  readonly onRows?: (rows: number) => void;
}

/** Writes a frame below a snapshot's folder and says of it what meta.json wants to know. */
export async function writeDatasetFile(
  folder: string,
  about: Pick<DatasetFile, "file" | "description" | "method"> & { readonly frame: Frame },
  { signal, onRows }: WriteOptions,
): Promise<DatasetFile & { readonly times: readonly number[] }> {
  const { frame, ...said } = about;
  const { rows, times } = await writeFrame(join(folder, ...said.file.split("/")), frame, {
    key: FRAME_KEY,
    ...(signal === undefined ? {} : { signal }),
    ...(onRows === undefined ? {} : { onRows }),
  });
  const [first, last] = [times[0], times.at(-1)];
  return {
    ...said,
    columns: frame.columns,
    rows,
    start: first === undefined ? null : Math.floor(first / msPerDay),
    end: last === undefined ? null : Math.floor(last / msPerDay),
    keys: frame.keys.length,
    times,
  };
}
