/** The records of known sources: which import takes whose place, and what a kill leaves. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { workspaceAt, type Workspace } from "../workspace.ts";
import { covers, type KnownRequest, type KnownSource } from "./known-source.ts";
import { forgetSource, readKnownSources, rememberSource, renewSource, sourcesFolder } from "./registry.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const everything: KnownRequest = { codes: null, start: null, end: null };
const workspace = (): Workspace => workspaceAt(mkdtempSync(path.join(os.tmpdir(), "registry-")));

function record(
  request: Partial<KnownRequest> = {},
  other: Partial<KnownSource> = {},
): Omit<KnownSource, "version" | "id" | "order"> {
  return {
    ...key,
    locator: "csv:bars.csv",
    place: "csv:/data/bars.csv",
    mapping: null,
    recognised: null,
    request: { ...everything, ...request },
    shape: "mapped",
    adjustment: "raw",
    fields: [{ name: "close", from: "close" }],
    engine: "test",
    failures: 0,
    generation: 1,
    importedAt: 0,
    files: [],
    ...other,
  };
}

const requestsIn = async (place: Workspace): Promise<KnownRequest[]> =>
  (await readKnownSources(place, key)).sources.map(({ request }) => request);

it("an import again takes the place of the one before and moves to the end", async () => {
  const place = workspace();
  const first = await rememberSource(place, record());
  const other = await rememberSource(place, record({}, { place: "csv:/data/other.csv" }));
  const again = await rememberSource(place, record({}, { generation: 7 }));
  expect(again.id).toBe(first.id);
  expect((await readKnownSources(place, key)).sources.map(({ id, order }) => [id, order])).toEqual([
    [other.id, 2],
    [again.id, 3],
  ]);
});

it("an import of more takes the place of those of less; one of less leaves that of more alone", async () => {
  const place = workspace();
  await rememberSource(place, record({ start: "2024-01-01" }));
  await rememberSource(place, record({ codes: ["600000.SH"] }));
  expect(await requestsIn(place)).toHaveLength(2);
  const whole = await rememberSource(place, record());
  expect(await requestsIn(place)).toEqual([everything]);
  expect(await rememberSource(place, record({ start: "2024-06-01" }, { generation: 9 }))).toEqual(whole);
  expect((await readKnownSources(place, key)).sources).toEqual([whole]);
});

it("a request covers another exactly when it asks for every row of it", () => {
  const days = ["2024-01-01", "2024-02-01", "2024-03-01"];
  const codes = ["A", "B"];
  const request = fc.record({
    codes: fc.option(fc.subarray(codes)),
    start: fc.option(fc.constantFrom(...days)),
    end: fc.option(fc.constantFrom(...days)),
  });
  // Days beside the ones named stand for all days before and after.
  const rowsOf = ({ codes: asked, start, end }: KnownRequest): string[] =>
    ["A", "B", "C"]
      .filter((code) => asked === null || asked.includes(code))
      .flatMap((code) =>
        ["2023-01-01", ...days, "2025-01-01"]
          .filter((day) => (start === null || day >= start) && (end === null || day <= end))
          .map((day) => code + day),
      );
  // A request for no row is in every other; `covers` may not see it, which only keeps a record more.
  const agrees = (a: KnownRequest, b: KnownRequest): boolean => {
    const all = new Set(rowsOf(a));
    const every = rowsOf(b).every((row) => all.has(row));
    return covers(a, b) === every || (rowsOf(b).length === 0 && !covers(a, b));
  };
  expect(() => fc.assert(fc.property(request, request, agrees), { numRuns: 500 })).not.toThrow();
});

it("a source of a name that is no file name has an id that is one", async () => {
  const place = workspace();
  const { id } = await rememberSource(place, record({}, { place: "csv:/数据/日线 *.csv" }));
  expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
  await forgetSource(place, key, id);
  expect(await requestsIn(place)).toEqual([]);
});

it("records of another version, and what is none, are named with a remedy", async () => {
  const place = workspace();
  const known = await rememberSource(place, record());
  const folder = sourcesFolder(place, key);
  writeFileSync(path.join(folder, "newer.json"), JSON.stringify({ ...known, version: 2 }));
  writeFileSync(path.join(folder, "none.json"), JSON.stringify({ ...known, files: "many" }));
  writeFileSync(path.join(folder, "torn.json"), JSON.stringify(known).slice(0, 50));
  const { sources, unreadable } = await readKnownSources(place, key);
  expect(sources).toEqual([known]);
  expect(unreadable.map(({ code, place: at }) => [path.basename(at.file!), code])).toEqual([
    ["newer.json", "STORE_FORMAT"],
    ["none.json", "DATA_FILE_DAMAGED"],
    ["torn.json", "DATA_FILE_DAMAGED"],
  ]);
});

it("what a killed process left half written is ignored, and removed by the next write", async () => {
  const place = workspace();
  const known = await rememberSource(place, record());
  const folder = sourcesFolder(place, key);
  // A process that ran and is gone.
  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(path.join(folder, `.${known.id}.json.${pid}.part`), '{"version":1');
  writeFileSync(path.join(folder, `.mine.json.${process.pid}.part`), "still being written");
  expect(await readKnownSources(place, key)).toEqual({ sources: [known], unreadable: [] });
  await renewSource(place, known);
  expect(readdirSync(folder).sort()).toEqual([`.mine.json.${process.pid}.part`, `${known.id}.json`]);
  rmSync(folder, { recursive: true });
  expect(await readKnownSources(place, key)).toEqual({ sources: [], unreadable: [] });
});

it("a process killed while it writes leaves a whole record, the old one or the new one", async () => {
  const place = workspace();
  const file = {
    path: "/data/bars.csv",
    role: "rows",
    size: 0,
    mtimeNs: "1",
    inode: "2",
    device: "3",
    settled: true,
  } as const;
  const files = Array.from({ length: 2000 }, () => file);
  const { id } = await rememberSource(place, record({}, { files }));
  const child = path.join(import.meta.dirname, "testing", "renew-child.ts");
  for (const delayMs of [0, 3, 7, 12]) {
    const writer = spawn(process.execPath, [child, place.root], { stdio: ["ignore", "pipe", "inherit"] });
    const closed = once(writer, "close");
    writer.stdout.once("data", () => setTimeout(() => writer.kill("SIGKILL"), delayMs));
    await closed;
    expect(writer.signalCode).toBe("SIGKILL");
    const { sources, unreadable } = await readKnownSources(place, key);
    expect(unreadable).toEqual([]);
    expect(sources.map((known) => [known.id, known.files.length])).toEqual([[id, 2000]]);
    expect(new Set(sources[0]!.files.map(({ size }) => size))).toEqual(new Set([sources[0]!.generation]));
  }
  await renewSource(place, (await readKnownSources(place, key)).sources[0]!);
  expect(readdirSync(sourcesFolder(place, key))).toEqual([`${id}.json`]);
});
