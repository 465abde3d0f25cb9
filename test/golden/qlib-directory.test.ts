import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { financialFields, readFinancial } from "#data/sources/qlib-bin/financial";
import { marketOf, openQlibDirectory } from "#data/sources/qlib-bin/directory";
import { listedCells } from "#data/sources/qlib-bin/market-file";
import { readQlibPanel } from "#data/sources/qlib-bin/panel";
import { dayOf, isoOf } from "#market/day";
import { columnOf } from "#panel/panel";
import { golden, unpacked } from "./unpacked.ts";

/** Rows of a CSV as records. */
function rowsOf(file: string): Record<string, string>[] {
  const [head = "", ...lines] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [names[i]!, cell])));
}

it.each([
  ["qlib-bin-store", "binA", "source-csv", "csvA", 51],
  ["edge-bin-store", "binE", "edge-bin-store", "csvE", 7],
])(
  "every cell of %s is the float32 of its CSV, and no other row exists",
  async (store, bin, source, csv, count) => {
    const panel = readQlibPanel(path.join(await unpacked(golden("qlib", `${store}.tar.gz`)), bin));
    const folder = path.join(await unpacked(golden("qlib", `${source}.tar.gz`)), csv);
    const files = readdirSync(folder).filter((file) => file.endsWith(".csv"));
    expect(files).toHaveLength(count);
    expect(panel.instruments).toEqual(files.map((file) => path.basename(file, ".csv")).sort());
    const rowOf = new Map([...panel.time.days].map((day, row) => [isoOf(day), row]));
    const lanes = panel.instruments.length;
    let compared = 0;
    const wrong: string[] = [];
    for (const [lane, instrument] of panel.instruments.entries()) {
      const rows = new Map(rowsOf(path.join(folder, `${instrument}.csv`)).map((row) => [row["date"]!, row]));
      const dates = [...rows.keys()].sort();
      expect(panel.first[lane]).toBe(rowOf.get(dates[0]!));
      expect(panel.last[lane]).toBe(rowOf.get(dates.at(-1)!));
      for (const [date, at] of rowOf) {
        for (const field of panel.columns.keys()) {
          const cell = rows.get(date)?.[field] ?? "";
          const text = cell.replace(/^(-?)inf$/, "$1Infinity");
          const expected = text === "" ? Number.NaN : Math.fround(Number(text));
          const found = columnOf(panel, field).values[at * lanes + lane]!;
          if (!Object.is(found, expected))
            wrong.push(`${instrument} ${date} ${field}: ${found}, CSV ${cell}`);
          compared++;
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBe(panel.time.days.length * lanes * panel.columns.size);
  },
);

it("the market of the golden store lists exactly the rows of the files", async () => {
  const root = path.join(await unpacked(golden("qlib", "qlib-bin-store.tar.gz")), "binA");
  const panel = readQlibPanel(root, { fields: ["$close"] });
  const listed = listedCells(panel, marketOf(openQlibDirectory(root), "all"));
  const own = panel.instruments.reduce((sum, _, lane) => sum + panel.last[lane]! - panel.first[lane]! + 1, 0);
  expect(listed.reduce((sum, cell) => sum + cell, 0)).toBe(own);
});

it("point-in-time records are those of the CSV, revisions included", async () => {
  const folder = await unpacked(golden("qlib", "pit-store.tar.gz"));
  const root = path.join(folder, "binPit");
  for (const instrument of ["SH600000", "SZ000001"]) {
    const rows = rowsOf(path.join(folder, "csvPit", `${instrument}.csv`));
    expect(financialFields(root, instrument)).toEqual(["netprofit_q", "roewa_q"]);
    for (const field of ["roewa", "netprofit"]) {
      const records = readFinancial(root, instrument, `$$${field}_q`);
      const expected = rows
        .filter((row) => row["field"] === field)
        .map((row) => [dayOf(row["date"]!), Number(row["period"]), Math.fround(Number(row["value"]))])
        .sort((a, b) => a[0]! - b[0]!);
      expect(expected.length).toBeGreaterThan(1);
      expect(
        expected.map((_, i) => [
          records?.announced[i],
          records?.periods[i],
          Math.fround(records!.values[i]!),
        ]),
      ).toEqual(expected);
      expect(records?.values).toHaveLength(expected.length);
    }
    expect(readFinancial(root, instrument, "nosuch_q")).toBeUndefined();
  }
});
