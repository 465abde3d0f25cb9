import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFrame } from "#data/hdf5/open-frame";
import type { OpenedStore } from "#data/store/open-store";
import { storeFactors } from "../store-factors.ts";
import { marketStore, writeBars } from "../testing/stored-market.ts";
import { exportSnapshot, type ExportOptions } from "./export-snapshot.ts";
import type { ExportResult } from "./export-result.ts";
import { CALENDAR_FILE, DAILY_FILE, INSTRUMENTS_FILE, RDAGENT_DEBUG, RDAGENT_FULL } from "./layout.ts";
import { deleteSnapshot, listSnapshots, showSnapshot } from "./snapshot-catalogue.ts";
import { lockSnapshot, snapshotIn } from "./snapshot-place.ts";
import { StoreSnapshotSource } from "./store-snapshot-source.ts";
import { contentOf } from "./testing/content.ts";

let folder: string;
let store: OpenedStore;
let root: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "snapshot-export-"));
  store = marketStore(path.join(folder, "store"));
  await writeBars(store, { instruments: 40, from: 0, to: 60, first: (each) => each % 3 });
  const factors = [
    { name: "MA3", expression: "Mean($close,3)/$close" },
    { name: "close", expression: "$close/Ref($close,1)" },
  ];
  await storeFactors(store, [{ name: "mine", factors }], { engine: "test" });
});
afterAll(() => rmSync(folder, { recursive: true }));

let roots = 0;
const newRoot = (): string => path.join(folder, `root-${roots++}`);

async function exported(id: string, options: Partial<ExportOptions> = {}): Promise<ExportResult> {
  await using source = await StoreSnapshotSource.open(store);
  return await exportSnapshot({ root, id, source, engine: "test", now: () => 0, ...options });
}

const code = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => "done",
    (error: unknown) => (error as { code?: string }).code ?? error,
  );

