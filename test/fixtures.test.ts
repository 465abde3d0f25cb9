import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "fixtures");
const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(folders.map((folder) => folder.name))(
  "fixtures/%s has a licence and matches its checksums",
  (name) => {
    const folder = join(root, name);
    expect(existsSync(join(folder, "LICENCE"))).toBe(true);
    const listed = readFileSync(join(folder, "SHA256SUMS"), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/) as [string, string]);
    const present = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (path) => path !== "SHA256SUMS" && statSync(join(folder, path)).isFile(),
    );
    expect(listed.map(([, path]) => path).toSorted()).toEqual(present.toSorted());
    for (const [sha, path] of listed) {
      expect(
        createHash("sha256")
          .update(readFileSync(join(folder, path)))
          .digest("hex"),
        path,
      ).toBe(sha);
    }
  },
);

test("the fixtures stay under 15 MB in all", () => {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  const bytes = files.reduce((sum, path) => sum + statSync(join(root, path)).size, 0);
  expect(folders.length).toBeGreaterThan(2);
  expect(bytes).toBeLessThan(15e6);
});
