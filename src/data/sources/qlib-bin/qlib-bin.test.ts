import { appendFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "#data/errors";
import { dayOf, isoOf } from "#market/day";
import { columnOf, seriesOf } from "#panel/panel";
import { instrumentOfFolder, folderOfInstrument } from "./folder-names.ts";
import { marketOf, openQlibDirectory } from "./directory.ts";
import { listedCells } from "./market-file.ts";
import { readQlibPanel } from "./panel.ts";
import { smallDirectory } from "./testing/small-directory.ts";

const calendar = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"];

function example(): string {
  return smallDirectory({
    calendar,
    markets: {
      "all.txt": "B2\t2024-01-02\t2024-01-04\nE1\t2024-01-01\t2024-01-05\n",
      "back.txt": "E1\t2024-01-01\t2024-01-02\nE1\t2024-01-05\t2024-01-09\n",
      "spaces.txt": "E1 2024-01-01 2024-01-05\n",
    },
    features: {
      "e1/close": [0, 1, 2, Number.NaN, 4, 5],
      "e1/volume": [1, 20, 30],
      "b2/close": [1, 7, 8, 9],
    },
  });
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof DataError) return `${error.code} ${path.basename(error.place.file ?? "")}`;
    throw error;
  }
  return "none";
}

describe("readQlibPanel", () => {
  it("gives each instrument the rows that its files cover and NaN where one field is shorter", () => {
    const panel = readQlibPanel(example());
    expect(panel.instruments).toEqual(["B2", "E1"]);
    expect([...panel.columns.keys()]).toEqual(["close", "volume"]);
    expect([...panel.first]).toEqual([1, 0]);
    expect([...panel.last]).toEqual([3, 4]);
    expect([...seriesOf(panel, "close", 0)]).toEqual([7, 8, 9]);
    expect([...seriesOf(panel, "close", 1)]).toEqual([1, 2, Number.NaN, 4, 5]);
    expect([...seriesOf(panel, "volume", 1)]).toEqual([Number.NaN, 20, 30, Number.NaN, Number.NaN]);
    expect(columnOf(panel, "close").values).toBeInstanceOf(Float32Array);
    expect([...panel.time.days].map(isoOf)).toEqual(calendar);
  });

  it("takes fields and instruments in any case, with and without the dollar sign", () => {
    const panel = readQlibPanel(example(), { fields: ["$Close", "close"], instruments: ["e1"] });
    expect([...panel.columns.keys()]).toEqual(["close"]);
    expect(panel.instruments).toEqual(["E1"]);
  });

  it("cuts rows and leaves out instruments without a row in the cut", () => {
    const findings: string[] = [];
    const panel = readQlibPanel(example(), {
      start: dayOf("2024-01-05"),
      end: dayOf("2024-02-01"),
      onFinding: (finding) => findings.push(finding),
    });
    expect(panel.instruments).toEqual(["E1"]);
    expect([...seriesOf(panel, "close", 0)]).toEqual([5]);
    expect(findings).toEqual([expect.stringContaining("B2 has no rows")]);
  });

  it("lists only the spans of a market while the panel keeps the rows between them", () => {
    const root = example();
    const panel = readQlibPanel(root, { market: "back" });
    expect(panel.instruments).toEqual(["E1"]);
    expect([...seriesOf(panel, "close", 0)]).toHaveLength(5);
    expect([...listedCells(panel, marketOf(openQlibDirectory(root), "BACK"))]).toEqual([1, 1, 0, 0, 1]);
  });

  it("reads a market separated by spaces and says that Qlib would not", () => {
    const findings: string[] = [];
    const panel = readQlibPanel(example(), { market: "spaces", onFinding: (f) => findings.push(f) });
    expect(panel.instruments).toEqual(["E1"]);
    expect(findings).toEqual([expect.stringContaining("separated by spaces, not TAB")]);
  });

  it("reads every folder when there is no instruments file", () => {
    const root = smallDirectory({ calendar, features: { "e1/close": [0, 1], "_qlib_con/close": [4, 2] } });
    const panel = readQlibPanel(root);
    expect(panel.instruments).toEqual(["CON", "E1"]);
    expect([...panel.first]).toEqual([4, 0]);
  });

  it("fills lanes of more than one group of sixteen", () => {
    const names = Array.from({ length: 37 }, (_, i) => `i${String(i).padStart(2, "0")}`);
    const root = smallDirectory({
      calendar,
      features: Object.fromEntries(names.map((name, i) => [`${name}/close`, [i % 5, i] as const])),
    });
    const panel = readQlibPanel(root);
    for (const [lane] of names.entries()) {
      expect(panel.first[lane]).toBe(lane % 5);
      expect([...seriesOf(panel, "close", lane)]).toEqual([lane]);
    }
    expect([...columnOf(panel, "close").values].filter((value) => !Number.isNaN(value))).toHaveLength(37);
  });
});

