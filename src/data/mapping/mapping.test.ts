import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { units } from "#market/units";
import { checkMapping, parseMapping, printMapping, readMappingFile } from "./mapping-file.ts";
import {
  barColumnNames,
  calendarNames,
  dateFormats,
  frequencies,
  timeFormats,
  venueNames,
} from "./mapping.ts";

const guide = readFileSync(join(import.meta.dirname, "../../../docs/guides/mapping.md"), "utf8");
const examples = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);

describe("the guide", () => {
  test("has examples, and each is a mapping that prints and reads back the same", () => {
    expect(examples.length).toBeGreaterThanOrEqual(7);
    for (const example of examples) {
      const mapping = parseMapping(example);
      expect(parseMapping(printMapping(mapping))).toEqual(mapping);
    }
  });

  test("names every value that a key may have", () => {
    const unitNames = units
      .filter(({ measure }) => measure !== "ratio")
      .flatMap(({ name, aliases }) => [name, ...aliases]);
    const values = [
      ...barColumnNames,
      ...calendarNames,
      ...dateFormats,
      ...frequencies,
      ...timeFormats,
      ...venueNames,
      ...unitNames,
    ];
    expect(values.filter((value) => !guide.includes(value))).toEqual([]);
  });
});

const good = {
  kind: "bars",
  calendar: "XSHG",
  instrument: { column: "code" },
  date: "day",
  columns: { close: "c" },
};

describe("a wrong mapping is refused by key", () => {
  test.each([
    [
      "an unknown calendar",
      { ...good, calendar: "SSE" },
      "calendar",
      /calendar is "SSE"; allowed are XSHG, XNYS, XHKG, 24x7/,
    ],
    [
      "an unknown unit",
      { ...good, units: { volume: "hands" } },
      "units.volume",
      /units\.volume is "hands"; allowed are .*hand/,
    ],
    ["an unknown key", { ...good, colums: {} }, "", /unknown key colums/],
    [
      "an unknown column",
      { ...good, columns: { close: "c", adjclose: "x" } },
      "columns",
      /unknown key adjclose under columns/,
    ],
    ["a missing calendar", { ...good, calendar: undefined }, "calendar", /calendar/],
    ["bars without a close", { ...good, columns: {} }, "columns.close", /at least a close/],
    ["intraday bars without a time", { ...good, freq: "1min" }, "time", /freq 1min/],
    [
      "a base day that is no date",
      { ...good, adjustment: { prices: "qfq", baseDay: "2024-02-30" } },
      "adjustment.baseDay",
      /a date such as/,
    ],
    [
      "a file name without a code",
      { ...good, instrument: { fileName: "^\\d+" } },
      "instrument.fileName",
      /a group/,
    ],
    [
      "another kind",
      { ...good, kind: "bar" },
      "kind",
      /kind is "bar"; allowed are bars, reference, events, calendar/,
    ],
    ["a table name with blanks", { kind: "reference", table: "My table" }, "table", /lower-case/],
  ])("%s", (_, mapping, key, message) => {
    const attempt = (): unknown => checkMapping(mapping, "m.yaml");
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(
      expect.objectContaining({ code: "DATA_MAPPING_INVALID", place: { file: "m.yaml", column: key } }),
    );
  });

  test("text that is no YAML is named by line", () => {
    expect(() => parseMapping("kind: bars\n  calendar: [XSHG", "m.yaml")).toThrow(
      expect.objectContaining({ code: "DATA_MAPPING_INVALID", place: { file: "m.yaml", row: 1 } }),
    );
    expect(() => parseMapping("just text")).toThrow(/instead of keys and values/);
  });

  test("a mapping file that is not there is a missing file", async () => {
    await expect(readMappingFile("nowhere.yaml")).rejects.toMatchObject({ code: "DATA_FILE_MISSING" });
  });
});
