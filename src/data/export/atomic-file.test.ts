import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { writeAtomically } from "./atomic-file.ts";

const folder = (): string => mkdtempSync(path.join(os.tmpdir(), "atomic-"));

function* breaking(): Generator<string> {
  yield "new";
  throw new Error("broken");
}

it("chunks of text and bytes become one file, in folders that need not exist", async () => {
  const place = path.join(folder(), "a/b/file.txt");
  expect(await writeAtomically(place, ["é", new Uint8Array([10]), "x"])).toBe(4);
  expect(readFileSync(place, "utf8")).toBe("é\nx");
  expect(readdirSync(path.dirname(place))).toEqual(["file.txt"]);
});

it("a failure half-way leaves the old file and no part of the new one", async () => {
  const place = path.join(folder(), "file.txt");
  writeFileSync(place, "old");
  await expect(writeAtomically(place, breaking())).rejects.toThrow("broken");
  expect(readFileSync(place, "utf8")).toBe("old");
  expect(readdirSync(path.dirname(place))).toEqual(["file.txt"]);
});

it("a place that cannot be is refused by its name", async () => {
  const place = path.join(folder(), "file.txt");
  writeFileSync(place, "old");
  const below = path.join(place, "below.txt");
  await expect(writeAtomically(below, ["x"])).rejects.toMatchObject({
    code: "DATA_FILE_MISSING",
    place: { file: place },
  });
});
