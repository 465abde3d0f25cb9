/**
 * A fresh PGlite folder without the seconds of initdb: one is made once per machine and version, kept in the user's
 * cache folder with a digest, and copied. A template that differs from its digest is made anew; where the cache cannot
 * be written, the folder is initialised in place.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

/** Makes an initialised folder at a path that does not exist yet. */
export type Initialise = (folder: string) => Promise<void>;

/** Where templates are kept: the user's cache folder, whatever the system calls it. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const xdg = environment["XDG_CACHE_HOME"];
  if (xdg !== undefined && xdg !== "") return join(xdg, "alphaloom");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "alphaloom");
  if (process.platform === "win32") {
    return join(environment["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "alphaloom", "cache");
  }
  return join(homedir(), ".cache", "alphaloom");
}

/**
 * Makes `folder` an initialised database folder, atomically: it is there whole and on the disk, or not at all.
 * `name` tells versions of the template apart. Returns how it was made.
 */
export async function layOut(
  folder: string,
  name: string,
  { cache, initialise }: { readonly cache: string | null; readonly initialise: Initialise },
): Promise<"copied" | "initialised"> {
  const parent = dirname(folder);
  for (const left of readdirSync(parent)) {
    if (left.startsWith(`${basename(folder)}.new-`)) rmSync(join(parent, left), { recursive: true });
  }
  const fresh = join(mkdtempSync(`${folder}.new-`), "database");
  let how: "copied" | "initialised" = "copied";
  if (!(await copyTemplate(fresh, name, { cache, initialise }))) {
    rmSync(fresh, { recursive: true, force: true });
    await initialise(fresh);
    how = "initialised";
  }
  renameSync(fresh, folder);
  syncFolder(parent);
  rmSync(dirname(fresh), { recursive: true });
  return how;
}

async function copyTemplate(
  target: string,
  name: string,
  { cache, initialise }: { readonly cache: string | null; readonly initialise: Initialise },
): Promise<boolean> {
  if (cache === null) return false;
  const template = join(cache, name);
  // Twice: a template that fails its check is removed and made again; a second failure is left to the slow way.
  for (let attempt = 0; attempt < 2; attempt++) {
    const expected = digestOf(template);
    if (expected === null) {
      if (!(await makeTemplate(template, initialise))) return false;
      continue;
    }
    if (copyIfWhole(template, target, expected)) return true;
    rmSync(template, { recursive: true, force: true });
  }
  const expected = digestOf(template);
  return expected !== null && copyIfWhole(template, target, expected);
}

function copyIfWhole(template: string, target: string, expected: string): boolean {
  try {
    if (copyFolder(join(template, "database"), target) === expected) return true;
  } catch (error) {
    if (!isSystem(error, "ENOENT")) throw error;
  }
  rmSync(target, { recursive: true, force: true });
  return false;
}

function digestOf(template: string): string | null {
  try {
    return readFileSync(join(template, "sha256"), "utf8");
  } catch (error) {
    if (isSystem(error, "ENOENT", "ENOTDIR", "EACCES")) return null;
    throw error;
  }
}

/** False where the cache cannot be written; whoever comes first makes it, another's is as good. */
async function makeTemplate(template: string, initialise: Initialise): Promise<boolean> {
  let work: string;
  try {
    mkdirSync(dirname(template), { recursive: true, mode: 0o700 });
    work = mkdtempSync(`${template}.new-`);
  } catch (error) {
    if (isSystem(error, "EACCES", "EPERM", "EROFS", "ENOSPC", "ENOTDIR", "EEXIST", "ENOENT")) return false;
    throw error;
  }
  try {
    await initialise(join(work, "database"));
    writeFileSync(join(work, "sha256"), copyFolder(join(work, "database"), null));
    renameSync(work, template);
    return true;
  } catch (error) {
    if (isSystem(error, "ENOTEMPTY", "EEXIST")) return true;
    if (isSystem(error, "ENOSPC")) return false;
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Copies a folder (to nowhere: null) with every file on the disk; the digest of its names and bytes. */
function copyFolder(from: string, to: string | null): string {
  const digest = createHash("sha256");
  const copy = (inside: string): void => {
    const target = to === null ? null : join(to, inside);
    if (target !== null) mkdirSync(target, { recursive: true, mode: 0o700 });
    const entries = readdirSync(join(from, inside), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(inside, entry.name);
      if (entry.isDirectory()) {
        digest.update(`folder ${path}\n`);
        copy(path);
        continue;
      }
      const bytes = readFileSync(join(from, path));
      digest.update(`file ${path} ${bytes.byteLength}\n`).update(bytes);
      if (to !== null) writeSynced(join(to, path), bytes);
    }
    if (target !== null) syncFolder(target);
  };
  copy("");
  return digest.digest("hex");
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx", 0o600);
  try {
    for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function isSystem(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
