/** Files that are appended to, replaced and rewritten under a watch; time is a number of the test's where it counts. */
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Settling, type Sighting } from "./settling.ts";
import { csvOf, mappingText, sessions, smallMarket, type SmallMarket } from "./testing/small-market.ts";
import { WatchedSources } from "./watched-sources.ts";
import { watchSources, type WatchOptions } from "./watch-sources.ts";

const one = { "600000.SH": [10, 11, 12] };
const grown = { "600000.SH": [10, 11, 12, 13] };
const days = sessions(5);

async function watchedFile(): Promise<{ place: SmallMarket; file: string; watched: WatchedSources }> {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(one));
  await place.import(`csv:${file}`);
  return { place, file, watched: new WatchedSources(place.workspace, { quietMs: 1000 }) };
}

/** What the looks at these times find: `-` nothing, `w` waiting, `!` a change to report. */
async function looks(watched: WatchedSources, ...times: number[]): Promise<string> {
  let found = "";
  for (const time of times) {
    const { changed, waiting } = await watched.look(time);
    found += changed.length > 0 ? "!" : waiting ? "w" : "-";
  }
  return found;
}

it("a quiet file is nothing to report", async () => {
  const { watched } = await watchedFile();
  expect(await looks(watched, 0, 5000, 10_000)).toBe("---");
});

it("an appended file is reported once it was quiet, and not again", async () => {
  const { place, file, watched } = await watchedFile();
  expect(await looks(watched, 0)).toBe("-");
  appendFileSync(file, csvOf(grown).split("\n")[4]!);
  expect(await looks(watched, 100, 200, 1099)).toBe("www");
  const { changed } = await watched.look(1100);
  expect(changed).toMatchObject([
    { key: { calendar: "XSHG", freq: "day" }, sources: [{ locator: `csv:${file}` }] },
  ]);
  expect(await looks(watched, 5000)).toBe("-");
  await place.refresh();
  expect(await looks(watched, 6000, 9000)).toBe("--");
});

it("what could not be acted on is reported again after the quiet time", async () => {
  const { file, watched } = await watchedFile();
  appendFileSync(file, "\n");
  expect(await looks(watched, 0)).toBe("w");
  const { changed } = await watched.look(1000);
  watched.postpone(changed[0]!, 1500);
  expect(await looks(watched, 2000, 2499, 2500, 9000)).toBe("ww!-");
});

it("a watch whose callback says later calls again", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(one));
  await place.import(`csv:${file}`);
  writeFileSync(file, csvOf(grown));
  const controller = new AbortController();
  let calls = 0;
  await watchSources(place.workspace, {
    quietMs: 20,
    pollMs: 3_600_000,
    signal: controller.signal,
    onChanged: () => {
      if (++calls === 3) controller.abort();
      return Promise.resolve("later");
    },
  });
  expect(calls).toBe(3);
});

it("a file that is still being written is never reported", async () => {
  const { file, watched } = await watchedFile();
  const handle = openSync(file, "w");
  let found = "";
  for (const [at, line] of csvOf(grown).split("\n").entries()) {
    writeSync(handle, `${line}\n`);
    found += await looks(watched, at * 900);
  }
  closeSync(handle);
  expect(found).toMatch(/^w+$/);
  const last = (found.length - 1) * 900;
  expect(await looks(watched, last + 999, last + 1000)).toBe("w!");
});

it("one source that is still being written keeps its store back, not another store", async () => {
  const place = smallMarket();
  const done = place.file("done.csv", csvOf(one));
  const busy = place.file("busy.csv", csvOf({ "000001.SZ": [1, 2] }));
  await place.import(`csv:${done}`);
  await place.import(`csv:${busy}`);
  const coin = place.file("coin.csv", csvOf(one).replaceAll("600000.SH", "BTCUSDT.BINANCE"));
  const mapping = place.file("coin.yaml", mappingText.replace("XSHG", "24x7"));
  await place.import(`csv:${coin}`, { mapping });
  const watched = new WatchedSources(place.workspace, { quietMs: 1000 });
  appendFileSync(done, "\n");
  appendFileSync(coin, "\n");
  appendFileSync(busy, "\n");
  expect(await looks(watched, 0)).toBe("w");
  appendFileSync(busy, "\n");
  const { changed, waiting } = await watched.look(1000);
  expect(changed).toMatchObject([{ key: { calendar: "24x7" }, sources: [{ locator: `csv:${coin}` }] }]);
  expect(waiting).toBe(true);
  const second = await watched.look(2000);
  expect(second.changed.map(({ sources }) => sources.length)).toEqual([2]);
});

it("a file that is replaced, cut and written anew, deleted or touched is reported", async () => {
  const { place, file, watched } = await watchedFile();
  let time = 0;
  const after = async (): Promise<string> => {
    const found = await looks(watched, time, time + 1000, time + 2000);
    time += 10_000;
    return found;
  };
  renameSync(place.file(".bars.csv.part", csvOf(grown)), file);
  expect(await after()).toBe("w!-");
  const handle = openSync(file, "r+");
  ftruncateSync(handle, 0);
  writeSync(handle, csvOf({ "600000.SH": [1, 2, 3, 4, 5] }));
  closeSync(handle);
  expect(await after()).toBe("w!-");
  utimesSync(file, new Date(1e12), new Date(1e12));
  expect(await after()).toBe("w!-");
  rmSync(file);
  expect(await after()).toBe("w!-");
  place.file("bars.csv", csvOf(grown));
  expect(await after()).toBe("w!-");
});

