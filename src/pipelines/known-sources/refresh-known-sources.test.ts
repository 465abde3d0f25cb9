/** Sources that change behind the store's back, and what a refresh makes of it. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { dayOf } from "#market/day";
import { readQualityReports } from "../quality-pages.ts";
import { storeOf } from "../workspace.ts";
import { readKnownSources } from "./registry.ts";
import type { RefreshedSources } from "./refresh-known-sources.ts";
import type { SourceOutcome } from "./source-outcome.ts";
import { csvOf, mappingText, market, sessions, smallMarket, writeParquet } from "./testing/small-market.ts";

const two = { "600000.SH": [10, 11, 12], "000001.SZ": [20, 21, 22] };
const days = sessions(60);

const kinds = ({ outcomes }: RefreshedSources): string[] => outcomes.map(({ kind }) => kind);

function imported(refreshed: RefreshedSources, index = 0): Extract<SourceOutcome, { kind: "imported" }> {
  const outcome = refreshed.outcomes[index]!;
  if (outcome.kind !== "imported") throw new Error(`${outcome.kind}: ${JSON.stringify(outcome)}`);
  return outcome;
}

it("a source that did not change is not read", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  const { known } = await place.import(`csv:${file}`);
  expect(known).toMatchObject({ order: 1, locator: `csv:${file}`, generation: 1, engine: "test" });
  expect(await place.refresh()).toEqual({
    outcomes: [{ kind: "unchanged", id: known!.id, locator: `csv:${file}` }],
    before: 1,
    generation: 1,
  });
});

it("a touched file is unchanged, and its new timestamp is remembered", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  utimesSync(file, new Date(1e12), new Date(1e12));
  expect(kinds(await place.refresh())).toEqual(["unchanged"]);
  const { sources } = await readKnownSources(place.workspace, market);
  expect(sources[0]!.files[0]!.mtimeNs).toBe("1000000000000000000");
  expect(await place.refresh({ rehash: true })).toMatchObject({ generation: 1 });
});

it("new days, a new share and a correction arrive, and are named", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  writeFileSync(
    file,
    csvOf({ "600000.SH": [10, 11.5, 12, 13], "000001.SZ": [20, 21, 22], "600519.SH": [7] }),
  );
  const { result, changes } = imported(await place.refresh());
  expect(changes.map(({ kind }) => kind)).toEqual(["changed"]);
  expect(result).toMatchObject({
    generation: 2,
    rows: { added: 2, corrected: 1 },
    instruments: { added: 1 },
  });
  expect(result.corrections).toContainEqual(
    expect.objectContaining({
      instrument: "600000.SH",
      day: dayOf(days[1]!),
      field: "close",
      before: 11,
      after: 11.5,
    }),
  );
  expect(await place.closes()).toMatchObject({
    [`600000.SH ${days[3]}`]: 13,
    [`600000.SH ${days[1]}`]: 11.5,
    [`600519.SH ${days[0]}`]: 7,
  });
  expect(kinds(await place.refresh())).toEqual(["unchanged"]);
});

it("other bytes with the same rows make no generation", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  writeFileSync(file, csvOf(two).replaceAll(",10,", ",10.0,"));
  const refreshed = await place.refresh();
  expect(imported(refreshed).result.rows).toMatchObject({ added: 0, corrected: 0 });
  expect(refreshed).toMatchObject({ before: 1, generation: 1 });
  expect(kinds(await place.refresh())).toEqual(["unchanged"]);
});

it("a same-sized correction under the old timestamp is found with rehash, and only so", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  const then = new Date(1.7e12);
  utimesSync(file, then, then);
  await place.import(`csv:${file}`);
  writeFileSync(file, csvOf({ ...two, "600000.SH": [10, 19, 12] }));
  utimesSync(file, then, then);
  expect(kinds(await place.refresh())).toEqual(["unchanged"]);
  expect(imported(await place.refresh({ rehash: true })).result.correctionCount).toBeGreaterThan(0);
});

it("a folder gains a file, loses one, and has one renamed", async () => {
  const place = smallMarket();
  mkdirSync(place.file("bars"));
  const put = (name: string, code: string, closes: number[]): string =>
    place.file(`bars/${name}`, csvOf({ [code]: closes }));
  const first = put("one.csv", "600000.SH", [11, 12]);
  const second = put("two.csv", "000001.SZ", [13, 14]);
  await place.import(`csv:${place.file("bars")}`);

  put("three.csv", "600519.SH", [15, 16]);
  const grown = imported(await place.refresh());
  expect(grown).toMatchObject({ part: "1 of 3 files", result: { rows: { read: 2, added: 2 } } });

  rmSync(first);
  const lost = await place.refresh();
  expect(lost.outcomes).toMatchObject([
    { kind: "missing", files: [first], problem: { code: "DATA_FILE_MISSING" } },
  ]);
  expect((await place.closes())[`600000.SH ${days[0]}`]).toBe(11);
  expect(kinds(await place.refresh())).toEqual(["missing"]);

  renameSync(second, place.file("bars/four.csv"));
  const renamed = await place.refresh();
  expect(renamed.outcomes).toMatchObject([{ kind: "missing", files: [first] }]);
  expect(await place.refresh()).toEqual(renamed);

  put("one.csv", "600000.SH", [11, 12]);
  expect(kinds(await place.refresh())).toEqual(["unchanged"]);
});

it("nothing is lost when the whole source is gone, and it goes on when it is back", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  const before = await place.closes();
  rmSync(file);
  expect((await place.refresh()).outcomes).toMatchObject([{ kind: "missing", files: [file] }]);
  expect(await place.closes()).toEqual(before);
  place.file("bars.csv", csvOf({ ...two, "600000.SH": [10, 11, 12, 13] }));
  expect(imported(await place.refresh()).result.rows.added).toBe(1);
});

it("a source that cannot be read is reported and tried again; the others go on", async () => {
  const place = smallMarket();
  const bad = place.file("bad.csv", csvOf({ "600000.SH": [1, 2] }));
  const good = place.file("good.csv", csvOf({ "000001.SZ": [3, 4] }));
  await place.import(`csv:${bad}`);
  await place.import(`csv:${good}`);
  const broken = csvOf({ "600000.SH": [1, 2] }).replace("2024-01-03", "tomorrow");
  writeFileSync(bad, broken);
  appendFileSync(good, csvOf({ "000001.SZ": [5] }, 2).split("\n")[1]!);
  const refreshed = await place.refresh();
  expect(refreshed.outcomes).toMatchObject([
    { kind: "failed", locator: `csv:${bad}`, problem: { code: "DATA_DATE_INVALID", place: { file: bad } } },
    { kind: "imported", result: { rows: { added: 1 } } },
  ]);
  expect(kinds(await place.refresh())).toEqual(["failed", "unchanged"]);
  writeFileSync(bad, csvOf({ "600000.SH": [1, 2, 3] }));
  expect(kinds(await place.refresh())).toEqual(["imported", "unchanged"]);
});

it("a damaged record is reported, and the other sources go on", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  const record = path.join(place.workspace.root, "sources", "XSHG-day", "other.json");
  writeFileSync(record, "{ half");
  expect((await place.refresh()).outcomes).toMatchObject([
    { kind: "failed", id: null, problem: { code: "DATA_FILE_DAMAGED", place: { file: record } } },
    { kind: "unchanged" },
  ]);
});

it("of a file per instrument only the changed ones are read, and the report of the whole source stays", async () => {
  const place = smallMarket();
  mkdirSync(place.file("bars"));
  const mapping = place.file(
    "own.yaml",
    mappingText.replace("{ column: code }", () => "{ fileName: '^(?<code>[^.]+)[.]csv$' }"),
  );
  for (const code of ["600000_SH", "000001_SZ", "600519_SH"])
    place.file(`bars/${code}.csv`, csvOf({ [code.replace("_", ".")]: [11, 12, 13] }));
  await place.import(`csv:${place.file("bars")}`, { mapping });
  place.file("bars/000001_SZ.csv", csvOf({ "000001.SZ": [11, 12.5, 13, 14] }));
  const { result, part } = imported(await place.refresh());
  expect(part).toBe("1 changed instruments");
  expect(result).toMatchObject({ rows: { read: 4, added: 1, corrected: 1 }, instruments: { read: 1 } });
  const reports = await readQualityReports(place.workspace, market);
  expect([...reports.values()].map(({ source, rows }) => [source.endsWith("(update)"), rows])).toEqual([
    [false, 9],
    [true, 4],
  ]);
});

const wide = (sessionCount: number, correct?: { row: number; close: number }): Record<string, number[]> =>
  Object.fromEntries(
    Array.from({ length: 256 }, (_, index) => [
      `${600000 + index}.SH`,
      Array.from({ length: sessionCount }, (_, row) =>
        index === 7 && row === correct?.row ? correct.close : index + 10 + row / 8,
      ),
    ]),
  );

it("of a Parquet file only the days of the changed row groups are read", async () => {
  const place = smallMarket();
  const file = place.file("bars.parquet");
  // 2,048 rows: eight sessions of 256 shares.
  await writeParquet(file, wide(24));
  await place.import(`parquet:${file}`);

  await writeParquet(file, wide(25));
  const appended = imported(await place.refresh());
  expect(appended.changes).toMatchObject([{ pieces: { added: [3], changed: [], of: 4 } }]);
  // The margin of a day takes in one session before.
  expect(appended).toMatchObject({
    part: "the days of the row groups that changed",
    result: { rows: { added: 256, corrected: 0 } },
  });
  expect(appended.result.rows.read).toBeLessThanOrEqual(2 * 256);

  await writeParquet(file, wide(25, { row: 10, close: 99 }));
  const corrected = imported(await place.refresh());
  expect(corrected.changes).toMatchObject([{ pieces: { added: [], changed: [1], of: 4 } }]);
  expect(corrected.result.rows).toMatchObject({ added: 0, corrected: 1 });
  expect(corrected.result.rows.read).toBeLessThanOrEqual(10 * 256);

  const whole = smallMarket();
  copyFileSync(file, whole.file("bars.parquet"));
  await whole.import(`parquet:${whole.file("bars.parquet")}`);
  expect(await place.closes()).toEqual(await whole.closes());
});

it("a source that was limited stays limited", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`, {
    request: { instruments: new Set(["600000.SH"]), end: dayOf(days[3]!) },
  });
  writeFileSync(file, csvOf({ "600000.SH": [10, 11, 12, 13, 14], "000001.SZ": [20] }));
  await place.refresh();
  expect(Object.keys(await place.closes())).toEqual(days.slice(0, 4).map((day) => `600000.SH ${day}`));
});

it("a changed mapping file is a changed source", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  place.file("map.yaml", mappingText.replace("close: close", "close: high"));
  expect(imported(await place.refresh()).changes).toMatchObject([{ path: place.file("map.yaml") }]);
  expect((await place.closes())[`600000.SH ${days[0]}`]).toBe(11);
  place.file("map.yaml", mappingText.replace("XSHG", "XNYS"));
  expect((await place.refresh()).outcomes).toMatchObject([
    { kind: "failed", problem: { code: "DATA_KIND_OTHER" } },
  ]);
});

it("a later source holds over an earlier one that changes again", async () => {
  const place = smallMarket();
  const early = place.file("early.csv", csvOf(two));
  const late = place.file("late.csv", csvOf({ "600000.SH": [10, 99, 12] }));
  await place.import(`csv:${early}`);
  await place.import(`csv:${late}`);
  writeFileSync(early, csvOf({ "600000.SH": [10, 11, 12, 13], "000001.SZ": [20, 21, 22] }));
  const refreshed = await place.refresh();
  expect(refreshed.outcomes).toMatchObject([
    { kind: "imported", changes: [{ kind: "changed" }] },
    { kind: "imported", changes: [], result: { rows: { read: 3, corrected: 1 } } },
  ]);
  expect(await place.closes()).toMatchObject({ [`600000.SH ${days[1]}`]: 99, [`600000.SH ${days[3]}`]: 13 });
  expect(kinds(await place.refresh())).toEqual(["unchanged", "unchanged"]);
});

it("a store that is gone is filled again from its sources", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  const before = await place.closes();
  rmSync(place.workspace.stores, { recursive: true });
  expect(imported(await place.refresh())).toMatchObject({ changes: [], result: { rows: { added: 6 } } });
  expect(await place.closes()).toEqual(before);
});

it("a file that changes while it is imported is imported again by the next refresh", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  writeFileSync(file, csvOf({ ...two, "600000.SH": [10, 11, 12, 13] }));
  let rewritten = false;
  await place.refresh({
    onProgress: ({ phase }) => {
      if (phase !== "merge" || rewritten) return;
      rewritten = true;
      writeFileSync(file, csvOf({ ...two, "600000.SH": [10, 11, 12, 13, 14] }));
    },
  });
  expect(rewritten).toBe(true);
  expect((await place.closes())[`600000.SH ${days[4]}`]).toBeUndefined();
  await place.refresh();
  expect((await place.closes())[`600000.SH ${days[4]}`]).toBe(14);
});

it("an aborted refresh stops with the signal's reason and changes nothing", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  const record = path.join(place.workspace.root, "sources", "XSHG-day");
  writeFileSync(file, csvOf({ ...two, "600000.SH": [10, 11, 12, 13] }));
  const controller = new AbortController();
  const reason = new Error("enough");
  const running = place.refresh({
    signal: controller.signal,
    onProgress: ({ phase }) => {
      if (phase === "read") controller.abort(reason);
    },
  });
  const { sources } = await readKnownSources(place.workspace, market);
  await expect(running).rejects.toBe(reason);
  expect((await readKnownSources(place.workspace, market)).sources).toEqual(sources);
  expect(readFileSync(path.join(record, `${sources[0]!.id}.json`), "utf8")).toContain(sources[0]!.id);
  expect(kinds(await place.refresh())).toEqual(["imported"]);
});

it("an update of a locked store fails as a whole", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(two));
  await place.import(`csv:${file}`);
  writeFileSync(file, csvOf({ ...two, "600000.SH": [10, 11, 12, 13] }));
  await using writer = await storeOf(place.workspace, market).writer();
  await expect(place.refresh()).rejects.toMatchObject({ code: "STORE_LOCKED" });
  await writer.abort();
});
