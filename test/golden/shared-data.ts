import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the golden tests find what is not shipped: real data and outputs of other systems. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Path of a file below the shared data folder. Throws when it is absent, so that a test fails and is not skipped. */
export function sharedData(...path: string[]): string {
  return found(process.env["SHARED_DATA_DIR"] ?? "../shared/data", path);
}

/** Path of a file below the folder of goldens, likewise. */
export function golden(...path: string[]): string {
  return found(process.env["GOLDEN_DIR"] ?? "../shared/golden", path);
}

function found(folder: string, path: readonly string[]): string {
  const file = join(resolve(root, folder), ...path);
  if (!existsSync(file)) throw new Error(`${file} is absent; set SHARED_DATA_DIR and GOLDEN_DIR`);
  return file;
}
