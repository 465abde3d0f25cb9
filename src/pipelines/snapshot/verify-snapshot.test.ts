import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openFrame } from "#data/hdf5/open-frame";
import { writeFrame } from "#data/hdf5/write-frame";
import { exportSnapshot } from "./export-snapshot.ts";
import { hashedFiles } from "./hashed-files.ts";
import { CALENDAR_FILE, DAILY_FILE, INSTRUMENTS_FILE } from "./layout.ts";
import { META_FILE, metaText, readMeta, type SnapshotMeta } from "./snapshot-meta.ts";
import { snapshotIn, type SnapshotPlace } from "./snapshot-place.ts";
import { StoreSnapshotSource } from "./store-snapshot-source.ts";
import { smallStore } from "./testing/small-store.ts";
import { verifySnapshot, type SnapshotVerification } from "./verify-snapshot.ts";

let folder: string;
let source: StoreSnapshotSource;
let place: SnapshotPlace;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "snapshot-verify-"));
  source = await StoreSnapshotSource.open(await smallStore(path.join(folder, "store")));
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  const root = mkdtempSync(path.join(folder, "root-"));
  await exportSnapshot({ root, id: "it", source, engine: "test", now: () => 0 });
  place = await snapshotIn(root, "it");
});

const verified = (): Promise<SnapshotVerification> =>
  verifySnapshot(place, { source, all: true, random: () => 0.5 });
const codes = async (): Promise<readonly string[]> => Object.keys((await verified()).counts).toSorted();
const file = (name: string): string => path.join(place.folder, name);

/** Changes meta.json as one who wants the change to go unnoticed: hashes are those of the files as they are now. */
async function disguise(change: (meta: SnapshotMeta) => void = () => undefined): Promise<void> {
  const meta = await readMeta(place);
  change(meta);
  writeFileSync(file(META_FILE), metaText({ ...meta, files: await hashedFiles(place.folder) }));
}

/** Writes daily_pv.h5 again with its values changed. */
async function rewrite(change: (column: string, values: Float64Array, at: number) => void): Promise<void> {
  using frame = await openFrame(file(DAILY_FILE));
  let at = 0;
  const whole = frame.asFrame();
  await writeFrame(file("other.h5"), {
    ...whole,
    async *batches() {
      for await (const rows of whole.batches()) {
        for (const [index, { name }] of whole.columns.entries())
          change(name, rows.values[index] as Float64Array, at);
        at += rows.times.length;
        yield rows;
      }
    },
  });
  frame[Symbol.dispose]();
  writeFileSync(file(DAILY_FILE), readFileSync(file("other.h5")));
  rmSync(file("other.h5"));
}

test("a snapshot as it was written is sound, by itself and against its source", async () => {
  const result = await verified();
  expect(result).toMatchObject({ ok: true, score: 100, findings: [], counts: {} });
  expect(result.rows).toBe(2 * result.compared.rows - result.rows);
  expect(result.compared.values).toBe(result.rows * 6);
  const alone = await verifySnapshot(place, { random: () => 0.5 });
  expect(alone).toMatchObject({ ok: true, score: 100, compared: { rows: 0 } });
  const sampled = await verifySnapshot(place, { source, sample: 5, random: () => 0.5 * Math.random() });
  expect(sampled).toMatchObject({ ok: true, compared: { rows: 10 } });
});

test("one flipped byte of any file is found by its hash", async () => {
  for (const name of [DAILY_FILE, INSTRUMENTS_FILE, CALENDAR_FILE]) {
    const bytes = readFileSync(file(name));
    const spoilt = Uint8Array.from(bytes);
    spoilt[spoilt.length >> 1]! ^= 1;
    writeFileSync(file(name), spoilt);
    const result = await verified();
    expect(result.ok, name).toBe(false);
    expect(result.findings.map((finding) => [finding.code, finding.file])).toContainEqual([
      "FILE_CHANGED",
      name,
    ]);
    writeFileSync(file(name), bytes);
  }
  expect(await codes()).toEqual([]);
});

test("a missing file and one that nobody listed are found", async () => {
  rmSync(file(CALENDAR_FILE));
  appendFileSync(file("notes.txt"), "mine");
  expect(await codes()).toEqual(expect.arrayContaining(["FILE_MISSING", "FILE_UNLISTED"]));
});

test("prices a thousand times off are noticed against the source, and by themselves", async () => {
  await rewrite((name, values) => {
    if (["open", "high", "low", "close"].includes(name))
      for (const row of values.keys()) values[row]! *= 1000;
  });
  await disguise();
  expect(await codes()).toEqual(["UNITS_DIFFER", "UNITS_IMPLAUSIBLE", "VALUE_DIFFERS"]);
  const { findings } = await verified();
  expect(findings.filter(({ code }) => code === "UNITS_DIFFER").map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^close is 1000 times the source's/),
  );
  const alone = await verifySnapshot(place, { random: () => 0.5 });
  expect(Object.keys(alone.counts)).toEqual(["UNITS_IMPLAUSIBLE"]);
});

