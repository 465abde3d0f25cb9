import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Workspace } from "./workspace.ts";

/**
 * Tells a workspace from all others, wherever it is mounted: `<workspace>/workspace.id`, made when it is first asked for.
 * State that lies elsewhere, on a database server, bears it.
 */
export async function workspaceId({ root }: Workspace): Promise<string> {
  const file = join(root, "workspace.id");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
  await mkdir(root, { recursive: true });
  try {
    const id = randomUUID();
    await writeFile(file, `${id}\n`, { flag: "wx" });
    return id;
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    return (await readFile(file, "utf8")).trim();
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
