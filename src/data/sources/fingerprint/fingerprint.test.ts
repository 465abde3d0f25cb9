/** Real files that are touched, rewritten, cut, moved and forged, and what a second look says of each. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Database } from "../../duckdb/database.ts";
import { sqlText } from "../../duckdb/sql.ts";
import { parseLocator, resolveFiles } from "../locator.ts";
import { absoluteLocator, coveredFiles } from "./covered-files.ts";
import type { FileFingerprint } from "./file-fingerprint.ts";
import { compareFiles, type ComparedFiles } from "./source-fingerprint.ts";

const folder = (): string => mkdtempSync(path.join(os.tmpdir(), "fingerprint-"));
/** Late enough for every timestamp of the test to be trusted. */
const later = (): number => Date.now() + 60_000;

async function look(
  paths: readonly string[],
  known: readonly FileFingerprint[] = [],
  options: { readonly rehash?: boolean; readonly now?: () => number } = {},
): Promise<ComparedFiles> {
  const there = paths.map((each) => ({ path: each, role: "rows" as const }));
  return compareFiles(known, there, { now: later, ...options });
}

/** `groups` row groups of 2,048 rows, one session each; the numbers of group `other` differ. */
async function writeParquet(file: string, groups: number, other = -1): Promise<void> {
  using database = await Database.open();
  await database.run(
    `COPY (SELECT DATE '2024-01-01' + CAST(i // 2048 AS INTEGER) AS day, i % 2048 AS code,
       i * 1.5 + (i // 2048 = ${other})::INTEGER AS close FROM range(${groups * 2048}) t(i))
     TO ${sqlText(file)} (FORMAT parquet, ROW_GROUP_SIZE 2048, COMPRESSION uncompressed)`,
  );
}

it("a second look at untouched files opens none of them", async () => {
  const root = folder();
  const files = [path.join(root, "a.csv"), path.join(root, "b.parquet")];
  writeFileSync(files[0]!, "date,close\n2024-01-02,1\n");
  await writeParquet(files[1]!, 2);
  const first = await look(files);
  expect(first.hashed.files).toBe(2);
  expect(first.changes.map(({ kind }) => kind)).toEqual(["new", "new"]);
  expect(first.files.map(({ pieces }) => pieces?.length)).toEqual([1, 2]);
  const second = await look(files, first.files);
  expect(second).toEqual({ files: first.files, changes: [], gone: [], hashed: { files: 0, bytes: 0 } });
});

it("a file that was only touched is hashed once and unchanged", async () => {
  const file = path.join(folder(), "a.csv");
  writeFileSync(file, "date,close\n2024-01-02,1\n");
  const first = await look([file]);
  utimesSync(file, new Date(1e12), new Date(1e12));
  const second = await look([file], first.files);
  expect(second.changes).toEqual([]);
  expect(second.hashed).toEqual({ files: 1, bytes: 24 });
  expect((await look([file], second.files)).hashed.files).toBe(0);
});

it("a rewrite with the same size within the clock's tick is found, for the first look did not trust its timestamp", async () => {
  const file = path.join(folder(), "a.csv");
  writeFileSync(file, "date,close\n2024-01-02,1\n");
  const { mtime, atime } = statSync(file);
  utimesSync(file, atime, mtime);
  const young = await look([file], [], { now: Date.now });
  writeFileSync(file, "date,close\n2024-01-02,9\n");
  utimesSync(file, atime, mtime);
  expect(statSync(file).mtimeMs).toBe(mtime.getTime());
  expect((await look([file], young.files)).changes).toEqual([
    { kind: "changed", path: file, pieces: { added: [], changed: [0], removed: [], of: 1 } },
  ]);
});

it("other content under the old size and timestamp is found by rehashing, and only so", async () => {
  const file = path.join(folder(), "a.csv");
  writeFileSync(file, "date,close\n2024-01-02,1\n");
  const mtime = new Date(1.7e12);
  utimesSync(file, mtime, mtime);
  const { files } = await look([file]);
  writeFileSync(file, "date,close\n2024-01-02,9\n");
  utimesSync(file, mtime, mtime);
  expect((await look([file], files)).changes).toEqual([]);
  expect((await look([file], files, { rehash: true })).changes.map(({ kind }) => kind)).toEqual(["changed"]);
});

