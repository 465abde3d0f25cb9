import {
  appendFileSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "#data/errors";
import { readQlibPanel } from "#data/sources/qlib-bin/panel";
import type { OpenedStore } from "#data/store/open-store";
import type { FactorSet } from "#factors/factor-set";
import { shippedFactors } from "#factors/catalogue";
import { seriesOf } from "#panel/panel";
import { storeFactors } from "../store-factors.ts";
import { marketStore, writeBars } from "../testing/stored-market.ts";
import { dumpQlibDirectory } from "./dump-directory.ts";
import { updateQlibDirectory, type QlibUpdate, type QlibUpdateOptions } from "./update-directory.ts";

const factors = {
  name: "few",
  title: "few",
  factors: [
    { name: "MA5", expression: "Mean($close,5)/$close" },
    { name: "EMA4", expression: "EMA($close,4)/$close" },
    { name: "V3", expression: "Std($volume,3)" },
  ],
} as unknown as FactorSet;
const registry = { set: (name: string) => (name === "few" ? factors : shippedFactors.set(name)) };
const INSTRUMENTS = 34;
/** Two that end early, one that is listed late; suspended days are spread over all. */
const market = {
  instruments: INSTRUMENTS,
  first: (instrument: number) => (instrument === 7 ? 27 : 0),
  last: (instrument: number) => (instrument === 3 ? 12 : Infinity),
};

/** A wrong close on one day. */
function corrected(instrument: number, row: number, name: string): number | undefined {
  return row === 21 && name === "close" ? 50 + instrument : undefined;
}

class Place {
  readonly root = mkdtempSync(path.join(os.tmpdir(), "qlib-update-"));
  readonly store: OpenedStore = marketStore(path.join(this.root, "store"), { keep: 50 });
  readonly dir = path.join(this.root, "qlib");

  async bars(from: number, to: number, more: Partial<Parameters<typeof writeBars>[1]> = {}): Promise<number> {
    return await writeBars(this.store, { ...market, from, to, ...more });
  }

  async factors(): Promise<void> {
    await storeFactors(this.store, [factors], { engine: "1" });
  }

  async dump(sets: readonly FactorSet[] = [], dir = this.dir): Promise<void> {
    await using snapshot = await this.store.snapshot();
    await dumpQlibDirectory(this.store, snapshot, dir, {
      sets,
      engine: "1",
      overwrite: true,
      durable: false,
    });
  }

  async update(options: Partial<QlibUpdateOptions> = {}): Promise<QlibUpdate> {
    await using snapshot = await this.store.snapshot();
    return await updateQlibDirectory(this.store, snapshot, this.dir, {
      registry,
      engine: "1",
      durable: false,
      ...options,
    });
  }

  /** Files of the directory that are not as those of a fresh dump, by name. */
  async differing(sets: readonly FactorSet[] = []): Promise<string[]> {
    const fresh = path.join(this.root, "fresh");
    await this.dump(sets, fresh);
    const [mine, theirs] = [contentOf(this.dir), contentOf(fresh)];
    return [...new Set([...mine.keys(), ...theirs.keys()])].filter(
      (name) => mine.get(name) !== theirs.get(name),
    );
  }
}

function contentOf(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const file = path.join(parentPath, name);
      return [path.relative(root, file), readFileSync(file, "base64")];
    }),
  );
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof DataError ? error.code : String(error);
}

