/**
 * `run/serve.json` of a workspace: where its server listens and the token it wants, readable by its user alone. Commands
 * find the server by it; the holder in it tells whether that process still lives.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const holder = z.object({
  host: z.string(),
  boot: z.string(),
  pid: z.number().int(),
  started: z.string(),
  use: z.string(),
});

const serverFile = z.object({
  address: z.url({ protocol: /^http$/ }),
  token: z.string().min(1),
  version: z.string(),
  startedAt: z.string(),
  holder,
});

export type ServerFile = z.infer<typeof serverFile>;

const pathIn = (workspace: string): string => join(workspace, "run", "serve.json");

/** Null when there is none, or one that was not written by a server. */
export async function readServerFile(workspace: string): Promise<ServerFile | null> {
  let text: string;
  try {
    text = await readFile(pathIn(workspace), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return null;
    throw error;
  }
  try {
    return serverFile.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Replaces the file in one step; nobody else may read it at any moment. Returns how to take it away again. */
export async function writeServerFile(workspace: string, server: ServerFile): Promise<() => Promise<void>> {
  const path = pathIn(workspace);
  await mkdir(join(workspace, "run"), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${server.holder.pid}`;
  await rm(fresh, { force: true });
  await writeFile(fresh, `${JSON.stringify(server, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  await rename(fresh, path);
  return async () => {
    const now = await readServerFile(workspace);
    if (now?.token === server.token) await rm(path, { force: true });
  };
}
