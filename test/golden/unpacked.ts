/** Where the goldens and the shared data are, and their archives unpacked into a temporary folder. */
import { existsSync, mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { extract } from "tar";

const root = path.resolve(import.meta.dirname, "..", "..");

/** Absolute path of a golden; fails when it is not there. */
export function golden(...parts: string[]): string {
  return present(path.resolve(root, process.env["GOLDEN_DIR"] ?? "../shared/golden", ...parts));
}

/** Absolute path of a file of the shared market data; fails when it is not there. */
export function sharedData(...parts: string[]): string {
  return present(path.resolve(root, process.env["SHARED_DATA_DIR"] ?? "../shared/data", ...parts));
}

/** Unpacks a `.tar.gz` and returns the folder. */
export async function unpacked(archive: string): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "golden-"));
  await extract({ file: archive, cwd: folder });
  return folder;
}

function present(place: string): string {
  if (!existsSync(place)) throw new Error(`${place} is not there; set GOLDEN_DIR or SHARED_DATA_DIR`);
  return place;
}
