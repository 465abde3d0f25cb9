import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { OpenedStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet } from "#data/store/panel-store";
import { temporaryFolder } from "#data/store/testing/sample-store";
import { isoOf } from "#market/day";
import { marketStore, writeBars, type MarketRows } from "../../testing/stored-market.ts";
import type { SnapshotDataset } from "../dataset.ts";
import { InstrumentsFailed } from "../errors.ts";
import type { ExportResult } from "../export-result.ts";
import { exportSnapshot } from "../export-snapshot.ts";
import { hashedFiles } from "../hashed-files.ts";
import { DAILY_FILE, PARQUET_FILE, QLIB_FOLDER, RDAGENT_FULL } from "../layout.ts";
import { FORMS_KEPT, staleSetsNote } from "../passing-notes.ts";
import type { SnapshotRequest } from "../plan-snapshot.ts";
import { readMetaIn, type SnapshotMeta } from "../snapshot-meta.ts";
import type { SnapshotScope, SnapshotSource } from "../snapshot-source.ts";
import { StoreSnapshotSource } from "../store-snapshot-source.ts";
import { PENDING_FOLDER } from "./commit-record.ts";
import type { ExportLedger, LedgerEntry } from "./export-ledger.ts";
import { readExportState } from "./export-state.ts";
import { contentOf } from "./testing/snapshot-content.ts";
import { updateSnapshot, type UpdateRequest } from "./update-snapshot.ts";

/** The made-up market's factor steps up every 40 rows. */
const MARKET: MarketRows = { instruments: 6, from: 0, to: 60 };
const BASE_DAY = 59;

