/** What a store holds, and that nothing else lies in its workspace. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { hostProcesses, holderOfName } from "../../../src/data/store/holder.ts";
import { segmentKey, segmentPath } from "../../../src/data/store/manifest.ts";
import type { OpenedStore } from "../../../src/data/store/open-store.ts";
import { bitsOf } from "../../../src/data/store/testing/store-digest.ts";
import { cleanWorkspace } from "../../../src/pipelines/backup/clean-workspace.ts";
import { storeOf, workspaceAt } from "../../../src/pipelines/workspace.ts";

export const daily = { calendar: "XSHG", freq: "day" } as const;

export function storeIn(workspace: string): OpenedStore {
  return storeOf(workspaceAt(workspace), daily);
}

/**
 * Every value of every field, states included, as one text; and which blocks are behind. Unlike the digest of a
 * generation it says nothing of the generations that lineages name: those differ when a computation is repeated.
 */
export async function valuesOf(workspace: string): Promise<string> {
  await using snapshot = await storeIn(workspace).snapshot();
  const hash = createHash("sha256").update(snapshot.time.days);
  for (const { id, first, last } of snapshot.instruments) hash.update(`${id} ${first} ${last}\n`);
  for (const name of [...snapshot.fieldSets.keys()].sort()) {
    const set = snapshot.fieldSets.get(name)!;
    const names = set.fields.map((field) => field.name).sort();
    hash.update(JSON.stringify([name, set.role, names, set.behind ?? {}]));
    for (let block = 0; block < snapshot.blocks; block++) {
      const values = await snapshot.readBlock(name, block, names);
      for (const field of names) hash.update(bitsOf(values.get(field)!));
    }
  }
  return hash.digest("hex");
}

/** Segments of the current generation that runs staged, as `<run>.<attempt>` and place. */
export async function stagedSegments(workspace: string): Promise<{ run: string; path: string }[]> {
  const store = storeIn(workspace);
  const [current] = await store.generations();
  const { segments } = await store.manifestOf(current!.generation);
  return segments.flatMap((entry) =>
    entry.run === undefined ? [] : [{ run: entry.run, path: segmentKey(entry) }],
  );
}

const DAY_MS = 86_400_000;

/**
 * Clears as the next writer and a later clean-up do, and names every file below the workspace that has no reason to be there: segments that
 * no kept generation lists, holds of runs, locks and pins of processes that are gone, anything half written.
 */
export async function unexplainedFiles(workspace: string): Promise<string[]> {
  const store = storeIn(workspace);
  await cleanWorkspace(workspaceAt(workspace), { now: () => Date.now() + DAY_MS });
  const generations = (await store.generations()).map(({ generation }) => generation);
  const known = new Set(["manifest.json", ...generations.map((each) => `manifest-${each}.json`)]);
  for (const generation of generations) {
    for (const entry of (await store.manifestOf(generation)).segments) known.add(segmentPath(entry));
  }
  const place = join("store", daily.calendar, daily.freq);
  return filesBelow(workspace).filter((path) => {
    const [top, second = ""] = path.split("/");
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (top === "state") {
      if (second === "pgdata") return false;
      return second !== "holder" || isGone(name);
    }
    if (path.startsWith(`${place}/`)) {
      const inStore = relative(place, path);
      // A reader that lives has every right to its pin.
      if (inStore.startsWith("readers/")) return isGone(name.slice(name.indexOf("~") + 1));
      return !known.has(inStore);
    }
    if (path === "workspace.id") return false;
    if (top === "quality") return !/^[^.].*\.(html|json)$/.test(name);
    if (top === "sources" || top === "versions") return !/^[^.].*\.json$/.test(name);
    return true;
  });
}

function isGone(name: string): boolean {
  const holder = holderOfName(name);
  return holder === null || hostProcesses.isGone(holder);
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}