it("a new file in a folder is reported, and a source that is imported meanwhile is watched too", async () => {
  const place = smallMarket();
  mkdirSync(place.file("bars"));
  place.file("bars/a.csv", csvOf(one));
  const watched = new WatchedSources(place.workspace, { quietMs: 1000 });
  expect(await looks(watched, 0)).toBe("-");
  await place.import(`csv:${place.file("bars")}`);
  expect(await looks(watched, 100)).toBe("-");
  place.file("bars/b.csv", csvOf({ "000001.SZ": [1] }));
  expect(await looks(watched, 200, 1200)).toBe("w!");
});

it("what is reported has looked the same for the quiet time, and every last change is reported", () => {
  const quietMs = 10;
  const steps = fc.array(
    fc.record({ pass: fc.nat(15), change: fc.array(fc.nat(2), { maxLength: 2 }), restore: fc.boolean() }),
    { maxLength: 30 },
  );
  const holds = (script: { pass: number; change: number[]; restore: boolean }[]): boolean => {
    const settling = new Settling(quietMs);
    const version = [0, 0, 0];
    const seenSince = [0, 0, 0];
    const seen = [0, 0, 0];
    let now = 0;
    const look = (): readonly string[] => {
      for (const id of version.keys())
        if (seen[id] !== version[id]) [seen[id], seenSince[id]] = [version[id]!, now];
      return settling.look(
        version.map((each, id): Sighting => ({
          id: String(id),
          signature: String(each),
          imported: each === 0,
        })),
        now,
      ).ready;
    };
    const reported = new Map<number, number>();
    const note = (ready: readonly string[]): boolean =>
      ready.every((text) => {
        const id = Number(text);
        const fresh = reported.get(id) !== version[id];
        reported.set(id, version[id]!);
        return fresh && version[id] !== 0 && now - seenSince[id]! >= quietMs;
      });
    let next = 1;
    for (const { pass, change, restore } of script) {
      now += pass;
      for (const id of change) version[id] = restore ? 0 : next++;
      if (!note(look())) return false;
    }
    for (let more = 0; more < 3; more++) {
      now += quietMs;
      if (!note(look())) return false;
    }
    return version.every((each, id) => each === 0 || reported.get(id) === each);
  };
  expect(() => fc.assert(fc.property(steps, holds), { numRuns: 500 })).not.toThrow();
});

/** Watches until `enough`, refreshing at every call as a server does. */
async function watchUntil(
  place: SmallMarket,
  options: Pick<WatchOptions, "quietMs" | "pollMs" | "events">,
  act: () => void,
  enough: () => Promise<boolean>,
): Promise<number> {
  const controller = new AbortController();
  let calls = 0;
  const watching = watchSources(place.workspace, {
    ...options,
    signal: controller.signal,
    onChanged: async () => {
      calls++;
      await place.refresh();
      if (await enough()) controller.abort();
    },
  });
  act();
  await watching;
  return calls;
}

it.each([
  ["events alone", { quietMs: 50, pollMs: 3_600_000 }],
  ["looks alone", { quietMs: 50, pollMs: 20, events: false }],
])("with %s a change on the disk arrives in the store", async (_, options) => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(one));
  await place.import(`csv:${file}`);
  const act = (): void => {
    // Before the listeners are there the first look has to find it.
    writeFileSync(file, csvOf({ "600000.SH": [10, 11, 12, 12.5] }));
    setTimeout(() => renameSync(place.file("next.csv", csvOf(grown)), file), 300);
  };
  const arrived = async (): Promise<boolean> => (await place.closes())[`600000.SH ${days[3]}`] === 13;
  const calls = await watchUntil(place, options, act, arrived);
  expect(calls).toBeGreaterThanOrEqual(1);
  expect(await arrived()).toBe(true);
});

it("dozens of files at once arrive in the store", async () => {
  const place = smallMarket();
  mkdirSync(place.file("bars"));
  place.file("bars/0.csv", csvOf(one));
  await place.import(`csv:${place.file("bars")}`);
  const write = (): void => {
    for (let index = 1; index <= 40; index++)
      place.file(`bars/${index}.csv`, csvOf({ [`${600000 + index}.SH`]: [10, 11] }));
  };
  const all = async (): Promise<boolean> => Object.keys(await place.closes()).length === 3 + 80;
  const calls = await watchUntil(place, { quietMs: 100, pollMs: 1000 }, write, all);
  expect(calls).toBeGreaterThanOrEqual(1);
  expect(await all()).toBe(true);
});

it("an abort ends the watch, and what the callback throws ends it too", async () => {
  const place = smallMarket();
  const file = place.file("bars.csv", csvOf(one));
  await place.import(`csv:${file}`);
  const controller = new AbortController();
  const options = { quietMs: 10, pollMs: 3_600_000, signal: controller.signal };
  const watching = watchSources(place.workspace, { ...options, onChanged: () => Promise.resolve() });
  setTimeout(() => controller.abort(), 50);
  await expect(watching).resolves.toBeUndefined();
  appendFileSync(file, "\n");
  const reason = new Error("enough");
  const failing = watchSources(place.workspace, {
    ...options,
    signal: new AbortController().signal,
    onChanged: () => Promise.reject(reason),
  });
  await expect(failing).rejects.toBe(reason);
});
