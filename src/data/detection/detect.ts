/** Recognises the shape of a source without a mapping and says why. */
import { Scratch } from "../archive/scratch.ts";
import { Database } from "../duckdb/database.ts";
import { DataError } from "../errors.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { parseLocator, resolveFiles, type SourceFile } from "../sources/locator.ts";
import { placeOf } from "../sources/relation.ts";
import { asDataError } from "../system-errors.ts";
import type { Sample } from "./recognition.ts";
import { sampleOf } from "./sample.ts";
import { recognisers } from "./shapes/index.ts";

export interface Detection {
  readonly locator: string;
  readonly kind: Mapping["kind"];
  readonly shape: string;
  /** The same structure a mapping file has; `printMapping` writes it. */
  readonly mapping: Mapping;
  readonly reasons: readonly string[];
  /** What rests on convention or speaks against the reading; shown, never hidden. */
  readonly doubts: readonly string[];
  readonly files: readonly SourceFile[];
}

/**
 * Looks into the first file of a locator (`csv:bars/`, `data.parquet`) and checks that the others look alike.
 * Throws `DataError`: DATA_SHAPE_UNKNOWN when no recogniser knows it, DATA_UNITS_MIXED, and what opening files throws.
 */
export async function detect(text: string): Promise<Detection> {
  return detectFiles(text, await resolveFiles(parseLocator(text)));
}

export async function detectFiles(text: string, files: readonly SourceFile[]): Promise<Detection> {
  const first = files[0]!;
  using database = await Database.open();
  await using scratch = new Scratch();
  try {
    const sample = await sampleOf(first, { files, database, scratch });
    for (const recogniser of recognisers) {
      const found = await recogniser.recognise(sample);
      if (found === null) continue;
      return {
        locator: text,
        kind: found.mapping.kind,
        shape: found.shape,
        mapping: found.mapping,
        reasons: found.reasons,
        doubts: found.doubts,
        files,
      };
    }
    throw unknownShape(sample);
  } catch (error) {
    throw asDataError(error, { file: placeOf(first), doing: "read" });
  }
}

function unknownShape(sample: Sample): DataError {
  const columns = sample.names.all.join(", ");
  return new DataError(
    "DATA_SHAPE_UNKNOWN",
    `${placeOf(sample.file)}: the columns ${columns || "(none)"} are of no shape that is known`,
    {
      remedy:
        "write a mapping file that says which column is the date, the instrument and each price (docs/guides/mapping.md)",
      place: { file: sample.file.path },
    },
  );
}
