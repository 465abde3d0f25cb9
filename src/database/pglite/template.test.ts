import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cacheFolder, layOut } from "./template.ts";

let root: string;
let made: number;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "template-"));
  made = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

/** Stands for initdb: a small tree, and how often it was made. */
function initialise(folder: string): Promise<void> {
  made += 1;
  mkdirSync(join(folder, "base", "empty"), { recursive: true });
  writeFileSync(join(folder, "PG_VERSION"), "18\n");
  writeFileSync(join(folder, "base", "1"), new Uint8Array(100_000).fill(3));
  writeFileSync(join(folder, "base", "none"), "");
  return Promise.resolve();
}

const failing = (): Promise<void> => Promise.reject(new Error("out of memory"));

const laidOut = async (name: string, cache: string | null): Promise<string> => {
  const how = await layOut(join(root, name), "v1", { cache, initialise });
  expect(new Set(readdirSync(join(root, name), { recursive: true, encoding: "utf8" }))).toEqual(
    new Set(["PG_VERSION", "base", "base/1", "base/empty", "base/none"]),
  );
  expect(readFileSync(join(root, name, "base", "1")).every((byte) => byte === 3)).toBe(true);
  expect(readdirSync(root).filter((left) => left.includes(".new-"))).toEqual([]);
  return how;
};

test("a folder is initialised once and copied from then on", async () => {
  const cache = join(root, "deep", "cache");
  expect([await laidOut("a", cache), await laidOut("b", cache), made]).toEqual(["copied", "copied", 1]);
  expect(readdirSync(cache)).toEqual(["v1"]);
});

test.each([
  [
    "a changed byte",
    (v1: string) => writeFileSync(join(v1, "database", "base", "1"), new Uint8Array(100_000)),
  ],
  ["a file too many", (v1: string) => writeFileSync(join(v1, "database", "extra"), "")],
  ["a missing file", (v1: string) => rmSync(join(v1, "database", "PG_VERSION"))],
  ["no files at all", (v1: string) => rmSync(join(v1, "database"), { recursive: true })],
  ["a digest that is cut off", (v1: string) => writeFileSync(join(v1, "sha256"), "ab")],
])("a template with %s is made anew", async (_, damage) => {
  const cache = join(root, "cache");
  await laidOut("a", cache);
  damage(join(cache, "v1"));
  expect([await laidOut("b", cache), await laidOut("c", cache), made]).toEqual(["copied", "copied", 2]);
});

test("without a cache, or where none can be kept, the folder is initialised in place", async () => {
  writeFileSync(join(root, "file"), "");
  expect([await laidOut("a", null), await laidOut("b", join(root, "file", "cache")), made]).toEqual([
    "initialised",
    "initialised",
    2,
  ]);
});

test("what a killed process left half made is cleared, and a failing initialisation leaves nothing", async () => {
  mkdirSync(join(root, "a.new-left", "database"), { recursive: true });
  await laidOut("a", join(root, "cache"));
  await expect(
    layOut(join(root, "b"), "v2", { cache: join(root, "cache"), initialise: failing }),
  ).rejects.toThrow("out of memory");
  expect(existsSync(join(root, "b"))).toBe(false);
  expect(readdirSync(join(root, "cache"))).toEqual(["v1"]);
});

test("several that make the template at once all get a whole one", async () => {
  const cache = join(root, "cache");
  expect(await Promise.all(["a", "b", "c"].map((name) => laidOut(name, cache)))).toEqual([
    "copied",
    "copied",
    "copied",
  ]);
  expect(readdirSync(cache)).toEqual(["v1"]);
});

test("the cache folder follows the system's habit", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: "/caches" })).toBe(join("/caches", "alphaloom"));
  expect(cacheFolder({ XDG_CACHE_HOME: "" })).toBe(cacheFolder({}));
});
