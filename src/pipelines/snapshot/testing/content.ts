import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Hash of every file below a folder, hidden ones too, by path. */
export function contentOf(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).replaceAll("\\", "/");
    found.set(name, createHash("sha256").update(readFileSync(file)).digest("hex"));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