describe("an export", () => {
  test("holds the rows, instruments, sessions and facts of the store", async () => {
    root = newRoot();
    const result = await exported("first", { request: { sets: ["mine"] } });
    expect(result).toMatchObject({ status: "completed", rows: 40 * 60 - 13 - 26, columns: 8, mode: "full" });
    const { place, meta } = await showSnapshot(root, "first");
    expect(readdirSync(root).filter((name) => !name.startsWith("."))).toEqual(["first"]);
    expect(meta).toMatchObject({
      snapshot_id: "first",
      profile: "aistock",
      adjustment: "qfq",
      base_date: "1970-03-01",
      start: "1970-01-01",
      end: "1970-03-01",
      instruments: 40,
      generated_at: "1970-01-01T00:00:00.000Z",
      status: "completed",
    });
    // Two columns would be called close: the factors of the set take its name before theirs.
    expect(meta.columns.map(({ name }) => name)).toEqual([
      ..."open high low close volume amount".split(" "),
      "mine.MA3",
      "mine.close",
    ]);
    expect(meta.columns.at(-2)).toMatchObject({
      dtype: "f32",
      role: "factor",
      lineage: "Mean($close,3)/$close",
    });
    expect(meta.columns[0]).toMatchObject({ alias: "$open", unit: "currency" });
    using frame = await openFrame(path.join(place.folder, DAILY_FILE));
    expect(frame.levels).toEqual(["datetime", "instrument"]);
    expect(frame.rows).toBe(meta.rows);
    const text = (name: string): string => readFileSync(path.join(place.folder, name), "utf8");
    expect(text(INSTRUMENTS_FILE).split("\n").slice(0, 2)).toEqual([
      "I0000\t1970-01-01\t1970-03-01",
      "I0001\t1970-01-02\t1970-03-01",
    ]);
    expect(text(CALENDAR_FILE).split("\n")).toHaveLength(61);
  });

  test("gives the same bytes again, whatever else happened", async () => {
    root = newRoot();
    await exported("twice", { request: { sets: ["mine"], formats: ["h5", "parquet", "qlib-bin"] } });
    const before = contentOf(path.join(root, "twice"));
    await exported("twice", {
      request: { sets: ["mine"], formats: ["h5", "parquet", "qlib-bin"] },
      ifExists: "overwrite",
    });
    expect(contentOf(path.join(root, "twice"))).toEqual(before);
    expect([...before.keys()].some((name) => name.startsWith("qlib_bin/features/"))).toBe(true);
  });

  test("in RD-Agent's profile has its columns and both folders with nothing but data and words", async () => {
    root = newRoot();
    const { notes } = await exported("rd", { request: { profile: "rdagent", start: 0 } });
    const place = path.join(root, "rd");
    const columns = ["$open", "$close", "$high", "$low", "$volume", "$factor"];
    for (const name of [RDAGENT_FULL, RDAGENT_DEBUG]) {
      expect(readdirSync(path.join(place, name)).toSorted()).toEqual(["README.md", "daily_pv.h5"]);
      using frame = await openFrame(path.join(place, name, DAILY_FILE));
      expect(frame.columns).toEqual(columns.map((column) => ({ name: column, dtype: "f32" })));
      const words = readFileSync(path.join(place, name, "README.md"), "utf8");
      for (const column of columns) expect(words).toContain(`- \`${column}\`: `);
    }
    expect(notes.join()).toContain("nothing of 2018 and 2019 is there");
  });

  test("keeps labels and what looks ahead out of the features", async () => {
    root = newRoot();
    const ahead = marketStore(path.join(root, "store"));
    await writeBars(ahead, { instruments: 3, from: 0, to: 20 });
    await using writer = await ahead.writer();
    const lineage = { from: "Ref($close, -2) / Ref($close, -1) - 1", engine: "test", inputGeneration: 1 };
    const field = { name: "LABEL0", dtype: "f32", unit: "ratio", lineage } as const;
    const values = new Float32Array(20 * 32).fill(0.5);
    await writer.put({ name: "outcome", role: "label", fields: [field] }, 0, 0, [{ name: "LABEL0", values }]);
    const sly = { ...field, name: "clever" };
    await writer.put({ name: "sly", role: "factor", fields: [sly] }, 0, 0, [{ name: "clever", values }]);
    await writer.commit({ reason: "labels" });
    await using source = await StoreSnapshotSource.open(ahead);
    const of = (request: NonNullable<ExportOptions["request"]>, id: string): Promise<ExportResult> =>
      exportSnapshot({ root, id, source, request, engine: "test", now: () => 0 });
    expect(await code(of({ columns: ["close", "outcome.LABEL0"] }, "a"))).toBe("SNAPSHOT_LOOKS_AHEAD");
    expect(await code(of({ columns: ["close", "sly.clever"] }, "a"))).toBe("SNAPSHOT_LOOKS_AHEAD");
    const all = await of({ sets: ["all"] }, "a");
    expect(all.columns).toBe(6);
    expect(all.notes.join()).toContain("1 columns of the sets look ahead");
    expect(existsSync(path.join(root, "a", "labels.h5"))).toBe(false);
    await of({ labels: true }, "b");
    using labels = await openFrame(path.join(root, "b", "labels.h5"));
    expect(labels.columns.map(({ name }) => name)).toEqual(["LABEL0", "clever"]);
    using daily = await openFrame(path.join(root, "b", DAILY_FILE));
    expect(daily.columns.map(({ name }) => name)).toEqual("open high low close volume amount".split(" "));
  });

  test("of an id that is there is an error, replaces it, or goes beside it, as asked", async () => {
    root = newRoot();
    await exported("same");
    const before = contentOf(path.join(root, "same"));
    expect(await code(exported("same"))).toBe("SNAPSHOT_EXISTS");
    expect(contentOf(path.join(root, "same"))).toEqual(before);
    const second = await exported("same", { ifExists: "version", request: { end: 30 } });
    expect(second).toMatchObject({ snapshotId: "same_v2", end: "1970-01-31" });
    expect(await exported("same", { ifExists: "version" })).toMatchObject({ snapshotId: "same_v3" });
    expect(contentOf(path.join(root, "same"))).toEqual(before);
    await exported("same", { ifExists: "overwrite", request: { end: 20 } });
    expect((await showSnapshot(root, "same")).meta.end).toBe("1970-01-21");
    expect((await listSnapshots(root)).map(({ id }) => id)).toEqual(["same", "same_v2", "same_v3"]);
  });

  test("of an id that another process writes is refused, and so is removing it", async () => {
    root = newRoot();
    await exported("busy");
    const place = await snapshotIn(root, "busy");
    await using lock = await lockSnapshot(place);
    expect(lock).toBeDefined();
    expect(await code(exported("busy", { ifExists: "overwrite" }))).toBe("SNAPSHOT_LOCKED");
    expect(await code(deleteSnapshot(root, "busy"))).toBe("SNAPSHOT_LOCKED");
    expect((await showSnapshot(root, "busy")).meta.rows).toBe(40 * 60 - 13 - 26);
  });

  test("never replaces or removes a folder that is no snapshot", async () => {
    root = newRoot();
    mkdirSync(path.join(root, "mine"), { recursive: true });
    writeFileSync(path.join(root, "mine", "thesis.txt"), "years of work");
    expect(await code(exported("mine", { ifExists: "overwrite" }))).toBe("SNAPSHOT_FOREIGN");
    expect(await code(deleteSnapshot(root, "mine"))).toBe("SNAPSHOT_FOREIGN");
    expect(readFileSync(path.join(root, "mine", "thesis.txt"), "utf8")).toBe("years of work");
    expect(await listSnapshots(root)).toEqual([]);
  });

  test("clears what killed exports left, and undoes a replacement that was cut off", async () => {
    root = newRoot();
    await exported("cut");
    const whole = contentOf(path.join(root, "cut"));
    cpSync(path.join(root, "cut"), path.join(root, ".cut.replaced"), { recursive: true });
    rmSync(path.join(root, "cut"), { recursive: true });
    mkdirSync(path.join(root, ".cut.4711.part"));
    expect((await listSnapshots(root)).map(({ id }) => id)).toEqual(["cut"]);
    expect(contentOf(path.join(root, "cut"))).toEqual(whole);
    expect(readdirSync(root).toSorted()).toEqual([".locks", "cut"]);
  });

  test("that is interrupted leaves the old snapshot and nothing else", async () => {
    root = newRoot();
    await exported("stop");
    const before = contentOf(path.join(root, "stop"));
    const controller = new AbortController();
    const work = exported("stop", {
      ifExists: "overwrite",
      signal: controller.signal,
      onRows: () => controller.abort(),
    });
    await expect(work).rejects.toThrow("abort");
    expect(contentOf(path.join(root, "stop"))).toEqual(before);
    expect(readdirSync(root).toSorted()).toEqual([".locks", "stop"]);
  });

  test("leaves out few instruments that fail and says which, and stops when they are many", async () => {
    root = newRoot();
    const broken = marketStore(path.join(root, "store"));
    await writeBars(broken, { instruments: 40, from: 0, to: 60 });
    const segments = path.join(root, "store", "24x7", "day", "segments");
    const file = path.join(segments, readdirSync(segments).toSorted().at(-1)!);
    writeFileSync(file, readFileSync(file).subarray(0, -64));
    const of = async (maxFailed: number): Promise<ExportResult> => {
      await using source = await StoreSnapshotSource.open(broken);
      return await exportSnapshot({
        root,
        id: "some",
        source,
        maxFailed,
        engine: "test",
        now: () => 0,
      });
    };
    expect(await code(of(0.1))).toBe("SNAPSHOT_TOO_MANY_FAILED");
    expect(await listSnapshots(root)).toEqual([]);
    const result = await of(0.25);
    expect(result).toMatchObject({ status: "completed_with_errors", rows: 32 * 60 });
    expect(result.errors).toHaveLength(8);
    expect(result.errors[0]).toMatchObject({ instrument: "I0032", code: "STORE_DAMAGED" });
    const { meta } = await showSnapshot(root, "some");
    expect(meta.errors.map(({ instrument }) => instrument)).toContain("I0039");
    expect(meta.selected).toBeNull();
  });

  test("of instruments without a row, unknown columns and empty ranges is refused with a code", async () => {
    root = newRoot();
    expect(await code(exported("x", { request: { instruments: ["I9999"] } }))).toBe("SNAPSHOT_EMPTY");
    expect(await code(exported("x", { request: { start: 1000 } }))).toBe("SNAPSHOT_EMPTY");
    expect(await code(exported("x", { request: { columns: ["nothing"] } }))).toBe("SNAPSHOT_COLUMN_UNKNOWN");
    expect(await code(exported("x", { request: { sets: ["nothing"] } }))).toBe("SNAPSHOT_COLUMN_UNKNOWN");
    expect(await code(exported("x", { request: { adjustment: "raw", baseDay: 3 } }))).toBe(
      "SNAPSHOT_ADJUSTMENT",
    );
    const some = await exported("x", { request: { instruments: ["I0001", "I9999"] }, maxFailed: 0.5 });
    expect(some.status).toBe("completed_with_errors");
    expect(some.errors).toMatchObject([{ instrument: "I9999", code: "SNAPSHOT_EMPTY" }]);
  });
});

test("a link in the place of a snapshot is neither followed nor removed", async () => {
  root = newRoot();
  await exported("real");
  symlinkSync(path.join(root, "real"), path.join(root, "link"));
  expect(await code(exported("link", { ifExists: "overwrite" }))).toBe("SNAPSHOT_UNSAFE");
  expect(await code(deleteSnapshot(root, "link"))).toBe("SNAPSHOT_UNSAFE");
  expect((await listSnapshots(root)).map(({ id }) => id)).toEqual(["real"]);
});