test("one wrong value among all is found when all are compared", async () => {
  await rewrite((name, values, at) => {
    if (name === "close" && at === 0) values[31]! += 1e-9;
  });
  await disguise();
  const result = await verified();
  expect(result.counts).toEqual({ VALUE_DIFFERS: 1 });
  expect(result.ok).toBe(false);
});

test("counts, columns, listings and sessions are held against the rows, whatever the hashes say", async () => {
  await disguise((meta) => {
    meta.rows += 1;
    meta.columns[0]!.name = "opening";
  });
  expect(await codes()).toEqual(expect.arrayContaining(["COLUMNS_DIFFER", "ROWS_DIFFER"]));
});

test("a first or last session without a row is no error, a row beyond them is", async () => {
  appendFileSync(file(CALENDAR_FILE), "2019-04-01\n");
  await disguise((meta) => {
    meta.end = "2019-04-01";
  });
  expect(await codes()).toEqual([]);
  await disguise((meta) => {
    meta.end = "2019-03-28";
  });
  expect(await codes()).toEqual(expect.arrayContaining(["CALENDAR_DIFFERS", "ROWS_DIFFER"]));
});

test("listings with spaces for tabs, or a session too few, are found", async () => {
  const listed = readFileSync(file(INSTRUMENTS_FILE), "utf8");
  expect(listed).toBe("000001.SZ\t2019-01-02\t2019-03-29\n600000.SH\t2019-01-02\t2019-03-29\n");
  writeFileSync(file(INSTRUMENTS_FILE), listed.replaceAll("\t", " "));
  const days = readFileSync(file(CALENDAR_FILE), "utf8");
  expect(days.slice(0, 22)).toBe("2019-01-02\n2019-01-03\n");
  writeFileSync(file(CALENDAR_FILE), days.replace("2019-01-03\n", ""));
  await disguise();
  expect(await codes()).toEqual(["CALENDAR_DIFFERS", "DAY_NOT_A_SESSION", "INSTRUMENTS_DIFFER"]);
});

test("another source is told, not compared", async () => {
  await disguise((meta) => {
    meta.source = "postgres:market.kline_daily_raw";
  });
  expect(await verified()).toMatchObject({ ok: false, counts: { SOURCE_OTHER: 1 }, compared: { rows: 0 } });
});

test("rows that a partial update kept of an instrument that failed are compared with nothing", async () => {
  const failure = { instrument: "600000.SH", code: "SNAPSHOT_ROWS_UNREADABLE", message: "unreadable" };
  const request = { profile: "rdagent" } as const;
  await exportSnapshot({ root: place.root, id: "rd", source, request, engine: "test", now: () => 0 });
  for (const id of ["it", "rd"]) {
    place = await snapshotIn(place.root, id);
    await disguise((meta) => {
      meta.status = "completed_with_errors";
      meta.errors.push(failure);
    });
    const result = await verified();
    expect(result, id).toMatchObject({ ok: true, findings: [] });
    expect(result.compared.rows, id).toBe(result.rows / 2);
  }
  place = await snapshotIn(place.root, "it");
  // The other instrument is compared all the same; 000001.SZ comes first.
  await rewrite((name, values, at) => {
    if (name === "close" && at === 0) for (const row of [30, 31]) values[row]! += 1e-9;
  });
  await disguise();
  expect((await verified()).counts).toEqual({ VALUE_DIFFERS: 1 });
});

test("RD-Agent's profile is sound too, in Qlib's spelling and order", async () => {
  const request = { profile: "rdagent" } as const;
  await exportSnapshot({ root: place.root, id: "rd", source, request, engine: "test", now: () => 0 });
  const rd = await snapshotIn(place.root, "rd");
  expect(await verifySnapshot(rd, { source, all: true, random: () => 0.5 })).toMatchObject({
    ok: true,
    findings: [],
  });
  using frame = await openFrame(path.join(rd.folder, DAILY_FILE));
  expect(frame.keys).toEqual(["SH600000", "SZ000001"]);
  const [first] = await Array.fromAsync(frame.batches());
  expect([...first!.keys.subarray(0, 4)]).toEqual([0, 1, 0, 1]);
  // 600000.SH opens at 9.9, 000001.SZ at 10.9.
  expect([...first!.values[0]!.subarray(0, 2)]).toEqual([Math.fround(9.9), Math.fround(10.9)]);
});