class Scene implements Disposable {
  readonly #folder = temporaryFolder();
  readonly root = path.join(this.#folder.path, "snapshots");
  readonly store: OpenedStore;
  readonly #request: SnapshotRequest;
  fulls = 0;

  private constructor(options: { readonly keep?: number; readonly request?: SnapshotRequest }) {
    this.store = marketStore(path.join(this.#folder.path, "store"), { keep: options.keep ?? 3 });
    const isScaled = options.request?.profile !== "rdagent";
    this.#request = { ...(isScaled ? { baseDay: BASE_DAY } : {}), ...options.request };
  }

  static async of(
    options: {
      readonly keep?: number;
      readonly request?: SnapshotRequest;
      readonly market?: MarketRows;
    } = {},
  ): Promise<Scene> {
    const scene = new Scene(options);
    await writeBars(scene.store, options.market ?? MARKET);
    return scene;
  }

  get folder(): string {
    return path.join(this.root, "one");
  }

  async export(id = "one", end?: number): Promise<ExportResult> {
    await using source = await StoreSnapshotSource.open(this.store);
    const request = { ...this.#request, ...(end === undefined ? {} : { end }) };
    return await exportSnapshot({
      root: this.root,
      id,
      source,
      request,
      engine: "test",
      maxFailed: 0.5,
      now: () => 1,
    });
  }

  async update(
    options: Partial<UpdateRequest> & { readonly around?: (source: SnapshotSource) => SnapshotSource } = {},
  ): Promise<ExportResult> {
    const { around = (source) => source, ...request } = options;
    await using source = await StoreSnapshotSource.open(this.store);
    const common = { root: this.root, id: "one", engine: "test", now: () => 2 };
    return await updateSnapshot({ ...common, ...request, source: around(source) });
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** The snapshot holds what a full export would give, and nothing else lies about. */
async function expectFull(scene: Scene, end?: number): Promise<void> {
  const id = `full_${scene.fulls++}`;
  await scene.export(id, end);
  const full = path.join(scene.root, id);
  expect(await contentOf(scene.folder)).toEqual(await contentOf(full));
  expect(existsSync(path.join(scene.folder, PENDING_FOLDER))).toBe(false);
  expect(readdirSync(scene.folder).sort()).toEqual(readdirSync(full).sort());
}

/** One closing price of the fifth instrument, long ago. */
const oldCorrection: MarketRows["value"] = (instrument, row, name) =>
  instrument === 4 && row === 11 && name === "close" ? 77 : undefined;

const changedOf = ({ instruments }: ExportResult): unknown[] =>
  instruments
    .filter(({ added, changed }) => added !== undefined || changed !== undefined)
    .map(({ instrument, added = 0, changed = 0, reason }) => [instrument, added, changed, reason]);

test("without a change nothing is written", async () => {
  using scene = await Scene.of();
  await scene.export();
  const stamps = (): unknown[] =>
    readdirSync(scene.folder, { recursive: true, encoding: "utf8" })
      .sort()
      .map((name) => [
        name,
        statSync(path.join(scene.folder, name)).mtimeMs,
        statSync(path.join(scene.folder, name)).ino,
      ]);
  const before = stamps();
  const result = await scene.update();
  expect(result).toMatchObject({ mode: "incremental", changed: false, status: "completed", rows: 360 });
  expect(stamps()).toEqual(before);
  await expectFull(scene);
});

test("new days are appended, ex-dates and suspended days among them", async () => {
  using scene = await Scene.of();
  await scene.export();
  for (let to = 61; to <= 85; to += 4) {
    await writeBars(scene.store, { ...MARKET, from: to === 61 ? 60 : to - 4, to });
    const result = await scene.update();
    expect(result).toMatchObject({ changed: true, end: isoOf(to - 1), rows: 6 * to });
    expect(changedOf(result)).toHaveLength(6);
    expect(result.timings).toHaveProperty("daily");
  }
  await expectFull(scene);
});

test("an end that is asked for is kept to, and an earlier one shortens nothing", async () => {
  using scene = await Scene.of();
  await scene.export();
  await writeBars(scene.store, { ...MARKET, from: 60, to: 70 });
  expect((await scene.update({ end: 64 })).end).toBe(isoOf(64));
  await expectFull(scene, 64);
  expect(await scene.update({ end: 40 })).toMatchObject({ changed: false, end: isoOf(64) });
  await expectFull(scene, 64);
});

test("late corrections, in the overlap and long before it, come into the snapshot", async () => {
  using scene = await Scene.of();
  await scene.export();
  const corrected: Record<number, number> = { 2: 57, 4: 11 };
  await writeBars(scene.store, {
    ...MARKET,
    value: (instrument, row, name) => (corrected[instrument] === row && name === "close" ? 77 : undefined),
  });
  const result = await scene.update();
  expect(changedOf(result)).toEqual([
    ["I0002", 0, 1, "corrected in the store"],
    ["I0004", 0, 1, "corrected in the store"],
  ]);
  await expectFull(scene);
});

test("a store that no longer keeps the snapshot's generation is compared whole", async () => {
  using scene = await Scene.of({ keep: 1 });
  await scene.export();
  for (let to = 61; to < 66; to++) await writeBars(scene.store, { ...MARKET, to, value: oldCorrection });
  await scene.store.collect();
  expect(changedOf(await scene.update())).toContainEqual(["I0004", 5, 1, "corrected"]);
  await expectFull(scene);
});

test("a correction of the factor that prices are scaled by moves the whole history", async () => {
  using scene = await Scene.of();
  await scene.export();
  await writeBars(scene.store, {
    ...MARKET,
    to: 62,
    value: (instrument, row, name) =>
      instrument === 3 && row >= BASE_DAY && name === "factor" ? 9 : undefined,
  });
  const result = await scene.update();
  // On its three suspended days it has no price.
  expect(result.instruments[3]).toMatchObject({ added: 2, changed: 57 });
  await expectFull(scene);
});

test("new listings come with their whole history, instruments that ended keep theirs", async () => {
  using scene = await Scene.of({
    market: { ...MARKET, last: (instrument) => (instrument === 1 ? 50 : Infinity) },
  });
  await scene.export();
  await writeBars(scene.store, {
    instruments: 40,
    from: 0,
    to: 63,
    first: (instrument) => (instrument < 6 ? 0 : instrument === 39 ? 61 : 3 * (instrument - 6)),
    last: (instrument) => (instrument === 1 ? 50 : Infinity),
  });
  const result = await scene.update();
  expect(result.instruments).toHaveLength(40 - 12);
  expect(result.instruments.find(({ instrument }) => instrument === "I0001")).toMatchObject({
    end: isoOf(50),
    rows: 51,
  });
  expect(changedOf(result)).toContainEqual(["I0010", 51, 0, "new instrument"]);
  await expectFull(scene);
});

test("instruments that were named are followed, in the spelling and adjustment of the plan", async () => {
  const request: SnapshotRequest = { instruments: ["I0001", "I0004", "I0039"], profile: "rdagent", start: 0 };
  using scene = await Scene.of({ request, market: { ...MARKET, instruments: 38 } });
  expect((await scene.export()).status).toBe("completed_with_errors");
  await writeBars(scene.store, { ...MARKET, instruments: 38, from: 60, to: 63 });
  expect(await scene.update()).toMatchObject({ status: "completed_with_errors", rows: 126 });
  await expectFull(scene);
  await writeBars(scene.store, { instruments: 40, from: 0, to: 64, first: (each) => (each > 37 ? 50 : 0) });
  expect(await scene.update()).toMatchObject({ status: "completed", rows: 142 });
  await expectFull(scene);
});

const LABELS: FieldSet = {
  name: "labels",
  role: "label",
  fields: [
    { name: "ahead", dtype: "f32", unit: "1", lineage: { from: "test", engine: "test", inputGeneration: 0 } },
  ],
};

/** The row itself as a label that is known `ahead` rows later. */
async function writeLabels(store: OpenedStore, rows: number, ahead: number): Promise<void> {
  await using writer = await store.writer();
  const values = new Float32Array(rows * LANES_PER_BLOCK).fill(Number.NaN);
  for (let row = 0; row < rows - ahead; row++)
    values.fill(row, row * LANES_PER_BLOCK, row * LANES_PER_BLOCK + MARKET.instruments);
  await writer.put(LABELS, 0, 0, [{ name: "ahead", values }]);
  await writer.commit({ reason: "labels" });
}

test("labels of past days that become known are filled in, beyond the overlap too", async () => {
  using scene = await Scene.of({ request: { labels: ["ahead"] } });
  await writeLabels(scene.store, 60, 20);
  await scene.export();
  await writeBars(scene.store, { ...MARKET, from: 60, to: 63 });
  await writeLabels(scene.store, 63, 20);
  expect((await scene.update()).changed).toBe(true);
  await expectFull(scene);
});

/** A data set of one file that tells its scope; of another name when it is of another kind. */
const scopeFile = (kind: string): SnapshotDataset => ({
  name: "scopes",
  write: async (folder, { start, end }) => {
    const file = `${kind}.txt`;
    await writeFile(path.join(folder, file), `${start} to ${end}`);
    const days = { start: start ?? null, end: end ?? null };
    return [{ file, description: "its scope", columns: [], rows: 1, ...days, keys: 0 }];
  },
});

test("data sets are written anew when they are given, and stay when they are not", async () => {
  using scene = await Scene.of();
  await scene.export();
  const read = (kind: string): string => readFileSync(path.join(scene.folder, `${kind}.txt`), "utf8");
  const metaOf = async (): Promise<SnapshotMeta> => await readMetaIn(scene.folder, "one");
  expect((await scene.update({ datasets: [scopeFile("a")] })).changed).toBe(true);
  expect(read("a")).toBe("0 to 59");
  expect((await scene.update({ datasets: [scopeFile("a")] })).changed).toBe(false);
  await writeBars(scene.store, { ...MARKET, from: 60, to: 62 });
  expect((await scene.update()).changed).toBe(true);
  expect(read("a")).toBe("0 to 59");
  expect((await metaOf()).datasets["scopes"]).toMatchObject([{ file: "a.txt", end: isoOf(59) }]);
  expect((await scene.update({ datasets: [scopeFile("b")] })).changed).toBe(true);
  expect(read("b")).toBe("0 to 61");
  expect(existsSync(path.join(scene.folder, "a.txt"))).toBe(false);
  expect(Object.keys((await metaOf()).files)).toEqual(
    expect.arrayContaining(["b.txt", DAILY_FILE, "instruments/all.txt"]),
  );
  expect((await metaOf()).files).not.toHaveProperty("a.txt");
});

test("without an overlap new days and a store's corrections are found all the same", async () => {
  using scene = await Scene.of();
  await scene.export();
  await writeBars(scene.store, { ...MARKET, to: 63, value: oldCorrection });
  expect(changedOf(await scene.update({ overlapSessions: 0 }))).toContainEqual([
    "I0004",
    3,
    1,
    "corrected in the store",
  ]);
  await expectFull(scene);
});

test("what the state does not speak of is not believed: everything is compared", async () => {
  using scene = await Scene.of();
  await scene.export();
  const state = path.join(scene.folder, "export-state.json");
  const text = readFileSync(state, "utf8");
  await writeBars(scene.store, { ...MARKET, value: oldCorrection });
  writeFileSync(
    state,
    text.replace(/"dataSha256":"./, '"dataSha256":"0').replace('"generation":1', '"generation":2'),
  );
  expect(changedOf(await scene.update())).toEqual([["I0004", 0, 1, "corrected"]]);
  rmSync(state);
  expect((await scene.update()).changed).toBe(false);
  await expectFull(scene);
});

test("a damaged file, another source and a source that lost much are refused, and the snapshot stays", async () => {
  using scene = await Scene.of();
  await scene.export();
  const before = await contentOf(scene.folder);
  await writeBars(scene.store, { ...MARKET, from: 60, to: 62 });
  await expect(scene.update({ around: renamed })).rejects.toMatchObject({ code: "SNAPSHOT_SOURCE_OTHER" });
  await expect(scene.update({ around: emptied })).rejects.toMatchObject({ code: "SNAPSHOT_SOURCE_SHRANK" });
  expect(await contentOf(scene.folder)).toEqual(before);
  appendFileSync(path.join(scene.folder, DAILY_FILE), "x");
  await expect(scene.update()).rejects.toMatchObject({ code: "SNAPSHOT_FILE_DAMAGED" });
  expect(existsSync(path.join(scene.folder, PENDING_FOLDER))).toBe(false);
});

const renamed = (source: SnapshotSource): SnapshotSource =>
  forwarding(source, { locator: "postgres:market.bars" });

const emptied = (source: SnapshotSource): SnapshotSource =>
  forwarding(source, {
    coverage: async (scope) => (await source.coverage(scope)).slice(0, 3),
  });

/** Where a source is asked for I0007, it cannot be read; everywhere unless told. */
const broken = (
  source: SnapshotSource,
  isAsked: (scope: SnapshotScope) => boolean = () => true,
): SnapshotSource =>
  forwarding(source, {
    frame: async (scope, request) => {
      const frame = await source.frame(scope, request);
      if (!frame.keys.includes("I0007") || !isAsked(scope)) return frame;
      return {
        ...frame,
        async *batches() {
          yield* [];
          throw new InstrumentsFailed(["I0007"], await Promise.resolve(new Error("unreadable")));
        },
      };
    },
  });

/** Only RD-Agent's debug folder asks for some instruments from the start. */
const brokenLate = (source: SnapshotSource): SnapshotSource =>
  broken(source, ({ start = 0, instruments }) => start === 0 && instruments !== undefined);

/** A source that does some things otherwise. */
function forwarding(source: SnapshotSource, instead: Partial<SnapshotSource>): SnapshotSource {
  return {
    locator: source.locator,
    generation: source.generation,
    calendar: source.calendar,
    freq: source.freq,
    adjustment: source.adjustment,
    columns: source.columns,
    sessions: (scope) => source.sessions(scope),
    coverage: (scope) => source.coverage(scope),
    frame: (scope, request) => source.frame(scope, request),
    changedSince: async (generation, columns) => (await source.changedSince?.(generation, columns)) ?? null,
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    ...instead,
  };
}

test("an instrument that cannot be read keeps its rows, is told, and is caught up later", async () => {
  using scene = await Scene.of({ market: { ...MARKET, instruments: 40 } });
  await scene.export();
  await writeBars(scene.store, { ...MARKET, instruments: 40, from: 60, to: 62 });
  await expect(scene.update({ around: broken, maxFailed: 0 })).rejects.toMatchObject({
    code: "SNAPSHOT_TOO_MANY_FAILED",
  });
  const result = await scene.update({ around: broken });
  expect(result.status).toBe("completed_with_errors");
  expect(result.errors).toEqual([
    { instrument: "I0007", code: "SNAPSHOT_ROWS_UNREADABLE", message: "unreadable" },
  ]);
  expect(result.rows).toBe(40 * 62 - 2);
  const state = await readExportState(scene.folder);
  expect(state?.instruments.find(({ instrument }) => instrument === "I0007")?.last).toBe(59);
  expect(await scene.update({ around: broken })).toMatchObject({ changed: false });
  expect(changedOf(await scene.update())).toEqual([["I0007", 2, 0, "other rows than before"]]);
  await expectFull(scene);
});

test("a partial update takes nobody out of the other forms and the data sets", async () => {
  const request: SnapshotRequest = { formats: ["h5", "parquet", "qlib-bin"] };
  using scene = await Scene.of({ request, market: { ...MARKET, instruments: 40 } });
  await scene.export();
  await scene.update({ datasets: [scopeFile("a")] });
  const listed = (): readonly string[] =>
    readFileSync(path.join(scene.folder, QLIB_FOLDER, "instruments", "all.txt"), "utf8")
      .trim()
      .split("\n");
  const before = await readMetaIn(scene.folder, "one");
  const kept = [PARQUET_FILE, `${QLIB_FOLDER}/`, "a.txt"];
  await writeBars(scene.store, { ...MARKET, instruments: 40, from: 60, to: 62 });
  const partial = await scene.update({ around: broken, datasets: [scopeFile("a")] });
  expect(partial).toMatchObject({ status: "completed_with_errors", rows: 40 * 62 - 2 });
  expect(partial.notes).toEqual([FORMS_KEPT]);
  expect(listed()).toHaveLength(40);
  const now = await readMetaIn(scene.folder, "one");
  for (const name of kept) expect(now.files[name], name).toEqual(before.files[name]);
  expect(await hashedFiles(scene.folder)).toEqual(now.files);
  const whole = await scene.update({ datasets: [scopeFile("a")] });
  expect(whole).toMatchObject({ status: "completed", rows: 40 * 62, notes: [] });
  expect(listed().every((line) => line.endsWith(isoOf(61)))).toBe(true);
  expect(readFileSync(path.join(scene.folder, "a.txt"), "utf8")).toBe("0 to 61");
});

test("a partial update of RD-Agent's folders shares the new rows", async () => {
  const request: SnapshotRequest = { profile: "rdagent", columns: ["open", "close"], start: 0 };
  using scene = await Scene.of({ request, market: { ...MARKET, instruments: 40 } });
  await scene.export();
  await writeBars(scene.store, { ...MARKET, instruments: 40, from: 60, to: 62 });
  const { notes } = await scene.update({ around: broken });
  expect(notes).toContain(FORMS_KEPT);
  const { files } = await readMetaIn(scene.folder, "one");
  expect(files[`${RDAGENT_FULL}/${DAILY_FILE}`]).toEqual(files[DAILY_FILE]);
  expect(await hashedFiles(scene.folder)).toEqual(files);
  await scene.update();
  await expectFull(scene);
});

test("a Qlib directory follows the fields that the rows have not", async () => {
  const request: SnapshotRequest = { columns: ["open", "close"], formats: ["h5", "qlib-bin"] };
  using scene = await Scene.of({ request });
  await scene.export();
  const filesOf = async (id: string): Promise<SnapshotMeta["files"]> =>
    (await readMetaIn(path.join(scene.root, id), id)).files;
  const before = await filesOf("one");
  const corrected: MarketRows = {
    ...MARKET,
    value: (instrument, row, name) => (instrument === 4 && row === 11 && name === "high" ? 77 : undefined),
  };
  await writeBars(scene.store, corrected);
  expect(await scene.update()).toMatchObject({ changed: true, status: "completed", rows: 360 });
  await expectFull(scene);
  const after = await filesOf("one");
  expect(after[`${QLIB_FOLDER}/`]).not.toEqual(before[`${QLIB_FOLDER}/`]);
  expect(after).toEqual(await filesOf("full_0"));
  expect(await scene.update({ compare: "all" })).toMatchObject({ changed: false });
  // The same values written again.
  await writeBars(scene.store, corrected);
  expect(await scene.update()).toMatchObject({ changed: false });
});

test("what was corrected while an instrument could not be read comes in once it can be", async () => {
  using scene = await Scene.of({ market: { ...MARKET, instruments: 40 } });
  await scene.export();
  const corrected: MarketRows = {
    ...MARKET,
    instruments: 40,
    value: (instrument, row, name) => (instrument === 7 && row === 11 && name === "close" ? 77 : undefined),
  };
  await writeBars(scene.store, corrected);
  expect((await scene.update({ around: broken })).status).toBe("completed_with_errors");
  expect(changedOf(await scene.update())).toEqual([["I0007", 0, 1, "corrected"]]);
  await expectFull(scene);
});

test("an instrument that fails when files are half written is left out in the next try", async () => {
  const request: SnapshotRequest = { profile: "rdagent", columns: ["open", "close"], start: 0 };
  using scene = await Scene.of({ request, market: { ...MARKET, instruments: 40 } });
  await scene.export();
  await writeBars(scene.store, { ...MARKET, instruments: 40, from: 60, to: 62 });
  const result = await scene.update({ around: brokenLate });
  expect(result).toMatchObject({ status: "completed_with_errors", rows: 40 * 62 - 2 });
  await scene.update();
  await expectFull(scene);
});

test("what is known of the source is told, and replaces what was known of it", async () => {
  using scene = await Scene.of();
  await scene.export();
  const notesHeld = async (): Promise<readonly string[]> => (await readMetaIn(scene.folder, "one")).notes;
  const [stale, staler] = [["a"], ["a", "b"]].map(staleSetsNote) as [string, string];
  await writeBars(scene.store, { ...MARKET, from: 60, to: 62 });
  expect((await scene.update({ notes: [stale] })).notes).toEqual([stale]);
  expect(await notesHeld()).toEqual([stale]);
  expect(await scene.update({ notes: [staler] })).toMatchObject({ changed: false, notes: [staler] });
  await writeBars(scene.store, { ...MARKET, from: 62, to: 63 });
  expect((await scene.update()).notes).toEqual([]);
  expect(await notesHeld()).toEqual([]);
});

test("the ledger follows the files, also when an earlier update could not write it", async () => {
  using scene = await Scene.of();
  await scene.export();
  await writeBars(scene.store, { ...MARKET, from: 60, to: 62 });
  let held: readonly LedgerEntry[] = [];
  const ledger: ExportLedger = {
    read: () => Promise.resolve(held),
    replace: (_scope, entries) => {
      held = entries;
      return Promise.resolve();
    },
  };
  const broken = { ...ledger, replace: () => Promise.reject(new Error("permission denied")) };
  const result = await scene.update({ ledger: broken });
  expect(result.changed).toBe(true);
  expect(result.notes.at(-1)).toMatch(/permission denied/);
  expect(await scene.update({ ledger })).toMatchObject({ changed: false, notes: [] });
  expect(held).toHaveLength(6);
  expect(held[0]).toMatchObject({ instrument: "I0000", first: 0, last: 61, rows: 62 });
});
