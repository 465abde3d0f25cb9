import { readFileSync, readdirSync, mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { codeInForm } from "#data/export/qlib-bin/code-form";
import { dumpQlib } from "#data/export/qlib-bin/dump";
import { qlibFields } from "#data/export/qlib-bin/qlib-fields";
import { tableOfPanel, tableOfStore } from "#data/export/series-table";
import { storeFieldsOf } from "#data/export/store-fields";
import { importBars } from "#data/ingest/import-bars";
import { QlibBars } from "#data/sources/qlib-bin/bar-source";
import { openQlibDirectory } from "#data/sources/qlib-bin/directory";
import { readQlibPanel } from "#data/sources/qlib-bin/panel";
import { shippedFactors } from "#factors/catalogue";
import { dumpQlibDirectory } from "#pipelines/qlib-directory/dump-directory";
import { updateQlibDirectory } from "#pipelines/qlib-directory/update-directory";
import { openStore } from "#data/store/open-store";
import { calendarOf } from "#market/calendar/calendar";
import type { Panel } from "#panel/panel";
import { panelOf } from "#panel/panel";
import { dayOf } from "#market/day";
import { golden, unpacked } from "./unpacked.ts";

/** The CSVs that Qlib's dumper was given, as a panel: rows are the union of the dates, columns all but date and symbol. */
function panelOfCsvs(folder: string): Panel<"market"> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".csv"));
  const tables = files.map((file) => {
    const [head = "", ...lines] = readFileSync(path.join(folder, file), "utf8").trim().split(/\r?\n/);
    return {
      id: path.basename(file, ".csv"),
      names: head.split(","),
      rows: lines.map((line) => line.split(",")),
    };
  });
  const dates = [...new Set(tables.flatMap(({ rows }) => rows.map((row) => row[0]!)))].sort();
  const rowOf = new Map(dates.map((date, row) => [date, row]));
  const fields = tables[0]!.names.filter((name) => name !== "date" && name !== "symbol");
  const columns = fields.map((name) => ({
    name,
    values: new Float64Array(dates.length * tables.length).fill(Number.NaN),
  }));
  const first = new Int32Array(tables.length).fill(dates.length);
  const last = new Int32Array(tables.length).fill(-1);
  for (const [lane, { names, rows }] of tables.entries()) {
    for (const cells of rows) {
      const row = rowOf.get(cells[0]!)!;
      first[lane] = Math.min(first[lane]!, row);
      last[lane] = Math.max(last[lane]!, row);
      for (const { name, values } of columns) {
        const cell = cells[names.indexOf(name)] ?? "";
        const text = cell.replace(/^(-?)inf$/, "$1Infinity");
        if (text !== "") values[row * tables.length + lane] = Number(text);
      }
    }
  }
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from(dates, dayOf) },
    instruments: tables.map(({ id }) => id),
    first,
    last,
    columns,
  });
}

/** Path inside the folder → bytes, of every file beneath it. */
function bytesBelow(root: string): Map<string, Buffer> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [path.relative(root, file), readFileSync(file)]),
  );
}

function differing(mine: Map<string, Buffer>, theirs: Map<string, Buffer>): string[] {
  return [...theirs]
    .filter(([name, bytes]) => !(mine.get(name)?.equals(bytes) ?? false))
    .map(([name]) => name);
}

it.each([
  ["source-csv", "csvA", "qlib-bin-store", "binA", 461],
  ["edge-bin-store", "csvE", "edge-bin-store", "binE", 16],
])("a dump of %s equals Qlib's own, every file byte for byte", async (source, csv, store, bin, count) => {
  const panel = panelOfCsvs(path.join(await unpacked(golden("qlib", `${source}.tar.gz`)), csv));
  const theirs = bytesBelow(path.join(await unpacked(golden("qlib", `${store}.tar.gz`)), bin));
  const out = path.join(mkdtempSync(path.join(os.tmpdir(), "dump-")), "store");
  const result = await dumpQlib(out, tableOfPanel(panel));
  const mine = bytesBelow(out);
  expect(theirs.size).toBe(count);
  expect(result.files).toBe(count);
  expect([...mine.keys()]).toEqual([...theirs.keys()]);
  expect(differing(mine, theirs)).toEqual([]);
});

it("a Qlib directory read and dumped again is the same directory", async () => {
  const root = path.join(await unpacked(golden("qlib", "qlib-bin-store.tar.gz")), "binA");
  const out = path.join(mkdtempSync(path.join(os.tmpdir(), "dump-")), "store");
  await dumpQlib(out, tableOfPanel(readQlibPanel(root)));
  const theirs = bytesBelow(root);
  expect(differing(bytesBelow(out), theirs)).toEqual([]);
  expect(theirs.size).toBe(461);
});

it("a Qlib directory imported into a store and dumped again is the same directory", async () => {
  const root = path.join(await unpacked(golden("qlib", "qlib-bin-store.tar.gz")), "binA");
  const { time } = openQlibDirectory(root);
  const calendar = calendarOf({ name: "qlib", timeZone: "Asia/Shanghai", sessions: time.days });
  const folder = mkdtempSync(path.join(os.tmpdir(), "dump-"));
  const store = openStore(
    path.join(folder, "store"),
    { calendar: "qlib", freq: "day" },
    { sessionsBetween: (start, end) => calendar.sessionsBetween(start, end) },
  );
  const result = await importBars(new QlibBars(root), await store.writer(), { calendar, engine: "test" });
  expect(result.instruments).toMatchObject({ read: 51, added: 51, failed: 0 });
  await using snapshot = await store.snapshot();
  const fields = storeFieldsOf(snapshot, "all");
  const table = qlibFields(tableOfStore(snapshot, { fields }));
  await dumpQlib(path.join(folder, "out"), table, { codeOf: codeInForm("qlib") });
  const theirs = bytesBelow(root);
  expect(differing(bytesBelow(path.join(folder, "out")), theirs)).toEqual([]);
  expect(theirs.size).toBe(461);
});

it.each([1, 40, 260])(
  "a dump of all but the last %s days, brought in step, is the whole one",
  async (later) => {
    const root = path.join(await unpacked(golden("qlib", "qlib-bin-store.tar.gz")), "binA");
    const { time } = openQlibDirectory(root);
    const calendar = calendarOf({ name: "qlib", timeZone: "Asia/Shanghai", sessions: time.days });
    const folder = mkdtempSync(path.join(os.tmpdir(), "dump-"));
    const store = openStore(
      path.join(folder, "store"),
      { calendar: "qlib", freq: "day" },
      { sessionsBetween: (start, end) => calendar.sessionsBetween(start, end) },
    );
    const fill = async (end: number): Promise<void> => {
      const cut = { request: { end } };
      await importBars(new QlibBars(root), await store.writer(), { calendar, engine: "test", ...cut });
    };
    const out = path.join(folder, "out");
    await fill(time.days.at(-1 - later)!);
    await using first = await store.snapshot();
    await dumpQlibDirectory(store, first, out, { engine: "test", extra: true });
    expect(openQlibDirectory(out).time.days).toHaveLength(time.days.length - later);
    await fill(time.days.at(-1)!);
    await using whole = await store.snapshot();
    const update = await updateQlibDirectory(store, whole, out, { registry: shippedFactors, engine: "test" });
    expect(update).toMatchObject({ mode: "changed", newDays: later });
    const theirs = bytesBelow(root);
    expect(differing(bytesBelow(out), theirs)).toEqual([]);
    expect(theirs.size).toBe(461);
  },
);