it("a Parquet file with the old size and timestamp is found by its footer", async () => {
  const root = folder();
  const file = path.join(root, "a.parquet");
  await writeParquet(file, 2);
  const mtime = new Date(1.7e12);
  utimesSync(file, mtime, mtime);
  const { files } = await look([file]);
  const bytes = readFileSync(file);
  const other = path.join(root, "other.parquet");
  await writeParquet(other, 2, 1);
  const changed = readFileSync(other);
  expect(changed.length).toBe(bytes.length);
  writeFileSync(file, changed);
  utimesSync(file, mtime, mtime);
  expect((await look([file], files)).changes).toEqual([
    { kind: "changed", path: file, pieces: { added: [], changed: [1], removed: [], of: 2 } },
  ]);
});

it("a flipped byte inside a Parquet row group, under the old footer and timestamp, is found by rehashing", async () => {
  const file = path.join(folder(), "a.parquet");
  await writeParquet(file, 3);
  const mtime = new Date(1.7e12);
  utimesSync(file, mtime, mtime);
  const { files } = await look([file]);
  const { from, bytes } = files[0]!.pieces![1]!;
  const content = readFileSync(file);
  content[from + (bytes >> 1)]! ^= 1;
  writeFileSync(file, content);
  utimesSync(file, mtime, mtime);
  expect((await look([file], files)).changes).toEqual([]);
  expect((await look([file], files, { rehash: true })).changes).toEqual([
    { kind: "changed", path: file, pieces: { added: [], changed: [1], removed: [], of: 3 } },
  ]);
});

it("row groups that were appended, corrected and dropped are told apart", async () => {
  const root = folder();
  const file = path.join(root, "a.parquet");
  await writeParquet(file, 4);
  const { files } = await look([file]);
  const pieces = async (groups: number, other?: number): Promise<unknown> => {
    await writeParquet(file, groups, other);
    const [change] = (await look([file], files)).changes;
    return change?.kind === "changed" ? change.pieces : change;
  };
  expect(await pieces(5)).toEqual({ added: [4], changed: [], removed: [], of: 5 });
  expect(await pieces(4, 2)).toEqual({ added: [], changed: [2], removed: [], of: 4 });
  expect(await pieces(3)).toEqual({ added: [], changed: [], removed: [3], of: 3 });
  expect(await pieces(4)).toBeUndefined();
});

it("row groups bear the bounds of their columns", async () => {
  const file = path.join(folder(), "a.parquet");
  await writeParquet(file, 2);
  const { files } = await look([file]);
  expect(files[0]!.pieces!.map(({ bounds }) => bounds!["day"])).toEqual([
    ["2024-01-01", "2024-01-01"],
    ["2024-01-02", "2024-01-02"],
  ]);
});

it("every byte of a Parquet file is under a hash", async () => {
  const file = path.join(folder(), "a.parquet");
  await writeParquet(file, 2);
  const mtime = new Date(1.7e12);
  utimesSync(file, mtime, mtime);
  const { files } = await look([file]);
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length; at += at < whole.length - 2000 ? 6007 : 211) {
    const content = Buffer.from(whole);
    content[at]! ^= 0x40;
    writeFileSync(file, content);
    utimesSync(file, mtime, mtime);
    const { changes } = await look([file], files, { rehash: true });
    expect([at, changes.map(({ kind }) => kind)]).toEqual([at, ["changed"]]);
  }
});

it("a text that grew keeps its first pieces", async () => {
  const file = path.join(folder(), "a.csv");
  writeFileSync(file, Buffer.alloc((16 << 20) + 5, "x"));
  const { files } = await look([file]);
  appendFileSync(file, "more");
  expect((await look([file], files)).changes).toEqual([
    { kind: "changed", path: file, pieces: { added: [], changed: [1], removed: [], of: 2 } },
  ]);
});

it("new, deleted and renamed files are named as such", async () => {
  const root = folder();
  const named = (name: string): string => path.join(root, name);
  for (const name of ["a.csv", "b.csv", "c.csv"]) writeFileSync(named(name), name);
  const { files } = await look(coveredFiles(`csv:${root}`));
  renameSync(named("a.csv"), named("z.csv"));
  rmSync(named("b.csv"));
  writeFileSync(named("d.csv"), "d.csv");
  const after = await look(coveredFiles(`csv:${root}`), files);
  expect(after.changes).toEqual([
    { kind: "new", path: named("d.csv") },
    { kind: "renamed", path: named("z.csv"), from: named("a.csv") },
    { kind: "gone", path: named("b.csv") },
  ]);
  expect(after.gone.map((file) => file.path)).toEqual([named("b.csv")]);
});

