/** The known sources of a store as files: each appears whole or not at all, and none depends on another. */
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "#data/errors";
import { writeAtomically } from "#data/export/atomic-file";
import type { StoreKey } from "#data/store/panel-store";
import { asDataError } from "#data/system-errors";
import type { Workspace } from "../workspace.ts";
import {
  covers,
  KNOWN_SOURCE_VERSION,
  type KnownRequest,
  type KnownSource,
  knownSourceSchema,
} from "./known-source.ts";

export interface KnownSources {
  /** In the order of their imports. */
  readonly sources: readonly KnownSource[];
  /** Files that are no readable record; importing that source again writes it anew. */
  readonly unreadable: readonly DataError[];
}

/** `<workspace>/sources/XSHG-day` */
export function sourcesFolder(workspace: Workspace, key: StoreKey): string {
  return join(workspace.root, "sources", `${key.calendar}-${key.freq}`);
}

/** Stores that sources are known of, whether they are still there or not. */
export async function storesWithSources(workspace: Workspace): Promise<StoreKey[]> {
  const found: StoreKey[] = [];
  for (const name of await namesIn(join(workspace.root, "sources"))) {
    const [, calendar, freq] = /^(.+)-(day|\d+min)$/.exec(name) ?? [];
    if (calendar !== undefined && freq !== undefined)
      found.push({ calendar, freq: freq as StoreKey["freq"] });
  }
  return found;
}

/** What is known of the sources of a store; none when nothing was imported. Throws DATA_NOT_PERMITTED. */
export async function readKnownSources(workspace: Workspace, key: StoreKey): Promise<KnownSources> {
  const sources: KnownSource[] = [];
  const unreadable: DataError[] = [];
  for (const file of await recordsOf(workspace, key)) {
    const read = await readRecord(file);
    if (read instanceof DataError) unreadable.push(read);
    else if (read !== null) sources.push(read);
  }
  return { sources: sources.sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1)), unreadable };
}

/** The records' files, by name. */
export async function recordsOf(workspace: Workspace, key: StoreKey): Promise<string[]> {
  const folder = sourcesFolder(workspace, key);
  const names = await namesIn(folder);
  return names
    .filter((name) => name.endsWith(".json") && !name.startsWith("."))
    .map((name) => join(folder, name));
}

/**
 * Remembers an import that was asked for. It takes the place of earlier ones of the same source whose rows it asked for
 * too; where an earlier one asked for more, that one stays as it was, and the next look finds what is new for it.
 */
export async function rememberSource(
  workspace: Workspace,
  source: Omit<KnownSource, "version" | "id" | "order">,
): Promise<KnownSource> {
  const { sources } = await readKnownSources(workspace, source);
  const sameFile = sources.filter(({ place }) => place === source.place);
  const wider = sameFile.find(
    (each) =>
      each.mapping === source.mapping &&
      covers(each.request, source.request) &&
      !covers(source.request, each.request),
  );
  if (wider !== undefined) return wider;
  const order = 1 + sources.reduce((last, each) => Math.max(last, each.order), 0);
  const known: KnownSource = { ...source, version: KNOWN_SOURCE_VERSION, id: idOf(source), order };
  await renewSource(workspace, known);
  for (const each of sameFile) {
    if (each.id !== known.id && covers(source.request, each.request))
      await forgetSource(workspace, source, each.id);
  }
  return known;
}

/** Writes the record of a known source. Throws DATA_DISK_FULL, DATA_NOT_PERMITTED. */
export async function renewSource(workspace: Workspace, known: KnownSource): Promise<void> {
  const folder = sourcesFolder(workspace, known);
  await writeAtomically(join(folder, `${known.id}.json`), [JSON.stringify(known), "\n"]);
  await clearParts(folder);
}

/** A source that is not looked at any more; what was imported from it stays. */
export async function forgetSource(workspace: Workspace, key: StoreKey, id: string): Promise<void> {
  await rm(join(sourcesFolder(workspace, key), `${id}.json`), { force: true });
}

/** The end of the locator, readable, and what tells it from others of that name. */
function idOf({ place, request }: { readonly place: string; readonly request: KnownRequest }): string {
  const name = (place.split(/[/\\:]/).findLast((part) => part !== "") ?? "")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const { codes, start, end } = request;
  const hash = createHash("sha256")
    .update(JSON.stringify([place, codes, start, end]))
    .digest("hex")
    .slice(0, 12);
  return name === "" ? hash : `${name}-${hash}`;
}

async function readRecord(path: string): Promise<KnownSource | DataError | null> {
  const place = { file: path };
  const remedy = "import the source again, or delete the file";
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    // Forgotten since the folder was listed.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    if (!(error instanceof SyntaxError)) throw asDataError(error, { file: path, doing: "read" });
    return new DataError("DATA_FILE_DAMAGED", `${path} is not a record of a source: ${error.message}`, {
      remedy,
      place,
      cause: error,
    });
  }
  const parsed = knownSourceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { version } = (value ?? {}) as { readonly version?: unknown };
  if (typeof version === "number" && version !== KNOWN_SOURCE_VERSION) {
    return new DataError(
      "STORE_FORMAT",
      `${path} is a record of version ${version}; this one reads ${KNOWN_SOURCE_VERSION}`,
      {
        remedy,
        place,
      },
    );
  }
  const issue = parsed.error.issues[0]!;
  return new DataError("DATA_FILE_DAMAGED", `${path}: ${issue.path.join(".")}: ${issue.message}`, {
    remedy,
    place,
  });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw asDataError(error, { file: folder, doing: "read" });
  }
}

/** Removes what a killed process left half written. */
async function clearParts(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const pid = /^\..+\.(\d+)\.part$/.exec(name)?.[1];
    if (pid !== undefined && !runs(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
