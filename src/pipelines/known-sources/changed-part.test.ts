/** Sources of several files: which of them an update reads again. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { smallDirectory } from "#data/sources/qlib-bin/testing/small-directory";
import { openSource, refreshData } from "../refresh-data.ts";
import type { Workspace } from "../workspace.ts";
import { refreshKnownSources, type RefreshedSources } from "./refresh-known-sources.ts";
import { originOf } from "./remember-import.ts";
import { readKnownSources } from "./registry.ts";
import { later, market, sessions, smallMarket } from "./testing/small-market.ts";

const days = sessions(6);
const fixtures = path.join(import.meta.dirname, "..", "..", "..", "fixtures");

function writeFeature(root: string, name: string, values: readonly number[]): void {
  writeFileSync(
    path.join(root, "features", `${name}.day.bin`),
    new Uint8Array(Float32Array.from(values).buffer),
  );
}

/** Imports as recognised, without a mapping file. */
async function importAs(workspace: Workspace, locator: string): Promise<void> {
  const source = await openSource(locator);
  const remember = originOf(source, { locator, folder: "/" });
  await refreshData(workspace, source, { engine: "test", remember, now: later });
}

it("of a Qlib directory the instruments whose features changed are read; all of them with a new calendar", async () => {
  const place = smallMarket();
  const root = smallDirectory({
    calendar: days.slice(0, 4),
    features: {
      "sh600000/close": [0, 10, 11, 12],
      "sh600000/factor": [0, 1, 1, 1],
      "sz000001/close": [1, 20, 21],
      "sz000001/factor": [1, 2, 2],
    },
  });
  await importAs(place.workspace, `qlib:${root}`);
  expect(await place.refresh()).toMatchObject({ outcomes: [{ kind: "unchanged" }] });

  writeFeature(root, "sz000001/close", [1, 20, 21, 22]);
  const one = await place.refresh();
  expect(one.outcomes).toMatchObject([
    {
      kind: "imported",
      part: "1 changed instruments",
      result: { rows: { added: 1 }, instruments: { read: 1 } },
    },
  ]);

  appendFileSync(path.join(root, "calendars", "day.txt"), `${days[4]}\n`);
  writeFeature(root, "sh600000/close", [0, 10, 11, 12, 13, 14]);
  const all = await place.refresh();
  expect(all.outcomes).toMatchObject([
    { kind: "imported", part: null, result: { rows: { added: 2 }, instruments: { read: 2 } } },
  ]);
  expect(await place.closes()).toMatchObject({ [`600000.SH ${days[4]}`]: 14, [`000001.SZ ${days[3]}`]: 22 });
});

async function usShares(): Promise<{
  readonly file: (name: string) => string;
  readonly workspace: Workspace;
  readonly refresh: () => Promise<RefreshedSources>;
}> {
  const place = smallMarket();
  for (const folder of ["us", "us/factor_files", "us/map_files"]) mkdirSync(place.file(folder));
  const names = ["fb", "uso"].flatMap((code) => [
    `${code}.zip`,
    `factor_files/${code}.csv`,
    `map_files/${code}.csv`,
  ]);
  for (const name of names)
    copyFileSync(path.join(fixtures, "us-equity-daily", name), place.file(`us/${name}`));
  await importAs(place.workspace, `csv:${place.file("us")}`);
  return {
    workspace: place.workspace,
    file: (name) => place.file(`us/${name}`),
    refresh: () =>
      refreshKnownSources(place.workspace, { calendar: "XNYS", freq: "day" }, { engine: "test", now: later }),
  };
}

it("factor files and map files beside the bars belong to the source: a new dividend is a changed source", async () => {
  const us = await usShares();
  const { sources } = await readKnownSources(us.workspace, { calendar: "XNYS", freq: "day" });
  expect(sources[0]!.files.map(({ role }) => role).sort()).toEqual([
    ...Array.from({ length: 4 }, () => "beside"),
    "rows",
    "rows",
  ]);
  expect(await us.refresh()).toMatchObject({ outcomes: [{ kind: "unchanged" }] });

  const factors = readFileSync(us.file("factor_files/fb.csv"), "utf8");
  const [first = "", ...rest] = factors.trimEnd().split("\n");
  const [day, price, split, ...others] = first.split(",");
  writeFileSync(
    us.file("factor_files/fb.csv"),
    `${[[day, Number(price) / 2, split, ...others].join(","), ...rest].join("\n")}\n`,
  );
  const refreshed = await us.refresh();
  expect(refreshed.outcomes).toMatchObject([
    { kind: "imported", changes: [{ kind: "changed", path: us.file("factor_files/fb.csv") }], part: null },
  ]);
  expect(refreshed.generation).toBe(2);
  expect(await us.refresh()).toMatchObject({ outcomes: [{ kind: "unchanged" }] });
});

it("of archives with one instrument each only the new ones are read, with what lies beside them", async () => {
  const us = await usShares();
  for (const name of ["goog.zip", "factor_files/goog.csv", "map_files/goog.csv"])
    copyFileSync(path.join(fixtures, "us-equity-daily", name), us.file(name));
  const refreshed = await us.refresh();
  expect(refreshed.outcomes).toMatchObject([
    { kind: "imported", changes: [{ kind: "new" }], result: { instruments: { read: 1, added: 1 } } },
  ]);
  const { sources } = await readKnownSources(us.workspace, { calendar: "XNYS", freq: "day" });
  expect(
    sources[0]!.files.map((file) => path.basename(file.path)).filter((name) => name.startsWith("goog")),
  ).toEqual(["goog.zip", "goog.csv", "goog.csv"]);
  expect(await us.refresh()).toMatchObject({ outcomes: [{ kind: "unchanged" }] });
});

it("a recognised source whose columns come to mean something else is not imported unasked", async () => {
  const place = smallMarket();
  const rows = ["trade_date,ts_code,open,high,low,close,pre_close,vol,amount"]
    .concat(
      days.map((day, row) =>
        [day.replaceAll("-", ""), "600000.SH", 10, 11, 9, 10 + row / 8, 10, 1000, 1000].join(","),
      ),
    )
    .join("\n");
  const file = place.file("daily.csv", rows);
  await importAs(place.workspace, `csv:${file}`);
  const before = await place.closes();
  const { sources } = await readKnownSources(place.workspace, market);
  writeFileSync(file, rows.replace(/\bvol\b/, "volume").replace(",amount\n", ",turnover\n"));
  expect(await place.refresh()).toMatchObject({
    outcomes: [{ kind: "failed", problem: { code: "DATA_KIND_OTHER" } }],
  });
  expect(await place.closes()).toEqual(before);
  expect((await readKnownSources(place.workspace, market)).sources).toEqual(sources);
});
