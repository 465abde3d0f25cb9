import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "#data/errors";
import { listStores, type OpenedStore } from "#data/store/open-store";
import { localStorage } from "#data/store/local-storage";
import { storeName, storeOf, type Workspace } from "../workspace.ts";
import { readTableIndex } from "./beside-files.ts";

export interface CleanOptions {
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  /** Says what would go, and removes nothing outside of the stores, which are left alone. */
  readonly dryRun?: boolean;
}

export interface CleanedFile {
  /** Below the workspace, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly kind: "temporary" | "cache" | "unlisted reference file";
}

export interface CleanedStore {
  readonly store: string;
  readonly removedGenerations: readonly number[];
  readonly removedFiles: number;
  readonly removedBytes: number;
  /** Generations beyond the ones kept that a reader still holds, with who it is. */
  readonly heldBy: readonly { readonly generation: number; readonly holder: string }[];
  /** Why this store could not be cleaned: somebody writes to it, or it is damaged. */
  readonly skipped: string | null;
}

export interface CleanReport {
  readonly stores: readonly CleanedStore[];
  readonly files: readonly CleanedFile[];
  readonly removedBytes: number;
}

/** Left by a process that died at least this long ago; younger files may be somebody's on another machine. */
const ABANDONED_MS = 3_600_000;
const PART = /^\..+\.(\d+)\.part$/;
/** Folder in which a Parquet file is put together beside its place. */
const SCRATCH = /^(.*\/)?\.[^/]+\.parquet-[A-Za-z0-9]{6}(?=\/)/;

/**
 * Frees what nothing needs any more: store generations beyond the ones kept, files of none, what interrupted processes
 * left beside their places, caches, and reference files that neither their table nor a kept generation lists.
 */
export async function cleanWorkspace(workspace: Workspace, options: CleanOptions = {}): Promise<CleanReport> {
  const { signal, dryRun = false, now = Date.now } = options;
  const stores: CleanedStore[] = [];
  const listed = new Set<string>();
  for (const key of await listStores(workspace.stores)) {
    signal?.throwIfAborted();
    const store = storeOf(workspace, key);
    if (!dryRun) stores.push(await cleanStore(store));
    for (const path of await listedBy(store)) listed.add(path);
  }
  const before = now() - ABANDONED_MS;
  const files = [
    ...(await temporaryFiles(workspace, before)),
    ...(await everythingIn(workspace, "cache", "cache")),
    ...(await unlistedReference(workspace, { listed, before })),
  ];
  for (const { path } of dryRun ? [] : files) {
    signal?.throwIfAborted();
    await rm(join(workspace.root, SCRATCH.exec(path)?.[0] ?? path), { force: true, recursive: true });
  }
  const bytes = [...stores.map(({ removedBytes }) => removedBytes), ...files.map((file) => file.bytes)];
  return { stores, files, removedBytes: bytes.reduce((sum, each) => sum + each, 0) };
}

async function cleanStore(store: OpenedStore): Promise<CleanedStore> {
  const { storage } = store.parts;
  const none = { removedGenerations: [], removedFiles: 0, removedBytes: 0, heldBy: [] };
  const before = await bytesBelow(storage.place);
  try {
    const { removedFiles, removedGenerations, heldBy } = await store.collect();
    const removedBytes = Math.max(0, before - (await bytesBelow(storage.place)));
    return {
      store: storeName(store.key),
      removedFiles,
      removedGenerations,
      heldBy,
      removedBytes,
      skipped: null,
    };
  } catch (error) {
    if (!(error instanceof DataError && (error.code === "STORE_LOCKED" || error.code === "STORE_DAMAGED")))
      throw error;
    return { store: storeName(store.key), ...none, skipped: `${error.code}: ${error.message}` };
  }
}

/** Reference files that a kept generation lists; all generations whose manifests can be read count. */
async function listedBy(store: OpenedStore): Promise<string[]> {
  const paths: string[] = [];
  for (const { generation } of await store.generations().catch(notDamaged)) {
    const { listings } = await store.manifestOf(generation);
    for (const files of Object.values(listings.reference)) paths.push(...files.map(({ path }) => path));
  }
  return paths;
}

function notDamaged(error: unknown): readonly { readonly generation: number }[] {
  if (error instanceof DataError && error.code === "STORE_DAMAGED") return [];
  throw error;
}

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** Files of a folder and those below it, links left alone; none when there is no such folder. */
async function* filesBelow(root: string, folder: string): AsyncGenerator<FoundFile> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(missingFolder);
  for (const entry of entries) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, path);
    if (!entry.isFile()) continue;
    const status = await lstat(join(root, path)).catch(missingFile);
    if (status !== null) yield { path, bytes: status.size, modified: status.mtimeMs };
  }
}

function missingFolder(error: unknown): [] {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
    return [];
  throw error;
}

function missingFile(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for await (const file of filesBelow(folder, "")) bytes += file.bytes;
  return bytes;
}

async function temporaryFiles({ root }: Workspace, before: number): Promise<CleanedFile[]> {
  const found: CleanedFile[] = [];
  for await (const { path, bytes, modified } of filesBelow(root, "")) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const part = PART.exec(name);
    const isLeft = part === null ? SCRATCH.test(path) : !runs(Number(part[1]));
    if (!isLeft || modified > before) continue;
    found.push({ path, bytes, kind: "temporary" });
  }
  return found;
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

async function everythingIn({ root }: Workspace, folder: string, kind: "cache"): Promise<CleanedFile[]> {
  const found: CleanedFile[] = [];
  for await (const { path, bytes } of filesBelow(root, folder)) found.push({ path, bytes, kind });
  return found;
}

async function unlistedReference(
  { root }: Workspace,
  known: { readonly listed: ReadonlySet<string>; readonly before: number },
): Promise<CleanedFile[]> {
  const storage = localStorage(root);
  const found: CleanedFile[] = [];
  for (const table of await storage.list("reference")) {
    const index = await readTableIndex(storage, table);
    if (index === null) continue;
    const own = new Set(index.files.map(({ path }) => path));
    for await (const { path, bytes, modified } of filesBelow(root, `reference/${table}`)) {
      if (!path.endsWith(".parquet") || own.has(path) || known.listed.has(path)) continue;
      if (modified <= known.before) found.push({ path, bytes, kind: "unlisted reference file" });
    }
  }
  return found;
}
