import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "#data/store/testing/sample-store";
import { PENDING_FOLDER, recoverSnapshot, StagedFiles } from "./commit-record.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const put = (file: string, text: string): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
};

const contentOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(directory, file), readFileSync(file, "utf8")] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );

const OLD = { "bins/x/old.bin": "old x", "bins/y.bin": "old y", "gone.txt": "gone", "rows.h5": "old rows" };
const NEW = {
  "bins/x/new.bin": "new x",
  "bins/y.bin": "new y",
  "names/all.txt": "names",
  "rows.h5": "new rows",
};
const FILES = ["rows.h5", "names/all.txt"] as const;

function oldDirectory(directory: string): void {
  for (const [name, text] of Object.entries(OLD)) put(path.join(directory, name), text);
}

function stage(directory: string): StagedFiles {
  const staged = new StagedFiles(directory);
  for (const name of FILES) writeFileSync(staged.place(name), NEW[name]);
  const folder = staged.place("bins");
  put(path.join(folder, "x", "new.bin"), NEW["bins/x/new.bin"]);
  put(path.join(folder, "y.bin"), NEW["bins/y.bin"]);
  return staged;
}

const request = {
  files: FILES.map((name) => ({ path: name, sha256: sha256(NEW[name]) })),
  folders: ["bins"],
  removed: ["gone.txt"],
};

test("a committed change replaces its files and folders and removes others, and leaves nothing pending", async () => {
  using folder = temporaryFolder();
  oldDirectory(folder.path);
  await stage(folder.path).commit(request);
  expect(contentOf(folder.path)).toEqual(NEW);
  expect(existsSync(path.join(folder.path, PENDING_FOLDER))).toBe(false);
  expect(await recoverSnapshot(folder.path)).toBe("none");
});

test("what was staged without a record is dropped", async () => {
  using folder = temporaryFolder();
  oldDirectory(folder.path);
  stage(folder.path);
  expect(await recoverSnapshot(folder.path)).toBe("dropped");
  expect(contentOf(folder.path)).toEqual(OLD);
  stage(folder.path).drop();
  expect(await recoverSnapshot(folder.path)).toBe("none");
});

/** The states a crash can leave after the record was written: a prefix of these steps is done. */
const steps: readonly ((directory: string, pending: string) => void)[] = [
  (directory, pending) => {
    mkdirSync(path.join(pending, "replaced"));
    renameSync(path.join(directory, "bins"), path.join(pending, "replaced", "bins"));
  },
  (directory, pending) => renameSync(path.join(pending, "next", "bins"), path.join(directory, "bins")),
  (directory, pending) => renameSync(path.join(pending, "next", "rows.h5"), path.join(directory, "rows.h5")),
  (directory) => mkdirSync(path.join(directory, "names")),
  (directory, pending) =>
    renameSync(path.join(pending, "next", "names/all.txt"), path.join(directory, "names/all.txt")),
  (directory) => rmSync(path.join(directory, "gone.txt")),
  (_, pending) => rmSync(path.join(pending, "commit.json")),
  (_, pending) => rmSync(path.join(pending, "replaced"), { recursive: true }),
];

const record = JSON.stringify({
  format: 1,
  files: FILES.map((name) => ({ path: name, sha256: sha256(NEW[name]), size: NEW[name].length })),
  folders: request.folders,
  removed: request.removed,
});

test("a change that counts is finished from wherever it was cut off", async () => {
  using folder = temporaryFolder();
  for (let done = 0; done <= steps.length; done++) {
    const directory = path.join(folder.path, `after-${done}`);
    const pending = path.join(directory, PENDING_FOLDER);
    oldDirectory(directory);
    stage(directory);
    writeFileSync(path.join(pending, "commit.json"), record);
    for (const step of steps.slice(0, done)) step(directory, pending);
    expect(await recoverSnapshot(directory), `after ${done} steps`).toBe(done < 7 ? "finished" : "dropped");
    expect(contentOf(directory), `after ${done} steps`).toEqual(NEW);
    expect(existsSync(pending)).toBe(false);
  }
});

test("a staged file that is not what was written stops the recovery with everything as it was", async () => {
  using folder = temporaryFolder();
  oldDirectory(folder.path);
  const pending = path.join(folder.path, PENDING_FOLDER);
  const staged = stage(folder.path);
  writeFileSync(path.join(pending, "commit.json"), record);
  writeFileSync(staged.place("rows.h5"), "bad rows");
  cpSync(folder.path, `${folder.path}-copy`, { recursive: true });
  await expect(recoverSnapshot(folder.path)).rejects.toMatchObject({ code: "DATA_FILE_DAMAGED" });
  expect(contentOf(folder.path)).toEqual(contentOf(`${folder.path}-copy`));
  rmSync(`${folder.path}-copy`, { recursive: true });
});

test("a record cannot reach outside the directory", async () => {
  using folder = temporaryFolder();
  const staged = new StagedFiles(folder.path);
  for (const name of ["../out", "/out", "a/../../out", ".locks", "a//b", "", "a\\..\\b"])
    expect(() => staged.place(name), name).toThrow(/Invalid string/);
  const directory = path.join(folder.path, "victim");
  put(path.join(directory, PENDING_FOLDER, "commit.json"), record.replace("gone.txt", "../outside"));
  put(path.join(folder.path, "outside"), "stays");
  await expect(recoverSnapshot(directory)).rejects.toMatchObject({ code: "DATA_FILE_DAMAGED" });
  expect(readFileSync(path.join(folder.path, "outside"), "utf8")).toBe("stays");
});
