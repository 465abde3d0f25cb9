import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { assert, asyncProperty, oneof, string, stringMatching } from "fast-check";
import { SnapshotError } from "./errors.ts";
import { deleteSnapshot, showSnapshot } from "./snapshot-catalogue.ts";
import { isSnapshotId, snapshotIn } from "./snapshot-place.ts";
import { contentOf } from "./testing/content.ts";

/** Ids that lead elsewhere, or would where somebody decodes or normalises them. */
const traversals = (): string[] => {
  const steps = [
    "..",
    ".",
    "...",
    "%2e%2e",
    "%2E.",
    "..%00",
    "%252e%252e",
    "..;",
    "..\u0000",
    "．．",
    "‥",
    "..%c0%af",
  ];
  const separators = ["/", "\\", "%2f", "%5c", "//", "／", "∕", "\u0000/", "%c0%af"];
  const targets = ["", "etc/passwd", "victim", "victim/meta.json"];
  const joined = steps.flatMap((step) =>
    separators.flatMap((separator) => targets.map((target) => `${step}${separator}${target}`)),
  );
  return [...steps.filter((step) => step !== ""), ...joined];
};

const others = [
  "",
  " ",
  "a b",
  "-rf",
  "_a",
  ".hidden",
  ".locks",
  "a.b",
  "a/b",
  "/etc/passwd",
  "C:\\Windows",
  "\\\\server\\share",
  "file:///etc/passwd",
  "~",
  "~root",
  "$HOME",
  "$(id)",
  "`id`",
  "a;rm -rf /",
  "a&&id",
  "a|id",
  "a\nb",
  "a\r",
  "a\tb",
  "a\u0000",
  "\u0000",
  "'; DROP TABLE market.kline_daily_qfq; --",
  '" OR 1=1 --',
  "a' UNION SELECT 1",
  "名字",
  "é",
  "a\u202eb",
  "a\u200b",
  "<script>",
  "{{7*7}}",
  "${7*7}",
  "a*",
  "a?",
  "[a]",
  "a:b",
  "a".repeat(65),
  "a".repeat(5000),
];

let folder: string;
let root: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "snapshot-ids-"));
  root = path.join(folder, "root");
  mkdirSync(path.join(folder, "victim"), { recursive: true });
  mkdirSync(path.join(root, "victim"), { recursive: true });
  for (const place of [folder, root]) {
    writeFileSync(path.join(place, "victim", "meta.json"), "{}");
    writeFileSync(path.join(place, "victim", "data.txt"), "data");
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

test("more than 200 ids that lead elsewhere are refused, and nothing is touched", async () => {
  const ids = [...new Set([...traversals(), ...others])];
  expect(ids.length).toBeGreaterThan(200);
  const before = contentOf(folder);
  for (const id of ids) {
    for (const work of [snapshotIn(root, id), showSnapshot(root, id), deleteSnapshot(root, id)]) {
      const failure = await work.then(
        () => null,
        (error: unknown) => error,
      );
      expect(failure, JSON.stringify(id)).toBeInstanceOf(SnapshotError);
      expect((failure as SnapshotError).code, JSON.stringify(id)).toBe("SNAPSHOT_ID_INVALID");
    }
  }
  expect(contentOf(folder)).toEqual(before);
  expect(readdirSync(root)).toEqual(["victim"]);
});

test("whatever is accepted as an id names a folder directly below the root", async () => {
  const text = oneof(string({ unit: "binary" }), stringMatching(/^[A-Za-z0-9_./\\-]{1,70}$/));
  await assert(
    asyncProperty(text, async (id) => {
      if (!isSnapshotId(id)) return;
      const place = await snapshotIn(path.join(root, "none"), id);
      expect(path.dirname(place.folder)).toBe(place.root);
      expect(path.basename(place.folder)).toBe(id);
    }),
  );
});

test("ids of letters, digits, dash and underscore are taken as they are", async () => {
  for (const id of ["quant_2015_2020_allA", "a", "0", "A-b_c", "a".repeat(64)])
    expect((await snapshotIn(root, id)).id).toBe(id);
});