describe("a damaged directory", () => {
  it.each([
    [
      "a file cut inside a value",
      (root: string) => truncateSync(path.join(root, "features/e1/close.day.bin"), 9),
    ],
    ["an empty file", (root: string) => truncateSync(path.join(root, "features/e1/close.day.bin"), 0)],
    [
      "a start row that is not a number",
      (root: string) =>
        writeFileSync(
          path.join(root, "features/e1/close.day.bin"),
          new Uint8Array(Float32Array.of(Number.NaN, 1).buffer),
        ),
    ],
    [
      "a start row before the calendar",
      (root: string) =>
        writeFileSync(
          path.join(root, "features/e1/close.day.bin"),
          new Uint8Array(Float32Array.of(-1, 1).buffer),
        ),
    ],
  ])("with %s is refused by the file's name", (_, damage) => {
    const root = example();
    damage(root);
    expect(codeOf(() => readQlibPanel(root))).toBe("DATA_FILE_DAMAGED close.day.bin");
  });

  it.each([
    [
      "without a calendar",
      (root: string) => rmSync(path.join(root, "calendars"), { recursive: true }),
      "DATA_FILE_MISSING day.txt",
    ],
    [
      "with an empty calendar",
      (root: string) => truncateSync(path.join(root, "calendars/day.txt")),
      "DATA_FILE_DAMAGED day.txt",
    ],
    [
      "with a calendar out of order",
      (root: string) => appendFileSync(path.join(root, "calendars/day.txt"), "2024-01-02\n"),
      "DATA_FILE_DAMAGED day.txt",
    ],
    [
      "with a date that does not exist",
      (root: string) => appendFileSync(path.join(root, "calendars/day.txt"), "2024-02-30\n"),
      "DATA_DATE_INVALID day.txt",
    ],
    [
      "without features",
      (root: string) => rmSync(path.join(root, "features"), { recursive: true }),
      "DATA_FILE_MISSING features",
    ],
    [
      "with a market line of one word",
      (root: string) => appendFileSync(path.join(root, "instruments/all.txt"), "E9\n"),
      "DATA_VALUE_INVALID all.txt",
    ],
    [
      "with a market span that ends before it begins",
      (root: string) =>
        appendFileSync(path.join(root, "instruments/all.txt"), "E9\t2024-01-02\t2024-01-01\n"),
      "DATA_DATE_INVALID all.txt",
    ],
  ])("%s is refused by the file's name", (_, damage, code) => {
    const root = example();
    damage(root);
    expect(codeOf(() => readQlibPanel(root))).toBe(code);
  });

  it("names the row of a calendar that goes backwards", () => {
    const root = example();
    appendFileSync(path.join(root, "calendars/day.txt"), "2024-01-05\n");
    expect(() => readQlibPanel(root)).toThrow(/day\.txt row 6: 2024-01-05 does not come after/);
  });

  it("says which fields, markets and instruments there are when one is unknown", () => {
    const root = example();
    expect(() => readQlibPanel(root, { fields: ["clse"] })).toThrow(/no field "clse".*close, volume/);
    expect(() => readQlibPanel(root, { market: "csi300" })).toThrow(
      /no market "csi300"; it has all, back, spaces/,
    );
    expect(() => readQlibPanel(root, { instruments: ["X"] })).toThrow(
      /none of the 1 instruments asked for \(X\)/,
    );
    expect(codeOf(() => readQlibPanel(path.join(root, "nowhere")))).toBe("DATA_FILE_MISSING nowhere");
  });
});

describe("folder names", () => {
  it("turn device names into safe ones and back", () => {
    expect(folderOfInstrument("SH600000")).toBe("sh600000");
    expect(folderOfInstrument("COM1")).toBe("_qlib_com1");
    expect(instrumentOfFolder("_qlib_com1")).toBe("COM1");
    expect(instrumentOfFolder("sz000001")).toBe("SZ000001");
  });
});
