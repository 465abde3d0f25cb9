/** Recognises the shape of a source without a mapping and says why. */
import { Scratch } from "../archive/scratch.ts";
import { Database } from "../duckdb/database.ts";
import { DataError } from "../errors.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { delimiterOf, firstLinesOf } from "../sources/csv/relation.ts";
import { type SourceFile, parseLocator, placeOf, resolveFiles } from "../sources/locator.ts";
import { asDataError } from "../system-errors.ts";
import type { Sample } from "./recognition.ts";
import { looksLikeData, sampleOf } from "./sample.ts";
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
 * Looks into the files of a locator (`csv:bars/`, `data.parquet`); they must be of one shape.
 * Throws `DataError`: DATA_SHAPE_UNKNOWN when no recogniser knows it or there are several shapes, DATA_UNITS_MIXED,
 * and what opening files throws.
 */
export async function detect(text: string): Promise<Detection> {
  const found = await detectAll(text);
  if (found.length === 1) return found[0]!;
  const list = found.map(
    ({ shape, files }) => `${shape} (${files.length}: ${files[0]!.name}${files.length > 1 ? ", …" : ""})`,
  );
  throw new DataError(
    "DATA_SHAPE_UNKNOWN",
    `${text} holds files of ${found.length} shapes: ${list.join("; ")}`,
    {
      remedy: "name one shape at a time, with a glob such as csv:DIR/*_daily.csv",
      place: { file: text },
    },
  );
}

/** As {@link detect}, one answer for each shape among the files. */
export async function detectAll(text: string): Promise<Detection[]> {
  const files = await resolveFiles(parseLocator(text));
  using database = await Database.open();
  await using scratch = new Scratch();
  const context = { database, scratch };
  const groups = await groupsOf(files, context);
  const detections: Detection[] = [];
  for (const group of groups) detections.push(await detectGroup(text, group, context));
  return detections;
}

interface Context {
  readonly database: Database;
  readonly scratch: Scratch;
}

/** Files with the same columns belong together. */
async function groupsOf(files: readonly SourceFile[], context: Context): Promise<SourceFile[][]> {
  const groups = new Map<string, SourceFile[]>();
  for (const file of files) {
    const signature = files.length === 1 ? "" : await signatureOf(file, context);
    const group = groups.get(signature);
    if (group === undefined) groups.set(signature, [file]);
    else group.push(file);
  }
  return [...groups.values()];
}

/** Column names, or for text without header the number of columns. */
async function signatureOf(file: SourceFile, { database, scratch }: Context): Promise<string> {
  if (file.kind === "csv" && file.entry === undefined) {
    const [line = ""] = await attempt(file, () => firstLinesOf(file.path, 1));
    return looksLikeData(line) ? String(line.split(delimiterOf(line)).length) : line.trim();
  }
  const sample = await attempt(file, () => sampleOf(file, { files: [file], database, scratch, headRows: 1 }));
  return sample.reading.header ? sample.names.all.join("\0") : String(sample.names.all.length);
}

async function detectGroup(text: string, files: readonly SourceFile[], context: Context): Promise<Detection> {
  const first = files[0]!;
  return attempt(first, async () => {
    const sample = await sampleOf(first, { files, ...context });
    for (const recogniser of recognisers) {
      const found = await recogniser.recognise(sample);
      if (found === null) continue;
      const { shape, mapping, reasons, doubts } = found;
      return { locator: text, kind: mapping.kind, shape, mapping, reasons, doubts, files };
    }
    throw sample.relation !== null && sample.head.length === 0 ? noRows(sample) : unknownShape(sample);
  });
}

async function attempt<T>(file: SourceFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDataError(error, { file: placeOf(file), doing: "read" });
  }
}

function noRows(sample: Sample): DataError {
  const columns = sample.lines[0]?.trim() ?? sample.names.all.join(", ");
  const found = columns === "" ? "is empty" : `has columns (${columns}) and no row`;
  return new DataError("DATA_FILE_EMPTY", `${placeOf(sample.file)} ${found}`, {
    remedy: "give a file that holds bars, or take this one out of the folder",
    place: { file: sample.file.path },
  });
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
