/**
 * Files of a snapshot's directory that change together. They are written below `.update/`, flushed, and listed with their
 * hashes in a record that appears atomically: from then on the change counts. Each is renamed over its predecessor and the
 * record goes last. A crash before the record loses the change, one after it is finished by whoever comes next; no reader
 * of one file ever meets half of it. After write-ahead logging, with whole files for log entries.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { syncFolder, writeAtomically } from "#data/export/atomic-file";
import { flushTree } from "#data/export/qlib-bin/flush-tree";
import { DataError } from "#data/errors";
import { asDataError } from "#data/system-errors";
import { sha256OfFile } from "./file-hash.ts";

/** Folder of pending work inside a snapshot's directory. */
export const PENDING_FOLDER = ".update";
const RECORD = "commit.json";
const REPLACED = "replaced";

/** Below the directory, with forward slashes; no part is empty, begins with a dot or leads upwards. */
const relativePath = z.string().regex(/^[^./\\\0][^/\\\0]*(?:\/[^./\\\0][^/\\\0]*)*$/);

const recordSchema = z.object({
  format: z.literal(1),
  files: z.array(z.object({ path: relativePath, sha256: z.string(), size: z.number() })),
  folders: z.array(relativePath),
  removed: z.array(relativePath),
});
type CommitRecord = z.infer<typeof recordSchema>;

export interface CommittedFile {
  readonly path: string;
  readonly sha256: string;
}

export interface CommitRequest {
  /** Files that were written to their staged places, in the order in which they take their names. */
  readonly files: readonly CommittedFile[];
  /** Folders that were written whole and replace those of the same name. */
  readonly folders?: readonly string[];
  /** Files and folders that go. */
  readonly removed?: readonly string[];
}

/** The next content of some files of a directory. One at a time: the caller holds the snapshot's lock. */
export class StagedFiles {
  readonly #directory: string;
  readonly #folder: string;
  #counts = false;

  /** Begins anew; what an interrupted change left has to be recovered before. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#folder = path.join(directory, PENDING_FOLDER);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Whether the change was recorded, so that it will be finished whatever happens. */
  get counts(): boolean {
    return this.#counts;
  }

  /** Where to write the next content of a file or folder; the folders above it are made. */
  place(name: string): string {
    const place = path.join(this.#folder, "next", relativePath.parse(name));
    mkdirSync(path.dirname(place), { recursive: true });
    return place;
  }

  /** Makes all of it count, or throws with nothing changed. */
  async commit({ files, folders = [], removed = [] }: CommitRequest): Promise<void> {
    const record: CommitRecord = {
      format: 1,
      files: files.map(({ path: name, sha256 }) => ({
        path: name,
        sha256,
        size: statSync(this.place(name)).size,
      })),
      folders: [...folders],
      removed: [...removed],
    };
    try {
      await flushTree(this.#folder);
      syncFolder(this.#directory);
    } catch (error) {
      throw asDataError(error, { file: this.#folder, doing: "write" });
    }
    await writeAtomically(path.join(this.#folder, RECORD), [`${JSON.stringify(record, null, 1)}\n`]);
    this.#counts = true;
    applyRecord(this.#directory, record);
  }

  /** Forgets what was staged. */
  drop(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Brings a directory to rest after a crash: finishes a change that counted already, drops one that did not. The caller
 * holds the snapshot's lock. Throws DATA_FILE_DAMAGED when a file of a counted change is not what was written.
 */
export async function recoverSnapshot(directory: string): Promise<"none" | "finished" | "dropped"> {
  const folder = path.join(directory, PENDING_FOLDER);
  if (!existsSync(folder)) return "none";
  const record = readRecord(path.join(folder, RECORD));
  if (record === null) {
    rmSync(folder, { recursive: true });
    return "dropped";
  }
  for (const { path: name, sha256, size } of record.files) {
    const staged = path.join(folder, "next", name);
    const place = existsSync(staged) ? staged : path.join(directory, name);
    if (existsSync(place) && statSync(place).size === size && (await sha256OfFile(place)) === sha256)
      continue;
    throw new DataError("DATA_FILE_DAMAGED", `${place} is not what the interrupted update wrote`, {
      remedy: "export the snapshot again with --if-exists overwrite",
      place: { file: place },
    });
  }
  applyRecord(directory, record);
  return "finished";
}

function readRecord(file: string): CommitRecord | null {
  if (!existsSync(file)) return null;
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new DataError("DATA_FILE_DAMAGED", `${file} is no record of an update`, {
      remedy: "export the snapshot again with --if-exists overwrite",
      place: { file },
      cause: error,
    });
  }
}

/** May be done again from the start at any point: what has moved is not there to be moved. */
function applyRecord(directory: string, record: CommitRecord): void {
  const folder = path.join(directory, PENDING_FOLDER);
  const touched = new Set<string>([directory]);
  const put = (name: string): void => {
    const staged = path.join(folder, "next", name);
    if (!existsSync(staged)) return;
    const place = path.join(directory, name);
    mkdirSync(path.dirname(place), { recursive: true });
    renameSync(staged, place);
    for (let above = path.dirname(place); above !== directory; above = path.dirname(above))
      touched.add(above);
  };
  for (const name of record.folders) {
    const place = path.join(directory, name);
    const waiting = path.join(folder, REPLACED, name);
    if (existsSync(path.join(folder, "next", name)) && existsSync(place)) {
      mkdirSync(path.dirname(waiting), { recursive: true });
      rmSync(waiting, { recursive: true, force: true });
      renameSync(place, waiting);
    }
    put(name);
  }
  for (const { path: name } of record.files) put(name);
  for (const name of record.removed) rmSync(path.join(directory, name), { recursive: true, force: true });
  for (const above of touched) if (existsSync(above)) syncFolder(above);
  rmSync(path.join(folder, RECORD));
  syncFolder(folder);
  rmSync(folder, { recursive: true });
}