describe("updateQlibDirectory", () => {
  it("appends new days where they belong, suspended days included, and lists who is new", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    await place.bars(25, 30);
    const update = await place.update();
    expect(update).toMatchObject({ mode: "changed", newDays: 5, days: 30 });
    expect(await place.differing()).toEqual([]);
    expect(readdirSync(place.root).sort()).toEqual(["fresh", "qlib", "store"]);
  });

  it("writes only the new values of a new day, and nothing of who is no longer listed", async () => {
    const place = new Place();
    await place.bars(0, 29);
    await place.dump();
    await place.bars(29, 30);
    const fields = 8;
    const { files, bytes } = await place.update();
    expect(files).toEqual({ written: (INSTRUMENTS - 1) * fields, same: 0, removed: 0 });
    expect(bytes).toBe((INSTRUMENTS - 1) * fields * 4);
    expect(await place.differing()).toEqual([]);
  });

  it("leaves a directory alone that shows the generation already", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    expect(await place.update()).toMatchObject({ mode: "unchanged", files: { written: 0, same: 0 } });
    expect(await place.update({ compareAll: true })).toMatchObject({
      mode: "compared",
      files: { written: 0, removed: 0 },
    });
  });

  it("writes corrections, new listings and the days after a resumption into the files they belong to", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    await place.bars(20, 30, {
      instruments: INSTRUMENTS + 3,
      value: (instrument, row, name) => (instrument === 5 && row === 21 && name === "close" ? 77 : undefined),
    });
    await place.update();
    expect(await place.differing()).toEqual([]);
    expect(seriesOf(readQlibPanel(place.dir, { fields: ["close"] }), "close", 5)[21]).toBeGreaterThan(70);
    // Instrument 3, gone since row 12, comes back: the rows between are NaN.
    await place.bars(0, 32, { instruments: INSTRUMENTS + 3, last: () => Infinity });
    await place.update();
    expect(await place.differing()).toEqual([]);
  });

  it("takes stored factors along, and computes those that are not stored", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.factors();
    await place.dump([factors]);
    await place.bars(25, 30);
    await place.factors();
    const stored = await place.update();
    expect(stored.files.written).toBe((INSTRUMENTS - 1) * (8 + 3));
    expect(await place.differing([factors])).toEqual([]);
    await place.bars(30, 31);
    const computed = await place.update();
    expect(computed.files.written).toBeGreaterThanOrEqual((INSTRUMENTS - 1) * (8 + 3) - 5);
    expect(await place.differing([factors])).toEqual([]);
    await place.factors();
    // What is stored now is what was computed then, in every bit.
    expect((await place.update()).files.written).toBe(0);
    expect(await place.differing([factors])).toEqual([]);
  });

  it("adds and removes the factors of sets that are asked for", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    expect((await place.update({ sets: ["few"] })).files.written).toBe(INSTRUMENTS * 3 - 3);
    expect(await place.differing([factors])).toEqual([]);
    expect((await place.update({ sets: [] })).files.removed).toBe(INSTRUMENTS * 3 - 3);
    expect(await place.differing()).toEqual([]);
  });

  it("compares every file when the generation it shows is kept no longer, and says so", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    await place.bars(25, 26);
    await place.bars(26, 30);
    const keepTwo = marketStore(path.join(place.root, "store"), { keep: 1 });
    await writeBars(keepTwo, { ...market, from: 29, to: 31 });
    await keepTwo.collect();
    const update = await place.update();
    expect(update).toMatchObject({ mode: "compared", newDays: 6 });
    expect(update.reason).toContain("kept no longer");
    expect(await place.differing()).toEqual([]);
  });

  it("goes back with a store that was rolled back", async () => {
    const place = new Place();
    const first = await place.bars(0, 25);
    await place.dump();
    await place.bars(25, 30, { instruments: INSTRUMENTS + 3 });
    await place.update();
    await place.store.rollback(first);
    expect(await place.update()).toMatchObject({ mode: "changed", newDays: -5 });
    expect(await place.differing()).toEqual([]);
  });

  it("finishes what an update left half written, also when the store has taken a value back meanwhile", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    await place.bars(20, 27, { value: corrected });
    const controller = new AbortController();
    const { signal } = controller;
    const stopped = place.update({ signal, onInstruments: () => controller.abort(new Error("killed")) });
    await expect(stopped).rejects.toThrow("killed");
    const half = readQlibPanel(place.dir, { fields: ["close"] });
    expect([half.time.days.length, seriesOf(half, "close", 0)[21]]).toEqual([25, 50]);
    expect(seriesOf(half, "close", half.instruments.length - 1)[21]).not.toBe(50 + INSTRUMENTS - 1);
    await place.bars(20, 26);
    expect(await place.update()).toMatchObject({ mode: "changed", newDays: 2 });
    expect(await place.differing()).toEqual([]);
  });

  it("repairs files that are cut, too long or gone, where it looks at them", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    const file = (name: string): string => path.join(place.dir, "features", name);
    truncateSync(file("i0001/close.day.bin"), 30);
    appendFileSync(file("i0002/close.day.bin"), new Uint8Array(400));
    rmSync(file("i0004/open.day.bin"));
    rmSync(file("i0006"), { recursive: true });
    await place.bars(25, 26);
    await place.update();
    expect(await place.differing()).toEqual([]);
    writeFileSync(file("i0001/close.day.bin"), new Uint8Array(8));
    await place.update({ compareAll: true });
    expect(await place.differing()).toEqual([]);
  });

  it("keeps what others put there", async () => {
    const place = new Place();
    await place.bars(0, 25);
    await place.dump();
    const all = path.join(place.dir, "instruments/all.txt");
    appendFileSync(all, "SH000300\t1970-01-01\t1970-01-20\n");
    writeFileSync(path.join(place.dir, "instruments/csi300.txt"), "I0001\t1970-01-01\t1970-01-20\n");
    mkdirSync(path.join(place.dir, "features/sh000300"));
    writeFileSync(
      path.join(place.dir, "features/sh000300/close.day.bin"),
      new Uint8Array(Float32Array.of(0, 1, 2).buffer),
    );
    await place.bars(25, 26);
    expect((await place.update()).foreign).toEqual(["SH000300"]);
    expect(readFileSync(all, "utf8")).toContain("SH000300\t1970-01-01\t1970-01-20\n");
    expect((await place.differing()).sort()).toEqual([
      "features/sh000300/close.day.bin",
      "instruments/all.txt",
      "instruments/csi300.txt",
    ]);
  });

  it("builds the directory anew when history begins earlier, and moves what others put there", async () => {
    const place = new Place();
    const late = marketStore(path.join(place.root, "late"), { keep: 50 });
    const write = async (start: number): Promise<void> => {
      await using writer = await late.writer();
      writer.cover(start, 20);
      await writer.commit({ reason: "cover" });
    };
    await writeBars(late, { ...market, from: 0, to: 12 });
    await using before = await late.snapshot();
    await dumpQlibDirectory(late, before, place.dir, { engine: "1" });
    writeFileSync(path.join(place.dir, "instruments/csi300.txt"), "I0001\t1970-01-01\t1970-01-10\n");
    mkdirSync(path.join(place.dir, "features/sh000300"));
    writeFileSync(
      path.join(place.dir, "features/sh000300/close.day.bin"),
      new Uint8Array(Float32Array.of(3, 1, 2).buffer),
    );
    const minutes = ["i0001", "sh000300", "sz399001"].map((code) => `features/${code}/close.1min.bin`);
    mkdirSync(path.join(place.dir, "features/sz399001"));
    writeFileSync(path.join(place.dir, "calendars/1min.txt"), "1970-01-05 09:31:00\n");
    for (const [index, name] of minutes.entries())
      writeFileSync(path.join(place.dir, name), new Uint8Array(Float32Array.of(0, index).buffer));
    await write(-5);
    await using now = await late.snapshot();
    const update = await updateQlibDirectory(late, now, place.dir, { registry, engine: "1" });
    expect(update).toMatchObject({ mode: "rewritten", days: 26 });
    const fresh = path.join(place.root, "fresh");
    await dumpQlibDirectory(late, now, fresh, { engine: "1" });
    const [mine, theirs] = [contentOf(place.dir), contentOf(fresh)];
    expect([...theirs].filter(([name, text]) => mine.get(name) !== text)).toEqual([]);
    expect([...mine.keys()].filter((name) => !theirs.has(name)).sort()).toEqual([
      "calendars/1min.txt",
      "features/i0001/close.1min.bin",
      "features/sh000300/close.1min.bin",
      "features/sh000300/close.day.bin",
      "features/sz399001/close.1min.bin",
      "instruments/csi300.txt",
    ]);
    // They follow their own calendar: nothing of them moves.
    for (const [index, name] of minutes.entries()) {
      const kept = readFileSync(path.join(place.dir, name));
      expect([kept.length, kept.readFloatLE(0), kept.readFloatLE(4)]).toEqual([8, 0, index]);
    }
    const moved = readFileSync(path.join(place.dir, "features/sh000300/close.day.bin"));
    expect([moved.readFloatLE(0), moved.readFloatLE(4)]).toEqual([8, 1]);
  });

  it("creates a directory only when told to, and refuses others'", async () => {
    const place = new Place();
    await place.bars(0, 25);
    expect(await codeOf(place.update())).toBe("DATA_FILE_MISSING");
    expect(await place.update({ create: true, sets: ["few"] })).toMatchObject({
      mode: "created",
      from: null,
    });
    expect(await place.differing([factors])).toEqual([]);
    rmSync(path.join(place.dir, "export.json"));
    expect(await codeOf(place.update())).toBe("DATA_NOT_PERMITTED");
    writeFileSync(path.join(place.dir, "export.json"), "{}");
    expect(await codeOf(place.update())).toBe("DATA_FILE_DAMAGED");
  });
});