it("a file put in place by a rename is found by its inode, though size and timestamp are the old ones", async () => {
  const root = folder();
  const file = path.join(root, "a.csv");
  const mtime = new Date(1.7e12);
  writeFileSync(file, "close\n1\n");
  utimesSync(file, mtime, mtime);
  const { files } = await look([file]);
  const other = path.join(root, ".a.csv.part");
  writeFileSync(other, "close\n2\n");
  utimesSync(other, mtime, mtime);
  renameSync(other, file);
  expect((await look([file], files)).changes.map(({ kind }) => kind)).toEqual(["changed"]);
  copyFileSync(file, other);
  utimesSync(other, mtime, mtime);
  renameSync(other, file);
  const known = (await look([file])).files;
  expect((await look([file], known)).hashed.files).toBe(0);
});

it("half a Parquet file, and one with a footer that cannot be read, are hashed like any file", async () => {
  const root = folder();
  const file = path.join(root, "a.parquet");
  await writeParquet(file, 2);
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, whole.length >> 1));
  const half = await look([file]);
  expect(half.files[0]!.footer).toBeUndefined();
  expect(half.files[0]!.pieces).toHaveLength(1);
  const broken = Buffer.from(whole);
  broken.fill(0xff, broken.length - 60, broken.length - 8);
  writeFileSync(file, broken);
  const other = await look([file], half.files);
  expect(other.files[0]!.footer).toBeDefined();
  expect(other.files[0]!.pieces).toHaveLength(1);
  expect(other.changes.map(({ kind }) => kind)).toEqual(["changed"]);
});

it("an aborted look stops with the signal's reason", async () => {
  const file = path.join(folder(), "a.csv");
  writeFileSync(file, "x");
  const reason = new Error("enough");
  const there = [{ path: file, role: "rows" as const }];
  await expect(compareFiles([], there, { now: later, signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});

it("a locator covers the files that opening it reads", async () => {
  const names = [
    "a.csv",
    "b.CSV.gz",
    "c.parquet",
    "d.pq",
    "e.json",
    "f.ndjson.gz",
    "g.xlsx",
    "h.txt",
    "README",
    ".i.csv",
    "j.md",
  ];
  const arbitrary = fc.record({
    present: fc.subarray(names, { minLength: 1 }),
    kind: fc.constantFrom("", "csv:", "parquet:", "json:", "excel:"),
    form: fc.constantFrom("", "/*", "/*.csv", "/{a,c}.*"),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ present, kind, form }) => {
      const root = folder();
      for (const name of present) writeFileSync(path.join(root, name), "x");
      const locator = `${kind}${root}${form}`;
      const read = resolveFiles(parseLocator(locator)).then(
        (files) => files.map((file) => file.path),
        () => [],
      );
      expect(coveredFiles(locator)).toEqual(await read);
    }),
    { numRuns: 60 },
  );
});

it("a Qlib directory is its calendar and its daily features", () => {
  const root = folder();
  for (const name of [
    "calendars/day.txt",
    "instruments/all.txt",
    "features/sh600000/close.day.bin",
    "features/sh600000/close.1min.bin",
  ]) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), "x");
  }
  expect(coveredFiles(`qlib:${root}`).map((file) => path.relative(root, file))).toEqual([
    path.join("calendars", "day.txt"),
    path.join("features", "sh600000", "close.day.bin"),
  ]);
  expect(coveredFiles(`qlib:${path.join(root, "nowhere")}`)).toEqual([]);
});

it("locators become absolute with their kind", () => {
  const at = path.resolve("/data");
  expect(absoluteLocator("csv:bars/*.csv", at)).toBe(`csv:${path.join(at, "bars", "*.csv")}`);
  expect(absoluteLocator("bars.parquet", at)).toBe(path.join(at, "bars.parquet"));
  expect(absoluteLocator("qlib:./cn", at)).toBe(`qlib:${path.join(at, "cn")}`);
});
